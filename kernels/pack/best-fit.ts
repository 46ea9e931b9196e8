/**
 * Best-fit decreasing: a document is cut only if it is longer than a window (Ding et al., "Fewer Truncations Improve Language
 * Modeling", ICML 2024).
 *
 * Long documents fill windows of their own, piece by piece; what remains of them and every other document is placed, longest
 * first, in the fullest window it fits. This goes by blocks of documents, so that another packing can go on between two (see cuts.ts): what a
 * block leaves open the next one fills, and then it is closed. Windows of a block are put in a random order, because they come out sorted by length.
 * Invariant: the result is a function of lengths, options and seed; ties go to the earlier document and the window last filled to
 * that level. Price: O(documents + blocks × window_tokens) for counting sorts and a three-level bit set; about 32 bytes a document on
 * top of the plan.
 */
import type { Seed } from "../random/shuffle.ts";
import { groupedOrder } from "./cuts.ts";
import { LevelSet } from "./level-set.ts";
import { checkEnds, type PackPlan } from "./plan.ts";

export interface BestFitOptions {
  /** Pieces a window may hold at most, padding not counted; 0 for no limit. */
  readonly max_documents: number;
  /** Whether documents of the whole shard share windows, as where nothing goes on inside it. */
  readonly whole?: boolean;
}

/** Blocks of a shard, and windows of a block at least: with smaller ones there is too little to choose from, and padding. */
const BLOCKS = 16;
const MIN_BLOCK_WINDOWS = 64;

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
  const blocks = documentBlocks(documentEnds, windowTokens, options.whole === true);
  const sorted = blocks.map(([first, end]) => longestFirst(rests, windowTokens, first, end));
  const { rowOf, padding, counts, firstBlock, lastBlock } = assignRows(sorted, windowTokens, options.max_documents);

  let full = 0;
  for (let document = 0, start = 0; document < documents; start = documentEnds[document++]) {
    full += Math.floor((documentEnds[document] - start) / windowTokens);
  }
  const windows = full + counts.length;
  const groups = new Uint32Array(windows);
  let whole = 0;
  blocks.forEach(([first, end], block) => {
    let start = first === 0 ? 0 : documentEnds[first - 1];
    for (let document = first; document < end; start = documentEnds[document++]) {
      const fills = Math.floor((documentEnds[document] - start) / windowTokens);
      groups.fill(2 * block + 1, whole, whole + fills);
      whole += fills;
    }
  });
  for (let row = 0; row < counts.length; row++) {
    groups[full + row] = 2 * lastBlock[row] + (firstBlock[row] < lastBlock[row] ? 0 : 1);
  }
  const target = groupedOrder(groups, 2 * blocks.length, seed);

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
  let entry = 0;
  for (const { order } of sorted) {
    for (const document of order) {
      const length = rests[document];
      const piece = next[rowOf[entry++]]++;
      piece_document[piece] = document;
      piece_start[piece] = documentEnds[document] - (document === 0 ? 0 : documentEnds[document - 1]) - length;
      piece_length[piece] = length;
    }
  }
  return { windows, window_pieces, piece_document, piece_start, piece_length };
}

/** Consecutive documents that are packed together: first and exclusive last of each block. */
function documentBlocks(
  documentEnds: Float64Array,
  windowTokens: number,
  whole: boolean,
): [first: number, end: number][] {
  const documents = documentEnds.length;
  const total = documents === 0 ? 0 : documentEnds[documents - 1];
  const goal = Math.max(MIN_BLOCK_WINDOWS, Math.ceil(total / windowTokens / BLOCKS)) * windowTokens;
  if (whole || total < 2 * goal) return [[0, documents]];
  const blocks: [number, number][] = [];
  let first = 0;
  for (let document = 0; document < documents; document++) {
    const left = total - documentEnds[document];
    if (documentEnds[document] < (blocks.length + 1) * goal || left < goal) continue;
    blocks.push([first, document + 1]);
    first = document + 1;
  }
  blocks.push([first, documents]);
  return blocks;
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

/** A counting sort of documents `[first, end)`. */
function longestFirst(rests: Uint32Array, windowTokens: number, first: number, end: number): Sorted {
  const ends = new Uint32Array(windowTokens);
  for (let document = first; document < end; document++) ends[rests[document]]++;
  let at = 0;
  for (let length = windowTokens - 1; length > 0; length--) {
    const count = ends[length];
    ends[length] = at;
    at += count;
  }
  const order = new Uint32Array(at);
  for (let document = first; document < end; document++) {
    const length = rests[document];
    if (length > 0) order[ends[length]++] = document;
  }
  return { order, ends };
}

interface Rows {
  /** Row of every entry of the orders, one after the other. */
  readonly rowOf: Uint32Array;
  /** Free tokens of every row at the end. */
  readonly padding: Uint32Array;
  /** Pieces of every row. */
  readonly counts: Uint32Array;
  /** Blocks of its first piece and of its last. */
  readonly firstBlock: Uint32Array;
  readonly lastBlock: Uint32Array;
}

/** The packing itself: open rows are stacked by free tokens, and a bit set finds the smallest level that is large enough. */
function assignRows(blocks: readonly Sorted[], windowTokens: number, maxDocuments: number): Rows {
  const entries = blocks.reduce((sum, { order }) => sum + order.length, 0);
  const levels = new LevelSet(windowTokens);
  const top = new Int32Array(windowTokens).fill(-1);
  const below = new Int32Array(entries);
  const rowOf = new Uint32Array(entries);
  const padding = new Uint32Array(entries);
  const counts = new Uint32Array(entries);
  const firstBlock = new Uint32Array(entries);
  const lastBlock = new Uint32Array(entries);
  let rows = 0;
  let entry = 0;
  for (let block = 0; block < blocks.length; block++) {
    const { ends } = blocks[block];
    for (let length = windowTokens - 1, i = 0; length > 0; length--) {
      for (; i < ends[length]; i++, entry++) {
        const level = levels.atLeast(length);
        let row = rows;
        let free = windowTokens - length;
        if (level < 0) {
          firstBlock[rows++] = block;
        } else {
          row = top[level];
          top[level] = below[row];
          if (top[level] < 0) levels.remove(level);
          free = level - length;
        }
        rowOf[entry] = row;
        lastBlock[row] = block;
        if (++counts[row] === maxDocuments) {
          padding[row] = free;
        } else if (free > 0) {
          if (top[free] < 0) levels.add(free);
          below[row] = top[free];
          top[free] = row;
        }
      }
    }
    // A row that an earlier block began has had its chance: another would spread it over more blocks.
    for (let free = 1; free < windowTokens; free++) {
      let kept = -1;
      for (let row = top[free], next = 0; row >= 0; row = next) {
        next = below[row];
        if (firstBlock[row] < block || block + 1 === blocks.length) {
          padding[row] = free;
          continue;
        }
        below[row] = kept;
        kept = row;
      }
      if (top[free] >= 0 && kept < 0) levels.remove(free);
      top[free] = kept;
    }
  }
  const rowsOnly = (values: Uint32Array): Uint32Array => values.subarray(0, rows);
  return {
    rowOf,
    padding: rowsOnly(padding),
    counts: rowsOnly(counts),
    firstBlock: rowsOnly(firstBlock),
    lastBlock: rowsOnly(lastBlock),
  };
}
