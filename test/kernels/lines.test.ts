import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countCodePoints, isPythonSpace, lineEndLength, spaceLength, splitLines, strip } from "../../kernels/lines.ts";
import { WordRanges } from "../../kernels/words/types.ts";

const SPACE = "\t\n\v\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000";
const LINE_END_CHARACTERS = "\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029";
const LINE_ENDS = new RegExp(`\r\n|[${LINE_END_CHARACTERS}]`, "g");
const hostile = `${SPACE}ab\u00e9\ufeff\u200b\u4e2d\u{1f600}\0\u180e`;

function lines(text: string): string[] {
  const bytes = Buffer.from(text);
  const spans = new WordRanges();
  splitLines(bytes, 0, bytes.length, spans);
  return Array.from({ length: spans.count }, (_, i) => bytes.toString("utf8", spans.starts[i], spans.ends[i]));
}

function naiveLines(text: string): string[] {
  const parts = text.split(LINE_ENDS);
  if (parts.at(-1) === "") parts.pop();
  return parts;
}

function stripped(text: string): string {
  const bytes = Buffer.from(text);
  const range = [0, 0];
  strip(bytes, 0, bytes.length, range);
  return bytes.toString("utf8", range[0], range[1]);
}

function naiveStrip(text: string): string {
  const characters = [...text];
  while (characters.length > 0 && SPACES.has(characters[0])) characters.shift();
  while (characters.length > 0 && SPACES.has(characters.at(-1)!)) characters.pop();
  return characters.join("");
}
const SPACES = new Set([...SPACE, ..."\u2001\u2002\u2003\u2004\u2006\u2007\u2008\u2009"]);

test("splits lines as Python's str.splitlines", () => {
  assert.deepEqual(lines(""), []);
  assert.deepEqual(lines("\n"), [""]);
  assert.deepEqual(lines("a\r\nb\rc\n\nd"), ["a", "b", "c", "", "d"]);
  assert.deepEqual(lines("a\n\rb"), ["a", "", "b"]);
  assert.deepEqual(lines("a\vb\fc\x1cd\x1de\x1ef\x1fg"), ["a", "b", "c", "d", "e", "f\x1fg"]);
  assert.deepEqual(lines("a\u0085b\u2028c\u2029d\u2027e\u00a0"), ["a", "b", "c", "d\u2027e\u00a0"]);
});

test("strips Python's white space, not JavaScript's", () => {
  assert.equal(stripped(`${SPACE}a b${SPACE}`), "a b");
  assert.equal(stripped("\ufeff a \ufeff"), "\ufeff a \ufeff");
  assert.equal(stripped("\u001f\u0085x\u3000\u2028"), "x");
  assert.equal(stripped(SPACE), "");
  assert.equal(stripped(""), "");
});

test("agrees with naive string versions", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...hostile), { maxLength: 30 }), (characters) => {
      const text = characters.join("");
      const bytes = Buffer.from(text);
      assert.deepEqual(lines(text), naiveLines(text));
      assert.equal(stripped(text), naiveStrip(text));
      assert.equal(countCodePoints(bytes, 0, bytes.length), characters.length);
    }),
    { numRuns: 2000, seed: 3 },
  );
});

test("every white space character, by byte and by code point", () => {
  for (let codePoint = 0; codePoint < 0x11000; codePoint++) {
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
    const character = String.fromCodePoint(codePoint);
    const bytes = Buffer.from(character);
    const expected = SPACES.has(character);
    if (isPythonSpace(codePoint) !== expected) assert.fail(`isPythonSpace(${codePoint})`);
    if (spaceLength(bytes, 0, bytes.length) !== (expected ? bytes.length : 0)) assert.fail(`spaceLength ${codePoint}`);
    const isEnd = character.match(LINE_ENDS) !== null;
    if (lineEndLength(bytes, 0, bytes.length) !== (isEnd ? bytes.length : 0)) assert.fail(`lineEndLength ${codePoint}`);
  }
});

test("cut and malformed sequences are neither space nor line end", () => {
  const cut = Buffer.from("x\u2028");
  const spans = new WordRanges();
  splitLines(cut, 0, 3, spans);
  assert.deepEqual([spans.count, spans.ends[0]], [1, 3]);
  const range = [0, 0];
  strip(Uint8Array.of(0x20, 0xff, 0x80, 0x20), 0, 4, range);
  assert.deepEqual(range, [1, 3]);
  strip(Uint8Array.of(0x80, 0x85, 0xa0), 0, 3, range);
  assert.deepEqual(range, [0, 3]);
  assert.equal(countCodePoints(Uint8Array.of(0xff, 0x80, 0x41, 0xc3, 0xa9), 0, 5), 3);
});
