/**
 * The filter of dedup/bloom: how large it is, whether there is room, and whether it held what it was made for.
 *
 * Invariant: size and hashes follow from the options and, where they say so, from the number of n-grams; never from the machine, which may only refuse.
 */
import os from "node:os";
import { RunError } from "../../batch/errors.ts";
import { BffJudge } from "../../kernels/dedup/bff.ts";
import { BloomFilter, type BloomShape, bloomShape } from "../../kernels/dedup/bloom.ts";
import type { SequenceJudge } from "../define.ts";

export interface FilterOptions {
  readonly unit: "paragraph" | "document" | "both";
  readonly max_seen_ratio: number;
  readonly expected_ngrams: number | null;
  readonly max_false_positive_ratio: number;
  readonly max_memory_bytes: number;
}

/** Share of the machine's memory that a filter may have. */
const MEMORY_SHARE = 0.9;
/** How far above its bound the rate of a full filter may come by chance. */
const SLACK = 1.02;

/** Bytes of the filter for `ngrams`; Infinity where none is large enough. */
export function filterBytes({ max_false_positive_ratio }: FilterOptions, ngrams: number): number {
  const shape = bloomShape(ngrams, max_false_positive_ratio);
  return shape === undefined ? Number.POSITIVE_INFINITY : shape.bits / 8;
}

/** Judges texts of `ngrams` n-grams. Throws RunError `run/bloom-memory` where the filter does not fit, `run/bloom-full` where it held more than it was made for. */
export function bloomJudge(options: FilterOptions, ngrams: number): SequenceJudge {
  const { unit, max_seen_ratio, expected_ngrams, max_false_positive_ratio } = options;
  const filter = makeFilter(options, expected_ngrams ?? ngrams);
  const judge = new BffJudge(filter, max_seen_ratio, unit === "both");
  return {
    unit: (keys, words) => judge.unit(keys, words),
    endRow: () => judge.endRow(),
    finish: () => {
      const reached = filter.falsePositiveRatio;
      if (reached <= max_false_positive_ratio * SLACK) return;
      throw new RunError({
        code: "run/bloom-full",
        what: `the filter of dedup/bloom was made for ${expected_ngrams} n-grams and has more: it takes ${reached.toPrecision(2)} of the new ones for seen, and ${max_false_positive_ratio} is the bound`,
        why: "texts would go that nobody has said before",
        fix: `give \`expected_ngrams: ${ngrams}\`, which is as many as the texts have, or leave it out: they are counted then`,
      });
    },
  };
}

function makeFilter(options: FilterOptions, ngrams: number): BloomFilter {
  const { max_false_positive_ratio, max_memory_bytes } = options;
  const shape = bloomShape(ngrams, max_false_positive_ratio);
  const bytes = filterBytes(options, ngrams);
  if (shape === undefined || bytes > max_memory_bytes)
    throw tooLarge(ngrams, bytes, `max_memory_bytes is ${max_memory_bytes}`);
  const there = Math.floor(MEMORY_SHARE * machineBytes());
  if (bytes > there) throw tooLarge(ngrams, bytes, `this machine has ${there} for it`);
  return allocated(shape, ngrams, bytes);
}

/** Of the machine, or of what a container may use of it. */
function machineBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}

function allocated(shape: BloomShape, ngrams: number, bytes: number): BloomFilter {
  try {
    return new BloomFilter(shape);
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(ngrams, bytes, "there is not as much memory left");
    throw error;
  }
}

function tooLarge(ngrams: number, bytes: number, why: string): RunError {
  return new RunError({
    code: "run/bloom-memory",
    what: `the filter of dedup/bloom for ${ngrams} n-grams needs ${bytes} bytes, and ${why}`,
    why: "a smaller filter would take new n-grams for seen ones more often than `max_false_positive_ratio` allows",
    fix: "split the source or use `scope: source`, allow more false positives, or use a machine with more memory and raise `max_memory_bytes`",
  });
}
