/**
 * Where a packed shard can be left, or entered, between documents: what another packing of the same documents goes on from.
 *
 * Windows lie in blocks, in the order of the documents, and in a random order inside a block. A cut stands where a block begins. Invariant: the
 * windows before `before` hold only documents below `document`, and those from `after` on only documents from it on; windows between
 * the two hold documents of both sides. A packer that shuffles a whole shard has no cuts. Price: one pass over the pieces, 8 bytes a window.
 */
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

/** Blocks of a shard where any place will do; fewer where they would be shorter than {@link MIN_BLOCK_WINDOWS}. */
const BLOCKS = 64;
/** A shuffle of fewer windows would leave the pieces of a long document side by side. */
const MIN_BLOCK_WINDOWS = 8;

/** Windows of a block. */
export function blockWindows(windows: number): number {
  return Math.max(MIN_BLOCK_WINDOWS, Math.ceil(windows / BLOCKS));
}

/**
 * Where each window goes: windows of group 0 first, then those of group 1, and so on, in a random order inside a group. A block is two groups:
 * 2 × block for windows that hold a document of an earlier block as well, 2 × block + 1 for the others.
 */
export function groupedOrder(groupOf: Uint32Array, groups: number, seed: Seed): Uint32Array {
  const starts = new Uint32Array(groups + 1);
  for (let i = 0; i < groupOf.length; i++) starts[groupOf[i] + 1]++;
  for (let group = 0; group < groups; group++) starts[group + 1] += starts[group];
  const places = new Uint32Array(groupOf.length);
  const [k0, k1] = seed;
  for (let group = 0; group < groups; group++) {
    const shuffled = permutation(starts[group + 1] - starts[group], [k0, (k1 ^ group ^ 1) >>> 0]);
    for (let i = 0; i < shuffled.length; i++) places[starts[group] + i] = starts[group] + shuffled[i];
  }
  const order = new Uint32Array(groupOf.length);
  const next = starts.slice();
  for (let i = 0; i < groupOf.length; i++) order[i] = places[next[groupOf[i]]++];
  return order;
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
    lowest[window] = Math.min(lowest[window], lowest[window + 1]);
  }
  const cuts = { document: [] as number[], before: [] as number[], after: [] as number[] };
  const size = blockWindows(windows);
  // In every stretch of a block's length, the place where least lies between.
  for (let from = 1, after = 0; from < windows; from += size) {
    let best: { document: number; before: number; after: number } | undefined;
    for (let before = from; before < Math.min(windows, from + size); before++) {
      const document = highest[before - 1] + 1;
      while (after < windows && lowest[after] < document) after++;
      if (after < windows && (best === undefined || after - before <= best.after - best.before)) {
        best = { document, before, after };
      }
    }
    if (best === undefined) break;
    if (best.document === cuts.document.at(-1)) continue;
    cuts.document.push(best.document);
    cuts.before.push(best.before);
    cuts.after.push(best.after);
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
