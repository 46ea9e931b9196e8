import assert from "node:assert/strict";
import { test } from "node:test";
import { calculate } from "../../../kernels/chat/arithmetic.ts";

test("arithmetic is what mathematics says", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["1 + 2 * 3", "7"],
    ["(1 + 2) * 3", "9"],
    ["-2^2", "-4"],
    ["2^3^2", "512"],
    ["2 ** 10 % 7", "2"],
    ["--3", "3"],
    ["max(1, 2, sqrt(16)) - abs(-1)", "3"],
    [" .5e1 / 2 ", "2.5"],
    ["2^-1", "0.5"],
  ];
  for (const [text, value] of cases) assert.equal(calculate(text), value, text);
});

test("nothing else is computed, and nothing is run", () => {
  for (const text of ["", "1 +", "1 2", "process", "process.exit()", "sqrt 4", "(1", "1 / 0", "x = 1", "max()", "1;2"])
    assert.match(calculate(text), /^error: /, text);
  assert.match(calculate("(".repeat(100)), /more than 64 parentheses/);
  assert.match(calculate(`2${"^2".repeat(100)}`), /powers/);
  assert.match(calculate("1+".repeat(600)), /characters/);
  assert.equal(calculate(`1${"+1".repeat(499)}`), "500");
});
