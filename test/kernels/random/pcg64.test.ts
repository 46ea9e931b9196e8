import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { numpyPermutation, Pcg64, seedSequence, trainTestSplit } from "../../../kernels/random/pcg64.ts";

interface Words {
  readonly seed: number;
  readonly seedsequence_u32x8: readonly number[];
  readonly raw_u64: readonly string[];
  readonly permutation10: readonly number[];
}
interface Shuffle {
  readonly n: number;
  readonly seed: number;
  readonly order?: readonly number[];
  readonly sha256_i64le?: string;
}
interface Split {
  readonly n: number;
  readonly test_size: number;
  readonly seed: number;
  readonly train: readonly number[];
  readonly test: readonly number[];
}

const OWN = "test/golden/rows/numpy.json";

function sha256OfInt64(order: Uint32Array): string {
  const words = new Uint32Array(2 * order.length);
  for (const [i, value] of order.entries()) words[2 * i] = value;
  return createHash("sha256").update(new Uint8Array(words.buffer)).digest("hex");
}

function checkWords(cases: readonly Words[]): void {
  for (const { seed, seedsequence_u32x8, raw_u64, permutation10 } of cases) {
    assert.deepEqual([...seedSequence(seed, 8)], seedsequence_u32x8, `seed ${seed}`);
    const random = new Pcg64(seed);
    const drawn = raw_u64.map(() => {
      const [low, high] = random.next64();
      return String((BigInt(high) << 32n) | BigInt(low));
    });
    assert.deepEqual(drawn, raw_u64, `seed ${seed}`);
    assert.deepEqual([...numpyPermutation(10, seed)], permutation10);
  }
}

function checkShuffles(cases: readonly Shuffle[]): void {
  for (const { n, seed, order, sha256_i64le } of cases) {
    const ours = numpyPermutation(n, seed);
    if (order !== undefined) assert.deepEqual([...ours], order, `${n} rows, seed ${seed}`);
    if (sha256_i64le !== undefined) assert.equal(sha256OfInt64(ours), sha256_i64le, `${n} rows, seed ${seed}`);
  }
}

function checkSplits(cases: readonly Split[]): void {
  for (const { n, test_size, seed, train, test: held } of cases) {
    const ours = trainTestSplit(n, test_size, seed);
    assert.deepEqual({ train: [...ours.train], test: [...ours.test] }, { train, test: held });
  }
}

test("words, shuffles and splits are those of numpy and datasets", () => {
  const golden = JSON.parse(readFileSync(OWN, "utf8"));
  checkWords(golden.words);
  checkShuffles(golden.shuffle);
  checkSplits(golden.train_test_split);
});

test("the shared goldens, 3,000,000 rows among them", (t) => {
  const shared = "../shared/golden";
  if (!existsSync(`${shared}/pcg64.json`)) return t.skip("../shared/golden is not here");
  checkWords(JSON.parse(readFileSync(`${shared}/pcg64.json`, "utf8")).cases);
  const { shuffle, train_test_split } = JSON.parse(readFileSync(`${shared}/shuffle.json`, "utf8"));
  checkShuffles(shuffle);
  checkSplits(train_test_split);
});

test("no rows, one row, and what is no number of rows or seed", () => {
  assert.deepEqual([...numpyPermutation(0, 1)], []);
  assert.deepEqual([...numpyPermutation(1, 1)], [0]);
  assert.throws(() => numpyPermutation(-1, 0), RangeError);
  assert.throws(() => seedSequence(-1, 8), RangeError);
  assert.throws(() => seedSequence(0.5, 8), RangeError);
});
