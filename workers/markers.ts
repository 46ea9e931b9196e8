/**
 * What tasks have left, as those see it who decide what is to be done: facts out of markers, and which files are there.
 *
 * Invariant: looking changes nothing. What is looked up is a snapshot: it may be behind what other processes have done since, never ahead.
 */
import type { IngestMarker, MarkerOf, Task } from "./protocol.ts";

export type TaskKind = Task["kind"];

/** Where the marker of a task lies. */
export interface MarkerPlace<Kind extends TaskKind = TaskKind> {
  readonly kind: Kind;
  readonly folder: string;
  readonly name: string;
}

/** The part of a span's marker that numbers and sizes later tasks: there may be a hundred thousand of them in memory. */
export type IngestFacts = Pick<
  IngestMarker,
  "documents" | "parts" | "extents" | "errors" | "problems" | "kept" | "text_bytes" | "column_bytes" | "tokens"
>;

export type FactsOf<Kind extends TaskKind> = Kind extends "ingest" ? IngestFacts : MarkerOf[Kind];

export interface Markers {
  /** What a marker says, whether or not files it names are still there; undefined where it is absent or damaged. */
  readonly facts: <Kind extends TaskKind>(place: MarkerPlace<Kind>) => FactsOf<Kind> | undefined;
  /** Whether a marker is there with all files it names, each of the size it says. */
  readonly whole: (place: MarkerPlace) => boolean;
  /** Whether a file is there. */
  readonly has: (folder: string, name: string) => boolean;
}

export function ingestFacts(marker: IngestMarker): IngestFacts {
  const { documents, parts, extents, errors, problems, kept, text_bytes, column_bytes, tokens } = marker;
  const facts = { documents, parts, extents, errors, problems, kept, text_bytes, tokens };
  return column_bytes === undefined ? facts : { ...facts, column_bytes };
}
