import assert from "node:assert/strict";
import { test } from "node:test";
import { drawFastParameters, FastMinHash } from "../../../kernels/minhash/fast.ts";
import { FastSketcher } from "../../../kernels/minhash/sketch.ts";

const SHAPE = { ngram: 5, bands: 14, rows: 8, seed: 1 };
const SLOTS = SHAPE.bands * SHAPE.rows;
const K1 = 0x9e3779b97f4a7c15n;
const K2 = 0xc2b2ae3d27d4eb4fn;
const K3 = 0xd6e8feb86659fd93n;
const u64 = (value: bigint) => BigInt.asUintN(64, value);

/** The formula of the family on integers, word by word. */
function oracle(words: readonly string[], ngram: number, seed: number): bigint[] {
  const { key_high, key_low, multipliers, increments } = drawFastParameters(SLOTS, seed);
  const key = (BigInt(key_high) << 32n) | BigInt(key_low);
  const hashes = words.map((word) => {
    const bytes = Buffer.alloc(Math.ceil(Buffer.byteLength(word) / 16) * 16);
    bytes.write(word);
    let hash = 0n;
    for (let at = 0; at < bytes.length; at += 16) {
      const turned = u64(u64(bytes.readBigUInt64LE(at + 8) + hash) * K2);
      hash = u64((bytes.readBigUInt64LE(at) ^ hash) * K1) ^ u64((turned << 31n) | (turned >> 33n));
      hash = u64((hash ^ (hash >> 32n)) * K3);
      hash ^= hash >> 29n;
    }
    return hash;
  });
  const shingles = hashes.slice(ngram - 1).map((_, first) => {
    const sum = hashes.slice(first, first + ngram).reduce((total, hash) => u64(total * K2 + hash), 0n) ^ key;
    const mixed = u64((sum ^ (sum >> 32n)) * K3);
    return mixed ^ (mixed >> 29n);
  });
  return Array.from({ length: SLOTS }, (_, slot) => {
    const placed = shingles.filter((shingle) => ((shingle >> 32n) * BigInt(SLOTS)) >> 32n === BigInt(slot));
    const filling = shingles.map(
      (shingle) =>
        (1n << 56n) |
        BigInt.asUintN(32, (shingle & 0xffffffffn) * BigInt(multipliers[slot]) + BigInt(increments[slot])),
    );
    const values = placed.length > 0 ? placed.map((shingle) => u64(shingle * K1) >> 8n) : filling;
    return values.toSorted((a, b) => (a < b ? -1 : 1))[0];
  });
}

function signatureOf(minhash: FastMinHash, text: string): bigint[] {
  const bytes = Buffer.from(text);
  assert.equal(minhash.sketch(bytes, 0, bytes.length), true);
  return Array.from({ length: SLOTS }, (_, slot) => {
    return (BigInt(minhash.signature[2 * slot]) << 32n) | BigInt(minhash.signature[2 * slot + 1]);
  });
}

/** Made-up words, the same every time. */
function madeWords(count: number, seed: number): string[] {
  let state = seed;
  return Array.from({ length: count }, (_, i) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i) >>> 0;
    return `w${state.toString(36).replaceAll(/\d/g, "q")}`;
  });
}

test("signatures are those of the formula on integers", () => {
  for (const [ngram, seed] of [
    [5, 1],
    [1, 2],
    [3, 0xffffffff],
  ]) {
    const minhash = new FastMinHash(drawFastParameters(SLOTS, seed), ngram);
    for (const count of [ngram, 40, 700]) {
      const words = [...madeWords(count - 1, count), "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"];
      assert.deepEqual(signatureOf(minhash, words.join(", ")), oracle(words, ngram, seed));
    }
    const folded = ["mill", "00", "naive", "水", "車", "жук", "x", "y", "z"];
    assert.deepEqual(signatureOf(minhash, "MILL 19 naïve水車Жук x_y’z"), oracle(folded, ngram, seed));
  }
});

test("keys are what they were: other keys are another version of the family", () => {
  const bytes = Buffer.from("The mill paid 1,250 in 1987 for naïve café bread — дважды. 水車は");
  const keys = new Uint32Array(28);
  assert.equal(new FastSketcher(SHAPE).sketch(bytes, 0, bytes.length, keys), true);
  assert.deepEqual([...keys.subarray(0, 4)], [0xa2caac07, 0x25bf41fd, 0xf932bf3a, 0xc28aeae8]);
});

test("short texts: slots agree as often as shingles do, and unrelated texts share no band", () => {
  const minhash = new FastMinHash(drawFastParameters(SLOTS, 1), 1);
  let error = 0;
  const pairs = 300;
  for (let pair = 0; pair < pairs; pair++) {
    // 4 of 8 words in common: similarity 4 / 12.
    const words = madeWords(12, pair + 1);
    const a = signatureOf(minhash, words.slice(0, 8).join(" "));
    const b = signatureOf(minhash, words.slice(4).join(" "));
    error += (a.filter((value, slot) => value === b[slot]).length / SLOTS - 1 / 3) / pairs;
  }
  assert.ok(Math.abs(error) < 0.01, `${error}`);

  const sketcher = new FastSketcher(SHAPE);
  const seen = new Set<string>();
  const keys = new Uint32Array(2 * SHAPE.bands);
  for (let text = 0; text < 300; text++) {
    const bytes = Buffer.from(madeWords(5 + (text % 4), text + 1000).join(" "));
    sketcher.sketch(bytes, 0, bytes.length, keys);
    for (let band = 0; band < SHAPE.bands; band++) seen.add(`${keys[2 * band]} ${keys[2 * band + 1]}`);
  }
  assert.equal(seen.size, 300 * SHAPE.bands);
});
