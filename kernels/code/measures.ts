/**
 * Lines and characters of a source file.
 *
 * Owns {@link CodeMeasures}. Lines are Python's `splitlines`, without their ends; lengths are code points; letters and
 * digits are those of any script. Invariant: numbers of the text alone. Price: 3 ns a byte.
 */
import { countCodePoints, splitLines } from "../lines.ts";
import { isAlphanumeric, isLetter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges } from "../words/types.ts";

const LETTER = 1;
const DIGIT = 2;
const ASCII = new Uint8Array(0x80);
for (let byte = 0; byte < 0x80; byte++) ASCII[byte] = isLetter(byte) ? LETTER : isAlphanumeric(byte) ? DIGIT : 0;

/** As Linguist looks for them: at the beginning of a line, or an old form anywhere in it. */
const SOURCE_MAP = /^\/[*/][#@] source(?:Mapping)?URL|sourceURL=/;
const LAST_BYTES = 1 << 10;

export class CodeMeasures {
  lines = 0;
  /** Code points in lines, and of the longest. */
  chars = 0;
  longest = 0;
  /** Code points of the whole text, letters among them, and letters and digits. */
  allChars = 0;
  letters = 0;
  alphanumerics = 0;
  readonly #lines = new WordRanges();

  measure(bytes: Uint8Array, start: number, end: number): void {
    splitLines(bytes, start, end, this.#lines);
    const { starts, ends, count } = this.#lines;
    this.lines = count;
    this.chars = 0;
    this.longest = 0;
    for (let line = 0; line < count; line++) {
      const chars = countCodePoints(bytes, starts[line], ends[line]);
      this.chars += chars;
      if (chars > this.longest) this.longest = chars;
    }
    let letters = 0;
    let digits = 0;
    let allChars = 0;
    for (let at = start; at < end; allChars++) {
      const byte = bytes[at];
      if (byte < 0x80) {
        const kind = ASCII[byte];
        if (kind === LETTER) letters++;
        else if (kind === DIGIT) digits++;
        at++;
        continue;
      }
      const decoded = decodeAt(bytes, at, end);
      const codePoint = decoded & CODE_POINT_MASK;
      if (isLetter(codePoint)) letters++;
      else if (isAlphanumeric(codePoint)) digits++;
      at += decoded >> LENGTH_SHIFT;
    }
    this.allChars = allChars;
    this.letters = letters;
    this.alphanumerics = letters + digits;
  }

  /** Whether one of the last two lines names a source map, of the text that was measured last. */
  endsWithSourceMap(bytes: Uint8Array, start: number, end: number): boolean {
    const from = Math.max(start, end - LAST_BYTES);
    const lines = Buffer.from(bytes.subarray(from, end)).toString("latin1").trimEnd().split("\n");
    return lines.slice(-2).some((line) => SOURCE_MAP.test(line));
  }
}
