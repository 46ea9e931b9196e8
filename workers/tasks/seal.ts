/**
 * The seal of a source: the counts of all its tasks added up, and the marker that says that its store is whole.
 *
 * Invariant: every row that was met was kept, held out, dropped for a reason or counted as an error, pass by pass and over the whole road, or
 * there is no seal. Memory: one marker of a span at a time.
 */

import { join } from "node:path";
import { addCount, entryAt } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { numberAt } from "../../batch/numbers.ts";
import { commitMarker } from "../../io/local/commit.ts";
import { damagedStore, type VouchedFile } from "../../io/local/vouched.ts";
import { mergeRuleValues, type RuleValues } from "../../kernels/statistics/rule-values.ts";
import { requireTokenizerGates } from "../../manifests/gates.ts";
import { requireLintGates } from "../../manifests/lint-gates.ts";
import { droppingBarriers, groupAt, type Plan, type PlannedStage, type SourcePlan, sourceAt } from "../../plan/plan.ts";
import type { StageState } from "../../stages/define.ts";
import { tokenFiles } from "../../store/layout.ts";
import { readSealed } from "../../store/marker.ts";
import type { WorkerContext } from "../context.ts";
import { MarkerPlaces } from "../marker-places.ts";
import type { MarkerPlace, TaskKind } from "../markers.ts";
import type {
  ClusterCounts,
  CutCounts,
  HeldOutStore,
  IngestMarker,
  MarkerOf,
  Problem,
  RowFigures,
  ScatterMarker,
  SealTask,
  SourceCounts,
  StoreMarker,
} from "../protocol.ts";

import { guardOf } from "./guard.ts";
import { FigureSums, figureColumns } from "./span-figures.ts";

const NOTHING_CUT: CutCounts = { rows: 0, pieces: 0, bytes: 0, longest_bytes: 0, emptied: 0 };
/** Problems kept as examples; all are counted. */
const PROBLEM_EXAMPLES = 20;

export function seal(task: SealTask, context: WorkerContext): StoreMarker {
  const source = sourceAt(context.plan, task.source);
  const places = new MarkerPlaces(context.plan, context.layout);
  const spans = required(places.cut(task.source)).spans.length;
  const counts = new Counts(source);
  for (const pass of source.passes.keys()) {
    for (let span = 0; span < spans; span++) counts.add(pass, required(places.ingest(task.source, pass, span)));
  }
  for (const [stage, found] of foundByEdits(source, places, context.plan)) counts.clusters(stage, found);
  const parts = numbers(task.scattered).map((part) => required(places.scatter(task.source, part)));
  const settled = numbers(task.settled).map((part) => required(places.settle(task.source, part)));
  const shards = numbers(task.shards).map((shard) => required(places.gather(task.source, shard, false)));
  const validation: HeldOutStore | undefined = task.held_out && {
    share: task.held_out.share,
    shards: numbers(task.held_out.shards).map((shard) => required(places.gather(task.source, shard, true))),
  };
  if (task.scattered !== undefined) counts.settle(parts);
  else if (task.settled !== undefined) counts.settle(settled);
  if (task.scattered !== undefined && task.settled !== undefined) checkVerdicts(source, parts, settled);
  const survivors = settled.flatMap((marker) => marker.spans);
  const left =
    task.scattered !== undefined
      ? {
          kept: total(shards.map(({ documents }) => documents)),
          ...(validation && { held_out: total(validation.shards.map(({ documents }) => documents)) }),
          tokens: total(shards.map(({ tokens }) => tokens)),
          text_bytes: total(shards.map(({ text_bytes }) => text_bytes)),
        }
      : task.settled !== undefined
        ? {
            kept: total(survivors.map((span) => span.survivors)),
            tokens: 0,
            text_bytes: total(survivors.map(({ text_bytes }) => text_bytes)),
          }
        : { ...counts.left(), tokens: 0 };
  const sourceCounts = counts.of(left, (stage, states) => context.mergeStates(stage, states));
  requireLintGates(source.name, sourceCounts.stages, context.plan.recipe.gates.lint ?? {});
  const guard = source.tokenized ? guardOf(source, shards, sourceCounts, counts.left().kept, context) : undefined;
  if (guard !== undefined) requireTokenizerGates(source.name, guard, context.plan.recipe.tokenizer?.gates ?? {});
  const marker: StoreMarker = {
    // Markers of scattered parts go with them, and somebody has to vouch for the ledgers.
    files: [...shards.flatMap(({ files }) => files), ...parts.flatMap(({ files }) => files.filter(isLedger))],
    shards,
    ...(validation && { validation }),
    counts: sourceCounts,
    ...(guard && { tokenizer_guard: guard }),
  };
  checkAccounting(source, marker.counts);
  commitMarker(join(context.layout.tokens(source.tokens), tokenFiles.storeMarker), marker);
  return marker;
}

/** Throws RunError `store/damaged` for a marker that is not there, or not as it was written. */
function required<Kind extends TaskKind>({ folder, name }: MarkerPlace<Kind>): MarkerOf[Kind] {
  const read = readSealed<MarkerOf[Kind]>(folder, name);
  if (read.state === "done") return read.marker;
  throw damagedStore({ folder, marker: name }, read.state === "absent" ? "is gone" : read.what);
}

function isLedger({ name }: VouchedFile): boolean {
  return tokenFiles.isDuplicates(name);
}

function numbers(count: number | undefined): readonly number[] {
  return Array.from({ length: count ?? 0 }, (_, index) => index);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** What stands together in the groups of the source's editing barriers, by stage. A group may have other sources too. */
function foundByEdits(source: SourcePlan, places: MarkerPlaces, plan: Plan): Map<number, ClusterCounts> {
  const found = new Map<number, ClusterCounts>();
  for (const { stage, group, verdict } of source.barriers) {
    if (verdict !== "edit") continue;
    let [clusters, members, largest] = [0, 0, 0];
    for (const partition of numbers(groupAt(plan, group).partitions)) {
      const counts = required(places.match(group, partition)).clusters;
      clusters += counts?.clusters ?? 0;
      members += counts?.members ?? 0;
      largest = Math.max(largest, counts?.largest ?? 0);
    }
    found.set(stage, { clusters, members, largest });
  }
  return found;
}

/** What scattering and settling say of the rows of a part. */
type Verdicts = Pick<ScatterMarker, "duplicates" | "figures">;

function sumOf(source: SourcePlan, parts: readonly (RowFigures | undefined)[]): RowFigures | undefined {
  const sums = new FigureSums(figureColumns(source));
  for (const part of parts) sums.addPart(part);
  return sums.finish().figures;
}

interface PassCounts {
  rows: number;
  kept: number;
  text_bytes: number;
}

interface StageTotals {
  readonly plan: PlannedStage;
  rows_in: number;
  /** Undefined once a span does not tell. */
  bytes_in: number | undefined;
  readonly dropped: Record<string, number>;
  readonly states: StageState[];
  readonly measured: (readonly RuleValues[])[];
  /** Of a barrier that edits. */
  cut?: CutCounts;
  clusters?: ClusterCounts;
}

/** Counts of the passes and stages of a source. */
class Counts {
  readonly #source: SourcePlan;
  readonly #passes: readonly PassCounts[];
  readonly #stages: readonly StageTotals[];
  /** What the last pass says of its rows, or those who know what became of them. */
  #figures: (RowFigures | undefined)[] = [];
  readonly #errors: Record<string, number> = {};
  readonly #problems: Problem[] = [];

  constructor(source: SourcePlan) {
    this.#source = source;
    this.#passes = source.passes.map(() => ({ rows: 0, kept: 0, text_bytes: 0 }));
    this.#stages = source.stages.map((plan) => ({
      plan,
      rows_in: 0,
      bytes_in: 0,
      dropped: {},
      states: [],
      measured: [],
    }));
  }

  add(pass: number, marker: IngestMarker): void {
    const counts = entryAt(this.#passes, pass, "pass");
    counts.rows += marker.rows;
    counts.kept += marker.kept;
    counts.text_bytes += marker.text_bytes;
    if (pass === this.#passes.length - 1) this.#figures.push(marker.figures);
    addTo(this.#errors, marker.errors);
    for (const problem of marker.problems) if (this.#problems.length < PROBLEM_EXAMPLES) this.#problems.push(problem);
    if (marker.cut !== undefined) this.#addCut(pass, marker.cut);
    for (const { id, rows_in, bytes_in, dropped, state, measured } of marker.stages) {
      const stage = this.#stages.find(({ plan }) => plan.id === id);
      if (stage === undefined)
        throw new Error(`a span of ${this.#source.name} counts rows of ${id}, which is not there`);
      stage.rows_in += rows_in;
      stage.bytes_in = addOrUnknown(stage.bytes_in, bytes_in);
      addTo(stage.dropped, dropped);
      if (state !== undefined) stage.states.push(state);
      if (measured !== undefined) stage.measured.push(measured);
    }
  }

  clusters(stage: number, clusters: ClusterCounts): void {
    entryAt(this.#stages, stage, "stage").clusters = clusters;
  }

  /** `parts`: documents that fell to each dropping barrier of the source, in order, and what is counted of those that none took. */
  settle(parts: readonly Verdicts[]): void {
    this.#figures = parts.map(({ figures }) => figures);
    const dropping = droppingBarriers(this.#source);
    dropping.forEach(({ stage }, barrier) => {
      const duplicates = total(parts.map((part) => numberAt(part.duplicates, barrier)));
      const { plan, dropped } = entryAt(this.#stages, stage, "stage");
      const reason = plan.exchange?.reason;
      if (duplicates > 0 && reason !== undefined) addTo(dropped, { [reason]: duplicates });
    });
  }

  /** What the last pass left. */
  left(): Pick<SourceCounts, "kept" | "text_bytes"> {
    const { kept, text_bytes } = entryAt(this.#passes, this.#passes.length - 1, "pass");
    return { kept, text_bytes };
  }

  of(
    left: Pick<SourceCounts, "kept" | "held_out" | "tokens" | "text_bytes">,
    merge: (stage: PlannedStage, states: readonly StageState[]) => StageState,
  ): SourceCounts {
    this.#checkPasses();
    const figures = sumOf(this.#source, this.#figures);
    return {
      rows_in: entryAt(this.#passes, 0, "pass").rows,
      errors: this.#errors,
      problems: this.#problems,
      stages: this.#stages.map(({ plan, rows_in, bytes_in, dropped, states, measured, cut, clusters }) => ({
        id: plan.id,
        use: plan.use,
        rows_in,
        dropped,
        ...(bytes_in === undefined ? {} : { bytes_in }),
        ...(measured.length > 0 && { measured: mergeRuleValues(measured) }),
        ...(states.length > 0 && { state: merge(plan, states) }),
        ...(figures?.[plan.id] && { figures: figures[plan.id] }),
        ...(clusters && { edits: { ...(cut ?? NOTHING_CUT), ...clusters } }),
      })),
      ...left,
    };
  }

  #addCut(pass: number, cut: CutCounts): void {
    const { edits } = entryAt(this.#source.passes, pass, "pass");
    const { stage } = entryAt(this.#source.barriers, edits ?? -1, "barrier");
    const totals = entryAt(this.#stages, stage, "stage");
    const before = totals.cut ?? NOTHING_CUT;
    totals.cut = {
      rows: before.rows + cut.rows,
      pieces: before.pieces + cut.pieces,
      bytes: before.bytes + cut.bytes,
      longest_bytes: Math.max(before.longest_bytes, cut.longest_bytes),
      emptied: before.emptied + cut.emptied,
    };
  }

  /** Every pass meets what the one before it left. */
  #checkPasses(): void {
    this.#passes.forEach(({ kept }, pass) => {
      const next = this.#passes[pass + 1];
      if (next === undefined || next.rows === kept) return;
      throw accounting(
        `${this.#source.name}: pass ${pass + 1} left ${kept} rows, and pass ${pass + 2} met ${next.rows}`,
      );
    });
  }
}

/** A sum is unknown as soon as a part of it is. */
function addOrUnknown(sum: number | undefined, part: number | undefined): number | undefined {
  return sum === undefined || part === undefined ? undefined : sum + part;
}

function addTo(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(counts)) addCount(sums, key, count);
}

/** A source that is tokenized and taken by an output has its verdicts twice; they are the same. */
function checkVerdicts(source: SourcePlan, scattered: readonly Verdicts[], settled: readonly Verdicts[]): void {
  const { name } = source;
  const sums = (parts: readonly Verdicts[]): string =>
    (parts[0]?.duplicates ?? [])
      .map((_, barrier) => total(parts.map(({ duplicates }) => numberAt(duplicates, barrier))))
      .join(", ");
  if (sums(scattered) !== sums(settled))
    throw accounting(`${name}: ${sums(scattered)} duplicates fell for its store, and ${sums(settled)} for its outputs`);
  const figures = (parts: readonly Verdicts[]): string =>
    JSON.stringify(
      sumOf(
        source,
        parts.map(({ figures }) => figures),
      ),
    );
  if (figures(scattered) !== figures(settled))
    throw accounting(
      `${name}: ${figures(scattered)} is counted of its store's rows, and ${figures(settled)} of its outputs'`,
    );
}

/** Rows in = kept + dropped + errors, or the run is worth nothing. */
function checkAccounting({ name }: SourcePlan, counts: SourceCounts): void {
  const { rows_in, kept, held_out = 0 } = counts;
  const dropped = total(counts.stages.map((stage) => total(Object.values(stage.dropped))));
  const errors = total(Object.values(counts.errors));
  const found = kept + held_out + dropped + errors;
  if (rows_in === found) return;
  throw accounting(
    `${name}: ${rows_in} rows in, but ${kept} kept + ${held_out} held out + ${dropped} dropped + ${errors} errors = ${found}`,
  );
}

function accounting(what: string): RunError {
  return new RunError({
    code: "run/accounting",
    what,
    why: "a row went missing or was counted twice, so no figure of this run could be trusted",
    fix: "this is a bug: please report it with the recipe",
  });
}
