/**
 * How long the documents of a token store are, from the ends in its index files, and how many ids it uses, from its counts.
 *
 * Price: eight bytes a document read, and as many in memory while one source is looked at.
 */
import { readPart } from "../../io/local/read-part.ts";
import { companions, decodeEnds } from "../../store/token-file.ts";
import type { LengthFacts } from "./types.ts";

/** Bins of a decade. */
export const BINS_A_DECADE = 6;

/** Lengths of the documents of the token files at `paths`; `windows` are the lengths of windows that they go into. */
export function lengthsOf(paths: readonly string[], windows: readonly number[]): LengthFacts | undefined {
  const shards = paths.map((path) => decodeEnds(readPart(path + companions.index), path));
  const lengths = new Float64Array(shards.reduce((sum, ends) => sum + ends.length, 0));
  let at = 0;
  for (const ends of shards) {
    let before = 0;
    for (const end of ends) {
      lengths[at++] = end - before;
      before = end;
    }
  }
  return lengths.length === 0 ? undefined : summaryOf(lengths.sort(), windows);
}

/** How many different ids stand in the token files at `paths`. */
export function idsUsed(paths: readonly string[]): number {
  const ids = new Set<number>();
  for (const path of paths) {
    const counts = readPart(path + companions.counts).slice();
    const words = new Uint32Array(counts.buffer, 0, counts.byteLength >> 2);
    for (let at = 0; at < words.length; at += 2) ids.add(words[at] ?? 0);
  }
  return ids.size;
}

function summaryOf(sorted: Float64Array, windows: readonly number[]): LengthFacts {
  const bins = new Map<number, { documents: number; tokens: number }>();
  let tokens = 0;
  for (const length of sorted) {
    const bin = Math.floor(Math.log10(length) * BINS_A_DECADE + 1e-9);
    const entry = bins.get(bin) ?? { documents: 0, tokens: 0 };
    bins.set(bin, entry);
    entry.documents++;
    entry.tokens += length;
    tokens += length;
  }
  const longer = windows.map((than) => {
    const first = sorted.findIndex((length) => length > than);
    const long = first < 0 ? sorted.subarray(0, 0) : sorted.subarray(first);
    return { than, documents: long.length, tokens: long.reduce((sum, length) => sum + length, 0) };
  });
  return {
    documents: sorted.length,
    tokens,
    median: sorted[sorted.length >> 1] ?? 0,
    longest: sorted.at(-1) ?? 0,
    bins: [...bins].map(([bin, counts]) => ({ bin, ...counts })),
    longer,
  };
}
