/**
 * What a barrier that selects does in the place of matching and uniting: it puts the documents of each partition in the order of their keys, and
 * takes a stretch of all partitions together.
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
  const ordered = files.map((file) => new Blocks(file));
  const total = ordered.reduce((sum, { content_bytes }) => sum + content_bytes / 4, 0);
  const from = "count" in stretch ? 0 : Math.ceil(stretch.min_quantile * total);
  const to = "count" in stretch ? stretch.count : Math.ceil(stretch.max_quantile * total);
  let before = 0;
  for (const blocks of ordered) {
    const there = blocks.content_bytes / 4;
    const within = (rank: number): number => Math.min(there, Math.max(0, rank - before));
    drop(0, within(from), blocks, roots);
    drop(within(to), there, blocks, roots);
    before += there;
  }
  return roots;
}

/** Marks the documents `[first, end)` of an ordered file. Throws RunError `store/damaged`. */
function drop(first: number, end: number, blocks: Blocks, roots: Uint32Array): void {
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
        if (document >= roots.length) throw damagedFile(vouched, `names document ${document} of ${roots.length}`);
        roots[document] = NO_SURVIVOR;
      }
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
