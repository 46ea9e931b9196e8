/**
 * What is looked up in a model all the time, laid out once so that every thread can share it: words by hash, buckets of a pruned model, rows.
 *
 * Owns the layout. Invariant: the same file gives the same tables, byte for byte, whoever fills them. A word is found by comparing its bytes. Memory: the
 * dictionary and 12 to 20 bytes a word or label; a third of a byte and 4 bytes a kept bucket where a model is pruned; and the rows as floats where they are few, or folded
 * (see {@link isFolded}). Price of filling: a pass over the dictionary, and one over the rows if they are laid out.
 */
import { addRow, rowsOf } from "./matrix.ts";
import type { ModelDescription } from "./model-file.ts";

/** Rows are laid out as floats where all of them are no more bytes; else they are read from the file, which is slower. */
const MAX_PLAIN_BYTES = 3 * 1024 * 1024 * 1024;
/** And the output where it is no more. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
/** Input matrices beneath it are not folded: adding their rows is cheap, and exact. */
const FOLD_BYTES = 32 * 1024 * 1024;
const ALIGNMENT = 64;
const PROGRESS_ROWS = 1 << 16;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export interface ModelTables {
  readonly description: ModelDescription;
  readonly bytes: Uint8Array;
  /** Byte in the file at which an entry begins: words, then labels. */
  readonly starts: Uint32Array;
  /** By slot, the entry's hash, and its position plus one; 0 where the slot is free. */
  readonly hashes: Int32Array;
  readonly entries: Uint32Array;
  /** Of a pruned model: a bit a bucket, how many are set before each word of them, and the row of each bucket that is set. */
  readonly kept: Uint32Array;
  readonly ranks: Uint32Array;
  readonly keptRows: Uint32Array;
  /** The file's entries as they are there. */
  readonly dictionary: Uint8Array;
  /** Input rows as floats, `width` each, `stride` apart; empty where they are read from the file. */
  readonly rows: Float32Array;
  readonly width: number;
  readonly stride: number;
  /** The logits of a row in place of the row. */
  readonly isFolded: boolean;
  /**
   * Rows of the output in blocks of four: of each float, that of the four rows. Empty where rows are
   * folded or read from the file, and where the output is quantized or large.
   */
  readonly outputs: Float32Array;
}

/** fastText's hash of `bytes[start, end)`: FNV-1a, but bytes are signed. */
export function hashOfWord(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ ((bytes[at] << 24) >> 24), FNV_PRIME);
  return hash | 0;
}

/**
 * Whether rows are kept as what they add to each label's logit: everything up to there is linear, so two labels need 2 floats a row in place of
 * hundreds. Sums then differ in their last bits, which the classifier watches.
 */
function isFolded({ loss, labels, dim, input }: ModelDescription, foldBytes: number): boolean {
  return loss !== "hs" && labels < dim && 4 * input.rows * dim >= foldBytes;
}

interface Layout {
  readonly slots: number;
  readonly width: number;
  readonly stride: number;
  readonly floats: number;
  readonly isFolded: boolean;
  readonly outputs: number;
  /** Byte offsets of the parts, in the order of {@link ModelTables}, and the end. */
  readonly at: readonly number[];
}

function layoutOf(description: ModelDescription, foldBytes: number): Layout {
  const { words, labels, dim, input, output, buckets, pruned, entries, entriesEnd } = description;
  const size = words + labels;
  let slots = 16;
  while (slots < 1.5 * size) slots *= 2;
  const folded = isFolded(description, foldBytes);
  const width = folded ? output.rows : dim;
  // Vectors of four floats, or a pair.
  const stride = width <= 2 ? 2 : (width + 3) & ~3;
  const floats = folded || 4 * input.rows * stride <= MAX_PLAIN_BYTES ? input.rows * stride : 0;
  const bits = pruned === undefined || pruned.count === 0 ? 0 : Math.ceil(buckets / 32);
  const at = [0];
  const dictionary = Math.ceil((entriesEnd - entries) / 4);
  const keptRows = bits === 0 ? 0 : (pruned?.count ?? 0);
  const blocks = 4 * Math.ceil(labels / 4) * dim;
  const isPlain = !folded && floats > 0 && output.quantizer === undefined && 4 * blocks <= MAX_OUTPUT_BYTES;
  const outputs = isPlain ? blocks : 0;
  for (const count of [size, slots, slots, bits, bits, keptRows, dictionary, floats, outputs]) {
    at.push(Math.ceil((at[at.length - 1] + 4 * count) / ALIGNMENT) * ALIGNMENT);
  }
  return { slots, width, stride, floats, isFolded: folded, outputs, at };
}

/** Bytes that the tables of a model need. */
export function tablesBytes(description: ModelDescription, foldBytes = FOLD_BYTES): number {
  return layoutOf(description, foldBytes).at.at(-1) ?? 0;
}

/** The tables of the model in `bytes`, as they lie in `buffer` from `start` on, a multiple of 64. */
export function openTables(
  bytes: Uint8Array,
  description: ModelDescription,
  buffer: ArrayBufferLike,
  start = 0,
  foldBytes = FOLD_BYTES,
): ModelTables {
  const layout = layoutOf(description, foldBytes);
  const { words, labels, pruned, entries: from, entriesEnd } = description;
  const [starts, hashes, entries, kept, ranks, keptRows, dictionary, rows, outputs] = layout.at.map((at) => start + at);
  const bits = (layout.at[4] - layout.at[3]) / 4;
  return {
    description,
    bytes,
    starts: new Uint32Array(buffer, starts, words + labels),
    hashes: new Int32Array(buffer, hashes, layout.slots),
    entries: new Uint32Array(buffer, entries, layout.slots),
    kept: new Uint32Array(buffer, kept, bits),
    ranks: new Uint32Array(buffer, ranks, bits),
    keptRows: new Uint32Array(buffer, keptRows, bits === 0 ? 0 : (pruned?.count ?? 0)),
    dictionary: new Uint8Array(buffer, dictionary, entriesEnd - from),
    rows: new Float32Array(buffer, rows, layout.floats),
    width: layout.width,
    stride: layout.stride,
    isFolded: layout.isFolded,
    outputs: new Float32Array(buffer, outputs, layout.outputs),
  };
}

/** Fills `tables`, whose memory is all zero or was filled before. Calls `progress` now and then. */
export function fillTables(tables: ModelTables, progress: () => void = () => {}): void {
  fillWords(tables);
  progress();
  if (tables.kept.length > 0) fillBuckets(tables);
  if (tables.rows.length > 0) fillRows(tables, progress);
  if (tables.outputs.length > 0) fillOutputs(tables);
}

function fillWords({ bytes, description, starts, hashes, entries, dictionary }: ModelTables): void {
  dictionary.set(bytes.subarray(description.entries, description.entriesEnd));
  const mask = entries.length - 1;
  entries.fill(0);
  let at = description.entries;
  for (let entry = 0; entry < starts.length; entry++) {
    const end = bytes.indexOf(0, at);
    const hash = hashOfWord(bytes, at, end);
    starts[entry] = at;
    let slot = mix(hash) & mask;
    while (entries[slot] !== 0) slot = (slot + 1) & mask;
    hashes[slot] = hash;
    entries[slot] = entry + 1;
    at = end + 10;
  }
}

/** Spreads a hash over the low bits. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** The entry that is `bytes[start, end)`, whose hash is `hash`; -1 where it is none. Of equal entries the first. */
export function findEntry(tables: ModelTables, bytes: Uint8Array, start: number, end: number, hash: number): number {
  const { hashes, entries, starts, dictionary, description } = tables;
  const mask = entries.length - 1;
  for (let slot = mix(hash) & mask; entries[slot] !== 0; slot = (slot + 1) & mask) {
    if (hashes[slot] !== hash) continue;
    const entry = entries[slot] - 1;
    const from = starts[entry] - description.entries;
    const length = end - start;
    let same = 0;
    while (same < length && dictionary[from + same] === bytes[start + same]) same++;
    if (same === length && dictionary[from + length] === 0) return entry;
  }
  return -1;
}

/** Marks the buckets that are left. The file has pairs of bucket and row in any order. */
function fillBuckets({ bytes, description, kept, ranks, keptRows }: ModelTables): void {
  const { pruned, buckets } = description;
  if (pruned === undefined) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset + pruned.at, 8 * pruned.count);
  kept.fill(0);
  for (let pair = 0; pair < pruned.count; pair++) {
    const bucket = view.getInt32(8 * pair, true);
    if (bucket >= 0 && bucket < buckets) kept[bucket >>> 5] |= 1 << (bucket & 31);
  }
  let rank = 0;
  for (let word = 0; word < kept.length; word++) {
    ranks[word] = rank;
    rank += ones(kept[word]);
  }
  for (let pair = 0; pair < pruned.count; pair++) {
    const bucket = view.getInt32(8 * pair, true);
    const row = view.getInt32(8 * pair + 4, true);
    if (bucket >= 0 && bucket < buckets && row >= 0 && row < pruned.count) {
      keptRows[rankOf(kept, ranks, bucket)] = row;
    }
  }
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function rankOf(kept: Uint32Array, ranks: Uint32Array, bucket: number): number {
  return ranks[bucket >>> 5] + ones(kept[bucket >>> 5] & ((1 << (bucket & 31)) - 1));
}

/** The input row of a bucket, -1 where pruning took it. */
export function rowOfBucket({ description, kept, ranks, keptRows }: ModelTables, bucket: number): number {
  if (description.pruned === undefined) return description.words + bucket;
  if (kept.length === 0 || ((kept[bucket >>> 5] >>> (bucket & 31)) & 1) === 0) return -1;
  return description.words + keptRows[rankOf(kept, ranks, bucket)];
}

/** Lays rows out as floats, or folds the output matrix into them. */
function fillRows({ bytes, description, rows, stride, isFolded }: ModelTables, progress: () => void): void {
  const { dim, labels, input, output } = description;
  const source = rowsOf(bytes, input);
  const row = new Float32Array(dim);
  const outputs = new Float32Array(isFolded ? labels * dim : 0);
  for (let label = 0; label * dim < outputs.length; label++) {
    addRow(rowsOf(bytes, output), label, outputs.subarray(label * dim, (label + 1) * dim));
  }
  for (let i = 0; i < input.rows; i++) {
    if (i % PROGRESS_ROWS === 0) progress();
    row.fill(0);
    addRow(source, i, row);
    if (!isFolded) {
      rows.set(row, i * stride);
      continue;
    }
    for (let label = 0; label < labels; label++) {
      let sum = 0;
      for (let j = 0; j < dim; j++) sum += outputs[label * dim + j] * row[j];
      rows[i * stride + label] = sum;
    }
  }
}

function fillOutputs({ bytes, description, outputs }: ModelTables): void {
  const { dim, labels, output } = description;
  const source = rowsOf(bytes, output);
  const row = new Float32Array(dim);
  for (let label = 0; label < labels; label++) {
    row.fill(0);
    addRow(source, label, row);
    const block = (label >> 2) * 4 * dim;
    for (let j = 0; j < dim; j++) outputs[block + 4 * j + (label & 3)] = row[j];
  }
}
