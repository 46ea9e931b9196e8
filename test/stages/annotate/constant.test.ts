import assert from "node:assert/strict";
import { test } from "node:test";
import stage from "../../../stages/annotate/constant.ts";
import { declarationOf, NO_RESOURCES } from "../../../stages/define.ts";
import { batchOf, valueAt } from "../../batch-of.ts";

test("every row has the value, in the declared kind", () => {
  for (const [value, kind, wanted, of] of [
    ["é", undefined, "é", "utf8"],
    ["", undefined, "", "utf8"],
    [7, undefined, 7n, "int64"],
    [0.1, undefined, 0.1, "float64"],
    [false, undefined, false, "bool"],
    [3, "float32", 3, "float32"],
    [-5, "int32", -5, "int32"],
    ["-9223372036854775808", "int64", -9223372036854775808n, "int64"],
  ] as const) {
    const options = stage.options.parse({ column: "c", value, kind });
    assert.deepEqual(declarationOf(stage, options).writes, [{ name: "c", kind: of }]);
    const column = stage
      .create(options, NO_RESOURCES)
      .apply(batchOf(["a", "b"]))
      .get("c");
    assert.ok(column?.kind === of);
    assert.deepEqual([valueAt(column, 0), valueAt(column, 1)], [wanted, wanted]);
  }
});

test("a value that its kind cannot hold, and a column that is taken, are refused", () => {
  for (const [value, kind] of [
    [1.5, "int32"],
    [3e9, "int32"],
    ["9223372036854775808", "int64"],
    ["x", "int64"],
    ["x", "float64"],
    [1, "utf8"],
    ["true", "bool"],
  ]) {
    assert.throws(() => stage.options.parse({ column: "c", value, kind }), /cannot hold/, `${value} as ${kind}`);
  }
  assert.throws(() => stage.options.parse({ column: "text", value: "x" }), /themselves/);
});
