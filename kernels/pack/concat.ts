/**
 * Concatenate and chunk: documents back to back, cut at every window edge, windows in a random order within blocks (see cuts.ts).
 *
 * Nothing is lost and only the last window is padded, but a document is cut wherever an edge falls. Invariant: a token that is
 * at position p of the shard lies in the window that was the (p / window_tokens)-th before the shuffle.
 * Price: one pass over documents; 12 bytes a piece.
 */
import type { Seed } from "../random/shuffle.ts";
import { firstAbove } from "../sorted.ts";
import { blockWindows, groupedOrder } from "./cuts.ts";
import { checkEnds, type PackPlan } from "./plan.ts";

/** Plans the windows of one shard. `documentEnds` are exclusive ends in tokens; `windowTokens` is sequence length + 1. */
export function planConcat(documentEnds: Float64Array, windowTokens: number, seed: Seed): PackPlan {
  checkEnds(documentEnds, windowTokens);
  const documents = documentEnds.length;
  const total = documents === 0 ? 0 : documentEnds[documents - 1];
  const windows = Math.ceil(total / windowTokens);
  const padding = windows * windowTokens - total;
  const target = groupedOrder(windowGroups(documentEnds, windowTokens, windows), 2 * blocksOf(windows), seed);

  // A window has one piece more than there are documents that end strictly inside it.
  const window_pieces = new Uint32Array(windows + 1);
  for (let window = 0; window < windows; window++) window_pieces[target[window] + 1] = 1;
  for (let document = 0; document < documents; document++) {
    const end = documentEnds[document];
    const window = Math.floor(end / windowTokens);
    if (end !== window * windowTokens) window_pieces[target[window] + 1]++;
  }
  for (let window = 0; window < windows; window++) window_pieces[window + 1] += window_pieces[window];

  const pieces = window_pieces[windows];
  const piece_document = new Int32Array(pieces);
  const piece_start = new Uint32Array(pieces);
  const piece_length = new Uint32Array(pieces);
  let document = 0;
  let start = 0;
  let at = 0;
  for (let window = 0; window < windows; window++) {
    const edge = (window + 1) * windowTokens;
    for (let piece = window_pieces[target[window]]; document < documents && at < edge; piece++) {
      const end = Math.min(documentEnds[document], edge);
      piece_document[piece] = document;
      piece_start[piece] = at - start;
      piece_length[piece] = end - at;
      at = end;
      if (end === documentEnds[document]) {
        start = end;
        document++;
      }
    }
  }
  if (padding > 0) {
    const piece = window_pieces[target[windows - 1] + 1] - 1;
    piece_document[piece] = -1;
    piece_length[piece] = padding;
  }
  return { windows, window_pieces, piece_document, piece_start, piece_length };
}

const blocksOf = (windows: number): number => Math.ceil(windows / blockWindows(windows));

/** Groups of windows as groupedOrder takes them: a block is so many windows, first those with a document that began before it. */
function windowGroups(documentEnds: Float64Array, windowTokens: number, windows: number): Uint32Array {
  const size = blockWindows(windows);
  const groups = new Uint32Array(windows);
  for (let start = 0, block = 0; start < windows; start += size, block++) {
    const end = Math.min(windows, start + size);
    const border = start === 0 ? 0 : Math.min(end, firstNewWindow(documentEnds, windowTokens, start));
    groups.fill(2 * block, start, border);
    groups.fill(2 * block + 1, border, end);
  }
  return groups;
}

/** The first window, from `window` on, without a piece of a document that began before `window`. */
function firstNewWindow(documentEnds: Float64Array, windowTokens: number, window: number): number {
  // Ends are whole numbers: the first one at the window's edge or behind it.
  const first = firstAbove(documentEnds, window * windowTokens - 1);
  return Math.ceil(documentEnds[first] / windowTokens);
}
