/**
 * Line and paragraph counts of one document: FineWeb's line rules, Gopher's repeated lines and paragraphs.
 *
 * Owns {@link LineMeasures} and {@link RepeatedPieces}. Invariants: lengths are code points; repeats are byte-exact. Price: one pass
 * each at about a nanosecond a byte, plus the table of {@link RangeSet}.
 */
import { countCodePoints, skipSpace, strip } from "../lines.ts";
import { CODE_POINT_MASK, decodeBefore } from "../unicode/utf8.ts";
import type { CodePointSet } from "./marks.ts";
import { RangeSet } from "./range-set.ts";

const NEWLINE = 0x0a;

/** Counts over the lines of `text.split("\n")` that hold more than white space. Lines are not stripped. */
export class LineMeasures {
  lines = 0;
  /** Lines whose last character is a terminal mark. */
  terminalLines = 0;
  /** Lines of at most `shortChars` code points. */
  shortLines = 0;
  /** Code points in lines that are equal to an earlier line. */
  duplicateChars = 0;
  /** Code points of the text, newlines not counted. */
  chars = 0;
  newlines = 0;
  readonly #seen = new RangeSet();

  measure(bytes: Uint8Array, start: number, end: number, terminal: CodePointSet, shortChars: number): void {
    this.#seen.reset(bytes);
    let lines = 0;
    let terminalLines = 0;
    let shortLines = 0;
    let duplicateChars = 0;
    let allChars = 0;
    let newlines = 0;
    for (let lineStart = start; lineStart <= end; ) {
      let at = lineStart;
      let continuations = 0;
      for (; at < end; at++) {
        const byte = bytes[at];
        if (byte === NEWLINE) break;
        continuations += (byte >> 7) & ~(byte >> 6) & 1;
      }
      const chars = at - lineStart - continuations;
      allChars += chars;
      if (skipSpace(bytes, lineStart, at) < at) {
        lines++;
        const last = bytes[at - 1];
        if (terminal.has(last < 0x80 ? last : decodeBefore(bytes, lineStart, at) & CODE_POINT_MASK)) terminalLines++;
        if (chars <= shortChars) shortLines++;
        if (this.#seen.seen(lineStart, at)) duplicateChars += chars;
      }
      if (at < end) newlines++;
      lineStart = at + 1;
    }
    this.lines = lines;
    this.terminalLines = terminalLines;
    this.shortLines = shortLines;
    this.duplicateChars = duplicateChars;
    this.chars = allChars;
    this.newlines = newlines;
  }
}

/** Counts pieces that are equal to an earlier piece. Empty pieces count: a text that begins with a break has one. */
export class RepeatedPieces {
  pieces = 0;
  duplicates = 0;
  /** Code points in duplicates. */
  duplicateChars = 0;
  readonly #seen = new RangeSet();
  readonly #range = new Int32Array(2);

  /** Lines: the text cut at every run of newlines, as Python's `re.split("\n+", text)`. */
  measureLines(bytes: Uint8Array, start: number, end: number): void {
    this.#measure(bytes, start, end, 1);
  }

  /** Paragraphs: the stripped text cut at every run of two newlines or more. */
  measureParagraphs(bytes: Uint8Array, start: number, end: number): void {
    strip(bytes, start, end, this.#range);
    this.#measure(bytes, this.#range[0], this.#range[1], 2);
  }

  #measure(bytes: Uint8Array, start: number, end: number, minNewlines: number): void {
    this.#seen.reset(bytes);
    this.pieces = 0;
    this.duplicates = 0;
    this.duplicateChars = 0;
    let pieceStart = start;
    let at = start;
    for (;;) {
      while (at < end && bytes[at] !== NEWLINE) at++;
      const pieceEnd = at;
      while (at < end && bytes[at] === NEWLINE) at++;
      if (at > pieceEnd && at - pieceEnd < minNewlines) continue;
      this.pieces++;
      if (this.#seen.seen(pieceStart, pieceEnd)) {
        this.duplicates++;
        this.duplicateChars += countCodePoints(bytes, pieceStart, pieceEnd);
      }
      if (pieceEnd === end) return;
      pieceStart = at;
    }
  }
}
