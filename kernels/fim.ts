/**
 * Fill-in-the-middle: a text cut in three, and its parts in another order, so that a model learns to write the middle.
 *
 * Owns the cut and the two orders, as Bavarian et al. 2022 and Megatron-LM have them: PSM, and SPM in the variant that
 * shares its beginning with PSM. Two places are drawn among all before, between and behind characters, so each part may
 * be empty. Invariant: the parts together are the text, and what is drawn depends on the key alone. Price: two walks
 * over the text.
 */
import { countCodePoints } from "./lines.ts";
import { hash64, type Seed } from "./random/shuffle.ts";

/** A part of the result: bytes `[start, end)` of the text, or a sentinel. */
export type FimPiece = { readonly start: number; readonly end: number } | { readonly sentinel: FimSentinel };
export type FimSentinel = "prefix" | "middle" | "suffix";

/** Draws one after the other from a key. */
export class FimDraws {
  readonly #key: Seed;
  readonly #words = new Uint32Array(2);
  #count = 0;

  constructor(key: Seed) {
    this.#key = key;
  }

  /** At least 0, less than 1. */
  fraction(): number {
    hash64(this.#key[0], this.#key[1], this.#count++, this.#words);
    return (this.#words[0] * 2 ** 21 + (this.#words[1] >>> 11)) / 2 ** 53;
  }

  /** 0 to `most`. */
  upTo(most: number): number {
    return Math.floor(this.fraction() * (most + 1));
  }
}

/** The pieces of `bytes[start, end)`, cut and ordered by `draws`; `spmRate` is the share of texts in the order SPM. */
export function fimPieces(
  bytes: Uint8Array,
  start: number,
  end: number,
  spmRate: number,
  draws: FimDraws,
): readonly FimPiece[] {
  const characters = countCodePoints(bytes, start, end);
  const [a, b] = [draws.upTo(characters), draws.upTo(characters)];
  const first = skipCharacters(bytes, start, end, Math.min(a, b));
  const second = skipCharacters(bytes, first, end, Math.abs(a - b));
  const prefix = { start, end: first };
  const middle = { start: first, end: second };
  const suffix = { start: second, end };
  return draws.fraction() < spmRate
    ? [{ sentinel: "prefix" }, { sentinel: "suffix" }, suffix, { sentinel: "middle" }, prefix, middle]
    : [{ sentinel: "prefix" }, prefix, { sentinel: "suffix" }, suffix, { sentinel: "middle" }, middle];
}

/** The position behind `count` characters. */
function skipCharacters(bytes: Uint8Array, start: number, end: number, count: number): number {
  let left = count;
  for (let at = start; at < end; at++) if ((bytes[at] & 0xc0) !== 0x80 && left-- === 0) return at;
  return end;
}
