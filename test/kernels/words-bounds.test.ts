import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { WordRanges } from "../../kernels/words/types.ts";
import { segmentWordBounds } from "../../kernels/words/word-bounds.ts";

function wordsOf(text: Uint8Array, start = 0, end = text.length): string[] {
  const words = new WordRanges();
  segmentWordBounds(text, start, end, words);
  return Array.from({ length: words.count }, (_, i) =>
    Buffer.from(text.subarray(words.starts[i], words.ends[i])).toString(),
  );
}

test("words are those between the boundaries of UAX 29", () => {
  const golden = readFileSync("test/golden/words/uax29.jsonl", "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as [string, string[]]);
  assert.ok(golden.length > 400);
  for (const [text, words] of golden) {
    assert.deepEqual(wordsOf(Buffer.from(text)), words, JSON.stringify(text));
    // A text ends where it ends.
    const framed = Buffer.from(`a${text}b`);
    assert.deepEqual(wordsOf(framed, 1, framed.length - 1), words, JSON.stringify(text));
  }
});

test("malformed bytes are words of their own, and each byte is in one word or none", () => {
  assert.deepEqual(wordsOf(Uint8Array.of(0x61, 0xff, 0xe2, 0x82, 0x62)).length, 5);
});
