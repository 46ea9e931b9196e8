/**
 * Compares contexts that do not fit in memory together, because too many share a k-gram: a line that stands on every page.
 *
 * They are taken apart by where the k-gram stands in a fragment, half of the places at a time, and by what is around it then, which equal fragments have in common;
 * each part goes to a file of its own kind and on from there. What the first context of a k-gram has too is told on the way and goes no further. Parts that fit are compared in memory. Where one place is left and a part still does not fit, all of its
 * contexts may hold the same fragment: they are gone through in order, and of a content the first is kept.
 *
 * Invariant: the same duplicates as all at once, though some are told twice. Memory: the budget, and a run of a dealt file. Disk: for a context that many share, its
 * fragments of the places that they share, while it is looked at. Price: linear, at most a copy for each halving of the places.
 */
import fs from "node:fs";
import { entryAt } from "../../batch/entry.ts";
import { uint32At } from "../../batch/numbers.ts";
import { createIntermediate } from "../../io/local/commit.ts";
import type { Vouched } from "../../io/local/vouched.ts";
import { createRowHasher } from "../../io/row-hasher.ts";
import { DistinctCount } from "../../kernels/dedup/distinct-count.ts";
import type { RowHasher } from "../../kernels/hash/xxh64-rows.ts";
import {
  type ContextComparer,
  type DuplicateVisitor,
  INDEX_WORDS,
  type Volume,
} from "../../kernels/substring/compare-contexts.ts";
import { ContextClip, type Places } from "../../kernels/substring/context-clip.ts";
import { FIRST_BYTES, FirstFragments } from "../../kernels/substring/first-fragments.ts";
import { LeadingContexts } from "../../kernels/substring/leading-contexts.ts";
import type { FragmentShape } from "../../kernels/substring/sampler.ts";
import { DealtWriter, readDealt } from "../../store/dealt-file.ts";

/** Shows contexts, in ascending order of addresses. */
export type EachContext = (take: (words: Uint32Array, at: number) => void) => void;

/** Where contexts go that are taken apart. */
export interface SplitPlace {
  /** Path of the file of a depth: it is there while those below it are looked at. */
  readonly path: (depth: number) => string;
  /** Who is to do the task again where such a file is damaged. */
  readonly vouch: Pick<Vouched, "folder" | "marker">;
}

const MAX_PARTS = 512;
const RUN_WORDS = 1 << 20;
/** Parts are cut for so much of the budget, for hashes do not deal evenly. */
const FILLED_SHARE = 0.5;

export class ContextSplitter {
  readonly #shape: FragmentShape;
  readonly #budgetWords: number;
  readonly #comparer: ContextComparer;
  readonly #place: SplitPlace;
  readonly #visitor: DuplicateVisitor;
  readonly #clip: ContextClip;
  readonly #hash = new Uint32Array(2);
  /** By depth: each is an instance with memory of its own. */
  readonly #hashers = new Map<number, RowHasher>();
  /** How deep the deepest file was, and the most bytes that were held of contexts of one place. */
  depth = 0;
  held_bytes = 0;

  constructor(
    shape: FragmentShape,
    budgetWords: number,
    comparer: ContextComparer,
    place: SplitPlace,
    visitor: DuplicateVisitor,
  ) {
    this.#shape = shape;
    this.#budgetWords = budgetWords;
    this.#comparer = comparer;
    this.#place = place;
    this.#visitor = visitor;
    this.#clip = new ContextClip(shape);
  }

  /** Compares what `each` shows, contexts of `volume` in all, clipped to `places`. */
  compare(each: EachContext, volume: Volume, places: Places, depth = 0): void {
    if (wordsOf(volume) <= this.#budgetWords) {
      this.#comparer.reserve(volume);
      each((context, at) => this.#comparer.add(context, at));
      this.#comparer.compare(this.#visitor);
    } else if (places.to - places.from === 1) {
      this.#findFirst(each, volume, places);
    } else {
      const middle = (places.from + places.to) >>> 1;
      this.#split(each, volume, { from: places.from, to: middle }, depth);
      this.#split(each, volume, { from: middle, to: places.to }, depth);
    }
  }

  /** Deals the fragments of `places` by their cores and goes on with each part. */
  #split(each: EachContext, volume: Volume, places: Places, depth: number): void {
    this.depth = Math.max(this.depth, depth + 1);
    const parts = Math.min(MAX_PARTS, Math.ceil(wordsOf(volume) / (FILLED_SHARE * this.#budgetWords)));
    const volumes = Array.from({ length: parts }, () => ({ words: 0, contexts: 0 }));
    const clip = this.#clip;
    const hasher = this.#hasherOf(depth);
    const pending = createIntermediate(this.#place.path(depth));
    let file: Vouched;
    try {
      const dealt = new DealtWriter(pending, parts, Math.min(RUN_WORDS, this.#budgetWords));
      const deal = (context: Uint32Array, at: number, within: Places): void => {
        const size = clip.open(context, at, places, within);
        if (size === 0) return;
        const part = this.#partOf(context, hasher, parts);
        clip.write(context, at, dealt.add(part, size));
        const own = entryAt(volumes, part, "part");
        own.words += size;
        own.contexts++;
      };
      const leading = new LeadingContexts(this.#shape);
      each((context, at) => {
        if (!leading.look(context, at, this.#visitor)) {
          deal(context, at, places);
          return;
        }
        deal(context, at, { from: places.from, to: Math.min(places.to, leading.low) });
        deal(context, at, { from: Math.max(places.from, leading.high + 1), to: places.to });
      });
      dealt.finish();
      file = { ...this.#place.vouch, file: pending.commit() };
    } catch (error) {
      pending.abort();
      throw error;
    }
    try {
      for (const [part, own] of volumes.entries()) {
        if (own.contexts > 1) this.compare(contextsOf(file, parts, part), own, places, depth + 1);
      }
    } finally {
      fs.rmSync(this.#place.path(depth), { force: true });
    }
  }

  /** One place: contexts are fragments, and equal ones have the same core, which is all of them. */
  #findFirst(each: EachContext, { words, contexts }: Volume, places: Places): void {
    const hasher = this.#hasherOf(-1);
    const distinct = new DistinctCount();
    const hashOf = (context: Uint32Array, at: number): number => {
      this.#clip.open(context, at, places);
      this.#partOf(context, hasher, 1);
      return uint32At(this.#hash, 1);
    };
    each((context, at) => distinct.add(hashOf(context, at)));
    const firstWords = (distinct.estimate * words) / contexts;
    const bytes = 4 * firstWords + distinct.estimate * FIRST_BYTES;
    const slices = Math.ceil(bytes / (FILLED_SHARE * 4 * this.#budgetWords));
    const first = new FirstFragments(this.#shape);
    first.reserve(Math.ceil((1.2 * firstWords) / slices));
    for (let slice = 0; slice < slices; slice++) {
      first.clear();
      each((context, at) => {
        const hash = hashOf(context, at);
        if (shareOf(hash, slices) === slice) first.visit(context, at, hash, this.#visitor);
      });
      this.held_bytes = Math.max(this.held_bytes, first.held_bytes);
    }
  }

  /** Every depth hashes with another seed, lest what shares a part shares the next one too. */
  #hasherOf(depth: number): RowHasher {
    const known = this.#hashers.get(depth) ?? createRowHasher([{ high: 0x243f6a88, low: depth >>> 0 }]);
    this.#hashers.set(depth, known);
    return known;
  }

  /** The part of the open context; leaves its hash. */
  #partOf(words: Uint32Array, hasher: RowHasher, parts: number): number {
    const { coreFrom, coreTo } = this.#clip;
    hasher.hash(new Uint8Array(words.buffer, coreFrom, coreTo - coreFrom), 0, coreTo - coreFrom, this.#hash);
    return shareOf(uint32At(this.#hash, 0), parts);
  }
}

/** Words of contexts, with those that they take beside themselves. */
export function wordsOf({ words, contexts }: Volume): number {
  return words + INDEX_WORDS * contexts;
}

function shareOf(hash: number, parts: number): number {
  return Math.floor((hash * parts) / 2 ** 32);
}

function contextsOf(file: Vouched, parts: number, part: number): EachContext {
  return (take) => {
    for (const words of readDealt(file, parts, part)) {
      for (let at = 0; at < words.length; at += uint32At(words, at)) take(words, at);
    }
  };
}
