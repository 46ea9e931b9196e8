/**
 * Sums of a model's rows in WebAssembly: the host of assembly/fasttext/index.ts.
 *
 * Twin: PlainRowSum; every sum is the twin's, to the last bit. The instance works in the memory that holds the model's tables and takes scratch of its own behind
 * them. A text of more than {@link MAX_TEXT_BYTES} goes to the twin. Memory: 4 MiB a thread. Price: a copy of the text.
 */
import type { RowSum } from "../fasttext/row-sum.ts";
import { findEntry, hashOfWord, type ModelTables } from "../fasttext/tables.ts";

const MAX_TEXT_BYTES = 256 * 1024;
const PAGE_BYTES = 65_536;
/** Free bytes around the text, which the module may read and write. */
const MARGIN = 64;
const LIST_BYTES = 4 * 4096;
const CACHE_ENTRIES = 1 << 13;
const CACHE_ENTRY_BYTES = 320;
const END = Buffer.from("</s>");

interface Exports {
  /** Initialises the module: before anything else, once. */
  _start(): void;
  useModel(
    slotHashes: number,
    slots: number,
    mask: number,
    starts: number,
    dictionary: number,
    words: number,
    end: number,
    rows: number,
    rowBytes: number,
  ): void;
  useNgrams(
    minn: number,
    maxn: number,
    buckets: number,
    wordNgrams: number,
    pruned: number,
    kept: number,
    ranks: number,
    keptRows: number,
  ): void;
  useScratch(text: number, hashes: number, list: number, cache: number, mask: number, sum: number): void;
  sumRows(length: number): number;
}

export class WasmRowSum implements RowSum {
  readonly #twin: RowSum;
  readonly #exports: Exports;
  readonly #text: Uint8Array;
  readonly #sum: Float32Array;

  /** `tables` lie in `memory`, with rows. */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, tables: ModelTables, twin: RowSum) {
    this.#twin = twin;
    const env = { memory, abort: () => {} };
    this.#exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
    this.#exports._start();
    const { description, starts, hashes, entries, kept, ranks, keptRows, dictionary, rows, stride, width } = tables;
    const { words, minn, maxn, buckets, wordNgrams, pruned } = description;
    this.#exports.useModel(
      hashes.byteOffset,
      entries.byteOffset,
      entries.length - 1,
      starts.byteOffset,
      dictionary.byteOffset - description.entries,
      words,
      findEntry(tables, END, 0, END.length, hashOfWord(END, 0, END.length)),
      rows.byteOffset,
      4 * stride,
    );
    const pruning = pruned === undefined ? 0 : pruned.count > 0 ? 1 : 2;
    this.#exports.useNgrams(
      minn,
      maxn,
      buckets,
      wordNgrams,
      pruning,
      kept.byteOffset,
      ranks.byteOffset,
      keptRows.byteOffset,
    );
    // A word needs two bytes, but for the last one, and the end is one more.
    const sizes = {
      text: MAX_TEXT_BYTES + 2 * MARGIN,
      hashes: 2 * MAX_TEXT_BYTES + MARGIN,
      list: LIST_BYTES,
      cache: CACHE_ENTRIES * CACHE_ENTRY_BYTES,
      sum: 4 * stride,
    };
    const bytes = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    const text = PAGE_BYTES * memory.grow(Math.ceil(bytes / PAGE_BYTES)) + MARGIN;
    const hashesAt = text - MARGIN + sizes.text;
    const list = hashesAt + sizes.hashes;
    const cache = list + sizes.list;
    const sum = cache + sizes.cache;
    this.#exports.useScratch(text, hashesAt, list, cache, CACHE_ENTRIES - 1, sum);
    this.#text = new Uint8Array(memory.buffer, text, MAX_TEXT_BYTES);
    this.#sum = new Float32Array(memory.buffer, sum, width);
  }

  add(bytes: Uint8Array, start: number, end: number, sum: Float32Array): number {
    if (end - start > MAX_TEXT_BYTES) return this.#twin.add(bytes, start, end, sum);
    this.#text.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    const count = this.#exports.sumRows(end - start);
    sum.set(this.#sum);
    return count;
  }
}
