/**
 * Best-fit decreasing: a document is cut only if it is longer than a window (Ding et al., "Fewer Truncations Improve Language
 * Modeling", ICML 2024).
 *
 * Long documents fill windows of their own, piece by piece; what remains of them and every other document is placed, longest
 * first, in the fullest window it fits. Windows are then put in a random order, because they come out sorted by length.
 * Invariant: the result is a function of lengths, options and seed; ties go to the earlier document and the window last filled to
 * that level. Price: O(documents + window_tokens) for two counting sorts and a three-level bit set; about 24 bytes a document on
 * top of the plan.
 */
import { permutation, type Seed } from "../random/shuffle.ts";
import { LevelSet } from "./level-set.ts";
import { checkEnds, type PackPlan } from "./plan.ts";

export interface BestFitOptions {
  /** Pieces a window may hold at most, padding not counted; 0 for no limit. */
  readonly max_documents: number;
}

/** Plans the windows of one shard. `documentEnds` are exclusive ends in tokens; `windowTokens` is sequence length + 1. */
export function planBestFit(
  documentEnds: Float64Array,
  windowTokens: number,
  seed: Seed,
  options: BestFitOptions,
): PackPlan {
  checkEnds(documentEnds, windowTokens);
  const documents = documentEnds.length;
  const rests = restLengths(documentEnds, windowTokens);
  const sorted = longestFirst(rests, windowTokens);
  const { rowOf, padding, counts } = assignRows(sorted, windowTokens, options.max_documents);

  let full = 0;
  for (let document = 0, start = 0; document < documents; start = documentEnds[document++]) {
    full += Math.floor((documentEnds[document] - start) / windowTokens);
  }
  const windows = full + counts.length;
  const target = permutation(windows, seed);

  const window_pieces = new Uint32Array(windows + 1);
  for (let row = 0; row < full; row++) window_pieces[target[row] + 1] = 1;
  for (let row = 0; row < counts.length; row++) {
    window_pieces[target[full + row] + 1] = counts[row] + (padding[row] > 0 ? 1 : 0);
  }
  for (let window = 0; window < windows; window++) window_pieces[window + 1] += window_pieces[window];

  const pieces = window_pieces[windows];
  const piece_document = new Int32Array(pieces);
  const piece_start = new Uint32Array(pieces);
  const piece_length = new Uint32Array(pieces);
  let filled = 0;
  for (let document = 0, start = 0; document < documents; start = documentEnds[document++]) {
    const whole = Math.floor((documentEnds[document] - start) / windowTokens);
    for (let part = 0; part < whole; part++, filled++) {
      const piece = window_pieces[target[filled]];
      piece_document[piece] = document;
      piece_start[piece] = part * windowTokens;
      piece_length[piece] = windowTokens;
    }
  }
  const next = new Uint32Array(counts.length);
  for (let row = 0; row < counts.length; row++) {
    const window = target[full + row];
    next[row] = window_pieces[window];
    if (padding[row] === 0) continue;
    const piece = window_pieces[window + 1] - 1;
    piece_document[piece] = -1;
    piece_length[piece] = padding[row];
  }
  for (let length = windowTokens - 1, i = 0; length > 0; length--) {
    for (; i < sorted.ends[length]; i++) {
      const document = sorted.order[i];
      const piece = next[rowOf[i]]++;
      piece_document[piece] = document;
      piece_start[piece] = documentEnds[document] - (document === 0 ? 0 : documentEnds[document - 1]) - length;
      piece_length[piece] = length;
    }
  }
  return { windows, window_pieces, piece_document, piece_start, piece_length };
}

/** Tokens of each document that fill no window of their own. */
function restLengths(documentEnds: Float64Array, windowTokens: number): Uint32Array {
  const rests = new Uint32Array(documentEnds.length);
  for (let document = 0, start = 0; document < rests.length; start = documentEnds[document++]) {
    const length = documentEnds[document] - start;
    // Several times faster than `%`, and as exact: lengths are below 2^32.
    rests[document] = length < windowTokens ? length : length - Math.floor(length / windowTokens) * windowTokens;
  }
  return rests;
}

interface Sorted {
  /** Documents with a rest, by falling length of it, then by position. */
  readonly order: Uint32Array;
  /** Where the documents with a rest of `length` end in `order`. */
  readonly ends: Uint32Array;
}

/** A counting sort. */
function longestFirst(rests: Uint32Array, windowTokens: number): Sorted {
  const ends = new Uint32Array(windowTokens);
  for (let document = 0; document < rests.length; document++) ends[rests[document]]++;
  let at = 0;
  for (let length = windowTokens - 1; length > 0; length--) {
    const count = ends[length];
    ends[length] = at;
    at += count;
  }
  const order = new Uint32Array(at);
  for (let document = 0; document < rests.length; document++) {
    const length = rests[document];
    if (length > 0) order[ends[length]++] = document;
  }
  return { order, ends };
}

interface Rows {
  /** Row of every entry of the order. */
  readonly rowOf: Uint32Array;
  /** Free tokens of every row at the end. */
  readonly padding: Uint32Array;
  /** Pieces of every row. */
  readonly counts: Uint32Array;
}

/** The packing itself: open rows are stacked by free tokens, and a bit set finds the smallest level that is large enough. */
function assignRows(sorted: Sorted, windowTokens: number, maxDocuments: number): Rows {
  const entries = sorted.order.length;
  const levels = new LevelSet(windowTokens);
  const top = new Int32Array(windowTokens).fill(-1);
  const below = new Int32Array(entries);
  const rowOf = new Uint32Array(entries);
  const padding = new Uint32Array(entries);
  const counts = new Uint32Array(entries);
  let rows = 0;
  for (let length = windowTokens - 1, i = 0; length > 0; length--) {
    for (; i < sorted.ends[length]; i++) {
      const level = levels.atLeast(length);
      let row = rows;
      let free = windowTokens - length;
      if (level < 0) {
        rows++;
      } else {
        row = top[level];
        top[level] = below[row];
        if (top[level] < 0) levels.remove(level);
        free = level - length;
      }
      rowOf[i] = row;
      if (++counts[row] === maxDocuments) {
        padding[row] = free;
      } else if (free > 0) {
        if (top[free] < 0) levels.add(free);
        below[row] = top[free];
        top[free] = row;
      }
    }
  }
  for (let free = 1; free < windowTokens; free++) {
    for (let row = top[free]; row >= 0; row = below[row]) padding[row] = free;
  }
  return { rowOf, padding: padding.subarray(0, rows), counts: counts.subarray(0, rows) };
}
