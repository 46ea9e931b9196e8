/**
 * TRL's packers, exactly: `bfd`, `bfd_split` and `wrapped` of TRL 1.16, with its batches.
 *
 * TRL packs inside `datasets`' map: rows are cut into `num_proc` contiguous shards (the first `n mod num_proc` hold one row more) and each shard into
 * batches of `batch_rows`; nothing crosses a batch, so both numbers change the bytes. bfd takes the longest row first (equal ones in
 * their order) and puts it into the row with the least room that is enough, among equal ones into that which came to it first.
 * Invariant: the result is a function of lengths and options. Price: a sort a batch and a look-up a piece; 16 bytes a piece.
 */
import { LevelSet } from "./level-set.ts";
import type { PackPlan } from "./plan.ts";

export interface MapBatches {
  /** Rows packed together at most. */
  readonly batch_rows: number;
  /** Contiguous parts that batches are cut from. */
  readonly num_proc: number;
}

/** Ranges of rows that TRL packs by themselves, in their order. */
export function* mapBatches(rows: number, { batch_rows, num_proc }: MapBatches): Generator<readonly [number, number]> {
  let from = 0;
  for (let part = 0; part < num_proc; part++) {
    const end = from + Math.floor(rows / num_proc) + (part < rows % num_proc ? 1 : 0);
    for (; from < end; from = Math.min(end, from + batch_rows)) yield [from, Math.min(end, from + batch_rows)];
  }
}

/**
 * Packs rows of these lengths by best fit, longest first. What is longer than `capacity` is cut there and the rest lost (`truncate`), or cut into
 * pieces that are packed by themselves (`split`). Empty rows are in no packed row.
 */
export function planBfd(
  lengths: Uint32Array,
  capacity: number,
  overflow: "truncate" | "split",
  batches: MapBatches,
): PackPlan {
  let most = 0;
  for (const length of lengths) most += length === 0 || overflow === "truncate" ? 1 : Math.ceil(length / capacity);
  const layout = new Layout(most);
  const packer = new Packer(capacity);
  for (const [from, to] of mapBatches(lengths.length, batches)) {
    const pieces: Piece[] = [];
    for (let row = from; row < to; row++) {
      const end = overflow === "truncate" ? Math.min(lengths[row], capacity) : lengths[row];
      for (let start = 0; start < end; start += capacity) {
        pieces.push({ document: row, start, length: Math.min(capacity, end - start) });
      }
    }
    // The sort is stable, as the one of the original.
    pieces.sort((a, b) => b.length - a.length);
    layout.addRows(pieces, packer.rowsOf(pieces));
  }
  return layout.finish();
}

/** Packs rows end to end and cuts at every `capacity` tokens: the last row of each batch may be short. */
export function planWrapped(lengths: Uint32Array, capacity: number, batches: MapBatches): PackPlan {
  let tokens = 0;
  for (const length of lengths) tokens += length;
  // A cut adds a piece at most; so does the end of a batch.
  const most = lengths.length + Math.ceil(tokens / capacity) + Math.ceil(lengths.length / batches.batch_rows);
  const layout = new Layout(most + batches.num_proc);
  for (const [from, to] of mapBatches(lengths.length, batches)) {
    let room = capacity;
    for (let row = from; row < to; row++) {
      for (let start = 0; start < lengths[row]; ) {
        const length = Math.min(room, lengths[row] - start);
        layout.addPiece(row, start, length);
        start += length;
        room -= length;
        if (room > 0) continue;
        layout.endRow();
        room = capacity;
      }
    }
    if (room < capacity) layout.endRow();
  }
  return layout.finish();
}

interface Piece {
  readonly document: number;
  readonly start: number;
  readonly length: number;
}

/** Says for one batch after another which packed row each piece goes to. */
class Packer {
  readonly #capacity: number;
  readonly #levels: LevelSet;
  /** By room that is left: the row that came to it first and has not left it, and the last one. -1 where there is none. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#levels = new LevelSet(capacity);
    this.#first = new Int32Array(capacity).fill(-1);
    this.#last = new Int32Array(capacity).fill(-1);
  }

  /** Row of each piece; pieces are in the order of packing. */
  rowsOf(pieces: readonly Piece[]): Int32Array {
    const rowOf = new Int32Array(pieces.length);
    const next = new Int32Array(pieces.length).fill(-1);
    let rows = 0;
    for (let piece = 0; piece < pieces.length; piece++) {
      const { length } = pieces[piece];
      const level = length === this.#capacity ? -1 : this.#levels.atLeast(length);
      const row = level < 0 ? rows++ : this.#take(level, next);
      rowOf[piece] = row;
      const left = (level < 0 ? this.#capacity : level) - length;
      if (left > 0) this.#put(row, left, next);
    }
    for (let level = this.#levels.atLeast(0); level >= 0; level = this.#levels.atLeast(level)) {
      this.#first[level] = -1;
      this.#levels.remove(level);
    }
    return rowOf;
  }

  #take(level: number, next: Int32Array): number {
    const row = this.#first[level];
    this.#first[level] = next[row];
    next[row] = -1;
    if (this.#first[level] < 0) this.#levels.remove(level);
    return row;
  }

  #put(row: number, level: number, next: Int32Array): void {
    if (this.#first[level] < 0) {
      this.#first[level] = row;
      this.#levels.add(level);
    } else next[this.#last[level]] = row;
    this.#last[level] = row;
  }
}

/** A plan as it grows: packed rows in the order in which they were begun. */
class Layout {
  readonly #document: Int32Array;
  readonly #start: Uint32Array;
  readonly #length: Uint32Array;
  readonly #rowEnds: number[] = [0];
  #pieces = 0;

  constructor(mostPieces: number) {
    this.#document = new Int32Array(mostPieces);
    this.#start = new Uint32Array(mostPieces);
    this.#length = new Uint32Array(mostPieces);
  }

  addPiece(document: number, start: number, length: number): void {
    this.#document[this.#pieces] = document;
    this.#start[this.#pieces] = start;
    this.#length[this.#pieces++] = length;
  }

  endRow(): void {
    this.#rowEnds.push(this.#pieces);
  }

  /** Rows of a batch: those of each row stay in their order. */
  addRows(pieces: readonly Piece[], rowOf: Int32Array): void {
    let rows = 0;
    for (const row of rowOf) if (row >= rows) rows = row + 1;
    const ends = new Uint32Array(rows);
    for (const row of rowOf) ends[row]++;
    for (let row = 0, at = this.#pieces; row < rows; row++) {
      const count = ends[row];
      ends[row] = at;
      at += count;
      this.#rowEnds.push(at);
    }
    for (let piece = 0; piece < pieces.length; piece++) {
      const at = ends[rowOf[piece]]++;
      this.#document[at] = pieces[piece].document;
      this.#start[at] = pieces[piece].start;
      this.#length[at] = pieces[piece].length;
    }
    this.#pieces += pieces.length;
  }

  finish(): PackPlan {
    return {
      windows: this.#rowEnds.length - 1,
      window_pieces: Uint32Array.from(this.#rowEnds),
      piece_document: this.#document.subarray(0, this.#pieces),
      piece_start: this.#start.subarray(0, this.#pieces),
      piece_length: this.#length.subarray(0, this.#pieces),
    };
  }
}
