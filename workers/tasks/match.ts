/**
 * The two later phases of a barrier: match equal keys inside one partition, then unite the pairs of all partitions. Of a barrier that selects:
 * put each partition in order, then find where the number that stays is reached.
 *
 * Invariant: the result is the same for any number of partitions, parts and workers: a cluster's survivor is its lowest document.
 * Memory: one partition's records up to the stated budget (more passes beyond it), then 4 bytes a document while uniting.
 */
import { join } from "node:path";
import { Bitmap } from "../../batch/bitmap.ts";
import { int32Values } from "../../batch/column.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { readVouched, type Vouched, type VouchedFile } from "../../io/local/vouched.ts";
import { Leaders } from "../../kernels/dedup/leaders.ts";
import { rootsToSizes, uniteEdges } from "../../kernels/dedup/union-find.ts";
import { groupAt } from "../../plan/plan.ts";
import type { BarrierOperator } from "../../stages/define.ts";
import { type EdgeSink, EdgeWriter, readEdges } from "../../store/edge-file.ts";
import { matchFiles, spanFiles } from "../../store/layout.ts";
import { vouch, vouchers } from "../../store/marker.ts";
import type { PartitionMatcher } from "../../store/match-partition.ts";
import { SignatureReader } from "../../store/signature-file.ts";
import type { WorkerContext } from "../context.ts";
import type { MatchMarker, MatchTask, PartsInput, UniteMarker, UniteTask } from "../protocol.ts";
import { RootsFile } from "../roots.ts";
import { type Matching, selectStretch, writeOrdered } from "./select.ts";

export function match(task: MatchTask, context: WorkerContext): MatchMarker {
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const operator = context.operator(group.stage) as BarrierOperator;
  const selects = operator.verdict === "select";
  const name = selects ? matchFiles.ordered(task.partition) : matchFiles.edges(task.partition);
  const pending = createIntermediate(join(folder, name));
  let marker: MatchMarker;
  try {
    const matching = matchingOf(task, context);
    const edges = selects
      ? writeOrdered(matching, context.orderer(), pending)
      : writeEdges(task, operator, matching, context.matcher(operator.key_bytes), pending);
    marker = { files: [pending.commit()], edges };
  } catch (error) {
    pending.abort();
    throw error;
  }
  commitMarker(join(folder, matchFiles.marker(task.partition)), marker);
  return marker;
}

function matchingOf(task: MatchTask, { setup }: WorkerContext): Matching {
  const skip = alreadyDropped(task);
  return {
    inputs: task.inputs.map(({ file, firstDocument }) => ({ file: vouch(file), firstDocument })),
    partition: task.partition,
    options: { memory_bytes: setup.match_memory_bytes, ...(skip === undefined ? {} : { skip }) },
  };
}

/**
 * Writes the pairs that are to be united; returns how many. Without verification the documents of a key are a cluster: its first one with each of
 * the others says so.
 */
function writeEdges(
  task: MatchTask,
  operator: BarrierOperator,
  { inputs, partition, options }: Matching,
  matcher: PartitionMatcher,
  sink: EdgeSink,
): number {
  const verify = operator.verdict === "drop" ? operator.verify : undefined;
  const edges = new EdgeWriter(sink);
  if (verify === undefined) {
    matcher.match(inputs, partition, options, (documents, count) => {
      for (let i = 1; i < count; i++) edges.add(uint32At(documents, 0), uint32At(documents, i));
    });
    edges.flush();
    return edges.edges;
  }
  const files = task.inputs.map(({ file, firstDocument }) => {
    return { file: vouch({ ...file, name: spanFiles.signatures(file.name) }), firstDocument };
  });
  const signatures = new SignatureReader(files, verify.slots);
  const leaders = new Leaders(verify.slots, verify.similar, (document, out, at) => signatures.read(document, out, at));
  try {
    matcher.match(inputs, partition, options, (documents, count) =>
      leaders.match(documents, count, (leader, document) => edges.add(leader, document)),
    );
  } finally {
    signatures.close();
  }
  edges.flush();
  return edges.edges;
}

export function unite(task: UniteTask, context: WorkerContext): UniteMarker {
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const { exchange } = group.stage;
  const filesNamed = (name: (partition: number) => string): Vouched[] =>
    Array.from({ length: group.partitions }, (_, partition) =>
      vouchers(folder, matchFiles.marker(partition))(name(partition)),
    );
  const roots =
    exchange?.verdict === "select"
      ? selectStretch(task.documents, filesNamed(matchFiles.ordered), exchange)
      : uniteEdges(task.documents, readEdges(filesNamed(matchFiles.edges)));
  let duplicates = 0;
  for (let document = 0; document < roots.length; document++) duplicates += Number(roots[document] !== document);
  const files = [commitWords(join(folder, matchFiles.roots), roots)];
  // On disk the roots are safe: their memory becomes that of the sizes. Rows that are selected are no clusters.
  if (group.verdict !== "select") files.push(commitWords(join(folder, matchFiles.sizes), rootsToSizes(roots)));
  const marker: UniteMarker = { files, documents: task.documents, duplicates };
  commitMarker(join(folder, matchFiles.united), marker);
  return marker;
}

/** Documents, or parts of documents, that an earlier barrier of their source dropped: they take no part in this one. One bit each. */
function alreadyDropped(task: MatchTask): Bitmap | undefined {
  if (task.members.every((member) => member.earlier.length === 0)) return undefined;
  const total = task.members.reduce((end, member) => Math.max(end, member.first + member.documents), 0);
  const dropped = new Bitmap(total);
  for (const member of task.members) {
    for (const slice of member.earlier) {
      const file = new RootsFile(slice.file);
      if (member.parts !== undefined) {
        for (const parts of member.parts) dropParts(parts, slice.first, file, dropped);
        continue;
      }
      const roots = file.read(slice.first, member.documents);
      for (let i = 0; i < member.documents; i++) if (roots[i] !== slice.first + i) dropped.set(member.first + i);
    }
  }
  return dropped;
}

function commitWords(target: string, words: Uint32Array): VouchedFile {
  const pending = createIntermediate(target);
  try {
    pending.write(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
    return pending.commit();
  } catch (error) {
    pending.abort();
    throw error;
  }
}

/** Marks the parts of a span that are of dropped documents. */
function dropParts(
  { file, firstPart, firstDocument }: PartsInput,
  first: number,
  roots: RootsFile,
  dropped: Bitmap,
): void {
  const { rows, columns } = decodeArrow(readVouched(vouch(file)), file.name);
  if (rows === 0) return;
  const documents = int32Values(columns, "document");
  const from = first + firstDocument;
  const found = roots.read(from, int32At(documents, rows - 1) + 1);
  for (let part = 0; part < rows; part++) {
    const document = int32At(documents, part);
    if (found[document] !== from + document) dropped.set(firstPart + part);
  }
}
