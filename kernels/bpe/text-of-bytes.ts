/**
 * Bytes as the string that regular expressions see, with the way back to byte positions.
 *
 * Invariant: malformed bytes stand as U+FFFD and keep their length of one. Price: the string, and four bytes a UTF-16 unit.
 */
import { charAt, codePointOf } from "./char-class.ts";

const CHUNK = 4096;

export class TextOfBytes {
  text = "";
  /** Byte position of every UTF-16 unit of the text, and of its end. */
  positions: Int32Array = new Int32Array(256);
  readonly #units = new Uint16Array(CHUNK);
  #filled = 0;

  /** Reads `bytes[start, end)` as UTF-8. */
  decode(bytes: Uint8Array, start: number, end: number): void {
    this.#begin(end - start);
    let length = 0;
    for (let p = start; p < end; ) {
      const size = bytes[p] < 0x80 ? 1 : charAt(bytes, p, end) >> 8;
      const codePoint = codePointOf(bytes, p, size);
      this.positions[length++] = p;
      if (codePoint >= 0x10000) {
        this.positions[length++] = p;
        this.#add(0xd7c0 + (codePoint >> 10));
        this.#add(0xdc00 | (codePoint & 0x3ff));
      } else this.#add(codePoint);
      p += size;
    }
    this.positions[length] = end;
    this.#flush();
  }

  /** Reads `bytes[start, end)` as one character a byte, spelled by `alphabet`. */
  spell(bytes: Uint8Array, start: number, end: number, alphabet: Readonly<Uint16Array>): void {
    this.#begin(end - start);
    for (let p = start; p < end; p++) {
      this.positions[p - start] = p;
      this.#add(alphabet[bytes[p]]);
    }
    this.positions[end - start] = end;
    this.#flush();
  }

  #begin(length: number): void {
    this.text = "";
    if (this.positions.length <= length) this.positions = new Int32Array(2 * length + 1);
  }

  #add(unit: number): void {
    this.#units[this.#filled++] = unit;
    if (this.#filled === CHUNK) this.#flush();
  }

  #flush(): void {
    this.text += String.fromCharCode(...this.#units.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
