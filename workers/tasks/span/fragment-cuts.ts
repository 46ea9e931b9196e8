/**
 * Which bytes of a span's texts go because fragments of them are duplicates.
 *
 * Puts together what two rounds found out: ranges that samples settled, and those that were compared. Memory: 12 bytes a range of the span, and for those
 * that were compared as many to sort them.
 */
import type { Batch } from "../../../batch/batch.ts";
import { Bitmap } from "../../../batch/bitmap.ts";
import { int32At, uint32At } from "../../../batch/numbers.ts";
import { Blocks } from "../../../io/local/blocks.ts";
import { symbolCuts, unite, wholeCharacters } from "../../../kernels/substring/cuts.ts";
import type { FragmentBarrierOperator, SymbolColumn } from "../../../stages/define.ts";
import { readDealt } from "../../../store/dealt-file.ts";
import { matchFiles } from "../../../store/layout.ts";
import { vouchers } from "../../../store/marker.ts";
import type { CutSpans, Cuts } from "./edits.ts";

export interface FragmentCutsPlace {
  /** Of the group. */
  readonly folder: string;
  readonly partitions: number;
  /** The span among those of all members, and how many these are. */
  readonly input: number;
  readonly inputs: number;
}

const RANGE_WORDS = 3;

export class FragmentCuts implements Cuts {
  readonly #operator: FragmentBarrierOperator;
  /** Triples, by document. */
  readonly #settled: Uint32Array;
  readonly #compared: Uint32Array;
  #settledAt = 0;
  #comparedAt = 0;
  #batch: Batch | undefined;
  #symbols: SymbolColumn | undefined;
  #row = 0;

  /** Throws RunError `store/damaged`. */
  constructor(operator: FragmentBarrierOperator, { folder, partitions, input, inputs }: FragmentCutsPlace) {
    this.#operator = operator;
    const settled = new Blocks(vouchers(folder, matchFiles.refined(input))(matchFiles.ranges(input)));
    this.#settled = new Uint32Array(settled.read().buffer);
    const pieces: Uint32Array[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const vouched = vouchers(folder, matchFiles.compared(partition))(matchFiles.duplicates(partition));
      pieces.push(...readDealt(vouched, inputs, input));
    }
    this.#compared = byDocument(pieces);
  }

  /** The rows of a batch come next. */
  enter(batch: Batch): void {
    this.#batch = batch;
    this.#row = 0;
    const rows = new Bitmap(batch.rows);
    let any = false;
    let [settled, compared] = [this.#settledAt, this.#comparedAt];
    for (let row = 0; row < batch.rows; row++) {
      const document = batch.document(row);
      settled = passDocuments(this.#settled, settled, document);
      compared = passDocuments(this.#compared, compared, document);
      if (this.#settled[settled] !== document && this.#compared[compared] !== document) continue;
      rows.set(row);
      any = true;
    }
    this.#symbols = any ? this.#operator.symbols(batch, rows) : undefined;
  }

  ofRow(document: number, cuts: CutSpans): void {
    const row = this.#row++;
    const runs: [number, number][] = [];
    this.#settledAt = takeDocument(this.#settled, this.#settledAt, document, runs);
    this.#comparedAt = takeDocument(this.#compared, this.#comparedAt, document, runs);
    if (runs.length === 0) return;
    const { shape, keep } = this.#operator;
    const symbols = this.#symbols;
    const text = this.#batch?.text;
    if (symbols === undefined || text === undefined) throw new Error("a row was edited before its batch was shown");
    const { offsets, byteOf } = symbols;
    const count = (int32At(offsets, row + 1) - int32At(offsets, row)) / shape.symbol_bytes;
    const [start, end] = [int32At(text.offsets, row), int32At(text.offsets, row + 1)];
    for (const [from, to] of symbolCuts(unite(runs), count, shape.length, keep)) {
      const bytes: [number, number] = byteOf === undefined ? [from, to] : [byteOf(row, from), byteOf(row, to)];
      const cut = wholeCharacters(text.data, start, end, bytes);
      if (cut !== undefined) cuts.add(cut[0], cut[1]);
    }
  }
}

/** The first range at or behind `at` that is of `document` or a later one. */
function passDocuments(ranges: Uint32Array, at: number, document: number): number {
  let next = at;
  while (next < ranges.length && uint32At(ranges, next) < document) next += RANGE_WORDS;
  return next;
}

/** Adds the ranges of `document` to `runs`; returns where the next ones begin. */
function takeDocument(ranges: Uint32Array, at: number, document: number, runs: [number, number][]): number {
  let next = passDocuments(ranges, at, document);
  for (; next < ranges.length && ranges[next] === document; next += RANGE_WORDS) {
    runs.push([uint32At(ranges, next + 1), uint32At(ranges, next + 2)]);
  }
  return next;
}

/** The triples of all pieces in the order of their documents. */
function byDocument(pieces: readonly Uint32Array[]): Uint32Array {
  const words = pieces.reduce((sum, { length }) => sum + length, 0);
  const triples = new Uint32Array(words);
  let filled = 0;
  for (const piece of pieces) {
    triples.set(piece, filled);
    filled += piece.length;
  }
  const order = new Float64Array(words / RANGE_WORDS);
  // Document and place in one number: the engine's own sort orders both.
  for (let i = 0; i < order.length; i++) order[i] = uint32At(triples, i * RANGE_WORDS) * order.length + i;
  order.sort();
  const sorted = new Uint32Array(words);
  for (let to = 0; to < order.length; to++) {
    const from = RANGE_WORDS * ((order[to] ?? 0) % order.length);
    for (let word = 0; word < RANGE_WORDS; word++) sorted[RANGE_WORDS * to + word] = uint32At(triples, from + word);
  }
  return sorted;
}
