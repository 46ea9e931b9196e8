/**
 * Figures of Gigatoken, the fastest byte-pair encoder known, to hold ours against: it is Rust that npm does not have, so no run of ours
 * includes it. They are constants, and a ratio to them is rougher than one within a run.
 */

/** A pass with an empty word cache; then one over other text; both as one; the same text again. */
export type Phase = "cold" | "steady" | "first" | "warm";

export const GIGATOKEN = {
  name: "Gigatoken 0.10",
  origin:
    "measured elsewhere: same class of machine (one core of a virtual AMD EPYC with AVX-512), texts of the same kinds, user CPU time; not of this run",
};

export interface Reference {
  readonly phase: Phase;
  readonly megabytesPerSecond: number;
  /** Caches make figures of much less text incomparable. */
  readonly leastMegabytes: number;
}

/** Llama 3's vocabulary, classes with an empty cache and in one pass, mixes with a cache that has seen as much; a class is told by its name, or by its name's end. */
const LLAMA3: readonly (readonly [RegExp, Reference])[] = [
  [/\bzh$/, { phase: "first", megabytesPerSecond: 23, leastMegabytes: 2 }],
  [/\bja$/, { phase: "first", megabytesPerSecond: 20, leastMegabytes: 2 }],
  [/\bar$/, { phase: "first", megabytesPerSecond: 56, leastMegabytes: 2 }],
  [/\bru$/, { phase: "first", megabytesPerSecond: 70, leastMegabytes: 2 }],
  [/^mix$/, { phase: "steady", megabytesPerSecond: 85, leastMegabytes: 20 }],
  [/^web$/, { phase: "steady", megabytesPerSecond: 162, leastMegabytes: 10 }],
];

/** The figure for a class of text of a size, undefined where none is known. */
export function referenceFor(vocabulary: string, name: string, megabytes: number): Reference | undefined {
  if (vocabulary !== "llama3") return undefined;
  return LLAMA3.find(([pattern, { leastMegabytes }]) => pattern.test(name) && megabytes >= leastMegabytes)?.[1];
}
