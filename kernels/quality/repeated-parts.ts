/**
 * Parts of one text that are equal to an earlier part: lines, paragraphs, files of a repository.
 *
 * Owns {@link RepeatedParts}. Invariant: parts are what stands between separators, the first of equal parts is never a
 * repeat, and an empty part never is one. Folded parts are compared without white space around them and in lower case.
 * Price: one pass, and one more where parts are folded; 16 bytes a distinct part.
 */
import { countCodePoints, strip } from "../lines.ts";
import { lowerText } from "../lower-case.ts";
import { TextBuffer } from "../normalize.ts";
import { RangeSet } from "./range-set.ts";

export interface PartRules {
  /** Not empty. */
  readonly separator: Uint8Array;
  readonly folded: boolean;
  /** Whether the first line of a part, such as a file's name, is left out when it is compared. */
  readonly withoutFirstLine: boolean;
  /** Shorter parts are no repeats. Of what is compared, in characters. */
  readonly minChars: number;
}

const NEWLINE = 0x0a;

export class RepeatedParts {
  /** Of the text that was read last: its parts, which of them are repeats, and the bytes of these. */
  count = 0;
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  repeats = new Uint8Array(64);
  repeatedBytes = 0;
  readonly #rules: PartRules;
  readonly #separator: Buffer;
  readonly #seen = new RangeSet();
  readonly #folded = new TextBuffer();
  readonly #lower = new TextBuffer();
  readonly #range = new Int32Array(2);

  constructor(rules: PartRules) {
    this.#rules = rules;
    this.#separator = Buffer.from(rules.separator);
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, end);
    // Lower case takes half as many bytes more at most; the set must not see its bytes move.
    const folded = this.#rules.folded ? this.#folded.reserve(2 * (end - start) + 16) : bytes;
    this.#seen.reset(folded);
    this.#folded.length = 0;
    this.count = 0;
    this.repeatedBytes = 0;
    for (let at = start; ; ) {
      const found = text.indexOf(this.#separator, at);
      const partEnd = found < 0 ? end : found;
      this.#add(bytes, at, partEnd);
      if (found < 0) return;
      at = found + this.#separator.length;
    }
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    if (this.count === this.starts.length) this.#grow();
    const isRepeat = this.#isRepeat(bytes, start, end);
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.repeats[this.count++] = isRepeat ? 1 : 0;
    if (isRepeat) this.repeatedBytes += end - start;
  }

  #isRepeat(bytes: Uint8Array, start: number, end: number): boolean {
    let from = start;
    if (this.#rules.withoutFirstLine) {
      const line = bytes.indexOf(NEWLINE, start);
      from = line < 0 || line >= end ? end : line + 1;
    }
    if (!this.#rules.folded) return this.#isLong(bytes, from, end) && this.#seen.seen(from, end);
    strip(bytes, from, end, this.#range);
    const [first, last] = [this.#range[0], this.#range[1]];
    if (!this.#isLong(bytes, first, last)) return false;
    lowerText(bytes, first, last, this.#lower);
    const at = this.#folded.length;
    this.#folded.bytes.set(this.#lower.bytes.subarray(0, this.#lower.length), at);
    this.#folded.length += this.#lower.length;
    return this.#seen.seen(at, this.#folded.length);
  }

  #isLong(bytes: Uint8Array, start: number, end: number): boolean {
    return end > start && countCodePoints(bytes, start, end) >= this.#rules.minChars;
  }

  #grow(): void {
    const size = 2 * this.starts.length;
    const [starts, ends, repeats] = [new Int32Array(size), new Int32Array(size), new Uint8Array(size)];
    starts.set(this.starts);
    ends.set(this.ends);
    repeats.set(this.repeats);
    this.starts = starts;
    this.ends = ends;
    this.repeats = repeats;
  }
}
