/**
 * The words of a text as n-grams compare them: a normalized text, where each word begins in it, and a hash of each.
 *
 * Invariant: words lie one space apart, so an n-gram is a range of the normalized text, and equal n-grams are equal bytes. Price: the normalization, and
 * two multiplications a byte.
 */
import { lowerWords } from "../lower-case.ts";
import { simplifyText, TextBuffer } from "../normalize.ts";

/**
 * `lower`: lower case, words between white space, as open-r1's script has them. `simplified`: lower case too, without marks above letters, and
 * punctuation is white space.
 */
export const WORD_FORMS = ["lower", "simplified"] as const;

/** Also `folded`: what {@link ./folded-words.ts} has, and nobody normalizes a text to. */
export type WordForm = (typeof WORD_FORMS)[number] | "folded";

const SPACE = 0x20;
const LOW_PRIME = 0x01000193;
const HIGH_PRIME = 0x5bd1e995;
const LOW_START = 0x811c9dc5;
const HIGH_START = 0x9747b28c;

export class TextWords {
  readonly #form: WordForm;
  readonly #text = new TextBuffer();
  count = 0;
  /** Where word `i` begins; the last of `count` words ends one byte before entry `count`. */
  starts = new Int32Array(1 << 10);
  low = new Int32Array(1 << 10);
  high = new Int32Array(1 << 10);

  constructor(form: WordForm) {
    this.#form = form;
  }

  /** The normalized text. */
  get bytes(): Uint8Array {
    return this.#text.bytes;
  }

  get length(): number {
    return this.#text.length;
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    if (this.#form === "lower") lowerWords(bytes, start, end, this.#text);
    else simplifyText(bytes, start, end, this.#text, "keep");
    this.#hash();
  }

  /** As {@link read}, of what is normalized already. */
  readNormalized(bytes: Uint8Array, start: number, end: number): void {
    this.#text.reserve(end - start).set(bytes.subarray(start, end));
    this.#text.length = end - start;
    this.#hash();
  }

  #hash(): void {
    const { bytes, length } = this.#text;
    this.#reserve((length >> 1) + 2);
    const { starts, low, high } = this;
    let count = 0;
    let a = LOW_START;
    let b = HIGH_START;
    starts[0] = 0;
    for (let at = 0; at < length; at++) {
      const byte = bytes[at];
      if (byte === SPACE) {
        low[count] = mixed(a);
        high[count] = mixed(b);
        starts[++count] = at + 1;
        a = LOW_START;
        b = HIGH_START;
      } else {
        a = Math.imul(a ^ byte, LOW_PRIME);
        b = Math.imul(b + byte, HIGH_PRIME) ^ (b >>> 15);
      }
    }
    if (length > 0) {
      low[count] = mixed(a);
      high[count] = mixed(b);
      starts[++count] = length + 1;
    }
    this.count = count;
  }

  #reserve(words: number): void {
    if (this.starts.length > words) return;
    this.starts = new Int32Array(2 * words);
    this.low = new Int32Array(2 * words);
    this.high = new Int32Array(2 * words);
  }
}

/** A hash whose every bit depends on all: words differ in their last letters. */
function mixed(hash: number): number {
  const x = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return x ^ (x >>> 13);
}
