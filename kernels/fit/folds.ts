/**
 * Which fold each run is held out in, and which runs a bootstrap sample has.
 *
 * Invariant: by seed alone; every run is in one fold, and folds differ by at most one in size. Price: one permutation.
 */
import { hash64, permutation, seedFrom } from "../random/shuffle.ts";

/** The fold of each of `count` runs, from 0 to `folds` - 1. */
export function foldsOf(count: number, folds: number, seed: number): Uint8Array {
  const order = permutation(count, seedFrom("folds", seed));
  const fold = new Uint8Array(count);
  for (let i = 0; i < count; i++) fold[order[i]] = i % folds;
  return fold;
}

/** Rows that are not in `fold`, and those that are. */
export function splitFold(
  folds: Uint8Array,
  fold: number,
): { readonly train: Uint32Array; readonly held: Uint32Array } {
  const rows = Uint32Array.from(folds.keys());
  return { train: rows.filter((row) => folds[row] !== fold), held: rows.filter((row) => folds[row] === fold) };
}

/** `count` rows drawn with replacement: sample number `sample`. */
export function resample(count: number, seed: number, sample: number): Uint32Array {
  const [high, low] = seedFrom("bootstrap", seed, sample);
  const words = new Uint32Array(2);
  return Uint32Array.from({ length: count }, (_, i) => {
    hash64(high, low, i, words);
    return Math.floor((words[0] / 0x1_0000_0000) * count);
  });
}
