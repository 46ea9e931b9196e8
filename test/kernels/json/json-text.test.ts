import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonText } from "../../../kernels/json/json-text.ts";

test("values become JSON, integers with every digit", () => {
  assert.equal(
    jsonText({ a: 2n ** 63n, b: [1.5, null, undefined, "é\n"], c: {} }),
    '{"a":9223372036854775808,"b":[1.5,null,null,"é\\n"],"c":{}}',
  );
  assert.equal(jsonText([Number.NaN, Number.POSITIVE_INFINITY, true]), "[null,null,true]");
  assert.equal(jsonText(new Date(0)), '"1970-01-01T00:00:00.000Z"');
  assert.equal(jsonText(Uint8Array.of(0, 255)), '"AP8="');
  assert.equal(jsonText(BigInt64Array.of(1n, -2n)), "[1,-2]");
  assert.equal(jsonText(new Map([["k", 1n]])), '{"k":1}');
  assert.equal(jsonText({ toJSON: () => [3n] }), "[3]");
});
