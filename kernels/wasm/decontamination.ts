/**
 * The search for n-grams in WebAssembly: the host of assembly/decontamination/index.ts.
 *
 * Twin: GramTable; the same hits. The instance works in the memory that holds the table and takes scratch of its own behind it. A text of more than {@link MAX_TEXT_BYTES}, or
 * with more than {@link MAX_HITS} hits, goes to the twin. Memory: 3 MiB a thread. Price: a copy of the text.
 */
import { SEPARATOR } from "../decontamination/fold-table.ts";
import type { GramHits, GramScan, GramTable } from "../decontamination/gram-table.ts";

const MAX_TEXT_BYTES = 1 << 19;
/** A character becomes at most three that are as long, and a space. */
const FOLDED_BYTES = 4 * MAX_TEXT_BYTES;
const MAX_HITS = 1 << 15;
const HIT_WORDS = 3;
const PAGE_BYTES = 65_536;
/** Free bytes behind a text, which the module may read and write. */
const MARGIN = 192;
const SEPARATOR_BYTES = 16;
const SLOT_WORDS = 4;

interface Exports {
  /** Initialises the module: before anything else, once. */
  _start(): void;
  useTable(
    fold: number,
    rare: number,
    separators: number,
    bitmap: number,
    bitmapWords: number,
    slots: number,
    slotCount: number,
    n: number,
    lowOut: number,
    highOut: number,
  ): void;
  scratchBytes(): number;
  useScratch(text: number, folded: number, scratch: number, hits: number): void;
  scan(length: number, limit: number): number;
  foldedLength(): number;
}

export class WasmGramScan implements GramScan {
  readonly #twin: GramTable;
  readonly #exports: Exports;
  readonly #text: Uint8Array;
  readonly #hits: Int32Array;
  readonly #found = {
    count: 0,
    words: new Int32Array(MAX_HITS),
    grams: new Int32Array(MAX_HITS),
    places: new Int32Array(MAX_HITS),
    folded: new Uint8Array() as Uint8Array,
    length: 0,
  };

  /** `table` lies in `memory`, filled. Throws RangeError where the memory has no room left. */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, table: GramTable) {
    this.#twin = table;
    const env = { memory, abort: () => {} };
    this.#exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
    this.#exports._start();
    const { fold, rare, bitmap, slots, n, lowOut, highOut } = table;
    const bytes =
      MAX_TEXT_BYTES +
      FOLDED_BYTES +
      2 * MARGIN +
      this.#exports.scratchBytes() +
      4 * HIT_WORDS * MAX_HITS +
      SEPARATOR_BYTES;
    const text = PAGE_BYTES * memory.grow(Math.ceil(bytes / PAGE_BYTES));
    const folded = text + MAX_TEXT_BYTES + MARGIN;
    const scratch = folded + FOLDED_BYTES + MARGIN;
    const hits = scratch + this.#exports.scratchBytes();
    const separators = hits + 4 * HIT_WORDS * MAX_HITS;
    new Uint8Array(memory.buffer, separators, SEPARATOR_BYTES).set(separatorRows(fold));
    this.#exports.useTable(
      fold.byteOffset,
      rare,
      separators,
      bitmap.byteOffset,
      bitmap.length,
      slots.byteOffset,
      slots.length / SLOT_WORDS,
      n,
      lowOut,
      highOut,
    );
    this.#exports.useScratch(text, folded, scratch, hits);
    this.#text = new Uint8Array(memory.buffer, text, MAX_TEXT_BYTES);
    this.#found.folded = new Uint8Array(memory.buffer, folded, FOLDED_BYTES + MARGIN);
    this.#hits = new Int32Array(memory.buffer, hits, HIT_WORDS * MAX_HITS);
  }

  scan(bytes: Uint8Array, start: number, end: number, most: number): GramHits {
    const length = end - start;
    if (length > MAX_TEXT_BYTES) return this.#twin.scan(bytes, start, end, most);
    this.#text.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    const count = this.#exports.scan(length, Math.min(most, MAX_HITS));
    if (count === MAX_HITS) return this.#twin.scan(bytes, start, end, most);
    const found = this.#found;
    found.count = count;
    found.length = this.#exports.foldedLength();
    for (let i = 0; i < count; i++) {
      found.words[i] = this.#hits[HIT_WORDS * i];
      found.grams[i] = this.#hits[HIT_WORDS * i + 1];
      found.places[i] = this.#hits[HIT_WORDS * i + 2];
    }
    return found;
  }
}

/** By the low half of an ASCII byte, a bit for each high half with which it ends a word. */
function separatorRows(fold: Int32Array): Uint8Array {
  const rows = new Uint8Array(SEPARATOR_BYTES);
  for (let byte = 0; byte < 0x80; byte++) if (fold[byte] === SEPARATOR) rows[byte & 15] |= 1 << (byte >> 4);
  return rows;
}
