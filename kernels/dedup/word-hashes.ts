/**
 * A text as the hashes of its words, for who asks whether all of it stands in another text: words are what white space parts, in lower case.
 *
 * Nothing else is left out: punctuation, digits and marks of a word are part of it, so that two texts with the same words say the same. The hash
 * of a word is a pair of polynomials over its bytes, so a token of a text adds to it as a byte does, see token-words.ts.
 * Invariant: the words depend on the bytes alone, in whatever pieces they are fed. Lower case and white space are those of lower-case.ts, but that a
 * sigma is one letter wherever it stands. Price: 3 ns a byte of ASCII, 8 bytes a word; two words of one hash are a matter of 2^-64.
 */

import { isPythonSpace } from "../lines.ts";
import { lowerOf } from "../lower-case.ts";
import { CODE_POINT_MASK, decodeAt, encodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";

/** Factors of the two polynomials, odd. */
export const FIRST_FACTOR = 0x2c1b3c6d;
export const SECOND_FACTOR = 0x297a2d39;
/** What a byte adds to each: no byte is zero, and none is near another. */
const firstOf = new Int32Array(256);
const secondOf = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  firstOf[byte] = mixed(byte + 1);
  secondOf[byte] = mixed(byte + 0x4001);
}

function mixed(value: number): number {
  let x = Math.imul(value, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 1;
}

// What an ASCII byte is: white space, or its lower case; other bytes are decoded.
const SPACE = 0xfe;
const BEYOND = 0xff;
const asciiOf = new Uint8Array(256).fill(BEYOND);
for (let byte = 0; byte < 0x80; byte++) {
  asciiOf[byte] = isPythonSpace(byte) ? SPACE : byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

const FIRST_WORDS = 1 << 12;

/** Takes one text after another: `open`, then `feed` and what else adds to words, then `close`. */
export class WordHashes {
  /** Two entries a word; those of the text at hand are the first `2 * count`. */
  words = new Int32Array(2 * FIRST_WORDS);
  count = 0;
  /** The open word. Token-wise feeding works on these: see token-words.ts. */
  first = 0;
  second = 0;
  isOpen = false;
  readonly #folded = new Uint8Array(8);

  open(): void {
    this.count = 0;
    this.#clear();
  }

  /** The words of the text at hand; what was last fed ended it. Returns their number. */
  close(): number {
    this.endWord();
    return this.count;
  }

  /** Ends the open word, where there is one. */
  endWord(): void {
    if (!this.isOpen) return;
    const at = 2 * this.count++;
    if (at === this.words.length) {
      const more = new Int32Array(2 * at);
      more.set(this.words);
      this.words = more;
    }
    this.words[at] = this.first;
    this.words[at + 1] = this.second;
    this.#clear();
  }

  /** Whole characters of the text. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    let { first, second, isOpen } = this;
    for (let at = start; at < end; ) {
      const simple = asciiOf[bytes[at]];
      if (simple === SPACE) {
        at++;
        if (!isOpen) continue;
        this.#set(first, second, true);
        this.endWord();
        first = 0;
        second = 0;
        isOpen = false;
      } else if (simple !== BEYOND) {
        first = (Math.imul(first, FIRST_FACTOR) + firstOf[simple]) | 0;
        second = (Math.imul(second, SECOND_FACTOR) + secondOf[simple]) | 0;
        isOpen = true;
        at++;
      } else {
        this.#set(first, second, isOpen);
        at = this.#feedCharacter(bytes, at, end);
        ({ first, second, isOpen } = this);
      }
    }
    this.#set(first, second, isOpen);
  }

  #feedCharacter(bytes: Uint8Array, at: number, end: number): number {
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    if (isPythonSpace(codePoint)) this.endWord();
    else {
      const folded = this.#folded;
      let length = encodeAt(folded, 0, lowerOf(codePoint));
      // U+0130 becomes two characters.
      if (codePoint === 0x130) length = encodeAt(folded, length, 0x307);
      for (let i = 0; i < length; i++) {
        this.first = (Math.imul(this.first, FIRST_FACTOR) + firstOf[folded[i]]) | 0;
        this.second = (Math.imul(this.second, SECOND_FACTOR) + secondOf[folded[i]]) | 0;
      }
      this.isOpen = true;
    }
    return at + (decoded >> LENGTH_SHIFT);
  }

  #set(first: number, second: number, isOpen: boolean): void {
    this.first = first;
    this.second = second;
    this.isOpen = isOpen;
  }

  #clear(): void {
    this.#set(0, 0, false);
  }
}
