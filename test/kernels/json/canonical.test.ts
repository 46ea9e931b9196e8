import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson } from "../../../kernels/json/canonical.ts";

test("keys are sorted by code unit at every depth", () => {
  assert.equal(canonicalJson({ b: [{ z: 1, a: "é" }], a: null, B: true }), '{"B":true,"a":null,"b":[{"a":"é","z":1}]}');
  assert.equal(canonicalJson({ "😀": 1, "\uffff": 2 }), '{"😀":1,"\uffff":2}');
  assert.equal(canonicalJson("\ud800"), '"\\ud800"');
  assert.equal(canonicalJson(-0), "0");
  assert.equal(canonicalJson(1e21), "1e+21");
});

test("insertion order never matters, and the text parses back", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).reverse());
      assert.equal(canonicalJson(reversed), canonicalJson(value));
      assert.equal(canonicalJson(JSON.parse(canonicalJson(value))), canonicalJson(value));
    }),
  );
});

test("a value JSON cannot hold is refused with its path", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = [cycle];
  const bad: [unknown, RegExp][] = [
    [undefined, /undefined at \$$/],
    [{ a: [1, undefined] }, /undefined at \$\.a\[1\]$/],
    [{ a: Number.NaN }, /NaN at \$\.a$/],
    [Number.POSITIVE_INFINITY, /Infinity at \$$/],
    [10n, /bigint at \$$/],
    [new Array(2), /undefined at \$\[0\]$/],
    [new Date(0), /a Date at \$$/],
    [{ m: new Map() }, /a Map at \$\.m$/],
    [new Uint8Array(2), /a Uint8Array at \$$/],
    [() => 1, /function at \$$/],
    [cycle, /a cycle at \$\.self\[0\]$/],
  ];
  for (const [value, message] of bad) assert.throws(() => canonicalJson(value), { name: "TypeError", message });
});
