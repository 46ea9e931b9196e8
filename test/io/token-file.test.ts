import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DataError, RunError } from "../../batch/errors.ts";
import {
  decodeEnds,
  decodePieces,
  decodeTokens,
  encodeEnds,
  formatMetadata,
  humanizeTokens,
  parseMetadata,
  TokenFileWriter,
  tokenBytes,
} from "../../io/token-file.ts";

class MemorySink {
  bytes = Buffer.alloc(0);
  write(bytes: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes, bytes]);
  }
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

// The third document of the shared fixture has an EOS inside, which a store refuses; its bytes are checked without the writer.
const FIXTURE = Uint32Array.of(10, 11, 12, 2, 20, 2, 30, 31, 2, 32, 33, 34, 2, 70000, 41, 42, 43, 44, 2, 50, 2);
const FIXTURE_ENDS = [4, 6, 13, 19, 21];

function writer(format: { token_bytes: 2 | 4; vocab_size: number }) {
  const tokens = new MemorySink();
  const index = new MemorySink();
  return { tokens, index, file: new TokenFileWriter(tokens, index, { ...format, eos: 2 }) };
}

test("tokens, index and metadata are byte for byte those of the reference writer", () => {
  assert.equal(
    sha256(new Uint8Array(FIXTURE.buffer)),
    "60ec8291fbd7714e3b48cb4fdf76b93e14e516faec57f9fa4152cf1fc37fc7d3",
  );
  assert.equal(sha256(encodeEnds(FIXTURE_ENDS)), "846dba15daf131c88b50aa451e0ed87b4f1cec141a192521d23d7b77c43471b9");
  assert.equal(formatMetadata({ tokenizer_name: "tok", token_bytes: 4, tokens: 21 }), "tok|4\n21\n21.0 T");
});

test("documents appended in parts give the same file as at once, in the width of the vocabulary", () => {
  const once = writer({ token_bytes: 4, vocab_size: 128_256 });
  once.file.append(Uint32Array.of(10, 2, 20, 2, 70000, 2), [2, 4, 6]);
  const parts = writer({ token_bytes: 4, vocab_size: 128_256 });
  parts.file.append(Uint32Array.of(10, 2), [2]);
  parts.file.append(Uint32Array.of(20, 2, 70000, 2), Float64Array.of(2, 4));
  assert.deepEqual(parts.tokens.bytes, once.tokens.bytes);
  assert.deepEqual(parts.index.bytes, once.index.bytes);
  assert.deepEqual([...decodeEnds(parts.index.bytes, "x")], [2, 4, 6]);
  assert.deepEqual([parts.file.documents, parts.file.tokens], [3, 6]);

  const narrow = writer({ token_bytes: 2, vocab_size: 65_536 });
  narrow.file.append(Uint32Array.of(65_535, 2), [2]);
  assert.deepEqual([...narrow.tokens.bytes], [255, 255, 2, 0]);
  const widened = writer({ token_bytes: 4, vocab_size: 65_537 });
  widened.file.append(Uint16Array.of(65_535, 2), [2]);
  assert.deepEqual([...widened.tokens.bytes], [255, 255, 0, 0, 2, 0, 0, 0]);
  assert.deepEqual([tokenBytes(65_536), tokenBytes(65_537)], [2, 4]);
});

test("a document that breaks the invariant is refused and nothing of the call is written", () => {
  const bad: [RegExp, number[], number[]][] = [
    [/document 1 .* has an EOS inside/, [5, 2, 6, 2, 7, 2], [2, 6]],
    [/document 0 .* ends with id 5 instead of EOS 2/, [5], [1]],
    [/document 0 .* holds id 100, and the vocabulary has 100/, [100, 2], [2]],
    [/document 1 .* ends at token 2 after starting at 2/, [5, 2], [2, 2]],
    [/document 1 .* is not ended: 1 ids are left/, [5, 2, 6], [2]],
    [/document 0 .* ends at token 9 after starting at 0/, [5, 2], [9]],
  ];
  for (const [message, ids, ends] of bad) {
    const { tokens, index, file } = writer({ token_bytes: 2, vocab_size: 100 });
    assert.throws(
      () => file.append(Uint32Array.from(ids), ends),
      (error) => error instanceof RunError && error.code === "run/bad-document" && message.test(error.message),
      `${message}`,
    );
    assert.equal(tokens.bytes.length + index.bytes.length + file.documents, 0);
  }
});

test("ends beyond 2^32 survive, and files that cannot be right are refused", () => {
  assert.deepEqual([...decodeEnds(encodeEnds([1, 2 ** 32], 2 ** 40), "x")], [2 ** 40 + 1, 2 ** 40 + 2 ** 32]);
  const unaligned = new Uint8Array(17);
  unaligned.set(encodeEnds([7, 9]), 1);
  assert.deepEqual([...decodeEnds(unaligned.subarray(1), "x")], [7, 9]);
  for (const bytes of [new Uint8Array(7), encodeEnds([3, 3]), encodeEnds([0]), new Uint8Array(8).fill(255)]) {
    assert.throws(
      () => decodeEnds(bytes, "x.ds.index"),
      (error) => error instanceof DataError && /x\.ds\.index/.test(error.message),
    );
  }
  assert.throws(() => decodeTokens(new Uint8Array(3), 2, "x.ds"), DataError);
  assert.throws(() => decodePieces(new Uint8Array(16), "x"), DataError);
  assert.deepEqual([...decodeTokens(Uint8Array.of(1, 0, 255, 255), 2, "x")], [1, 65_535]);
});

test("metadata is read back and refuses names a reader would split", () => {
  const metadata = { tokenizer_name: "org/name with ünïcode", token_bytes: 2, tokens: 123_456_789 } as const;
  assert.deepEqual(parseMetadata(formatMetadata(metadata), "x"), metadata);
  for (const name of ["a|b", "a\nb", "a\r"])
    assert.throws(() => formatMetadata({ ...metadata, tokenizer_name: name }), RunError);
  for (const text of ["", "tok|4\n21", "tok|8\n21\n21.0 T", "tok|4\n21\n21.0 T\n"])
    assert.throws(() => parseMetadata(text, "x"), DataError);
});

test("counts are spelled as the reference library spells them", () => {
  const golden = JSON.parse(readFileSync("test/golden/nanotron/humanize.json", "utf8")) as [number, string][];
  assert.equal(golden.length, 325);
  for (const [count, expected] of golden) assert.equal(humanizeTokens(count), expected, String(count));
});
