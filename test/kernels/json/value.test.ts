import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  JsonError,
  type JsonErrorKind,
  JsonNumber,
  type JsonValue,
  jsonText,
  MAX_JSON_DEPTH,
  parseJson,
  parseJsonBytes,
} from "../../../kernels/json/value.ts";

/** As it was written, without the white space. */
const KEPT = [
  '{"b":1,"a":2,"10":3,"2":4,"":5}',
  '{"__proto__":{"x":1},"constructor":null}',
  "[1.0,1e5,-0,-0.0,1E+2,0.1,9007199254740991,-9007199254740991]",
  "[9007199254740992,9007199254740993,123456789012345678901234567890,-9007199254740992]",
  '["é","😀","\\n\\t\\"\\\\","\\u0001","/",""]',
  "null",
  "true",
  "[[],{},[{}],false]",
];

test("digits and the order of keys stay", () => {
  for (const text of KEPT) assert.equal(jsonText(parseJson(text)), text);
  assert.deepEqual(parseJson("[1, 1.0]"), [1, new JsonNumber("1.0")]);
  assert.deepEqual(
    parseJson('{"a": [], "b": {}}'),
    new Map<string, JsonValue>([
      ["a", []],
      ["b", new Map()],
    ]),
  );
  const [whole, float, exponent] = ["9007199254740993", "1.0", "1e5"].map((text) => parseJson(text));
  assert.ok(whole instanceof JsonNumber && whole.isInteger);
  assert.ok(float instanceof JsonNumber && !float.isInteger);
  assert.ok(exponent instanceof JsonNumber && !exponent.isInteger);
});

test("of a repeated key the first place and the last value stay", () => {
  assert.equal(jsonText(parseJson('{"a":1,"b":2,"a":3}')), '{"a":3,"b":2}');
});

test("escapes are undone, white space and spaces of Python are as asked", () => {
  assert.equal(parseJson(String.raw`"\u00e9\ud83d\ude00\/\b\f\"\\"`), 'é😀/\b\f"\\');
  assert.equal(parseJson(String.raw`"\\ud800"`), "\\ud800");
  const spread = ' {\n"a"\t:\r[ 1 , 2.50 ,"x" ] , "b":{ } } ';
  assert.equal(jsonText(parseJson(spread)), '{"a":[1,2.50,"x"],"b":{}}');
  assert.equal(jsonText(parseJson(spread), { spaces: true }), '{"a": [1, 2.50, "x"], "b": {}}');
});

const REFUSED: readonly (readonly [text: string, kind: JsonErrorKind, byte: number])[] = [
  ["", "syntax", 0],
  ["[1,]", "syntax", 3],
  ["[1 2]", "syntax", 3],
  ["01", "syntax", 1],
  ["1.", "syntax", 1],
  ["+1", "syntax", 0],
  ['{"é":1,}', "syntax", 8],
  ["{'a':1}", "syntax", 1],
  ['{"a" 1}', "syntax", 5],
  ['"a', "syntax", 2],
  ['"a\\"', "syntax", 4],
  ['"a\nb"', "syntax", 2],
  ['"\\x"', "syntax", 1],
  ['"\\\\\\u12"', "syntax", 3],
  ["nul", "syntax", 0],
  ["true false", "syntax", 5],
  ["\ufeff1", "syntax", 0],
  ["[NaN]", "not_finite", 1],
  ["-Infinity", "not_finite", 0],
  ['["\\ud800"]', "lone_surrogate", 1],
  ['["\\uDE00\\ud83d"]', "lone_surrogate", 1],
  ['["\ud800"]', "lone_surrogate", 2],
];

test("what is not JSON is told with its kind and byte", () => {
  for (const [text, kind, byte] of REFUSED) {
    assert.throws(
      () => parseJson(text),
      (error) => {
        assert.ok(error instanceof JsonError, text);
        assert.deepEqual([error.kind, error.byte], [kind, byte], JSON.stringify(text));
        return true;
      },
    );
  }
  assert.throws(() => parseJsonBytes(Uint8Array.of(0x22, 0xff, 0x22)), { kind: "not_utf8" });
});

test("depth is bounded", () => {
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(jsonText(parseJson(deep(MAX_JSON_DEPTH))), deep(MAX_JSON_DEPTH));
  assert.throws(() => parseJson(deep(MAX_JSON_DEPTH + 1)), { kind: "depth", byte: MAX_JSON_DEPTH });
  assert.equal(jsonText(parseJson(`[${Array(1000).fill("[{}]").join(",")}]`)).length, 5001);
});

test("any JSON is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 1), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      if (/\\ud[89a-f]/.test(text)) return;
      assert.deepEqual(JSON.parse(jsonText(parseJson(text))), JSON.parse(text));
      assert.deepEqual(parseJsonBytes(new TextEncoder().encode(text)), parseJson(text));
    }),
  );
});

test("any text is refused where JSON.parse refuses it", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "a",
    "1",
    "-",
    ".",
    "e",
    "null",
    " ",
    "\n",
    "u0041",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.throws(() => parseJson(text), JsonError);
        return;
      }
      assert.deepEqual(JSON.parse(jsonText(parseJson(text))), expected);
    }),
    { numRuns: 3000 },
  );
});
