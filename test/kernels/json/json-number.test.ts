import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJsonNumber, parseNumberText } from "../../../kernels/json/json-number.ts";

const parse = (text: string): number | bigint | undefined => {
  const bytes = new TextEncoder().encode(`9${text}9`);
  const found = parseJsonNumber(bytes, 1, bytes.length - 1);
  assert.equal(parseNumberText(text), found, "both ways agree");
  return found;
};

test("numbers are what JSON says, and integers keep every digit", () => {
  for (const [text, wanted] of [
    ["0", 0],
    ["7", 7],
    ["-12", -12],
    ["999999999999999", 999999999999999],
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", 9007199254740993n],
    ["-9223372036854775808", -9223372036854775808n],
    ["18446744073709551615", 18446744073709551615n],
    ["0.1", 0.1],
    ["1e3", 1000],
    ["-1.5E-3", -0.0015],
    ["1e300", BigInt(1e300)],
  ] as const) {
    assert.equal(parse(text), wanted, text);
  }
});

test("what JSON calls no number is none", () => {
  for (const text of [
    "",
    "-",
    "01",
    "-01",
    "1.",
    ".5",
    "+1",
    "1e",
    "0x10",
    "1 ",
    " 1",
    "NaN",
    "Infinity",
    "1e400",
    "１",
  ]) {
    assert.equal(parse(text), undefined, JSON.stringify(text));
  }
});
