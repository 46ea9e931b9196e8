/**
 * Tokens that a tokenizer file adds to its model: found in the text before anything else is cut, whatever merges would give.
 *
 * Owns the search in one text, as `tokenizers` does it: leftmost, longest, without overlap. What a flag discards is passed over
 * all the same. A special token that reaches into a literal range is not passed over: it is not looked for there, as if the list did not have it.
 * Price: a look at each place where a token may begin; see `prefix-filter.ts` for how those are found.
 */

import type { RangeListColumn } from "../../batch/column.ts";
import { ByteTrie } from "./byte-trie.ts";
import { charAt, WHITESPACE } from "./char-class.ts";
import { isWordCharacter } from "./rust-characters.ts";

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** A token of markup, such as an end of text; in text it is only looked for where the caller wants it parsed. */
  readonly special: boolean;
  /** Whether it is looked for in normalised text, in its own normal form. */
  readonly normalized: boolean;
  /** Whether whitespace before or behind it belongs to it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether it is one only where no word character is next to it. */
  readonly singleWord: boolean;
}

/** What special tokens in text are: text, or the ids they spell. */
export type SpecialTokens = "text" | "parse";

/**
 * Where in a text special tokens are parsed: nowhere, everywhere, or everywhere but in literal ranges, which are pairs of start and end,
 * ascending and apart, counted as the text's own bounds are.
 */
export type SpecialPlaces = SpecialTokens | Int32Array;

/** Where in `row`, whose text begins at `start`, special tokens are parsed. */
export function specialPlaces(
  special: SpecialTokens,
  literals: RangeListColumn | undefined,
  row: number,
  start: number,
): SpecialPlaces {
  if (special === "text" || literals === undefined) return special;
  const [from, to] = [literals.offsets[row], literals.offsets[row + 1]];
  if (from === to) return special;
  const pairs = new Int32Array(2 * (to - from));
  for (let i = from; i < to; i++) {
    pairs[2 * (i - from)] = start + literals.starts[i];
    pairs[2 * (i - from) + 1] = start + literals.ends[i];
  }
  return pairs;
}

/** Takes what a text is cut into, in order. */
export interface Cuts {
  text(start: number, end: number): void;
  /** `bytes[start, end)` is `token`, with the whitespace it strips. */
  token(token: AddedToken, start: number, end: number): void;
}

/** Some added tokens, by the bytes they are looked for as. */
export class AddedTokenSearch {
  /** Whether one of them is special. */
  readonly hasSpecial: boolean;
  readonly #trie: ByteTrie;
  readonly #tokens: readonly AddedToken[];
  /** Those that are not special, and their numbers in the list of all. */
  readonly #plain: ByteTrie;
  readonly #plainNumbers: readonly number[];

  /** @param patterns the bytes of each token; no two are the same */
  constructor(tokens: readonly AddedToken[], patterns: readonly Uint8Array[]) {
    this.#tokens = tokens;
    this.#trie = new ByteTrie(patterns);
    this.#plainNumbers = tokens.flatMap(({ special }, number) => (special ? [] : [number]));
    this.#plain = new ByteTrie(patterns.filter((_, number) => !tokens[number].special));
    this.hasSpecial = this.#plainNumbers.length < tokens.length;
  }

  /**
   * Cuts `bytes[start, end)`.
   *
   * @param places where a token may begin, ascending; `from` is the first of them at or behind `start`
   */
  cut(
    bytes: Uint8Array,
    start: number,
    end: number,
    places: Int32Array,
    from: number,
    special: SpecialPlaces,
    to: Cuts,
  ): void {
    const literals = typeof special === "string" ? undefined : special;
    let literal = 0;
    let done = start;
    let next = start;
    for (let i = from; i < places.length && places[i] < end; i++) {
      const at = places[i];
      if (at < next) continue;
      let found: number;
      if (literals === undefined) found = this.#trie.longest(bytes, at, end);
      else {
        while (literal < literals.length && literals[literal + 1] <= at) literal += 2;
        found = this.#longestOutside(bytes, at, literals[literal] ?? end, end);
      }
      if (found === -1) continue;
      next = at + this.#trie.lengthOf(found);
      const token = this.#tokens[found];
      if (token.special && special === "text") continue;
      if (token.singleWord && (endsWithWord(bytes, start, at) || startsWithWord(bytes, next, end))) continue;
      const first = token.lstrip ? Math.max(done, stripLeft(bytes, start, at)) : at;
      const last = token.rstrip ? stripRight(bytes, next, end) : next;
      if (done < first) to.text(done, first);
      to.token(token, first, last);
      done = last;
    }
    if (done < end) to.text(done, end);
  }

  /** The longest token at `at`, special ones only where they end by `limit`, the start of the next literal range. */
  #longestOutside(bytes: Uint8Array, at: number, limit: number, end: number): number {
    const any = this.#trie.longest(bytes, at, Math.min(limit, end));
    if (limit >= end) return any;
    const plain = this.#plain.longest(bytes, at, end);
    if (plain === -1 || (any !== -1 && this.#trie.lengthOf(any) >= this.#plain.lengthOf(plain))) return any;
    return this.#plainNumbers[plain];
  }
}

/** Where the character that ends at `at` begins; needs `start < at`. */
function characterBefore(bytes: Uint8Array, start: number, at: number): number {
  let p = at - 1;
  while (p > start && at - p < 4 && (bytes[p] & 0xc0) === 0x80) p--;
  return p + (charAt(bytes, p, at) >> 8) === at ? p : at - 1;
}

function endsWithWord(bytes: Uint8Array, start: number, at: number): boolean {
  return at > start && isWordCharacter(bytes, characterBefore(bytes, start, at), at);
}

function startsWithWord(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && isWordCharacter(bytes, at, end);
}

function stripLeft(bytes: Uint8Array, start: number, at: number): number {
  while (at > start) {
    const before = characterBefore(bytes, start, at);
    if ((charAt(bytes, before, at) & WHITESPACE) === 0) break;
    at = before;
  }
  return at;
}

function stripRight(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const char = charAt(bytes, at, end);
    if ((char & WHITESPACE) === 0) break;
    at += char >> 8;
  }
  return at;
}
