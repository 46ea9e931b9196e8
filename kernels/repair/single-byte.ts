/**
 * The single-byte encodings that text is mistaken for, in the order in which they are tried.
 *
 * Owns encoding into them. A sloppy one takes the bytes that the encoding leaves unassigned as they are in Latin-1, and
 * U+FFFD as byte 1A, which stands for a byte that is lost. Price: 64 KB an encoding, made when a text is first tried in
 * it.
 */
import { ENCODINGS } from "./tables.gen.ts";

export const LOST = 0x1a;
const REPLACEMENT = 0xfffd;

export class SingleByteEncoding {
  readonly name: string;
  readonly isSloppy: boolean;
  /** What bytes 80 to FF are. */
  readonly high: string;
  #bytes: Uint8Array | undefined;

  constructor(name: string, high: string) {
    this.name = name;
    this.isSloppy = name.startsWith("sloppy-");
    this.high = high;
  }

  /** The bytes of `text`, one a character, or undefined where a character is not of the encoding. */
  encode(text: string): Buffer | undefined {
    this.#bytes ??= this.#table();
    const bytes = this.#bytes;
    const out = Buffer.allocUnsafe(text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const byte = bytes[unit];
      if (byte === 0 && unit !== 0) return undefined;
      out[i] = byte;
    }
    return out;
  }

  /** Bytes by character, 0 for those that it has not. Halves of surrogate pairs are among these. */
  #table(): Uint8Array {
    const bytes = new Uint8Array(0x10000);
    for (let byte = 1; byte < 0x80; byte++) bytes[byte] = byte;
    for (let i = 0; i < this.high.length; i++) bytes[this.high.charCodeAt(i)] = 0x80 + i;
    if (this.isSloppy) {
      bytes[LOST] = 0;
      bytes[REPLACEMENT] = LOST;
    }
    return bytes;
  }
}

export const SINGLE_BYTE: readonly SingleByteEncoding[] = ENCODINGS.map(
  ([name, high]) => new SingleByteEncoding(name, high),
);

const WINDOWS_1252 = SINGLE_BYTE.find(({ name }) => name === "sloppy-windows-1252")?.high ?? "";

/** Control characters U+0080 to U+009F. */
const C1 = /[\u0080-\u009f]/g;

export function hasC1(text: string): boolean {
  return text.search(C1) >= 0;
}

/** `text` with C1 controls read as Windows-1252; those that are unassigned there stay. */
export function c1AsWindows1252(text: string): string {
  return text.replace(C1, (control) => WINDOWS_1252.charAt(control.charCodeAt(0) - 0x80));
}
