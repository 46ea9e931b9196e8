/**
 * What a barrier that selects does in the place of matching and uniting: it puts the documents of each partition in the order of their keys, and
 * takes the first ones of all partitions.
 *
 * Invariant: partitions cut the key space in order, so their files, one behind the other, hold the documents of the group by key and, where keys
 * are equal, by address. What stays is the front of that sequence, so a larger number keeps all that a smaller one does.
 * Memory: while ordering, 20 bytes a document of the part that the stated budget allows; while taking, 4 bytes a document of the group.
 */
import fs from "node:fs";
import { Blocks } from "../../io/local/blocks.ts";
import { damagedFile, type Vouched } from "../../io/local/vouched.ts";
import { everyDocument, NO_SURVIVOR } from "../../kernels/dedup/union-find.ts";
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

/** The roots of `documents` documents: of those in `files`, in order, the first `count` stay and the others fall without a survivor. */
export function selectFirst(documents: number, files: readonly Vouched[], count: number): Uint32Array {
  const roots = everyDocument(documents);
  let left = count;
  for (const file of files) {
    const blocks = new Blocks(file);
    const there = blocks.content_bytes / 4;
    const stay = Math.min(left, there);
    left -= stay;
    if (stay < there) dropFrom(stay, blocks, roots);
  }
  return roots;
}

/** Marks the documents of an ordered file from the one at `position` on. Throws RunError `store/damaged`. */
function dropFrom(position: number, blocks: Blocks, roots: Uint32Array): void {
  const { content_bytes, vouched } = blocks;
  const words = new Uint32Array(PIECE);
  const bytes = new Uint8Array(words.buffer);
  const descriptor = blocks.open();
  try {
    for (let at = 4 * position; at < content_bytes; at += bytes.length) {
      const length = Math.min(bytes.length, content_bytes - at);
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
