/**
 * What a trainer makes of a window: positions within documents, from which attention is kept inside them.
 *
 * These are the reader's rules, kept here to prove that what is written is read as meant: datatrove's folder dataset (positions from
 * EOS ids, or from the index) and nanotron's collator. Invariant: position 0 stands at the start of a window, after every document end, and nowhere
 * else.
 */
import { firstAbove } from "../sorted.ts";
import type { TokenArray } from "./fill.ts";

/** Positions of a window, from the EOS ids in it: the way nanotron asks for them. `out` has the length of the window. */
export function positionsFromEos(window: TokenArray, eos: number, out: Int32Array): void {
  let position = 0;
  for (let i = 0; i < window.length; i++) {
    out[i] = position++;
    if (window[i] === eos) position = 0;
  }
}

/**
 * Positions of window `window` of a file, from its document ends (exclusive, ascending, in tokens). `out` has the length of
 * a window. Price: a binary search, then the ends inside the window.
 */
export function positionsFromIndex(documentEnds: Float64Array, window: number, out: Int32Array): void {
  const start = window * out.length;
  let next = firstAbove(documentEnds, start);
  let position = 0;
  for (let i = 0; i < out.length; i++) {
    if (next < documentEnds.length && documentEnds[next] === start + i) {
      position = 0;
      next++;
    }
    out[i] = position++;
  }
}
