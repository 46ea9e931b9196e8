/**
 * Everything the quality filters measure of one document, behind one interface with two makers.
 *
 * Owns {@link QualityDocument} and its plain TypeScript maker, the oracle of `kernels/wasm/quality.ts`. Invariant: a measure is a function of
 * the text (and the words) alone, so whoever makes it gives the same numbers. Price: nothing beyond the measures asked for.
 */
import { countCodePoints } from "../lines.ts";
import { WordRanges } from "../words/types.ts";
import { unicodeSegmenter } from "../words/unicode.ts";
import { SymbolMeasures, WordMeasures } from "./gopher.ts";
import { LineMeasures, RepeatedPieces } from "./lines.ts";
import { TERMINAL_MARKS } from "./marks.ts";
import { RepeatedNgrams } from "./ngrams.ts";
import type { WordList } from "./word-list.ts";

export type WordCounts = Readonly<
  Pick<WordMeasures, "words" | "nonSymbolWords" | "nonSymbolChars" | "alphabeticWords">
>;
export type SymbolCounts = Readonly<
  Pick<SymbolMeasures, "hashes" | "ellipses" | "lines" | "bulletLines" | "ellipsisLines">
>;
export type LineCounts = Readonly<
  Pick<LineMeasures, "lines" | "terminalLines" | "shortLines" | "duplicateChars" | "chars" | "newlines">
>;
export type PieceCounts = Readonly<Pick<RepeatedPieces, "pieces" | "duplicates" | "duplicateChars">>;

/** One open document. Positions are those of the bytes it was opened with. What a method returns is good until the next call. */
export interface QualityDocument {
  readonly open: (bytes: Uint8Array, start: number, end: number) => void;
  /** Code points of the text. */
  readonly countChars: () => number;
  /** The words of `[start, end)` by the `unicode` rules; a word that crosses an edge is cut. The document holds them now. */
  readonly segment: (start: number, end: number) => WordList;
  /** Gives the document words of any rules. */
  readonly setWords: (words: WordList) => void;
  /** Over the words it holds. */
  readonly measureWords: () => WordCounts;
  readonly measureSymbols: () => SymbolCounts;
  /** Terminal marks are {@link TERMINAL_MARKS}; `shortChars` as in LineMeasures. */
  readonly measureLines: (shortChars: number) => LineCounts;
  readonly measureLinePieces: () => PieceCounts;
  readonly measureParagraphs: () => PieceCounts;
  /** Takes the words it holds for the two ratios below; see RepeatedNgrams. */
  readonly loadNgrams: () => void;
  readonly topRatio: (n: number, floor: number) => number;
  readonly duplicateRatio: (n: number, floor: number) => number;
}

export class PlainQualityDocument implements QualityDocument {
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  readonly #spans = new WordRanges();
  #list: WordList = this.#spans;
  readonly #words = new WordMeasures();
  readonly #symbols = new SymbolMeasures();
  readonly #lines = new LineMeasures();
  readonly #pieces = new RepeatedPieces();
  readonly #ngrams = new RepeatedNgrams();

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#spans.clear();
    this.#list = this.#spans;
  }

  countChars(): number {
    return countCodePoints(this.#bytes, this.#start, this.#end);
  }

  segment(start: number, end: number): WordList {
    unicodeSegmenter.segment(this.#bytes, start, end, this.#spans);
    this.#list = this.#spans;
    return this.#list;
  }

  setWords(words: WordList): void {
    this.#list = words;
  }

  measureWords(): WordCounts {
    this.#words.measure(this.#bytes, this.#list);
    return this.#words;
  }

  measureSymbols(): SymbolCounts {
    this.#symbols.measure(this.#bytes, this.#start, this.#end);
    return this.#symbols;
  }

  measureLines(shortChars: number): LineCounts {
    this.#lines.measure(this.#bytes, this.#start, this.#end, TERMINAL_MARKS, shortChars);
    return this.#lines;
  }

  measureLinePieces(): PieceCounts {
    this.#pieces.measureLines(this.#bytes, this.#start, this.#end);
    return this.#pieces;
  }

  measureParagraphs(): PieceCounts {
    this.#pieces.measureParagraphs(this.#bytes, this.#start, this.#end);
    return this.#pieces;
  }

  loadNgrams(): void {
    this.#ngrams.load(this.#bytes, this.#list, this.countChars());
  }

  topRatio(n: number, floor: number): number {
    return this.#ngrams.topRatio(n, floor);
  }

  duplicateRatio(n: number, floor: number): number {
    return this.#ngrams.duplicateRatio(n, floor);
  }
}
