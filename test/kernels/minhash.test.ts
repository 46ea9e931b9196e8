import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { BandKeys } from "../../kernels/minhash/bands.ts";
import { drawPermutations, type Permutations } from "../../kernels/minhash/permutations.ts";
import { sha1Prefix64 } from "../../kernels/minhash/sha1.ts";
import { SHINGLE_HASHES, Shingler } from "../../kernels/minhash/shingles.ts";
import { MinHash } from "../../kernels/minhash/signature.ts";
import { Mt19937 } from "../../kernels/random/mt19937.ts";
import { WordRanges } from "../../kernels/words/types.ts";

interface GoldenSketch {
  readonly shingles: number;
  readonly first_shingle: string;
  readonly signature: string;
  readonly band_keys: string;
}
interface Golden {
  readonly name: string;
  readonly words: string;
  readonly xxh64: GoldenSketch | null;
  readonly sha1: GoldenSketch | null;
}
const golden: Golden[] = JSON.parse(readFileSync("test/golden/minhash/signatures.json", "utf8"));
const P = 2n ** 61n - 1n;
const encoder = new TextEncoder();

function permutation({ a_high, a_low, b_high, b_low }: Permutations, slot: number): { a: bigint; b: bigint } {
  return {
    a: (BigInt(a_high[slot]) << 32n) | BigInt(a_low[slot]),
    b: (BigInt(b_high[slot]) << 32n) | BigInt(b_low[slot]),
  };
}

function hexOf(pairs: Uint32Array): string {
  return Array.from(pairs, (word) => word.toString(16).padStart(8, "0")).join("");
}

function slotValue(signature: Uint32Array, slot: number): bigint {
  return (BigInt(signature[2 * slot]) << 32n) | BigInt(signature[2 * slot + 1]);
}

/** Words of `text` at single spaces; `gap` blanks are put between them, so that 1 takes the range path and 2 the joining path. */
function wordsOf(text: string, gap: number): { bytes: Uint8Array; words: WordRanges } {
  const words = new WordRanges();
  const parts = text === "" ? [] : text.split(" ");
  let at = 0;
  for (const part of parts) {
    const length = encoder.encode(part).length;
    words.push(at, at + length);
    at += length + gap;
  }
  return { bytes: encoder.encode(parts.join(" ".repeat(gap))), words };
}

function addAll(minhash: MinHash, hashes: Iterable<bigint>): void {
  for (const hash of hashes) minhash.add(Number(hash >> 32n), Number(hash & 0xffffffffn));
}

function oracle(permutations: Permutations, slot: number, hashes: readonly bigint[]): bigint {
  const { a, b } = permutation(permutations, slot);
  return hashes.map((x) => BigInt.asUintN(64, x * a + b) % P).toSorted((g, h) => (g < h ? -1 : 1))[0];
}

test("MT19937 gives numpy's words, across two twists", () => {
  const random = new Mt19937(1);
  assert.deepEqual([random.nextU32(), random.nextU32(), random.nextU32()], [1791095845, 4282876139, 3093770124]);
  const standard = new Mt19937(5489);
  let word = 0;
  for (let i = 0; i < 10_000; i++) word = standard.nextU32();
  assert.equal(word, 4123659995); // the 10,000th output that the C++ standard requires of mt19937
});

test("permutations are those of RandomState(1).randint", () => {
  const drawn = drawPermutations(112, 1);
  assert.deepEqual(permutation(drawn, 0), { a: 775169054918279404n, b: 1062448801025099917n });
  assert.deepEqual(permutation(drawn, 1), { a: 1758426461858698313n, b: 1324811268927594100n });
});

test("the published vector: bucket 0 and the last hash, xxh64 and sha1", () => {
  const text = "the quick brown fox jumped over 0 0 lazy dogs naive cafe";
  const expected = {
    xxh64: {
      first: 1840267932163406888n,
      slot0: 416660675481292235n,
      slot7: 557587844010039116n,
      last: 751395281851169142n,
    },
    sha1: { first: 17459136823007986507n, slot0: 410114120674742707n, slot7: undefined, last: 185208327444855137n },
  };
  for (const name of ["xxh64", "sha1"] as const) {
    const { bytes, words } = wordsOf(text, 1);
    const first = new Uint32Array(2);
    SHINGLE_HASHES[name](bytes, 0, words.ends[4], first);
    assert.equal(slotValue(first, 0), expected[name].first);
    const minhash = new MinHash(drawPermutations(112, 1));
    new Shingler(5, SHINGLE_HASHES[name]).add(bytes, words, minhash);
    assert.equal(minhash.finish(), true);
    assert.equal(slotValue(minhash.signature, 0), expected[name].slot0);
    assert.equal(slotValue(minhash.signature, 111), expected[name].last);
    if (expected[name].slot7 !== undefined) assert.equal(slotValue(minhash.signature, 7), expected[name].slot7);
  }
});

for (const { name, words: text, ...sketches } of golden) {
  for (const hash of ["xxh64", "sha1"] as const) {
    test(`datatrove's signature and band keys: ${name}, ${hash}`, () => {
      const minhash = new MinHash(drawPermutations(112, 1));
      const shingler = new Shingler(5, SHINGLE_HASHES[hash]);
      for (const gap of [1, 2]) {
        const { bytes, words } = wordsOf(text, gap);
        minhash.reset();
        shingler.add(bytes, words, minhash);
        assert.equal(minhash.finish(), sketches[hash] !== null);
        if (sketches[hash] === null) continue;
        assert.equal(hexOf(minhash.signature), sketches[hash].signature);
        const keys = new Uint32Array(28);
        new BandKeys(14, 8).write(minhash.signature, keys);
        assert.equal(hexOf(keys), sketches[hash].band_keys);
      }
    });
  }
}

/** Checks every odd multiplier with shingles that are made to fall on residues around 0 and P; returns the number of cases. */
function checkEdges(permutations: Permutations): number {
  const minhash = new MinHash(permutations);
  const before = [0x0123456789abcdefn, 0xfedcba9876543210n, 0xdeadbeefcafef00dn];
  let cases = 0;
  for (let slot = 0; slot < permutations.slots; slot++) {
    const { a, b } = permutation(permutations, slot);
    if ((a & 1n) === 0n) continue;
    // Newton's iteration doubles the correct bits of the inverse of an odd number.
    let inverse = a;
    for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - a * inverse));
    for (let quotient = 0n; quotient < 8n; quotient++) {
      for (const residue of [0n, 1n, 2n, 3n, 7n, 8n, P - 8n, P - 7n, P - 1n, P]) {
        const x = BigInt.asUintN(64, (((quotient << 61n) | residue) - b) * inverse);
        minhash.reset();
        addAll(minhash, [...before, x]);
        minhash.finish();
        assert.equal(slotValue(minhash.signature, slot), oracle(permutations, slot, [...before, x]), `slot ${slot}`);
        cases++;
      }
    }
  }
  return cases;
}

test("residues around 0 and P for every quotient: nothing is lost to the estimate", () => {
  assert.equal(checkEdges(drawPermutations(112, 1)), 4560);
});

test("the same where adding 64 to the increment carries into its high half", () => {
  const drawn = drawPermutations(112, 3);
  for (let slot = 0; slot < 112; slot++) drawn.b_low[slot] = 0xfffffff8 + (slot & 7);
  assert.ok(checkEdges(drawn) > 3000);
});

test("any shingles, any number of slots, any seed: equal to arithmetic on integers", () => {
  const anyCase = fc.record({
    hashes: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 40 }),
    slots: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
  });
  fc.assert(
    fc.property(anyCase, ({ hashes, slots, seed }) => {
      const permutations = drawPermutations(slots, seed);
      const minhash = new MinHash(permutations);
      addAll(minhash, hashes);
      minhash.finish();
      for (let slot = 0; slot < slots; slot++) {
        assert.equal(slotValue(minhash.signature, slot), oracle(permutations, slot, hashes));
      }
    }),
    { numRuns: 200 },
  );
});

test("a signature does not depend on order, repetition or what came before", () => {
  const permutations = drawPermutations(6, 7);
  const hashes = Array.from({ length: 3000 }, (_, i) => BigInt.asUintN(64, BigInt(i + 1) * 0x9e3779b97f4a7c15n));
  const minhash = new MinHash(permutations);
  addAll(minhash, hashes);
  minhash.finish();
  const straight = minhash.signature.slice();
  for (let slot = 0; slot < 6; slot++) assert.equal(slotValue(straight, slot), oracle(permutations, slot, hashes));
  minhash.reset();
  assert.equal(minhash.finish(), false);
  addAll(minhash, [...hashes.toReversed(), ...hashes]);
  minhash.finish();
  assert.deepEqual(minhash.signature, straight);
});

test("sha1 of every length around its block edges", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 151) ^ (i >> 3));
  const out = new Uint32Array(2);
  for (let length = 0; length <= 200; length++) {
    sha1Prefix64(bytes, 5, 5 + length, out);
    const digest = createHash("sha1")
      .update(bytes.subarray(5, 5 + length))
      .digest();
    assert.equal(slotValue(out, 0), digest.readBigUInt64LE(0), `length ${length}`);
  }
});

test("equal rows in two bands give two keys", () => {
  const signature = new Uint32Array(8).fill(9);
  const keys = new Uint32Array(4);
  new BandKeys(2, 2).write(signature, keys);
  assert.notDeepEqual(keys.subarray(0, 2), keys.subarray(2, 4));
});
