/**
 * Lines that consist of symbols and spaces alone: rules, bullets, bars of menus.
 *
 * Exact to datatrove 0.10.1's SymbolLinesFormatter. Lines are those of Python's `splitlines`, and what stays is joined
 * by line feeds, so that other line ends become line feeds and one at the end is lost. A line of white space is no line
 * of symbols. Price: 3 ns a byte.
 */
import { isPythonSpace, splitLines } from "../lines.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges } from "../words/types.ts";
import { type CodePointSet, SYMBOL_MARKS } from "./marks.ts";

const SPACE = 0x20;
const LINE_FEED = Uint8Array.of(0x0a);

export class SymbolLines {
  /** Lines of symbols in the text that was opened last. */
  removed = 0;
  readonly #symbols: CodePointSet;
  /** Bytes that a line of symbols may have, for ASCII. */
  readonly #isSymbol: Uint8Array;
  readonly #lines = new WordRanges();
  #verdicts = new Uint8Array(64);
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(symbols: CodePointSet = SYMBOL_MARKS) {
    this.#symbols = symbols;
    this.#isSymbol = Uint8Array.from({ length: 0x80 }, (_, byte) => Number(byte === SPACE || symbols.has(byte)));
  }

  /** Looks at the lines of `bytes[start, end)`; whether the text changes. */
  open(bytes: Uint8Array, start: number, end: number): boolean {
    const lines = this.#lines;
    splitLines(bytes, start, end, lines);
    this.#bytes = bytes;
    this.removed = 0;
    if (this.#verdicts.length < lines.count) this.#verdicts = new Uint8Array(lines.count * 2);
    let changes = false;
    let at = start;
    for (let i = 0; i < lines.count; i++) {
      const isSymbols = this.#hasOnlySymbols(lines.starts[i], lines.ends[i]);
      this.#verdicts[i] = Number(isSymbols);
      this.removed += Number(isSymbols);
      // Anything but one line feed before the line, or something behind the last.
      if (i > 0 && (lines.starts[i] !== at + 1 || bytes[at] !== LINE_FEED[0])) changes = true;
      at = lines.ends[i];
    }
    return changes || this.removed > 0 || at !== end;
  }

  /**
   * Gives what is left to `write`; where lines are left out, `replacement` stands for each run of them unless it is
   * empty.
   */
  write(write: (part: Uint8Array) => void, replacement: Uint8Array): void {
    const lines = this.#lines;
    let isFirst = true;
    for (let i = 0; i < lines.count; i++) {
      const isSymbols = this.#verdicts[i] === 1;
      if (isSymbols && (replacement.length === 0 || (i > 0 && this.#verdicts[i - 1] === 1))) continue;
      if (!isFirst) write(LINE_FEED);
      isFirst = false;
      write(isSymbols ? replacement : this.#bytes.subarray(lines.starts[i], lines.ends[i]));
    }
  }

  #hasOnlySymbols(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let isBlank = true;
    for (let at = start; at < end; ) {
      const byte = bytes[at];
      if (byte < 0x80) {
        if (this.#isSymbol[byte] === 0) return false;
        if (!isPythonSpace(byte)) isBlank = false;
        at++;
        continue;
      }
      const decoded = decodeAt(bytes, at, end);
      const codePoint = decoded & CODE_POINT_MASK;
      if (!this.#symbols.has(codePoint)) return false;
      if (!isPythonSpace(codePoint)) isBlank = false;
      at += decoded >> LENGTH_SHIFT;
    }
    return !isBlank;
  }
}
