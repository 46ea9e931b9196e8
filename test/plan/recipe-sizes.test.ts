import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSize } from "../../plan/recipe/sizes.ts";

test("sizes are exact decimal multiples", () => {
  const cases: [string, number | undefined][] = [
    ["0", 0],
    ["4096", 4096],
    ["250K", 250_000],
    ["1.5M", 1_500_000],
    ["8B", 8_000_000_000],
    ["11.2T", 11_200_000_000_000],
    ["8139.57B", 8_139_570_000_000],
    ["1.10K", 1100],
    ["0.001K", 1],
    ["0.0001K", undefined],
    ["1.5", undefined],
    ["9007199254740993", undefined],
    ["9008T", undefined],
    ["8b", undefined],
    ["8 B", undefined],
    ["-1K", undefined],
    ["1e9", undefined],
    [".5M", undefined],
    ["", undefined],
  ];
  for (const [text, tokens] of cases) assert.equal(parseSize(text), tokens, text);
});

test("a size with a unit is the plain number with the unit's zeros", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 0, max: 999 }), (whole, thousandths) => {
      const fraction = String(thousandths).padStart(3, "0");
      assert.equal(parseSize(`${whole}.${fraction}B`), whole * 1e9 + thousandths * 1e6);
    }),
  );
});
