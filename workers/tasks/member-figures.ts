/**
 * What a barrier takes of each source of its group: rows that it saw, by the markers of its passes, and those that fall.
 *
 * Rows that an earlier barrier takes are among those that this one saw, since they were sketched before anybody knew. Memory: one marker of a span at a time.
 */
import { entryAt } from "../../batch/entry.ts";
import { barrierAt, type MatchGroup, sourceAt } from "../../plan/plan.ts";
import type { WorkerContext } from "../context.ts";
import { MarkerPlaces } from "../marker-places.ts";
import type { VerdictFigures } from "../protocol.ts";
import { readMarkerOf } from "../store-markers.ts";

/** `firsts` are the numbers of the members' first documents. */
export function memberFigures(
  group: MatchGroup,
  firsts: readonly number[],
  roots: Uint32Array,
  { plan, layout }: WorkerContext,
): NonNullable<VerdictFigures["members"]> {
  const places = new MarkerPlaces(plan, layout);
  return group.members.map(({ source, barrier }, member) => {
    const { pass, stage } = barrierAt(plan, source, barrier);
    const { id } = entryAt(sourceAt(plan, source).stages, stage, "stage");
    const spans = readMarkerOf(places.cut(source))?.spans.length ?? 0;
    let rows = 0;
    for (let span = 0; span < spans; span++) {
      const stages = readMarkerOf(places.ingest(source, pass, span))?.stages ?? [];
      rows += stages.find((counts) => counts.id === id)?.rows_in ?? 0;
    }
    const end = firsts[member + 1] ?? roots.length;
    let dropped = 0;
    for (let document = entryAt(firsts, member, "member"); document < end; document++) {
      dropped += Number(roots[document] !== document);
    }
    return { rows, dropped };
  });
}
