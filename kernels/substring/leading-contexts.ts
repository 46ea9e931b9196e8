/**
 * The first context of each k-gram, against which the others are held before they are taken apart.
 *
 * Of equal fragments only the first by address matters: a fragment that the first context of its k-gram has is a copy, and nobody needs it any more. So what all of
 * many contexts share, a notice in surroundings of their own, goes at once, and what is left differs. Memory: a context for each of some k-grams. Price: that of
 * common-places.ts.
 */
import { CommonPlaces, type ContextMemory } from "./common-places.ts";
import type { DuplicateVisitor } from "./compare-contexts.ts";
import { CONTEXT, eachCopy, positionOf } from "./context-record.ts";
import { offsetOf } from "./sample-words.ts";
import type { FragmentShape } from "./sampler.ts";

const MAX_LEADERS = 256;

export class LeadingContexts {
  readonly #length: number;
  readonly #common: CommonPlaces;
  readonly #leaders = new Map<number, ContextMemory>();
  #memory: ContextMemory = { words: new Uint32Array(0), bytes: new Uint8Array(0) };

  constructor(shape: FragmentShape) {
    this.#length = shape.length;
    this.#common = new CommonPlaces(shape);
  }

  /** Places of the context that was looked at last, from `low` to `high`. */
  get low(): number {
    return this.#common.low;
  }

  get high(): number {
    return this.#common.high;
  }

  /** Whether the first context of the same k-gram has fragments of the context at `words[at]`, which are then told. Contexts come in order of addresses. */
  look(words: Uint32Array, at: number, visitor: DuplicateVisitor): boolean {
    const low = words[at + CONTEXT.low];
    const leader = this.#leaders.get(low);
    if (leader === undefined) {
      if (this.#leaders.size === MAX_LEADERS) return false;
      const own = words.slice(at, at + words[at]);
      this.#leaders.set(low, { words: own, bytes: new Uint8Array(own.buffer) });
      return false;
    }
    const first = leader.words;
    if (first[CONTEXT.high] !== words[at + CONTEXT.high]) return false;
    const [input, document] = [words[at + CONTEXT.input], words[at + CONTEXT.document]];
    if (first[CONTEXT.input] === input && first[CONTEXT.document] === document) {
      const gap = positionOf(words, at) - positionOf(first, 0);
      // Some of its copies may overlap the first one: that is looked at elsewhere.
      if (gap < this.#length) return false;
    }
    if (this.#memory.words !== words) this.#memory = { words, bytes: new Uint8Array(words.buffer) };
    if (!this.#common.find(this.#memory, at, leader, 0)) return false;
    this.#tell(words, at, input, document, visitor);
    return true;
  }

  #tell(words: Uint32Array, at: number, input: number, document: number, visitor: DuplicateVisitor): void {
    const offset = offsetOf(words[at + CONTEXT.run]);
    const { low, high } = this.#common;
    eachCopy(words, at, (start) => visitor(input, document, start + offset - high, start + offset - low + 1));
  }
}
