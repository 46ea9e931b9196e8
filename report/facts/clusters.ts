/**
 * What barriers found alike, with the first documents of the largest cluster: the survivor, and some of those that fell for it.
 *
 * Price: the ledgers of duplicates of the sources of a group.
 */
import { entryAt } from "../../batch/entry.ts";
import { groupAt, type Plan } from "../../plan/plan.ts";
import { dedupReport } from "../../runs/dedup-report.ts";
import { Duplicates } from "../../runs/peek/duplicates.ts";
import type { OpenRun } from "../../runs/status.ts";
import { MarkerPlaces } from "../../workers/marker-places.ts";
import { readMarkerOf } from "../../workers/store-markers.ts";
import type { Asked, Texts } from "./texts.ts";
import type { ClusterFacts } from "./types.ts";

/** Documents of the largest cluster that are shown. */
const SHOWN = 4;

/** The clusters of every barrier that drops what is alike; to be called again when texts were read. */
export function clustersOf({ plan, layout }: OpenRun, texts: Texts): () => readonly ClusterFacts[] {
  const places = new MarkerPlaces(plan, layout);
  const found = plan.groups.flatMap((_, group) => {
    const figures = readMarkerOf(places.verdict(group));
    const report = figures && dedupReport(plan, layout, group, figures);
    if (figures === undefined || report === undefined) return [];
    const largest = figures.clusters?.largest[0];
    const members = largest === undefined ? [] : membersOf({ plan, layout }, group, largest.document, texts);
    return [{ report, members }];
  });
  // In the order of sources, as everything on the page.
  const order = plan.sources.map(({ name }) => name);
  const first = ({ report }: (typeof found)[number]): number => order.indexOf(report.sources[0]?.name ?? "");
  found.sort((a, b) => first(a) - first(b));
  return () => found.map(({ report, members }) => ({ ...report, members_shown: members.map((member) => member()) }));
}

function membersOf(run: OpenRun, group: number, survivor: number, texts: Texts): readonly Asked[] {
  const { stage, members } = groupAt(run.plan, group);
  const asked = [survivorOf(run.plan, group, survivor, texts)].filter((row) => row !== undefined);
  for (const { source } of members) {
    const planned = entryAt(run.plan.sources, source, "source");
    const position = planned.stages.findIndex(({ id, use }) => id === stage.id && use === stage.use);
    const duplicates = new Duplicates(run.layout, planned);
    for (const span of texts.spansOf(planned)) {
      for (const taken of duplicates.of(span)) {
        if (asked.length >= SHOWN) return asked;
        if (taken.stage !== position || taken.survivor !== survivor) continue;
        asked.push(texts.inSpan(planned, span, taken.shard, taken.row));
      }
    }
  }
  return asked;
}

/** The row that a document's number in the group stands for; undefined where a span before it is not read. */
function survivorOf(plan: Plan, group: number, document: number, texts: Texts): Asked | undefined {
  let first = 0;
  for (const { source } of groupAt(plan, group).members) {
    const planned = entryAt(plan.sources, source, "source");
    const spans = texts.spansOf(planned);
    const last = spans.at(-1);
    const documents = (last?.firstDocument ?? 0) + (last?.marker.documents ?? 0);
    if (document >= first + documents) {
      first += documents;
      continue;
    }
    const span = spans.findLast(({ firstDocument = 0 }) => firstDocument <= document - first);
    return span && texts.document(planned, span, document - first - (span.firstDocument ?? 0));
  }
  return undefined;
}
