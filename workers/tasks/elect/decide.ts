/**
 * Puts together who was elected in all parts of a group: the survivor of every document, and sizes of clusters.
 *
 * Invariant: a document has one survivor, itself where none was elected in its stead, and a survivor survives; so the order of parts is nothing.
 * Memory: 8 bytes a document.
 */
import { join } from "node:path";
import { uint32At } from "../../../batch/numbers.ts";
import { commitMarker } from "../../../io/local/commit.ts";
import { damagedFile } from "../../../io/local/vouched.ts";
import { clusterFigures, survivorSizes } from "../../../kernels/dedup/cluster-figures.ts";
import { everyDocument } from "../../../kernels/dedup/union-find.ts";
import { groupAt } from "../../../plan/plan.ts";
import { readEdges } from "../../../store/edge-file.ts";
import { matchFiles } from "../../../store/layout.ts";
import { vouchers } from "../../../store/marker.ts";
import type { WorkerContext } from "../../context.ts";
import { MarkerPlaces } from "../../marker-places.ts";
import type { DecideMarker, DecideTask, ElectionCounts } from "../../protocol.ts";
import { readMarkerOf } from "../../store-markers.ts";
import { commitWords } from "../match.ts";
import { memberFigures } from "../member-figures.ts";

export function decide(task: DecideTask, context: WorkerContext): DecideMarker {
  const { documents, firsts, parts } = task;
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const places = new MarkerPlaces(context.plan, context.layout);
  const united = readMarkerOf(places.unite(task.group));
  const roots = everyDocument(documents);
  const counts: ElectionCounts[] = [];
  let duplicates = 0;
  for (let part = 0; part < parts; part++) {
    const file = vouchers(folder, matchFiles.electedMarker(part))(matchFiles.elected(part));
    for (const pairs of readEdges([file])) {
      for (let i = 0; i + 1 < pairs.length; i += 2) {
        const [document, survivor] = [uint32At(pairs, i), uint32At(pairs, i + 1)];
        if (document >= documents || survivor >= documents) throw damagedFile(file, `names a document of ${documents}`);
        roots[document] = survivor;
        duplicates++;
      }
    }
    const marker = readMarkerOf(places.elect(task.group, part));
    if (marker !== undefined) counts.push(marker.counts);
  }
  const members = memberFigures(group, firsts, roots, context);
  const files = [commitWords(join(folder, matchFiles.roots), roots)];
  const sizes = survivorSizes(roots);
  files.push(commitWords(join(folder, matchFiles.sizes), sizes));
  const marker: DecideMarker = {
    files,
    documents,
    duplicates,
    ...(united && { candidates: united.duplicates, chain_depth: united.chain_depth ?? 0 }),
    clusters: clusterFigures(sizes),
    members,
    elections: counts.reduce(sumOf, NO_ROWS),
  };
  commitMarker(join(folder, matchFiles.decided), marker);
  return marker;
}

export const NO_ROWS: ElectionCounts = {
  members: 0,
  absent: 0,
  fallen: 0,
  own_word: 0,
  own_passage: 0,
  own_order: 0,
  repetitive: 0,
  unknown_text: 0,
};

function sumOf(sum: ElectionCounts, counts: ElectionCounts): ElectionCounts {
  const keys = Object.keys(NO_ROWS) as (keyof ElectionCounts)[];
  return Object.fromEntries(keys.map((key) => [key, sum[key] + counts[key]])) as unknown as ElectionCounts;
}
