/**
 * Where a packed shard can be left, or entered, between documents: what another packing of the same documents goes on from.
 *
 * Windows lie in blocks, in the order of the documents, and in a random order inside a block. A cut stands where a block begins. Invariant: the
 * windows before `before` hold only documents below `document`, and those from `after` on only documents from it on; windows between
 * the two hold documents of both sides. A packer that shuffles a whole shard has no cuts. Price: one pass over the pieces, 8 bytes a window.
 */
import { entryAt } from "../../batch/entry.ts";
import { permutation, type Seed } from "../random/shuffle.ts";
import type { PackPlan } from "./plan.ts";

/** Parallel lists, ascending. */
export interface PackCuts {
  /** Positions of documents in their shard. */
  readonly document: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** A shard as it is packed. */
export interface PackedShard {
  readonly windows: number;
  /** Absent where it can only be read whole. */
  readonly cuts?: PackCuts | undefined;
}

/** Blocks of a shard; fewer where they would be shorter than {@link MIN_BLOCK_WINDOWS}. */
const BLOCKS = 64;
/** A shuffle of fewer windows would leave the pieces of a long document side by side. */
const MIN_BLOCK_WINDOWS = 8;

/** Windows of a block. */
export function blockWindows(windows: number): number {
  return Math.max(MIN_BLOCK_WINDOWS, Math.ceil(windows / BLOCKS));
}

/**
 * Where each window of a shard goes: window w of a plan in document order is to be window `order[w]`. Blocks stay in order. `firstNew(w)` is the
 * first window, from w on, that holds no document of a window before w: those before it come first in their block.
 */
export function blockOrder(windows: number, seed: Seed, firstNew: (window: number) => number): Uint32Array {
  const size = blockWindows(windows);
  const order = new Uint32Array(windows);
  const [k0, k1] = seed;
  for (let start = 0, block = 0; start < windows; start += size, block++) {
    const end = Math.min(windows, start + size);
    const border = start === 0 ? 0 : Math.min(end, Math.max(start, firstNew(start)));
    shuffleInto(order, start, border, [k0, (k1 ^ (2 * block + 1)) >>> 0]);
    shuffleInto(order, border, end, [k0, (k1 ^ (2 * block)) >>> 0]);
  }
  return order;
}

function shuffleInto(order: Uint32Array, start: number, end: number, seed: Seed): void {
  const shuffled = permutation(Math.max(0, end - start), seed);
  for (let i = 0; i < shuffled.length; i++) order[start + i] = start + entryAt(shuffled, i, "window");
}

/** The cuts of a plan; undefined where there are none. */
export function cutsOf({ windows, window_pieces, piece_document }: PackPlan): PackCuts | undefined {
  const highest = new Int32Array(windows);
  const lowest = new Int32Array(windows);
  let most = -1;
  for (let window = 0; window < windows; window++) {
    let least = 0x7fff_ffff;
    for (let piece = window_pieces[window]; piece < window_pieces[window + 1]; piece++) {
      const document = piece_document[piece];
      if (document < 0) continue;
      if (document > most) most = document;
      if (document < least) least = document;
    }
    highest[window] = most;
    lowest[window] = least;
  }
  for (let window = windows - 2; window >= 0; window--) {
    lowest[window] = Math.min(entryAt(lowest, window, "window"), entryAt(lowest, window + 1, "window"));
  }
  const cuts = { document: [] as number[], before: [] as number[], after: [] as number[] };
  const size = blockWindows(windows);
  let after = 0;
  for (let before = size; before < windows; before += size) {
    const document = entryAt(highest, before - 1, "window") + 1;
    while (after < windows && entryAt(lowest, after, "window") < document) after++;
    if (after === windows) break;
    cuts.document.push(document);
    cuts.before.push(before);
    cuts.after.push(after);
  }
  return cuts.document.length === 0 ? undefined : cuts;
}

/** The first document of which nothing is in windows `[0, window)`, as far as cuts tell; undefined where none is known. */
export function endDocument({ cuts }: PackedShard, window: number): number | undefined {
  if (window === 0) return 0;
  const at = cuts?.before.findIndex((before) => before >= window) ?? -1;
  return at < 0 ? undefined : cuts?.document[at];
}

/** A document below which nothing is in the windows from `window` on, the highest one that cuts tell. */
export function firstDocument({ cuts }: PackedShard, window: number): number {
  const at = cuts?.after.findLastIndex((after) => after <= window) ?? -1;
  return (at < 0 ? undefined : cuts?.document[at]) ?? 0;
}

/** The first window from which on there is nothing below `document`; all of them where no cut tells. */
export function windowFrom({ windows, cuts }: PackedShard, document: number): number {
  if (document === 0) return 0;
  const at = cuts?.document.findIndex((cut) => cut >= document) ?? -1;
  return (at < 0 ? undefined : cuts?.after[at]) ?? windows;
}
