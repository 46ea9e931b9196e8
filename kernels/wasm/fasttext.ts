/**
 * The forward pass of a fastText model in WebAssembly: the host of assembly/fasttext/index.ts.
 *
 * Twin: PlainForwardPass; every float is the twin's, to the last bit. The instance works in the memory that holds the model's tables and takes scratch of its own
 * behind them. A text of more than {@link MAX_TEXT_BYTES} goes to the twin. Memory: 5 MiB a thread. Price: a copy of the text.
 */
import type { ForwardPass } from "../fasttext/forward.ts";
import { findEntry, hashOfWord, type ModelTables } from "../fasttext/tables.ts";

const MAX_TEXT_BYTES = 256 * 1024;
const PAGE_BYTES = 65_536;
/** Free bytes around the text, which the module may read and write. */
const MARGIN = 64;
const LIST_BYTES = 4 * 4096;
/** The cache of words has as many entries as this holds, a power of two of them; an entry is a head and a row. */
const CACHE_BYTES = 4 * 1024 * 1024;
const ENTRY_HEAD_BYTES = 48;
const MIN_ENTRIES = 256;
/** `SCRATCH_BYTES` of assembly/fasttext/ngrams.ts. */
const NGRAMS_BYTES = 13 * 4 * 1032;
const ALIGNMENT = 64;
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
  useOutput(outputs: number, blocks: number, dim: number, logits: number): void;
  useScratch(
    text: number,
    hashes: number,
    list: number,
    cache: number,
    mask: number,
    entryBytes: number,
    wordSum: number,
    ngrams: number,
    sum: number,
  ): void;
  mean(length: number, inOrder: boolean): number;
  project(): void;
}

export class WasmForwardPass implements ForwardPass {
  readonly hidden: Float32Array;
  readonly logits: Float32Array;
  readonly #twin: ForwardPass;
  readonly #exports: Exports;
  readonly #text: Uint8Array;
  /** Whether the module has the output; else the twin multiplies. */
  readonly #hasOutput: boolean;

  /** `tables` lie in `memory`, with rows. */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, tables: ModelTables, twin: ForwardPass) {
    this.#twin = twin;
    const env = { memory, abort: () => {} };
    this.#exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
    this.#exports._start();
    this.#useTables(tables);
    const { stride, width, outputs, isFolded, description } = tables;
    this.#hasOutput = outputs.length > 0;
    const blocks = Math.ceil(description.labels / 4);
    const entryBytes = aligned(ENTRY_HEAD_BYTES + 4 * stride);
    const entries = Math.max(MIN_ENTRIES, 2 ** Math.floor(Math.log2(CACHE_BYTES / entryBytes)));
    // A word needs two bytes, but for the last one, and the end is one more.
    const sizes = [
      MAX_TEXT_BYTES + 2 * MARGIN,
      2 * MAX_TEXT_BYTES + MARGIN,
      LIST_BYTES,
      entries * entryBytes,
      4 * stride,
      NGRAMS_BYTES,
      4 * stride,
      this.#hasOutput ? 16 * blocks : 0,
    ].map(aligned);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    let at = PAGE_BYTES * memory.grow(Math.ceil(bytes / PAGE_BYTES));
    const [textAt = 0, hashes = 0, list = 0, cache = 0, wordSum = 0, ngrams = 0, sum = 0, logits = 0] = sizes.map(
      (size) => {
        at += size;
        return at - size;
      },
    );
    const text = textAt + MARGIN;
    this.#exports.useScratch(text, hashes, list, cache, entries - 1, entryBytes, wordSum, ngrams, sum);
    this.#exports.useOutput(outputs.byteOffset, blocks, description.dim, logits);
    this.#text = new Uint8Array(memory.buffer, text, MAX_TEXT_BYTES);
    this.hidden = new Float32Array(memory.buffer, sum, width);
    if (isFolded) this.logits = this.hidden;
    else this.logits = this.#hasOutput ? new Float32Array(memory.buffer, logits, description.labels) : twin.logits;
  }

  mean(bytes: Uint8Array, start: number, end: number, inOrder: boolean): number {
    if (end - start > MAX_TEXT_BYTES) {
      const count = this.#twin.mean(bytes, start, end, inOrder);
      this.hidden.set(this.#twin.hidden);
      return count;
    }
    this.#text.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    return this.#exports.mean(end - start, inOrder);
  }

  project(): void {
    if (this.#hasOutput) this.#exports.project();
    else if (this.logits !== this.hidden) {
      this.#twin.hidden.set(this.hidden);
      this.#twin.project();
    }
  }

  #useTables(tables: ModelTables): void {
    const { description, starts, hashes, entries, kept, ranks, keptRows, dictionary, rows, stride } = tables;
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
    const at = [kept.byteOffset, ranks.byteOffset, keptRows.byteOffset] as const;
    this.#exports.useNgrams(Math.max(0, minn), maxn, buckets, wordNgrams, pruning, ...at);
  }
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
