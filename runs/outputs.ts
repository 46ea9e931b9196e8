/**
 * The outputs of a run: files of the store under the names that data sets have, with a data card and a summary.
 *
 * Files are hard links, or copies where links are impossible. Invariant: an output's folder is whole or absent; `output.json` in it names every
 * file with size and sha256, and `verify` reads them all.
 */
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { OUTPUT_SUMMARY, publishFolder } from "../manifests/exports/folder.ts";
import { type CardFacts, dataCard } from "../manifests/outputs/card.ts";
import { type OutputPlan, type Plan, sourceAt } from "../plan/plan.ts";
import { type Layout, outputFiles, runFiles } from "../store/layout.ts";
import type { StoreMarker, WriteMarker } from "../workers/protocol.ts";
import { chatFigures, SHOWN_STATES } from "./chat-figures.ts";

/** What an output has become. */
export interface MadeOutput {
  readonly plan: OutputPlan;
  /** By file. */
  readonly markers: readonly WriteMarker[];
}

export interface OutputsPlace {
  readonly plan: Plan;
  readonly layout: Layout;
  /** The run's folder, or the one that will take its place. */
  readonly folder: string;
}

/** Where an output lies in a run's folder. */
export function outputFolder(folder: string, output: string): string {
  return join(folder, runFiles.outputs, output);
}

/** Writes the folder of every output. `stores` by source. Throws RunError `run/export-folder-taken`, `run/export-failed`. */
export function publishOutputs(
  place: OutputsPlace,
  outputs: readonly MadeOutput[],
  stores: readonly StoreMarker[],
): void {
  for (const output of outputs) publish(place, output, stores);
}

function publish({ plan, layout, folder }: OutputsPlace, output: MadeOutput, stores: readonly StoreMarker[]): void {
  const { name, config, split, fingerprint } = output.plan;
  const below = config === undefined ? "" : `${config}/`;
  const head = { output: name, plan_fingerprint: plan.fingerprint };
  publishFolder(outputFolder(folder, name), OUTPUT_SUMMARY, head, (target) => {
    const total = String(output.markers.length).padStart(5, "0");
    output.markers.forEach(({ files }, shard) => {
      for (const file of files) {
        const extension = outputFiles.extension(file.name);
        const called = `${below}${split}-${String(shard).padStart(5, "0")}-of-${total}.${extension}`;
        const path = outputFiles.isDropped(file.name) ? `dropped/${called}` : called;
        target.link(join(layout.output(fingerprint), file.name), path, file);
      }
    });
    target.text("README.md", dataCard(cardFacts(plan, output, new Map(stores.entries()))));
    return outputSummary(plan, output, new Map(stores.entries()));
  });
}

/** What the summary of an output says of its rows, beside its files. */
export function outputSummary(plan: Plan, output: MadeOutput, stores: ReadonlyMap<number, StoreMarker>) {
  const { config, split } = output.plan;
  const { rows, dropped_rows, text_bytes, columns, ...facts } = cardFacts(plan, output, stores);
  const sources = output.plan.sources.map((source, at) => {
    const requests = requestsOf(plan, source, storeAt(stores, source));
    const edits = editsOf(storeAt(stores, source));
    return {
      ...entryAt(facts.sources, at, "source"),
      ...(requests.length > 0 && { requests }),
      ...(edits.length > 0 && { edits }),
    };
  });
  return { ...(config !== undefined && { config }), split, rows, dropped_rows, text_bytes, columns, sources };
}

/** What barriers cut out of the texts of a source. */
function editsOf({ counts }: StoreMarker) {
  return counts.stages.flatMap(({ id, use, edits }) => (edits === undefined ? [] : [{ id, use, ...edits }]));
}

/** How the stages of a source asked outside, and what it came to: rows cannot be made again without it. */
function requestsOf(plan: Plan, source: number, { counts }: StoreMarker) {
  return sourceAt(plan, source).stages.flatMap(({ id, use, version, kind, options }) => {
    if (kind !== "request") return [];
    const state = counts.stages.find((stage) => stage.id === id)?.state;
    return [{ id, use, version, options, ...(state !== undefined && { state }) }];
  });
}

/** `stores` by source; those of the output's sources at least. */
export function cardFacts(
  plan: Plan,
  { plan: output, markers }: MadeOutput,
  stores: ReadonlyMap<number, StoreMarker>,
): CardFacts {
  const total = (value: (marker: WriteMarker) => number): number =>
    markers.reduce((sum, marker) => sum + value(marker), 0);
  const files = markers.flatMap((marker) => marker.files.filter(({ name }) => !outputFiles.isDropped(name)));
  return {
    run: plan.name,
    output: output.name,
    plan_fingerprint: plan.fingerprint,
    ...(output.config === undefined ? {} : { config: output.config }),
    split: output.split,
    extension: outputFiles.extension(entryAt(files, 0, "file").name),
    files: markers.length,
    rows: total(({ rows }) => rows),
    dropped_rows: total(({ dropped_rows }) => dropped_rows),
    keep_dropped: output.keep_dropped,
    text_bytes: total(({ text_bytes }) => text_bytes),
    file_bytes: total(({ files }) => files.reduce((sum, { size_bytes }) => sum + size_bytes, 0)),
    columns: output.columns,
    sources: output.sources.map((source) => {
      const { name, tokenized } = sourceAt(plan, source);
      const { counts } = storeAt(stores, source);
      const { rows_in, kept, held_out = 0, stages, errors, tokens } = counts;
      const chat = chatFigures(counts);
      const found = stages.flatMap(({ id, use, state }) => {
        return state !== undefined && SHOWN_STATES.has(use) ? [{ id, use, state }] : [];
      });
      return {
        name,
        rows_in,
        rows: kept + held_out,
        ...(tokenized && { tokens }),
        ...(chat && { chat }),
        ...(found.length > 0 && { found }),
        dropped: Object.fromEntries(stages.map(({ id, dropped }) => [id, dropped])),
        errors,
      };
    }),
  };
}

function storeAt(stores: ReadonlyMap<number, StoreMarker>, source: number): StoreMarker {
  const store = stores.get(source);
  if (store === undefined) throw new Error(`the store of source ${source} is not there`);
  return store;
}
