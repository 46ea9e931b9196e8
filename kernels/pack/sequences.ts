/**
 * Rows as packers take them: each row is one sequence, or several, or none, by what becomes of a row that is longer than a packed row.
 *
 * A sequence is what attends to itself. It is one segment of its row, or two where a row is split at the borders of its exchanges: the head
 * that every part repeats (the system turn), then the part. Invariant: no sequence is longer than the capacity unless rows are kept as they are;
 * tokens of all sequences = tokens of all rows − lost + repeated. Price: 16 bytes a sequence.
 */
import type { PackPlan } from "./plan.ts";

/** Tokens `[start, start + length)` of a row. */
export interface Segment {
  readonly start: number;
  readonly length: number;
}

/** What a row that is too long comes to. */
export interface SplitRow {
  /** Segments of each sequence. */
  readonly sequences: readonly (readonly Segment[])[];
  /** Tokens of the row that are in no sequence. */
  readonly lost: number;
  /** Tokens that are in more than one, counted once for each beyond the first. */
  readonly repeated: number;
}

export interface Sequences {
  /** Tokens of each sequence. */
  readonly lengths: Uint32Array;
  /** Index of the first segment of every sequence, plus the total at the end. */
  readonly sequence_segments: Uint32Array;
  readonly segment_row: Uint32Array;
  readonly segment_start: Uint32Array;
  readonly segment_length: Uint32Array;
}

/** The sequences of rows with these lengths; `cut` says what becomes of row `row`, and undefined that it stays as it is. */
export function sequencesOf(lengths: Uint32Array, cut: (row: number) => SplitRow | undefined): Sequences {
  const sequences: number[] = [];
  const sequence_segments: number[] = [0];
  const segment_row: number[] = [];
  const segment_start: number[] = [];
  const segment_length: number[] = [];
  const add = (row: number, segments: readonly Segment[]): void => {
    let tokens = 0;
    for (const { start, length } of segments) {
      segment_row.push(row);
      segment_start.push(start);
      segment_length.push(length);
      tokens += length;
    }
    sequences.push(tokens);
    sequence_segments.push(segment_row.length);
  };
  for (let row = 0; row < lengths.length; row++) {
    const split = cut(row);
    if (split === undefined) add(row, [{ start: 0, length: lengths[row] }]);
    else for (const segments of split.sequences) add(row, segments);
  }
  return {
    lengths: Uint32Array.from(sequences),
    sequence_segments: Uint32Array.from(sequence_segments),
    segment_row: Uint32Array.from(segment_row),
    segment_start: Uint32Array.from(segment_start),
    segment_length: Uint32Array.from(segment_length),
  };
}

/** Keeps the first `capacity` tokens. */
export function truncateRow(length: number, capacity: number): SplitRow {
  return { sequences: [[{ start: 0, length: capacity }]], lost: length - capacity, repeated: 0 };
}

/** Keeps nothing. */
export function dropRow(length: number): SplitRow {
  return { sequences: [], lost: length, repeated: 0 };
}

/**
 * Splits a row at the borders of its exchanges: as many whole ones as fit, after the head, which is what stands before the first
 * border and begins every part. An exchange that does not fit beside the head is cut. A part in which nothing is `trained` teaches nothing
 * and is left out. A row without a border, or whose head alone is too long, is truncated. `borders` ascend.
 */
export function splitRow(
  length: number,
  capacity: number,
  borders: readonly number[],
  trained: (from: number, to: number) => boolean,
): SplitRow {
  const [head] = borders;
  if (head === undefined || head >= capacity) return truncateRow(length, capacity);
  const room = capacity - head;
  const sequences: Segment[][] = [];
  let lost = 0;
  const close = (from: number, to: number): void => {
    if (from === to) return;
    if (!trained(from, to)) lost += to - from;
    else if (from === head || head === 0)
      sequences.push([{ start: from === head ? 0 : from, length: to - (from === head ? 0 : from) }]);
    else
      sequences.push([
        { start: 0, length: head },
        { start: from, length: to - from },
      ]);
  };
  let from = head;
  let to = head;
  for (let exchange = 0; exchange < borders.length; exchange++) {
    const start = borders[exchange];
    const end = borders[exchange + 1] ?? length;
    if (end - from > room) {
      close(from, to);
      from = start;
    }
    to = Math.min(end, start + room);
    lost += end - to;
  }
  close(from, to);
  if (sequences.length === 0) lost += head;
  return { sequences, lost, repeated: head * Math.max(0, sequences.length - 1) };
}

/** Packed rows as pieces of rows. */
export interface RowPieces {
  /** Index of the first piece of every packed row, plus the total at the end. */
  readonly packed_pieces: Uint32Array;
  readonly row: Uint32Array;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
  /** 1 where a sequence begins, 0 where one goes on. */
  readonly begins: Uint8Array;
}

/** What a plan of sequences comes to in rows: every piece of the plan begins a sequence, and has a piece for each segment it meets. */
export function rowPieces(plan: PackPlan, sequences: Sequences): RowPieces {
  const { sequence_segments, segment_row, segment_start, segment_length } = sequences;
  const packed_pieces = new Uint32Array(plan.windows + 1);
  const row: number[] = [];
  const start: number[] = [];
  const length: number[] = [];
  const begins: number[] = [];
  for (let packed = 0; packed < plan.windows; packed++) {
    for (let piece = plan.window_pieces[packed]; piece < plan.window_pieces[packed + 1]; piece++) {
      const sequence = plan.piece_document[piece];
      const from = plan.piece_start[piece];
      const to = from + plan.piece_length[piece];
      let at = 0;
      let first = 1;
      for (let segment = sequence_segments[sequence]; segment < sequence_segments[sequence + 1]; segment++) {
        const begin = Math.max(from, at);
        const end = Math.min(to, at + segment_length[segment]);
        if (begin < end) {
          row.push(segment_row[segment]);
          start.push(segment_start[segment] + begin - at);
          length.push(end - begin);
          begins.push(first);
          first = 0;
        }
        at += segment_length[segment];
      }
    }
    packed_pieces[packed + 1] = row.length;
  }
  return {
    packed_pieces,
    row: Uint32Array.from(row),
    start: Uint32Array.from(start),
    length: Uint32Array.from(length),
    begins: Uint8Array.from(begins),
  };
}

/** A plan with its packed rows in another order: row i of the result is row `order[i]`. */
export function reorderRows(plan: PackPlan, order: Uint32Array): PackPlan {
  const window_pieces = new Uint32Array(plan.windows + 1);
  const pieces = plan.piece_document.length;
  const reordered = {
    piece_document: new Int32Array(pieces),
    piece_start: new Uint32Array(pieces),
    piece_length: new Uint32Array(pieces),
  };
  let at = 0;
  for (let row = 0; row < plan.windows; row++) {
    const [from, to] = [plan.window_pieces[order[row]], plan.window_pieces[order[row] + 1]];
    for (const name of ["piece_document", "piece_start", "piece_length"] as const)
      reordered[name].set(plan[name].subarray(from, to), at);
    at += to - from;
    window_pieces[row + 1] = at;
  }
  return { windows: plan.windows, window_pieces, ...reordered };
}

/** A plan of windows as one of rows that may be short: its padding left out. */
export function withoutPadding(plan: PackPlan): PackPlan {
  const kept = plan.piece_document.reduce((sum, document) => sum + Number(document >= 0), 0);
  const window_pieces = new Uint32Array(plan.windows + 1);
  const piece_document = new Int32Array(kept);
  const piece_start = new Uint32Array(kept);
  const piece_length = new Uint32Array(kept);
  let at = 0;
  for (let window = 0; window < plan.windows; window++) {
    for (let piece = plan.window_pieces[window]; piece < plan.window_pieces[window + 1]; piece++) {
      if (plan.piece_document[piece] < 0) continue;
      piece_document[at] = plan.piece_document[piece];
      piece_start[at] = plan.piece_start[piece];
      piece_length[at++] = plan.piece_length[piece];
    }
    window_pieces[window + 1] = at;
  }
  return { windows: plan.windows, window_pieces, piece_document, piece_start, piece_length };
}

/** What keeps a plan from being packed rows of sequences with these lengths, in one sentence, or undefined. */
export function rowPlanProblem(plan: PackPlan, lengths: Uint32Array, capacity: number): string | undefined {
  const placed = new Float64Array(lengths.length);
  const { piece_document, piece_start, piece_length, window_pieces } = plan;
  for (let row = 0; row < plan.windows; row++) {
    let tokens = 0;
    for (let piece = window_pieces[row]; piece < window_pieces[row + 1]; piece++) {
      const sequence = piece_document[piece];
      const length = piece_length[piece];
      if (!(sequence >= 0 && sequence < lengths.length))
        return `piece ${piece} is of sequence ${sequence}, which is not there`;
      if (length === 0) return `piece ${piece} is empty`;
      if (piece_start[piece] + length > lengths[sequence])
        return `piece ${piece} ends at token ${piece_start[piece] + length} of sequence ${sequence}, which has ${lengths[sequence]}`;
      placed[sequence] += length;
      if (placed[sequence] > lengths[sequence]) return `sequence ${sequence} is placed twice`;
      tokens += length;
    }
    if (tokens === 0 || tokens > capacity) return `row ${row} holds ${tokens} tokens, and may hold 1 to ${capacity}`;
  }
  return undefined;
}
