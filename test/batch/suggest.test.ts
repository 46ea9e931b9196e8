import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { didYouMean, editDistance, suggest } from "../../batch/suggest.ts";

test("edit distance counts insertions, deletions, substitutions and swaps of neighbours", () => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["wieght", "weight", 1],
    ["ab", "ba", 1],
    ["abc", "ca", 3],
  ];
  for (const [a, b, distance] of cases) assert.equal(editDistance(a, b), distance, `${a} → ${b}`);
});

test("edit distance is symmetric, zero only for equals, and bounded by the longer length", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length));
    }),
  );
});

test("suggests the nearest name, ignoring case and separators, and knows stages by their last part", () => {
  assert.equal(suggest("wieght", ["from", "weight", "read"]), "weight");
  assert.equal(suggest("maxEpochs", ["max_epochs", "on_exhausted"]), "max_epochs");
  assert.equal(suggest("minhash", ["dedup/exact", "dedup/minhash"]), "dedup/minhash");
  assert.equal(suggest("filter/gopher", ["dedup/exact", "pack/concat"]), undefined);
  assert.equal(suggest("zzz", ["from", "weight"]), undefined);
  assert.equal(suggest("x", []), undefined);
});

test("didYouMean lists what is known where nothing is near", () => {
  assert.equal(didYouMean("wieght", ["weight"]), "did you mean `weight`?");
  assert.equal(didYouMean("q", ["parquet", "jsonl"]), "one of `parquet`, `jsonl`");
});
