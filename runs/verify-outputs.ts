/**
 * Do the figures of an output, in its summary, on its card and in the markers it was put together from, follow from what was recorded row by row?
 *
 * Rows, bytes and what stages counted of rows are added up by verify-survivors.ts, also of sources that only training stages read and whose rows a stage
 * counted; that drops by reason are those of the ledgers is verify-accounts.ts's. What cannot be read is a finding of verify-store.ts. Price: one pass over tables and fates.
 */

import fs from "node:fs";
import { join } from "node:path";
import { exactly } from "../batch/plural.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import { OUTPUT_SUMMARY, readSummary } from "../manifests/exports/folder.ts";
import { dataCard } from "../manifests/outputs/card.ts";
import type { Finding } from "../manifests/verify.ts";
import { type Plan, sourceAt } from "../plan/plan.ts";
import { MarkerPlaces } from "../workers/marker-places.ts";
import type { StoreMarker } from "../workers/protocol.ts";
import { figureColumns } from "../workers/tasks/span-figures.ts";
import { cardFacts, type MadeOutput, outputFolder, outputSummary } from "./outputs.ts";
import { factsAt, recordedOutput } from "./recorded-outputs.ts";
import type { OpenRun } from "./status.ts";
import { countSurvivors, type Survivors } from "./verify-survivors.ts";

const CODE = "verify/output-counts";
const CARD = "README.md";
const NOT_COUNTED = "is not counted: markers of its files or its sources are not in the store, or damaged";

/** `folder` is the run's. */
export function outputFindings({ plan, layout }: OpenRun, folder: string): Finding[] {
  const places = new MarkerPlaces(plan, layout);
  const stores = plan.sources.map((_, source) => factsAt(places.seal(source)));
  const surviving = new Map<number, Survivors | undefined>();
  const findings: Finding[] = [];
  for (const source of counted(plan)) {
    const { name } = sourceAt(plan, source);
    const report = (what: string): void => {
      findings.push({ severity: "error", code: CODE, source: name, what });
    };
    surviving.set(source, countSurvivors({ plan, layout }, source, report));
    const store = stores[source];
    if (store !== undefined)
      for (const what of sealProblems(places, source, store, surviving.get(source))) report(what);
  }
  for (const [index, output] of plan.outputs.entries()) {
    const recorded = recordedOutput(places, index, output);
    const problems =
      recorded === undefined
        ? [NOT_COUNTED]
        : [
            ...publishedProblems({ plan, layout }, folder, recorded.made, recorded.stores),
            ...rowProblems(recorded.made, recorded.stores, surviving),
          ];
    for (const what of problems) findings.push({ severity: "error", code: CODE, file: output.name, what });
  }
  return findings;
}

/** Sources of outputs, and those of training stages alone of whose rows stages counted something. */
function counted({ outputs, sources }: Plan): ReadonlySet<number> {
  const figured = sources.flatMap((source, index) => (figureColumns(source).length > 0 ? [index] : []));
  return new Set([...outputs.flatMap(({ sources: members }) => members), ...figured]);
}

/** What people are told, against markers. A summary that is not there, or of another plan, is a finding of exports/verify.ts. */
export function* publishedProblems(
  { plan }: OpenRun,
  run: string,
  made: MadeOutput,
  stores: ReadonlyMap<number, StoreMarker>,
): Generator<string> {
  const folder = outputFolder(run, made.plan.name);
  const expected: Readonly<Record<string, unknown>> = outputSummary(plan, made, stores);
  const summary = readSummary(folder, OUTPUT_SUMMARY);
  if (summary === undefined) {
    if (!fs.existsSync(folder)) yield "is not there: run the recipe again";
    return;
  }
  if (summary.plan_fingerprint !== plan.fingerprint) return;
  for (const key of ["config", "split", "rows", "dropped_rows", "text_bytes", "columns", "sources"] as const) {
    const [said, found] = [canonicalJson(summary[key] ?? null), canonicalJson(expected[key] ?? null)];
    if (said !== found) yield `${OUTPUT_SUMMARY} says ${key} ${said}, and what was recorded comes to ${found}`;
  }
  const files = made.markers.flatMap((marker) =>
    marker.files.map(({ size_bytes, sha256 }) => `${size_bytes} ${sha256}`),
  );
  const named = summary.files.filter(({ path }) => path !== CARD).map((file) => `${file.size_bytes} ${file.sha256}`);
  if (canonicalJson(files.sort()) !== canonicalJson(named.sort()))
    yield `${OUTPUT_SUMMARY} names other files than were written`;
  const card = join(folder, CARD);
  if (fs.existsSync(card) && fs.readFileSync(card, "utf8") !== dataCard(cardFacts(plan, made, stores)))
    yield `${CARD} is not the card that what was recorded comes to`;
}

/** Markers of files, against documents. */
function* rowProblems(
  { plan: output, markers }: MadeOutput,
  stores: ReadonlyMap<number, StoreMarker>,
  surviving: ReadonlyMap<number, Survivors | undefined>,
): Generator<string> {
  const survivors = output.sources.map((source) => surviving.get(source));
  const units = { rows: "row", text_bytes: "byte" } as const;
  for (const key of ["rows", "text_bytes"] as const) {
    const written = total(markers, (marker) => marker[key]);
    const found = total(survivors, (count) => count?.[key] ?? Number.NaN);
    if (!Number.isNaN(found) && written !== found)
      yield `its files hold ${exactly(written, units[key])}, and ${found} survived`;
  }
  const dropped = output.keep_dropped ? total([...stores.values()], droppedRows) : 0;
  const aside = total(markers, ({ dropped_rows }) => dropped_rows);
  if (aside !== dropped) yield `its files hold ${exactly(aside, "dropped row")}, and the run dropped ${dropped}`;
}

/** What is said of a source, against its documents and, where it is tokenized, the shards of its store. */
function* sealProblems(
  places: MarkerPlaces,
  source: number,
  { counts, shards }: StoreMarker,
  survivors: Survivors | undefined,
): Generator<string> {
  const rows = counts.kept + (counts.held_out ?? 0);
  if (survivors !== undefined && rows !== survivors.rows)
    yield `${exactly(survivors.rows, "row")} of it survived, and the run says ${rows}`;
  for (const { id, figures } of counts.stages) {
    const found = survivors?.figures?.[id];
    if (found === undefined || canonicalJson(found) === canonicalJson(figures ?? null)) continue;
    yield `${id} counted ${canonicalJson(found)} of the rows that survived, and the run says ${canonicalJson(figures ?? null)}`;
  }
  const gathered = shards.map((_, shard) => factsAt(places.gather(source, shard, false)));
  const sums = {
    tokens: total(gathered, (shard) => shard?.tokens ?? Number.NaN),
    text_bytes:
      shards.length > 0
        ? total(gathered, (shard) => shard?.text_bytes ?? Number.NaN)
        : (survivors?.text_bytes ?? Number.NaN),
  };
  const units = { tokens: "token", text_bytes: "byte" } as const;
  for (const key of ["tokens", "text_bytes"] as const) {
    if (Number.isNaN(sums[key]) || counts[key] === sums[key]) continue;
    yield `what was recorded comes to ${exactly(sums[key], units[key])}, and the run says ${counts[key]}`;
  }
}

function droppedRows({ counts }: StoreMarker): number {
  return total(counts.stages, ({ dropped }) => total(Object.values(dropped), (count) => count));
}

function total<Value>(values: readonly Value[], figure: (value: Value) => number): number {
  return values.reduce((sum, value) => sum + figure(value), 0);
}
