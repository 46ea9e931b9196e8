/**
 * What a barrier that selects or ranks does in the place of matching and uniting: it puts the documents of each partition in the order of their keys, and
 * takes a stretch of all partitions together, or cuts them into equal bins.
 *
 * Invariant: partitions cut the key space in order, so their files, one behind the other, hold the documents of the group by key and, where keys
 * are equal, by address. What stays is a stretch of that sequence, so a larger one keeps all that a smaller one within it does.
 * Memory: while ordering, 20 bytes a document of the part that the stated budget allows; while taking, 4 bytes a document of the group.
 */
import fs from "node:fs";
import { Blocks } from "../../io/local/blocks.ts";
import { damagedFile, type Vouched } from "../../io/local/vouched.ts";
import { everyDocument, NO_SURVIVOR } from "../../kernels/dedup/union-find.ts";
import type { Stretch } from "../../stages/define.ts";
import type { KeyInput, MatchOptions, PartitionMatcher } from "../../store/match-partition.ts";

/** Documents that are read at a time. */
const PIECE = 1 << 15;

/** What a match task reads: the keys of a partition. */
export interface Matching {
  readonly inputs: readonly KeyInput[];
  readonly partition: number;
  readonly options: MatchOptions;
}

/** Writes the documents of a partition in order; returns how many. */
export function writeOrdered(
  { inputs, partition, options }: Matching,
  orderer: PartitionMatcher,
  sink: { write(bytes: Uint8Array): void },
): number {
  let ordered = 0;
  orderer.match(inputs, partition, options, (documents, count) => {
    sink.write(new Uint8Array(documents.buffer, documents.byteOffset, 4 * count));
    ordered += count;
  });
  return ordered;
}

/** The roots of `documents` documents: of those in `files`, in order, a stretch stays and the others fall without a survivor. */
export function selectStretch(documents: number, files: readonly Vouched[], stretch: Stretch): Uint32Array {
  const roots = everyDocument(documents);
  const { ordered, total } = orderedFiles(files);
  const from = "count" in stretch ? 0 : rankAt(stretch.min_quantile, total);
  const to = "count" in stretch ? stretch.count : rankAt(stretch.max_quantile, total);
  for (const { blocks, before, there } of ordered) {
    const within = (rank: number): number => Math.min(there, Math.max(0, rank - before));
    mark(0, within(from), blocks, roots, NO_SURVIVOR);
    mark(within(to), there, blocks, roots, NO_SURVIVOR);
  }
  return roots;
}

/** Bins of `documents` documents, from 1, each as large as a stretch between the same quantiles; 0 for those that are not in `files`. */
export function rankDocuments(documents: number, files: readonly Vouched[], bins: number): Uint32Array {
  const found = new Uint32Array(documents);
  const { ordered, total } = orderedFiles(files);
  let bin = 0;
  for (const { blocks, before, there } of ordered) {
    for (let at = 0; at < there; ) {
      while (rankAt((bin + 1) / bins, total) <= before + at) bin++;
      const end = Math.min(there, rankAt((bin + 1) / bins, total) - before);
      mark(at, end, blocks, found, bin + 1);
      at = end;
    }
  }
  return found;
}

/** Rank of the first document at a quantile. */
function rankAt(quantile: number, total: number): number {
  return Math.ceil(quantile * total);
}

interface OrderedFile {
  readonly blocks: Blocks;
  /** Documents in the files before, and in it. */
  readonly before: number;
  readonly there: number;
}

function orderedFiles(files: readonly Vouched[]): { readonly ordered: readonly OrderedFile[]; readonly total: number } {
  let total = 0;
  const ordered = files.map((file): OrderedFile => {
    const blocks = new Blocks(file);
    const there = blocks.content_bytes / 4;
    total += there;
    return { blocks, before: total - there, there };
  });
  return { ordered, total };
}

/** Writes `value` for the documents `[first, end)` of an ordered file. Throws RunError `store/damaged`. */
function mark(first: number, end: number, blocks: Blocks, out: Uint32Array, value: number): void {
  if (first >= end) return;
  const { vouched } = blocks;
  const words = new Uint32Array(PIECE);
  const bytes = new Uint8Array(words.buffer);
  const descriptor = blocks.open();
  try {
    for (let at = 4 * first; at < 4 * end; at += bytes.length) {
      const length = Math.min(bytes.length, 4 * end - at);
      blocks.fill(descriptor, bytes.subarray(0, length), at);
      for (const document of words.subarray(0, length / 4)) {
        if (document >= out.length) throw damagedFile(vouched, `names document ${document} of ${out.length}`);
        out[document] = value;
      }
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
