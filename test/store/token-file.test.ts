import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DataError, RunError } from "../../batch/errors.ts";
import {
  bytesOf,
  decodeEnds,
  decodePieces,
  decodeTokens,
  encodeEnds,
  formatMetadata,
  humanizeTokens,
  tokenBytes,
} from "../../store/token-file.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

// The third document of the shared fixture has an EOS inside, which a store refuses; its bytes are those of the file all the same.
const FIXTURE = Uint32Array.of(10, 11, 12, 2, 20, 2, 30, 31, 2, 32, 33, 34, 2, 70000, 41, 42, 43, 44, 2, 50, 2);
const FIXTURE_ENDS = [4, 6, 13, 19, 21];

test("tokens, index and metadata are byte for byte those of the reference writer", () => {
  assert.equal(
    sha256(new Uint8Array(FIXTURE.buffer)),
    "60ec8291fbd7714e3b48cb4fdf76b93e14e516faec57f9fa4152cf1fc37fc7d3",
  );
  assert.equal(sha256(encodeEnds(FIXTURE_ENDS)), "846dba15daf131c88b50aa451e0ed87b4f1cec141a192521d23d7b77c43471b9");
  assert.equal(formatMetadata({ tokenizer_name: "tok", token_bytes: 4, tokens: 21 }), "tok|4\n21\n21.0 T");
});

test("ids are stored in the width of the vocabulary, ends are counted on from where a file stands", () => {
  assert.deepEqual([tokenBytes(65_536), tokenBytes(65_537)], [2, 4]);
  assert.deepEqual([...bytesOf(Uint16Array.of(65_535, 2))], [255, 255, 2, 0]);
  assert.deepEqual([...bytesOf(Uint32Array.of(9, 70_000, 2).subarray(1))], [0x70, 0x11, 1, 0, 2, 0, 0, 0]);
  const parts = Buffer.concat([encodeEnds([2]), encodeEnds(Float64Array.of(2, 4), 2)]);
  assert.deepEqual(parts, Buffer.from(encodeEnds([2, 4, 6])));
  assert.deepEqual([...decodeEnds(parts, "x")], [2, 4, 6]);
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

test("metadata is three lines and refuses names a reader would split", () => {
  const metadata = { tokenizer_name: "org/name with ünïcode", token_bytes: 2, tokens: 123_456_789 } as const;
  assert.equal(formatMetadata(metadata), "org/name with ünïcode|2\n123456789\n123 MT");
  for (const name of ["a|b", "a\nb", "a\r"])
    assert.throws(() => formatMetadata({ ...metadata, tokenizer_name: name }), RunError);
});

test("counts are spelled as the reference library spells them", () => {
  const golden = JSON.parse(readFileSync("test/golden/nanotron/humanize.json", "utf8")) as [number, string][];
  assert.equal(golden.length, 325);
  for (const [count, expected] of golden) assert.equal(humanizeTokens(count), expected, String(count));
});
