/**
 * The two later phases of a barrier: match equal keys inside one partition, then unite the pairs of all partitions. Of a barrier that selects:
 * put each partition in order, then find where the number that stays is reached.
 *
 * Invariant: the result is the same for any number of partitions, parts and workers: a cluster's survivor is its lowest document.
 * Memory: one partition's records up to the stated budget (more passes beyond it), then 5 bytes a document while uniting; where survivors are
 * elected 8, and 4 a row of a cluster.
 */
import { join } from "node:path";
import { Bitmap } from "../../batch/bitmap.ts";
import { int32Values } from "../../batch/column.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { readVouched, type Vouched, type VouchedFile } from "../../io/local/vouched.ts";
import { chainDepth, clusterFigures, clusterMembers } from "../../kernels/dedup/cluster-figures.ts";
import { Leaders } from "../../kernels/dedup/leaders.ts";
import { rootsToSizes, uniteEdges } from "../../kernels/dedup/union-find.ts";
import { electionOf, groupAt, type MatchGroup } from "../../plan/plan.ts";
import type {
  BarrierOperator,
  DropBarrierOperator,
  PartBarrierOperator,
  SequenceBarrierOperator,
} from "../../stages/define.ts";
import { type EdgeSink, EdgeWriter, readEdges } from "../../store/edge-file.ts";
import { matchFiles, spanFiles } from "../../store/layout.ts";
import { vouch, vouchers } from "../../store/marker.ts";
import type { PartitionMatcher } from "../../store/match-partition.ts";
import { SignatureReader } from "../../store/signature-file.ts";
import type { WorkerContext } from "../context.ts";
import type { MatchMarker, MatchTask, PartsInput, UniteMarker, UniteTask } from "../protocol.ts";
import { RootsFile } from "../roots.ts";
import { writeVerdicts } from "./match-fragments.ts";
import { matchInOrder } from "./match-in-order.ts";
import { memberFigures } from "./member-figures.ts";
import { type Matching, rankDocuments, selectStretch, writeOrdered } from "./select.ts";

/** Words of the list of members that an election takes at a time: as many rows, about, are looked up at once. */
export const ELECTION_WORDS = 1 << 20;

export function match(task: MatchTask, context: WorkerContext): MatchMarker {
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const operator = context.operator(group.stage) as BarrierOperator;
  if (operator.verdict === "sequence") return matchInOrder(task, operator, alreadyDropped(task), context);
  const pending = createIntermediate(join(folder, fileOf(operator)(task.partition)));
  const candidates = isVerified(operator)
    ? createIntermediate(join(folder, matchFiles.candidates(task.partition)))
    : undefined;
  let marker: MatchMarker;
  try {
    const found = matched(task, operator, context, { verified: pending, candidates });
    marker = { ...found, files: [pending.commit(), ...(candidates === undefined ? [] : [candidates.commit()])] };
  } catch (error) {
    pending.abort();
    candidates?.abort();
    throw error;
  }
  commitMarker(join(folder, matchFiles.marker(task.partition)), marker);
  return marker;
}

function fileOf(operator: BarrierOperator): (partition: number) => string {
  if (operator.verdict === "select" || operator.verdict === "rank") return matchFiles.ordered;
  return operator.verdict === "edit" && operator.unit === "fragments" ? matchFiles.verdicts : matchFiles.edges;
}

/** Writes what a partition comes to. */
function matched(
  task: MatchTask,
  operator: Exclude<BarrierOperator, SequenceBarrierOperator>,
  context: WorkerContext,
  sinks: EdgeSinks,
): Omit<MatchMarker, "files"> {
  if (operator.verdict === "edit" && operator.unit === "fragments") {
    const clusters = writeVerdicts(task, context.setup.match_memory_bytes, sinks.verified);
    return { edges: clusters.members, clusters };
  }
  const matching = matchingOf(task, context);
  if (operator.verdict === "select" || operator.verdict === "rank") {
    return { edges: writeOrdered(matching, context.orderer(), sinks.verified) };
  }
  return writeEdges(task, operator, matching, context.matcher(operator.key_bytes), sinks);
}

function matchingOf(task: MatchTask, { setup }: WorkerContext): Matching {
  const skip = alreadyDropped(task);
  return {
    inputs: task.inputs.map(({ file, firstDocument }) => ({ file: vouch(file), firstDocument })),
    partition: task.partition,
    options: { memory_bytes: setup.match_memory_bytes, ...(skip === undefined ? {} : { skip }) },
  };
}

function isVerified(operator: BarrierOperator): boolean {
  return operator.verdict === "drop" && operator.verify !== undefined;
}

/** Where pairs go; those of keys alone only where more than keys is asked. */
interface EdgeSinks {
  readonly verified: EdgeSink;
  readonly candidates: EdgeSink | undefined;
}

/**
 * Writes the pairs that are to be united. Without verification the documents of a key are a cluster: its first one with each of
 * the others says so.
 */
function writeEdges(
  task: MatchTask,
  operator: DropBarrierOperator | PartBarrierOperator,
  { inputs, partition, options }: Matching,
  matcher: PartitionMatcher,
  sinks: EdgeSinks,
): Omit<MatchMarker, "files"> {
  const verify = operator.verdict === "drop" ? operator.verify : undefined;
  const edges = new EdgeWriter(sinks.verified);
  if (verify === undefined || sinks.candidates === undefined) {
    let [clusters, members, largest] = [0, 0, 0];
    matcher.match(inputs, partition, options, (documents, count) => {
      addStar(edges, documents, count);
      clusters++;
      members += count;
      largest = Math.max(largest, count);
    });
    edges.flush();
    // Of rows that are dropped a partition only knows a part of each cluster.
    return { edges: edges.edges, ...(operator.verdict === "edit" && { clusters: { clusters, members, largest } }) };
  }
  const candidates = new EdgeWriter(sinks.candidates);
  const files = task.inputs.map(({ file, firstDocument }) => {
    return { file: vouch({ ...file, name: spanFiles.signatures(file.name) }), firstDocument };
  });
  const signatures = new SignatureReader(files, verify.slots);
  const leaders = new Leaders(verify.slots, verify.similar, (document, out, at) => signatures.read(document, out, at));
  try {
    matcher.match(inputs, partition, options, (documents, count) => {
      addStar(candidates, documents, count);
      leaders.match(documents, count, (leader, document) => edges.add(leader, document));
    });
  } finally {
    signatures.close();
  }
  edges.flush();
  candidates.flush();
  return { edges: edges.edges };
}

function addStar(edges: EdgeWriter, documents: Uint32Array, count: number): void {
  for (let i = 1; i < count; i++) edges.add(uint32At(documents, 0), uint32At(documents, i));
}

export function unite(task: UniteTask, context: WorkerContext): UniteMarker {
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const marker =
    group.verdict === "select" || group.verdict === "rank"
      ? uniteOrdered(task, group, folder)
      : group.stage.exchange?.in_order === true
        ? uniteInOrder(task, group, context)
        : uniteClusters(task, group, context);
  commitMarker(join(folder, matchFiles.united), marker);
  return marker;
}

function uniteOrdered({ documents }: UniteTask, group: MatchGroup, folder: string): UniteMarker {
  const { exchange } = group.stage;
  const ordered = filesNamed(group, folder, matchFiles.ordered);
  if (exchange?.verdict === "rank") {
    const bins = rankDocuments(documents, ordered, exchange.bins);
    return { files: [commitWords(join(folder, matchFiles.bins), bins)], documents, duplicates: 0 };
  }
  if (exchange?.verdict !== "select") throw new Error(`${group.stage.id} puts nothing in order`);
  const roots = selectStretch(documents, ordered, exchange);
  return { files: [commitWords(join(folder, matchFiles.roots), roots)], documents, duplicates: fallen(roots) };
}

/** Every document stays or falls by itself: the barrier knows no clusters. */
function uniteInOrder({ documents, firsts }: UniteTask, group: MatchGroup, context: WorkerContext): UniteMarker {
  const folder = context.layout.match(group.fingerprint);
  const roots = selectStretch(documents, filesNamed(group, folder, matchFiles.ordered), { count: 0 });
  const files = [commitWords(join(folder, matchFiles.roots), roots)];
  const figures = { documents, duplicates: fallen(roots) };
  if (group.verdict === "edit") return { files, ...figures };
  const sizes = roots.map((root, document) => Number(root === document));
  return {
    files: [...files, commitWords(join(folder, matchFiles.sizes), sizes)],
    ...figures,
    chain_depth: 0,
    members: memberFigures(group, firsts, roots, context),
    clusters: clusterFigures(sizes),
  };
}

function uniteClusters({ documents, firsts }: UniteTask, group: MatchGroup, context: WorkerContext): UniteMarker {
  const folder = context.layout.match(group.fingerprint);
  const operator = context.operator(group.stage) as BarrierOperator;
  let candidates: number | undefined;
  if (isVerified(operator)) {
    candidates = fallen(uniteEdges(documents, readEdges(filesNamed(group, folder, matchFiles.candidates))));
  }
  const edges = filesNamed(group, folder, matchFiles.edges);
  const roots = uniteEdges(documents, readEdges(edges));
  const found = { documents, duplicates: fallen(roots) };
  // Nobody asks how large clusters of parts are: those of one partition are counted where they are matched.
  if (group.verdict === "edit") return { files: [commitWords(join(folder, matchFiles.roots), roots)], ...found };
  const figures = {
    ...found,
    ...(candidates !== undefined && { candidates }),
    chain_depth: chainDepth(roots, () => readEdges(edges)),
  };
  if (electionOf(group) !== undefined) {
    const sizes = rootsToSizes(roots.slice());
    const { words, parts } = clusterMembers(roots, sizes, ELECTION_WORDS);
    return { files: [commitWords(join(folder, matchFiles.members), words)], ...figures, parts };
  }
  const members = memberFigures(group, firsts, roots, context);
  const files = [commitWords(join(folder, matchFiles.roots), roots)];
  // On disk the roots are safe: their memory becomes that of the sizes.
  const sizes = rootsToSizes(roots);
  return {
    files: [...files, commitWords(join(folder, matchFiles.sizes), sizes)],
    ...figures,
    members,
    clusters: clusterFigures(sizes),
  };
}

function filesNamed(group: MatchGroup, folder: string, name: (partition: number) => string): readonly Vouched[] {
  return Array.from({ length: group.partitions }, (_, partition) =>
    vouchers(folder, matchFiles.marker(partition))(name(partition)),
  );
}

/** Documents that do not survive. */
function fallen(roots: Uint32Array): number {
  let count = 0;
  for (let document = 0; document < roots.length; document++) count += Number(roots[document] !== document);
  return count;
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

export function commitWords(target: string, words: Uint32Array): VouchedFile {
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
