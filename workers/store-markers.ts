/**
 * Markers as they lie on disk: a snapshot that is filled as it is asked.
 *
 * A folder is listed once, a marker read once and kept as facts; what an engine is told of is added. Invariant: nothing is written or removed.
 * Price: 100 bytes a file name, some hundred bytes a span.
 */
import fs from "node:fs";
import { entryAt } from "../batch/entry.ts";
import type { ShardRef } from "../io/source.ts";
import type { Plan, SourcePlan } from "../plan/plan.ts";
import { type Layout, tokenFiles } from "../store/layout.ts";
import { markerFacts, readMarker } from "../store/marker.ts";
import { type FactsOf, ingestFacts, type MarkerPlace, type Markers, type TaskKind } from "./markers.ts";
import type { CutMarker, IngestMarker, MarkerOf } from "./protocol.ts";
import { coverProblem } from "./spans.ts";

interface Known {
  /** Undefined where the marker is absent or damaged. */
  readonly facts: FactsOf<TaskKind> | undefined;
  whole: boolean | undefined;
}

export class StoreMarkers implements Markers {
  readonly #known = new Map<string, Map<string, Known>>();
  readonly #listings = new Map<string, Set<string>>();
  /** What cuts have to cover, by their folder. */
  readonly #shards: ReadonlyMap<string, readonly ShardRef[]>;
  /** Where what is held out of a token store lies, by the store's folder. */
  readonly #validation: ReadonlyMap<string, string>;

  constructor({ sources }: Plan, layout: Layout) {
    const cutIn = ({ passes }: SourcePlan): string => layout.ingest(entryAt(passes, 0, "pass").fingerprint);
    this.#shards = new Map(sources.map((source) => [cutIn(source), source.shards]));
    this.#validation = new Map(sources.map(({ tokens }) => [layout.tokens(tokens), layout.validation(tokens)]));
  }

  readonly facts = <Kind extends TaskKind>(place: MarkerPlace<Kind>): FactsOf<Kind> | undefined =>
    this.#look(place).facts as FactsOf<Kind> | undefined;

  readonly whole = (place: MarkerPlace): boolean => {
    const known = this.#look(place);
    if (known.facts === undefined) return false;
    known.whole ??= readMarker(place.folder, place.name).state === "done" && this.#hasHeldOut(place);
    return known.whole === true;
  };

  readonly has = (folder: string, name: string): boolean => {
    const damaged = this.#known.get(folder)?.get(name);
    if (damaged !== undefined && damaged.facts === undefined) return false;
    return this.#listing(folder).has(name);
  };

  /** Takes in what a task has left, as its engine says. */
  add<Kind extends TaskKind>(place: MarkerPlace<Kind>, marker: MarkerOf[Kind]): void {
    this.#folder(place.folder).set(place.name, { facts: factsOf(place, marker), whole: true });
    const listing = this.#listing(place.folder);
    listing.add(place.name);
    for (const { name } of marker.files) listing.add(name);
  }

  /** Takes in that a file was removed. */
  remove(folder: string, name: string): void {
    this.#listings.get(folder)?.delete(name);
    this.#known.get(folder)?.delete(name);
  }

  /** Looks at a folder anew. */
  forget(folder: string): void {
    this.#known.delete(folder);
    this.#listings.delete(folder);
  }

  #look<Kind extends TaskKind>(place: MarkerPlace<Kind>): Known {
    const folder = this.#folder(place.folder);
    const known = folder.get(place.name);
    if (known !== undefined) return known;
    const marker = this.#listing(place.folder).has(place.name) ? this.#read(place) : undefined;
    const read: Known = { facts: marker && factsOf(place, marker), whole: undefined };
    folder.set(place.name, read);
    return read;
  }

  #read<Kind extends TaskKind>(place: MarkerPlace<Kind>): MarkerOf[Kind] | undefined {
    const marker = readMarkerOf(place);
    if (place.kind !== "cut" || marker === undefined) return marker;
    const shards = this.#shards.get(place.folder) ?? [];
    return coverProblem((marker as CutMarker).spans, shards) === undefined ? marker : undefined;
  }

  /** A seal speaks for two folders, and names the files of one. */
  #hasHeldOut(place: MarkerPlace): boolean {
    const folder = this.#validation.get(place.folder);
    if (place.kind !== "seal" || folder === undefined) return true;
    const { validation } = this.#look(place).facts as FactsOf<"seal">;
    const shards = validation?.shards ?? [];
    return shards.every((_, shard) => readMarker(folder, tokenFiles.shardMarker(shard)).state === "done");
  }

  #folder(folder: string): Map<string, Known> {
    const known = this.#known.get(folder) ?? new Map<string, Known>();
    this.#known.set(folder, known);
    return known;
  }

  #listing(folder: string): Set<string> {
    let listing = this.#listings.get(folder);
    if (listing === undefined) {
      listing = new Set(fs.existsSync(folder) ? fs.readdirSync(folder) : []);
      this.#listings.set(folder, listing);
    }
    return listing;
  }
}

function factsOf<Kind extends TaskKind>(place: MarkerPlace<Kind>, marker: MarkerOf[Kind]): FactsOf<TaskKind> {
  return place.kind === "ingest" ? ingestFacts(marker as IngestMarker) : (marker as FactsOf<TaskKind>);
}

/** A marker by itself; undefined where it is absent or damaged. */
export function readMarkerOf<Kind extends TaskKind>({ folder, name }: MarkerPlace<Kind>): MarkerOf[Kind] | undefined {
  return markerFacts<MarkerOf[Kind]>(folder, name);
}
