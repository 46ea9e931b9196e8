/**
 * Do the counts of rows in the manifests, or where there are none in the seals of sources, follow from what was recorded row by row? Markers and ledgers of spans, ledgers of duplicates.
 *
 * Invariant: every dropped row stands in a ledger once, and what a span kept in its table of documents. What has been removed from the store
 * is not missed: a note says what was not counted. Price: one pass over ledgers and tables.
 */

import fs from "node:fs";
import { join } from "node:path";
import { int32Values, utf8String } from "../batch/column.ts";
import { addCount, entryAt, ownOf } from "../batch/entry.ts";
import { ShardmillError } from "../batch/errors.ts";
import { exactly } from "../batch/plural.ts";
import { decodeArrow } from "../io/formats/arrow-table.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import type { TokenizerGuard, TrainingStageManifest } from "../manifests/schema.ts";
import type { Finding } from "../manifests/verify.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import type { SourcePlan } from "../plan/plan.ts";
import { mergeTokenChecks, tokenChecks } from "../stages/tokenize/token-check.ts";
import { spanFiles, tokenFiles } from "../store/layout.ts";
import { markerFacts } from "../store/marker.ts";
import type { IngestMarker, StoreMarker } from "../workers/protocol.ts";
import { recordedSpans } from "../workers/spans.ts";
import { chatFigures } from "./chat-figures.ts";
import { manifestCounts } from "./finish.ts";
import type { OpenRun } from "./status.ts";
import { duplicateLedgers } from "./verify-survivors.ts";

type Counts = TrainingStageManifest["sources"][string]["counts"];
/** By stage id, then by reason. */
type Dropped = Record<string, Record<string, number>>;

/** What a manifest of any kind says of the rows of its sources. */
interface StatedCounts {
  readonly stage: { readonly name: string };
  readonly sources: Readonly<
    Record<string, Pick<TrainingStageManifest["sources"][string], "counts" | "tokenizer_guard" | "chat">>
  >;
}

/** What a manifest says of a source; more than once where a stage reads sub-sources of it. */
function sharesOf(
  { sources }: Pick<StatedCounts, "sources">,
  source: string,
): readonly StatedCounts["sources"][string][] {
  return Object.entries(sources).flatMap(([share, stated]) => (sourceOfShare(share) === source ? [stated] : []));
}

export function accountFindings(run: OpenRun, manifests: readonly StatedCounts[]): Finding[] {
  const findings: Finding[] = [];
  for (const source of run.plan.sources) {
    const stated = manifests.map((manifest) => sharesOf(manifest, source.name)[0]?.counts);
    const counts = stated.find((found) => found !== undefined) ?? sealedCounts(run, source);
    if (counts === undefined) continue;
    for (const finding of sourceFindings(run, source, counts)) findings.push({ ...finding, source: source.name });
    for (const { stage, sources } of manifests) {
      const what = guardProblem(run, source, sharesOf({ sources }, source.name)[0]?.tokenizer_guard);
      if (what === undefined) continue;
      findings.push({
        severity: "error",
        code: "verify/tokenizer-guard",
        stage: stage.name,
        source: source.name,
        what,
      });
    }
    for (const { stage, sources } of manifests) {
      const what = chatProblem(run, source, sharesOf({ sources }, source.name)[0]);
      if (what === undefined) continue;
      findings.push({ severity: "error", code: "verify/chat", stage: stage.name, source: source.name, what });
    }
    for (const { stage, sources } of manifests) {
      const other = sharesOf({ sources }, source.name)[0]?.counts;
      if (other === undefined || canonicalJson(other) === canonicalJson(counts)) continue;
      const what = "counts other rows than another training stage does";
      findings.push({ severity: "error", code: "verify/rows-recorded", stage: stage.name, source: source.name, what });
    }
  }
  return findings;
}

/** What was found out about tokens, against the seal and, where its spans are all there, against them. */
function guardProblem(run: OpenRun, source: SourcePlan, guard: TokenizerGuard | undefined): string | undefined {
  const seal = markerFacts<StoreMarker>(run.layout.tokens(source.tokens), tokenFiles.storeMarker);
  if (seal === undefined || guard === undefined) return undefined;
  if (canonicalJson(seal.tokenizer_guard ?? null) !== canonicalJson(guard))
    return "has another tokenizer guard in the manifest than in the seal of its store";
  const folder = run.layout.ingest(source.ingest);
  const spans = recordedSpans(run.layout.ingest(entryAt(source.passes, 0, "pass").fingerprint));
  const states = spans?.map((_, span) => {
    const stages = markerFacts<IngestMarker>(folder, spanFiles.marker(span))?.stages;
    return stages?.find(({ id }) => id === source.stages.at(-1)?.id)?.state;
  });
  if (states === undefined || states.length === 0 || states.includes(undefined)) return undefined;
  const { round_trip } = tokenChecks(mergeTokenChecks(states.filter((state) => state !== undefined)));
  return canonicalJson(round_trip) === canonicalJson(guard.round_trip)
    ? undefined
    : "has another round trip in the manifest than its spans sampled";
}

/** What is said of conversations, against the seal, which verify-outputs.ts holds to the rows. */
function chatProblem(
  { layout }: OpenRun,
  source: SourcePlan,
  stated: Pick<TrainingStageManifest["sources"][string], "chat"> | undefined,
): string | undefined {
  const seal = markerFacts<StoreMarker>(layout.tokens(source.tokens), tokenFiles.storeMarker);
  if (seal === undefined || stated === undefined) return undefined;
  return canonicalJson(chatFigures(seal.counts) ?? null) === canonicalJson(stated.chat ?? null)
    ? undefined
    : "has other figures of conversations in the manifest than in the seal of its store";
}

/** What outputs are told of, and manifests where there are some. */
function sealedCounts({ layout }: OpenRun, source: SourcePlan): Counts | undefined {
  const marker = markerFacts<StoreMarker>(layout.tokens(source.tokens), tokenFiles.storeMarker);
  return marker && manifestCounts(marker.counts);
}

function sourceFindings({ layout }: OpenRun, source: SourcePlan, counts: Counts): Finding[] {
  const spans = recordedSpans(layout.ingest(entryAt(source.passes, 0, "pass").fingerprint));
  const passes = source.passes.map(({ fingerprint }) => {
    const folder = layout.ingest(fingerprint);
    return { folder, markers: spans?.map((_, span) => markerFacts<IngestMarker>(folder, spanFiles.marker(span))) };
  });
  if (passes.some(({ markers }) => markers === undefined || markers.includes(undefined))) {
    const what = "is not counted again: its spans are not in the store any more, or damaged";
    return [{ severity: "note", code: "verify/not-counted", what }];
  }
  const tally = new Recount(source);
  const findings: Finding[] = [];
  const attempt = (name: string, count: () => string | undefined): void => {
    const what = asProblem(count);
    if (what !== undefined) findings.push({ severity: "error", code: "verify/rows-recorded", file: name, what });
  };
  passes.forEach(({ folder, markers }, pass) => {
    markers?.forEach((marker, span) => {
      if (marker === undefined) return;
      attempt(spanFiles.ledger(span), () => tally.span(pass, marker, readTable(folder, spanFiles.ledger(span))));
      // Stores of earlier versions have no such ledger.
      if (marker.files.some(({ name }) => name === spanFiles.problems(span))) {
        attempt(spanFiles.problems(span), () => problemsMisfit(marker, folder, spanFiles.problems(span)));
      }
      if (pass < passes.length - 1) return;
      attempt(spanFiles.documents(span), () => {
        const { rows } = readTable(folder, spanFiles.documents(span));
        return rows === marker.kept ? undefined : `has ${exactly(rows, "document")}, and the span kept ${marker.kept}`;
      });
    });
  });
  const verdicts = source.tokenized ? layout.tokens(source.tokens) : layout.verdicts(source.verdicts);
  for (const name of duplicateLedgers(verdicts)) {
    attempt(name, () => tally.duplicates(readTable(verdicts, name)));
  }
  // What cannot be read cannot be added up.
  if (findings.length > 0) return findings;
  return [...tally.problems(counts)].map(
    (what): Finding => ({ severity: "error", code: "verify/rows-recorded", what }),
  );
}

/** Rows of a source, counted from what was recorded of each. */
class Recount {
  readonly #source: SourcePlan;
  #rows = 0;
  #kept = 0;
  readonly #errors: Record<string, number> = {};
  readonly #dropped: Dropped;

  constructor(source: SourcePlan) {
    this.#source = source;
    this.#dropped = Object.fromEntries(source.stages.map(({ id }) => [id, {}]));
  }

  /** Why a span's marker and its ledger disagree, or undefined. */
  span(pass: number, marker: IngestMarker, ledger: Table): string | undefined {
    // Later passes meet again what the first one kept.
    if (pass === 0) this.#rows += marker.rows;
    if (pass === this.#source.passes.length - 1) this.#kept += marker.kept;
    for (const [kind, count] of Object.entries(marker.errors)) addCount(this.#errors, kind, count);
    const found: Dropped = Object.fromEntries(marker.stages.map(({ id }) => [id, {}]));
    this.#add(ledger, found);
    const said = Object.fromEntries(marker.stages.map(({ id, dropped }) => [id, dropped]));
    this.#add(ledger, this.#dropped);
    return canonicalJson(found) === canonicalJson(said) ? undefined : "does not hold the rows its span dropped";
  }

  /** Rows that barriers dropped after their span was done. */
  duplicates(ledger: Table): string | undefined {
    const stages = ledger.int("stage");
    for (let row = 0; row < ledger.rows; row++) {
      const stage = this.#source.stages[stages[row] ?? -1];
      const reason = stage?.exchange?.reason;
      if (stage === undefined || reason === undefined) return `names stage ${stages[row]}, which takes no rows`;
      this.#count(this.#dropped, stage.id, reason);
      this.#kept--;
    }
    return undefined;
  }

  *problems(counts: Counts): Generator<string> {
    if (this.#rows !== counts.rows_in)
      yield `its spans met ${exactly(this.#rows, "row")}, and the run says ${counts.rows_in}`;
    const kept = counts.kept + (counts.held_out ?? 0);
    if (this.#kept !== kept) yield `${exactly(this.#kept, "row")} kept, and the run says ${kept}`;
    const differs = (found: unknown, said: unknown): boolean => canonicalJson(found) !== canonicalJson(said);
    if (differs(this.#errors, counts.errors)) yield "its spans met other errors than the run says";
    for (const { id } of this.#source.stages) {
      if (differs(this.#dropped[id], ownOf(counts.dropped, id) ?? {}))
        yield `${id} dropped other rows than the run says`;
    }
  }

  #add(ledger: Table, into: Dropped): void {
    const stages = ledger.int("stage");
    const reasons = ledger.int("reason");
    for (let row = 0; row < ledger.rows; row++) {
      const stage = this.#source.stages[stages[row] ?? -1];
      this.#count(
        into,
        stage?.id ?? `stage ${stages[row]}`,
        stage?.reasons[reasons[row] ?? -1] ?? `reason ${reasons[row]}`,
      );
    }
  }

  #count(into: Dropped, stage: string, reason: string): void {
    const counts = ownOf(into, stage) ?? {};
    into[stage] = counts;
    addCount(counts, reason);
  }
}

/** Why the rows of a ledger of problems are not those that the span's marker counts, or undefined. */
function problemsMisfit({ errors }: IngestMarker, folder: string, name: string): string | undefined {
  const { rows, columns } = decodeArrow(fs.readFileSync(join(folder, name)), name);
  const kinds = columns.get("kind");
  const found: Record<string, number> = {};
  for (let row = 0; row < rows; row++) if (kinds?.kind === "utf8") addCount(found, utf8String(kinds, row));
  return canonicalJson(found) === canonicalJson(errors) ? undefined : "does not hold the rows its span could not use";
}

interface Table {
  readonly rows: number;
  readonly int: (name: string) => Int32Array;
}

function readTable(folder: string, name: string): Table {
  const { rows, columns } = decodeArrow(fs.readFileSync(join(folder, name)), name);
  return { rows, int: (column) => int32Values(columns, column) };
}

/** A file that is not there or not readable is a finding, not a reason to stop. */
function asProblem(count: () => string | undefined): string | undefined {
  try {
    return count();
  } catch (error) {
    if (error instanceof ShardmillError) return error.details.what;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return `cannot be read: ${code}`;
  }
}
