/**
 * Compares contexts that do not fit in memory together, because too many share a k-gram: a line that stands on every page.
 *
 * They are taken apart by where the k-gram stands in a fragment, half of the places at a time, and by what is around it then, which equal fragments have in common;
 * each part goes to a file of its own kind and on from there. Parts that fit are compared in memory. Where one place is left and a part still does not fit, all of its
 * contexts may hold the same fragment: they are gone through in order, and of a content the first is kept.
 *
 * Invariant: the same duplicates as all at once, though some are told twice. Memory: the budget, and a run of a dealt file. Disk: for a context that many share, its
 * fragments of the places that they share, while it is looked at. Price: linear, at most a copy for each halving of the places.
 */
import fs from "node:fs";
import { uint32At } from "../../batch/numbers.ts";
import { createIntermediate } from "../../io/local/commit.ts";
import type { Vouched } from "../../io/local/vouched.ts";
import { createRowHasher } from "../../io/row-hasher.ts";
import { DistinctCount } from "../../kernels/dedup/distinct-count.ts";
import { type ContextComparer, type DuplicateVisitor, INDEX_WORDS } from "../../kernels/substring/compare-contexts.ts";
import { ContextClip, type Places } from "../../kernels/substring/context-clip.ts";
import { FIRST_BYTES, FirstFragments } from "../../kernels/substring/first-fragments.ts";
import type { FragmentShape } from "../../kernels/substring/sampler.ts";
import { DealtWriter, readDealt } from "../../store/dealt-file.ts";

/** Shows contexts, in ascending order of addresses. */
export type EachContext = (take: (words: Uint32Array, at: number) => void) => void;

/** Where contexts go that are taken apart. */
export interface SpillPlace {
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
  readonly #place: SpillPlace;
  readonly #visitor: DuplicateVisitor;
  readonly #clip: ContextClip;
  readonly #hash = new Uint32Array(2);
  /** How deep the deepest file was. */
  depth = 0;

  constructor(
    shape: FragmentShape,
    budgetWords: number,
    comparer: ContextComparer,
    place: SpillPlace,
    visitor: DuplicateVisitor,
  ) {
    this.#shape = shape;
    this.#budgetWords = budgetWords;
    this.#comparer = comparer;
    this.#place = place;
    this.#visitor = visitor;
    this.#clip = new ContextClip(shape);
  }

  /** Compares what `each` shows, contexts of `words` in all with what they take beside themselves, clipped to `places`. */
  compare(each: EachContext, words: number, places: Places, depth = 0): void {
    if (words <= this.#budgetWords) {
      this.#comparer.reserve(words);
      each((context, at) => this.#comparer.add(context, at));
      this.#comparer.compare(this.#visitor);
    } else if (places.to - places.from === 1) {
      this.#findFirst(each, words, places);
    } else {
      const middle = (places.from + places.to) >>> 1;
      this.#split(each, words, { from: places.from, to: middle }, depth);
      this.#split(each, words, { from: middle, to: places.to }, depth);
    }
  }

  /** Deals the fragments of `places` by their cores and goes on with each part. */
  #split(each: EachContext, words: number, places: Places, depth: number): void {
    this.depth = Math.max(this.depth, depth + 1);
    const parts = Math.min(MAX_PARTS, Math.ceil(words / (FILLED_SHARE * this.#budgetWords)));
    const sizes = new Float64Array(parts);
    const clip = this.#clip;
    const hasher = this.#hasherOf(depth);
    const pending = createIntermediate(this.#place.path(depth));
    let file: Vouched;
    try {
      const dealt = new DealtWriter(pending, parts, Math.min(RUN_WORDS, this.#budgetWords));
      each((context, at) => {
        const size = clip.open(context, at, places);
        if (size === 0) return;
        const part = this.#partOf(context, hasher, parts);
        clip.write(context, at, dealt.add(part, size));
        sizes[part] = (sizes[part] ?? 0) + size + INDEX_WORDS;
      });
      dealt.finish();
      file = { ...this.#place.vouch, file: pending.commit() };
    } catch (error) {
      pending.abort();
      throw error;
    }
    try {
      for (const [part, size] of sizes.entries()) {
        if (size > 0) this.compare(contextsOf(file, parts, part), size, places, depth + 1);
      }
    } finally {
      fs.rmSync(this.#place.path(depth), { force: true });
    }
  }

  /** One place: contexts are fragments, and equal ones have the same core, which is all of them. */
  #findFirst(each: EachContext, words: number, places: Places): void {
    const hasher = this.#hasherOf(-1);
    const distinct = new DistinctCount();
    let count = 0;
    const hashOf = (context: Uint32Array, at: number): number => {
      this.#clip.open(context, at, places);
      this.#partOf(context, hasher, 1);
      return uint32At(this.#hash, 1);
    };
    each((context, at) => {
      distinct.add(hashOf(context, at));
      count++;
    });
    const bytes = distinct.estimate * ((4 * words) / count + FIRST_BYTES);
    const slices = Math.ceil(bytes / (FILLED_SHARE * 4 * this.#budgetWords));
    const first = new FirstFragments(this.#shape);
    for (let slice = 0; slice < slices; slice++) {
      first.clear();
      each((context, at) => {
        const hash = hashOf(context, at);
        if (shareOf(hash, slices) === slice) first.visit(context, at, hash, this.#visitor);
      });
    }
  }

  /** Every depth hashes with another seed, lest what shares a part shares the next one too. */
  #hasherOf(depth: number): ReturnType<typeof createRowHasher> {
    return createRowHasher([{ high: 0x243f6a88, low: depth >>> 0 }]);
  }

  /** The part of the open context; leaves its hash. */
  #partOf(words: Uint32Array, hasher: ReturnType<typeof createRowHasher>, parts: number): number {
    const { coreFrom, coreTo } = this.#clip;
    hasher.hash(new Uint8Array(words.buffer, coreFrom, coreTo - coreFrom), 0, coreTo - coreFrom, this.#hash);
    return shareOf(uint32At(this.#hash, 0), parts);
  }
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
