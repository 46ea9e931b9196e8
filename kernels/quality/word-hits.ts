/**
 * Looks for words of a list in a text in lower case, as C4's filter of bad words does.
 *
 * Owns {@link WordHits}. Invariant: a hit is a word of the list byte for byte; with `boundaries` no character of `\w`
 * stands right before or behind it. Words are not changed: one with a capital is never found in lower case. Price: one
 * lookup a word start, or a character without boundaries, and the characters that agree.
 */
import { isWordCharacter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, decodeBefore } from "../unicode/utf8.ts";

/** Of the ASCII characters: 1 for those of `\w`. */
const ASCII_WORD = new Uint8Array(0x80);
for (let byte = 0; byte < 0x80; byte++) ASCII_WORD[byte] = isWordCharacter(byte) ? 1 : 0;

export class WordHits {
  /**
   * A trie: by node its first child, its next sibling, the byte that leads to it, and whether a word ends there. Node 0
   * is the root.
   */
  readonly #children: Int32Array;
  readonly #siblings: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #ends: Uint8Array;
  /** Children of the root by byte. */
  readonly #first = new Int32Array(256);
  readonly #boundaries: boolean;
  #nodes = 1;

  /** `boundaries` says whether words must stand alone: scripts without spaces are searched without. */
  constructor(words: readonly Uint8Array[], boundaries: boolean) {
    const capacity = words.reduce((sum, word) => sum + word.length, 1);
    this.#children = new Int32Array(capacity);
    this.#siblings = new Int32Array(capacity);
    this.#bytes = new Uint8Array(capacity);
    this.#ends = new Uint8Array(capacity);
    this.#boundaries = boundaries;
    for (const word of words) {
      if (word.length === 0) continue;
      let node = 0;
      for (const byte of word) node = this.#child(node, byte) || this.#addChild(node, byte);
      this.#ends[node] = 1;
    }
  }

  /** The first hit in `text[0, length)`, undefined where no word of the list is in it. */
  find(text: Uint8Array, length: number): WordHit | undefined {
    let follows = false;
    for (let at = 0; at < length; at++) {
      const byte = text[at];
      if (this.#first[byte] !== 0 && !follows) {
        const end = this.#matchAt(text, at, length);
        if (end > at) return { start: at, end };
      }
      if (this.#boundaries) follows = byte < 0x80 ? ASCII_WORD[byte] === 1 : this.#followsWord(text, at, length);
    }
    return undefined;
  }

  /** The end of the shortest word that begins at `at` and ends well; `at` where there is none. */
  #matchAt(text: Uint8Array, at: number, length: number): number {
    let node = this.#first[text[at]];
    for (let next = at + 1; node !== 0; next++) {
      if (this.#ends[node] === 1 && this.#isBorder(text, next, length)) return next;
      if (next === length) return at;
      node = this.#child(node, text[next]);
    }
    return at;
  }

  #isBorder(text: Uint8Array, at: number, length: number): boolean {
    if (!this.#boundaries || at === length) return true;
    const byte = text[at];
    return byte < 0x80 ? ASCII_WORD[byte] === 0 : !isWordCharacter(decodeAt(text, at, length) & CODE_POINT_MASK);
  }

  /**
   * Whether the next position, behind the byte of a longer character at `at`, stands inside or right behind a character
   * of `\w`.
   */
  #followsWord(text: Uint8Array, at: number, length: number): boolean {
    if (at + 1 < length && (text[at + 1] & 0xc0) === 0x80) return true;
    return isWordCharacter(decodeBefore(text, 0, at + 1) & CODE_POINT_MASK);
  }

  #child(node: number, byte: number): number {
    if (node === 0) return this.#first[byte];
    let child = this.#children[node];
    while (child !== 0 && this.#bytes[child] !== byte) child = this.#siblings[child];
    return child;
  }

  #addChild(node: number, byte: number): number {
    const child = this.#nodes++;
    this.#bytes[child] = byte;
    if (node === 0) this.#first[byte] = child;
    else {
      this.#siblings[child] = this.#children[node];
      this.#children[node] = child;
    }
    return child;
  }
}

/** Bytes of the text. */
export interface WordHit {
  readonly start: number;
  readonly end: number;
}
