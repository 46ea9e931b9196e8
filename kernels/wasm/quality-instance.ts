/**
 * An instance of assembly/quality/index.ts with its memory.
 *
 * Owns the calling convention: who asks for room may detach the views, so `refresh` follows. Invariant: `bytes` and `integers` are views of
 * the memory as it is now. Price: up to 110 MB for a document of {@link MAX_WASM_BYTES}, some MB in practice.
 */
import { type CharacterProperties, characterProperties } from "./quality-properties.ts";

/** Longest document an instance takes. */
export const MAX_WASM_BYTES = 2 * 1024 * 1024;

interface QualityExports {
  readonly memory: WebAssembly.Memory;
  readonly results: () => number;
  readonly blocks: () => number;
  readonly values: () => number;
  readonly open: (length: number, position: number) => number;
  readonly survey: () => void;
  readonly setWords: (count: number) => void;
  readonly segment: (offset: number, size: number) => number;
  readonly measureWords: () => void;
  readonly measureSymbols: () => void;
  readonly measureLines: (shortChars: number) => void;
  readonly measurePieces: () => void;
  readonly measureParagraphs: () => void;
  readonly loadNgrams: () => void;
  readonly topChars: (n: number) => number;
  readonly duplicateNgramChars: (n: number, chars: number, floor: number) => number;
  readonly judgeLines: (rules: number, minWords: number, maxWordLength: number) => number;
}

/** Positions in the results. */
const CHARS = 8;
const NEWLINES = 9;
const WORD_STARTS = 10;
const WORD_ENDS = 11;

/** Built once a thread: it is the same for all. */
let properties: CharacterProperties | undefined;

export class QualityInstance {
  readonly exports: QualityExports;
  bytes: Uint8Array;
  /** Addresses count in units of four bytes. */
  integers: Int32Array;
  readonly #results: number;

  constructor(module: WebAssembly.Module) {
    this.exports = new WebAssembly.Instance(module).exports as unknown as QualityExports;
    const { buffer } = this.exports.memory;
    this.bytes = new Uint8Array(buffer);
    this.integers = new Int32Array(buffer);
    this.#results = this.exports.results() >> 2;
    properties ??= characterProperties();
    new Uint16Array(buffer).set(properties.blocks, this.exports.blocks() >> 1);
    this.bytes.set(properties.values, this.exports.values());
  }

  /** Makes `bytes[start, end)` the text. */
  open(bytes: Uint8Array, start: number, end: number): void {
    const text = this.exports.open(end - start, start);
    this.refresh();
    this.bytes.set(bytes.subarray(start, end), text);
    this.exports.survey();
  }

  /** Makes the views anew where memory has grown. */
  refresh(): void {
    const { buffer } = this.exports.memory;
    if (this.bytes.buffer === buffer) return;
    this.bytes = new Uint8Array(buffer);
    this.integers = new Int32Array(buffer);
  }

  /** The `index`th number that the last measure counted. */
  result(index: number): number {
    return this.integers[this.#results + index];
  }

  /** Code points of the text. */
  get chars(): number {
    return this.result(CHARS);
  }

  get newlines(): number {
    return this.result(NEWLINES);
  }

  /** Where in `integers` the starts of the words stand. */
  get starts(): number {
    return this.result(WORD_STARTS) >> 2;
  }

  get ends(): number {
    return this.result(WORD_ENDS) >> 2;
  }
}
