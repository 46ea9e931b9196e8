/**
 * The two later phases of a dedup barrier: match equal keys inside one partition, then unite the pairs of all partitions.
 *
 * Invariant: the result is the same for any number of partitions, passes and workers: a cluster's survivor is its lowest document.
 * Memory: one partition's keys up to the stated budget (more passes beyond it), then 8 bytes a document while uniting.
 */
import { join } from "node:path";
import { Bitmap } from "../../batch/bitmap.ts";
import { commitBytes, commitMarker } from "../../io/commit.ts";
import { matchPartition } from "../../io/key-file.ts";
import { readPart } from "../../io/read-part.ts";
import { uniteEdges } from "../../kernels/union-find.ts";
import { matchFiles } from "../../plan/layout.ts";
import type { BarrierOperator } from "../../stages/define.ts";
import type { WorkerContext } from "../context.ts";
import type { MatchMarker, MatchTask, UniteMarker, UniteTask } from "../protocol.ts";
import { readRoots } from "../roots.ts";

export function match(task: MatchTask, context: WorkerContext): MatchMarker {
  const group = context.plan.groups[task.group];
  const folder = context.layout.match(group.fingerprint);
  const { key_bytes } = context.operator(group.stage) as BarrierOperator;
  const skip = alreadyDropped(task);
  const edges = matchPartition(task.inputs, task.partition, {
    key_bytes,
    memory_bytes: context.setup.match_memory_bytes,
    ...(skip === undefined ? {} : { skip }),
  });
  const file = commitBytes(join(folder, matchFiles.edges(task.partition)), bytesOf(edges));
  const marker: MatchMarker = { files: [file], edges: edges.length / 2 };
  commitMarker(join(folder, matchFiles.marker(task.partition)), marker);
  return marker;
}

export function unite(task: UniteTask, context: WorkerContext): UniteMarker {
  const group = context.plan.groups[task.group];
  const folder = context.layout.match(group.fingerprint);
  const { roots, sizes } = uniteEdges(task.documents, edgesOf(folder, group.partitions));
  let duplicates = 0;
  for (let document = 0; document < roots.length; document++) duplicates += Number(roots[document] !== document);
  const files = [
    commitBytes(join(folder, matchFiles.roots), bytesOf(roots)),
    commitBytes(join(folder, matchFiles.sizes), bytesOf(sizes)),
  ];
  const marker: UniteMarker = { files, documents: task.documents, duplicates };
  commitMarker(join(folder, matchFiles.united), marker);
  return marker;
}

function* edgesOf(folder: string, partitions: number): Generator<Uint32Array> {
  for (let partition = 0; partition < partitions; partition++) {
    yield new Uint32Array(readPart(join(folder, matchFiles.edges(partition))).buffer);
  }
}

/** Documents an earlier barrier of their source dropped: they take no part in this one. One bit a document. */
function alreadyDropped(task: MatchTask): Bitmap | undefined {
  if (task.members.every((member) => member.earlier.length === 0)) return undefined;
  const total = task.members.reduce((end, member) => Math.max(end, member.first + member.documents), 0);
  const dropped = new Bitmap(total);
  for (const member of task.members) {
    for (const slice of member.earlier) {
      const roots = readRoots(slice.path, slice.first, member.documents);
      for (let i = 0; i < member.documents; i++) if (roots[i] !== slice.first + i) dropped.set(member.first + i);
    }
  }
  return dropped;
}

function bytesOf(array: Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
