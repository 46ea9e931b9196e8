/**
 * The words of a text as n-grams compare them: a normalized text, where each word begins in it, and a hash of each.
 *
 * Invariant: words lie one space apart, so an n-gram is a range of the normalized text, and equal n-grams are equal bytes. Price: the normalization, and
 * two multiplications a byte.
 */
import { lowerWords } from "../lower-case.ts";
import { simplifyText, TextBuffer } from "../normalize.ts";
import { segmenter } from "../words/index.ts";
import { WordRanges, type WordSegmenter } from "../words/types.ts";

/**
 * `lower`: lower case, words between white space, as open-r1's script has them. `simplified`: lower case too, without marks above letters, and
 * punctuation is white space. `datatrove`: that with numbers as 0, in the tokens of spaCy's English rules, as datatrove's decontamination has them.
 */
export type TextWordForm = "lower" | "simplified" | "datatrove";

/** Forms that a table of characters can tell: `folded` is `simplified`, and scripts without spaces are cut into words. */
export type WordForm = "lower" | "simplified" | "folded";

const SPACE = 0x20;
const LOW_PRIME = 0x01000193;
const HIGH_PRIME = 0x5bd1e995;
const LOW_START = 0x811c9dc5;
const HIGH_START = 0x9747b28c;

export class TextWords {
  readonly #form: TextWordForm;
  readonly #text = new TextBuffer();
  readonly #ranges = new WordRanges();
  readonly #segmenter: WordSegmenter | undefined;
  count = 0;
  /** Where word `i` begins; the last of `count` words ends one byte before entry `count`. */
  starts = new Int32Array(1 << 10);
  low = new Int32Array(1 << 10);
  high = new Int32Array(1 << 10);

  constructor(form: TextWordForm) {
    this.#form = form;
    if (form === "datatrove") this.#segmenter = segmenter("spacy-en");
  }

  /** The normalized text. */
  get bytes(): Uint8Array {
    return this.#text.bytes;
  }

  get length(): number {
    return this.#text.length;
  }

  /** Where the first `words` words end in the normalized text. */
  end(words: number): number {
    return words === 0 ? 0 : this.starts[words] - 1;
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    if (this.#form === "lower") lowerWords(bytes, start, end, this.#text);
    else simplifyText(bytes, start, end, this.#text, this.#form === "datatrove" ? "zero" : "keep");
    if (this.#form === "datatrove") this.#tokenize();
    this.#hash();
  }

  /** As {@link read}, of what is normalized already. */
  readNormalized(bytes: Uint8Array, start: number, end: number): void {
    this.#set(bytes.subarray(start, end));
    this.#hash();
  }

  #set(bytes: Uint8Array): void {
    this.#text.reserve(bytes.length).set(bytes);
    this.#text.length = bytes.length;
  }

  /** Puts one space between the tokens of the text. */
  #tokenize(): void {
    const text = this.#text;
    const ranges = this.#ranges;
    this.#segmenter?.segment(text.bytes, 0, text.length, ranges);
    const { starts, ends, count } = ranges;
    const tokens = Buffer.alloc(text.length + count);
    let length = 0;
    for (let i = 0; i < count; i++) {
      tokens.set(text.bytes.subarray(starts[i], ends[i]), length);
      length += ends[i] - starts[i];
      tokens[length++] = SPACE;
    }
    this.#set(tokens.subarray(0, Math.max(0, length - 1)));
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
