/**
 * Quality measures in WebAssembly: {@link WasmQualityDocument}, the fast maker of {@link QualityDocument}.
 *
 * Twin: PlainQualityDocument; every number is the twin's. The text is copied in when a document is opened, words when they are set. A
 * document may have at most {@link MAX_WASM_BYTES}, which keeps an instance's memory within the budget of assembly/quality/text.ts. Price:
 * a call costs some 30 ns, opening 0.1 ns a byte.
 */
import type { LineCounts, PieceCounts, QualityDocument, SymbolCounts, WordCounts } from "../quality/document.ts";
import { MAX_TOP_WORDS } from "../quality/ngrams.ts";
import type { WordList } from "../quality/word-list.ts";
import { QualityInstance } from "./quality-instance.ts";

export class WasmQualityDocument implements QualityDocument {
  readonly #instance: QualityInstance;
  /** Position of the text in the caller's bytes. */
  #start = 0;
  #words = 0;
  #chars = 0;
  /** By length: what no top n-gram exceeds, all occurrences together, in code points. */
  readonly #topBounds = [0, 0, 0, 0, 0];

  constructor(module: WebAssembly.Module) {
    this.#instance = new QualityInstance(module);
  }

  /** At most {@link MAX_WASM_BYTES}. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.#instance.open(bytes, start, end);
    this.#start = start;
    this.#chars = this.#instance.chars;
    this.#words = 0;
  }

  countChars(): number {
    return this.#chars;
  }

  segment(start: number, end: number): WordList {
    const instance = this.#instance;
    const count = instance.exports.segment(start - this.#start, end - start);
    instance.refresh();
    this.#words = count;
    const { integers, starts, ends } = instance;
    return { starts: integers.subarray(starts, starts + count), ends: integers.subarray(ends, ends + count), count };
  }

  setWords({ starts, ends, count }: WordList): void {
    const instance = this.#instance;
    instance.exports.setWords(count);
    instance.refresh();
    this.#words = count;
    instance.integers.set(starts.subarray(0, count), instance.starts);
    instance.integers.set(ends.subarray(0, count), instance.ends);
  }

  measureWords(): WordCounts {
    const instance = this.#instance;
    instance.exports.measureWords();
    return {
      words: this.#words,
      nonSymbolWords: instance.result(0),
      nonSymbolChars: instance.result(1),
      alphabeticWords: instance.result(2),
    };
  }

  measureSymbols(): SymbolCounts {
    const instance = this.#instance;
    instance.exports.measureSymbols();
    instance.refresh();
    return {
      hashes: instance.result(0),
      ellipses: instance.result(1),
      lines: instance.result(2),
      bulletLines: instance.result(3),
      ellipsisLines: instance.result(4),
    };
  }

  measureLines(shortChars: number): LineCounts {
    const instance = this.#instance;
    instance.exports.measureLines(shortChars);
    instance.refresh();
    return {
      lines: instance.result(0),
      terminalLines: instance.result(1),
      shortLines: instance.result(2),
      duplicateChars: instance.result(3),
      chars: this.#chars - instance.newlines,
      newlines: instance.newlines,
    };
  }

  measureLinePieces(): PieceCounts {
    this.#instance.exports.measurePieces();
    return this.#pieces();
  }

  measureParagraphs(): PieceCounts {
    this.#instance.exports.measureParagraphs();
    return this.#pieces();
  }

  loadNgrams(): void {
    const instance = this.#instance;
    instance.exports.loadNgrams();
    instance.refresh();
    for (let n = 2; n <= MAX_TOP_WORDS; n++) this.#topBounds[n] = instance.result(n - 2);
  }

  topRatio(n: number, floor: number): number {
    if (this.#words < n) return 0;
    if (this.#topBounds[n] / this.#chars <= floor) return 0;
    return this.#instance.exports.topChars(n) / this.#chars;
  }

  duplicateRatio(n: number, floor: number): number {
    const repeated = this.#instance.exports.duplicateNgramChars(n, this.#chars, floor);
    return repeated === 0 ? 0 : repeated / this.#chars;
  }

  #pieces(): PieceCounts {
    const instance = this.#instance;
    instance.refresh();
    return { pieces: instance.result(0), duplicates: instance.result(1), duplicateChars: instance.result(2) };
  }
}
