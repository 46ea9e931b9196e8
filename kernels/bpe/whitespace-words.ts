/**
 * Words as WhitespaceSplit and Metaspace make them together: whitespace is removed, and every word begins with a blank.
 *
 * U+2581 in text is a blank, too. Invariant: what is written has no other blanks than these. Price: a copy of the text.
 */
import { charAt, WHITESPACE } from "./char-class.ts";

const BLANK = 0x20;

export class WhitespaceWords {
  #made = new Uint8Array(1 << 12);

  /** The words of `bytes[start, end)`, none without a blank before it; a view that the next call overwrites. */
  write(bytes: Uint8Array, start: number, end: number): Uint8Array {
    if (this.#made.length < 2 * (end - start)) this.#made = new Uint8Array(4 * (end - start));
    const made = this.#made;
    let to = 0;
    let isInside = false;
    for (let p = start; p < end; ) {
      const char = charAt(bytes, p, end);
      const size = char >> 8;
      if ((char & WHITESPACE) !== 0) isInside = false;
      else if (size === 3 && bytes[p] === 0xe2 && bytes[p + 1] === 0x96 && bytes[p + 2] === 0x81) {
        made[to++] = BLANK;
        isInside = true;
      } else {
        if (!isInside) made[to++] = BLANK;
        for (let i = 0; i < size; i++) made[to++] = bytes[p + i];
        isInside = true;
      }
      p += size;
    }
    return made.subarray(0, to);
  }
}
