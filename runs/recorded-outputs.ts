/** What the markers in the store say of outputs: their files and what their sources came to. */
import type { OutputPlan } from "../plan/plan.ts";
import { markerFacts } from "../store/marker.ts";
import type { MarkerPlaces } from "../workers/marker-places.ts";
import type { MarkerPlace, TaskKind } from "../workers/markers.ts";
import type { MarkerOf, StoreMarker } from "../workers/protocol.ts";
import type { MadeOutput } from "./outputs.ts";

export interface RecordedOutput {
  readonly made: MadeOutput;
  /** By source; those of the output's sources. */
  readonly stores: ReadonlyMap<number, StoreMarker>;
}

/** `index` is the output's in the plan. Undefined where markers of its files or its sources are not in the store, or damaged. */
export function recordedOutput(places: MarkerPlaces, index: number, output: OutputPlan): RecordedOutput | undefined {
  const markers = allOf((shard) => places.write(index, shard));
  const stores = new Map<number, StoreMarker>();
  for (const source of output.sources) {
    const store = factsAt(places.seal(source));
    if (store !== undefined) stores.set(source, store);
  }
  if (markers.length === 0 || stores.size < output.sources.length) return undefined;
  return { made: { plan: output, markers }, stores };
}

export function factsAt<Kind extends TaskKind>({ folder, name }: MarkerPlace<Kind>): MarkerOf[Kind] | undefined {
  return markerFacts<MarkerOf[Kind]>(folder, name);
}

/** The markers of numbered tasks, up to the first that is not there. */
export function allOf<Kind extends TaskKind>(placeOf: (number: number) => MarkerPlace<Kind>): MarkerOf[Kind][] {
  const found: MarkerOf[Kind][] = [];
  for (;;) {
    const marker = factsAt(placeOf(found.length));
    if (marker === undefined) return found;
    found.push(marker);
  }
}
