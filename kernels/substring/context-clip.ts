/**
 * Contexts of some of their fragments: those whose k-gram stands at certain places of theirs.
 *
 * Two fragments are equal only where their k-grams stand at the same place in both. So a group of contexts may be taken apart by places, and fragments of places
 * `[from, to)` all hold a *core*, what is around the k-gram in each of them: equal fragments have equal cores. A clipped context is a context again. Price: a copy.
 */
import { CONTEXT, CONTEXT_HEAD, textOf } from "./context-record.ts";
import { countOf, offsetOf, recordWord } from "./sample-words.ts";
import type { FragmentShape } from "./sampler.ts";

/** Places of k-grams in their fragments, from `from` to before `to`, in symbols behind a fragment's first. */
export interface Places {
  readonly from: number;
  readonly to: number;
}

/** All places that a k-gram may have. */
export function allPlaces({ length, gram }: FragmentShape): Places {
  return { from: 0, to: length - gram + 1 };
}

export class ContextClip {
  readonly #shape: FragmentShape;
  #first = 0;
  #count = 0;
  /** Bytes of the open context's core, in the memory of its words. */
  coreFrom = 0;
  coreTo = 0;

  constructor(shape: FragmentShape) {
    this.#shape = shape;
  }

  /**
   * Opens the context at `words[at]`; returns the words it has when it is clipped to `within`, 0 where no fragment is left. The core is that of `places`, among which
   * `within` are.
   */
  open(words: Uint32Array, at: number, { from, to }: Places, within: Places = { from, to }): number {
    const { length, symbol_bytes } = this.#shape;
    const run = words[at + CONTEXT.run];
    const offset = offsetOf(run);
    const count = countOf(run);
    const first = Math.max(0, offset - within.to + 1);
    const end = Math.min(count, offset - within.from + 1);
    if (first >= end) return 0;
    this.#first = first;
    this.#count = end - first;
    const pairs = words[at + CONTEXT.pairs];
    const text = textOf(words, at);
    this.coreFrom = text + (offset - from) * symbol_bytes;
    this.coreTo = text + (offset + length - to + 1) * symbol_bytes;
    const isWhole = this.#count === count;
    const followers = isWhole ? pairs : runsOf(words, at + CONTEXT_HEAD, pairs);
    return CONTEXT_HEAD + 2 * followers + Math.ceil(((this.#count + length - 1) * symbol_bytes) / 4);
  }

  /** Writes the open context, clipped, to `out`, which has as many words. */
  write(words: Uint32Array, at: number, out: Uint32Array): void {
    const { length, symbol_bytes } = this.#shape;
    const run = words[at + CONTEXT.run];
    const count = countOf(run);
    if (this.#count === count) {
      out.set(words.subarray(at, at + out.length));
      return;
    }
    for (let i = 1; i < CONTEXT.start; i++) out[i] = words[at + i];
    out[0] = out.length;
    out[CONTEXT.start] = words[at + CONTEXT.start] + this.#first;
    out[CONTEXT.run] = recordWord(this.#count, offsetOf(run) - this.#first);
    const pairs = words[at + CONTEXT.pairs];
    let to = CONTEXT_HEAD;
    for (let pair = 0; pair < pairs; pair++) {
      const start = words[at + CONTEXT_HEAD + 2 * pair] + this.#first;
      const runs = words[at + CONTEXT_HEAD + 2 * pair + 1];
      // Runs that followed one another no longer do: each is written alone.
      for (let i = 0; i < runs; i++) {
        out[to++] = start + i * count;
        out[to++] = 1;
      }
    }
    out[CONTEXT.pairs] = (to - CONTEXT_HEAD) / 2;
    const from = textOf(words, at) + this.#first * symbol_bytes;
    const bytes = (this.#count + length - 1) * symbol_bytes;
    out[out.length - 1] = 0;
    new Uint8Array(out.buffer, out.byteOffset + 4 * to, bytes).set(new Uint8Array(words.buffer, from, bytes));
  }
}

function runsOf(words: Uint32Array, from: number, pairs: number): number {
  let runs = 0;
  for (let pair = 0; pair < pairs; pair++) runs += words[from + 2 * pair + 1];
  return runs;
}
