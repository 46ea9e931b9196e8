/**
 * The slow, exact path for regular expressions without a scanner: matches and the gaps between them are words.
 *
 * Invariant: positions are byte positions; malformed bytes stand as U+FFFD in the string that is matched and keep their length
 * of one. Price: the document as a string and four bytes of map per UTF-16 unit; a few MB/s.
 */
import { charAt } from "./char-class.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";

const CHUNK = 4096;

export class RegexPreTokenizer implements PreTokenizer {
  readonly #regex: RegExp;
  #text = "";
  /** Byte position of every UTF-16 unit of the text, and of its end. */
  #positions = new Int32Array(1);
  #matches: IterableIterator<RegExpExecArray> = [][Symbol.iterator]();
  #pending = -1;
  #last = 0;

  /** @param regex global and with the `u` flag */
  constructor(regex: RegExp) {
    this.#regex = regex;
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#decode(bytes, start, end);
    this.#matches = this.#text.matchAll(this.#regex);
    this.#pending = -1;
    this.#last = 0;
  }

  next(ends: Int32Array): number {
    let count = 0;
    while (count < ends.length) {
      if (this.#pending > this.#last) {
        this.#last = this.#pending;
        ends[count++] = this.#positions[this.#last];
        continue;
      }
      const match = this.#matches.next();
      if (match.done === true) {
        if (this.#last === this.#text.length) break;
        this.#pending = this.#text.length;
        continue;
      }
      const { index } = match.value;
      this.#pending = index + match.value[0].length;
      if (index > this.#last) {
        this.#last = index;
        ends[count++] = this.#positions[index];
      }
    }
    return count;
  }

  #decode(bytes: Uint8Array, start: number, end: number): void {
    const positions = new Int32Array(end - start + 1);
    const units = new Uint16Array(CHUNK);
    let text = "";
    let length = 0;
    let filled = 0;
    for (let p = start; p < end; ) {
      const size = charAt(bytes, p, end) >> 8;
      let codePoint = bytes[p] < 0x80 ? bytes[p] : 0xfffd;
      if (size > 1) {
        codePoint = bytes[p] & (0xff >> (size + 1));
        for (let i = 1; i < size; i++) codePoint = (codePoint << 6) | (bytes[p + i] & 0x3f);
      }
      positions[length++] = p;
      if (codePoint >= 0x10000) {
        positions[length++] = p;
        units[filled++] = 0xd7c0 + (codePoint >> 10);
        units[filled++] = 0xdc00 | (codePoint & 0x3ff);
      } else {
        units[filled++] = codePoint;
      }
      if (filled >= CHUNK - 1) {
        text += String.fromCharCode(...units.subarray(0, filled));
        filled = 0;
      }
      p += size;
    }
    this.#text = text + String.fromCharCode(...units.subarray(0, filled));
    positions[length] = end;
    this.#positions = positions;
  }
}
