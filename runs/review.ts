/**
 * What stages found of benchmarks in the rows of a run: every hit, with both texts, and how many there are of each benchmark.
 *
 * Told by the findings that spans left, whatever became of the rows, so that a first look with `drop: false` and a run that dropped can be reviewed alike; of a run under way there is
 * what was read so far. Invariant: hits come in order of sources, spans and rows. Price: the findings, the side tables of spans that have some, and the ledgers of duplicates of a source that has; no input is read.
 */
import { entryAt } from "../batch/entry.ts";
import { RunError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import type { SourcePlan } from "../plan/plan.ts";
import { isRecord } from "../plan/recipe/overrides.ts";
import { type Layout, spanFiles } from "../store/layout.ts";
import { markerFacts } from "../store/marker.ts";
import { once } from "../workers/frontier/phase.ts";
import type { IngestMarker } from "../workers/protocol.ts";
import type { Fate } from "./peek/document.ts";
import { type SourceVerdicts, SpanFates, sourceVerdicts } from "./peek/fates.ts";
import { addressOf, ingestedSpans, type ReadSpan } from "./peek/spans.ts";
import { SideTable } from "./peek/tables.ts";
import { chosenSources, type OpenRun } from "./status.ts";

export interface ReviewOptions {
  /** How many hits to list; all are counted. */
  readonly count: number;
  readonly source?: string | undefined;
  readonly benchmark?: string | undefined;
  /** Only hits with at least this score; of rules that give none, all. */
  readonly min_score?: number | undefined;
}

/** One hit: where the row is, what became of it, and what was found. */
export interface BenchmarkFinding {
  /** `source/shard#row`. */
  readonly address: string;
  readonly fate: Fate;
  readonly stage: string;
  readonly benchmark: string;
  /** Position among the benchmark's items, from 0. */
  readonly item: number;
  readonly score?: number;
  readonly need?: number;
  readonly ngrams?: number;
  readonly ngram?: string;
  readonly answer?: boolean;
  /** Bytes of the text that the stage was given. */
  readonly start?: number;
  readonly end?: number;
  readonly before?: string;
  readonly match?: string;
  readonly after?: string;
  readonly item_text?: string;
}

/** What a stage knows of a benchmark. */
export interface ReviewedBenchmark {
  readonly benchmark: string;
  readonly hits: number;
  /** Different items that were hit, of those that there are, and of those that are too short to be found. */
  readonly items_hit: number;
  readonly items: number;
  readonly items_too_short: number;
}

export interface Review {
  readonly benchmarks: readonly ReviewedBenchmark[];
  readonly findings: readonly BenchmarkFinding[];
}

interface Suite {
  hits: number;
  readonly hitItems: Set<number>;
  items: number;
  items_too_short: number;
}

/** Throws RunError `run/no-such-benchmark`, and what opening a run's source throws. */
export function reviewRun(run: OpenRun, options: ReviewOptions): Review {
  const suites = new Map<string, Suite>();
  const findings: BenchmarkFinding[] = [];
  for (const source of chosenSources(run, options.source)) {
    const verdicts = once(() => sourceVerdicts(run.layout, run.plan, source));
    const reviewed = { layout: run.layout, source, verdicts, suites, findings };
    for (const span of ingestedSpans(run.layout, source)) reviewSpan(reviewed, span, options);
  }
  const { benchmark } = options;
  if (benchmark !== undefined && !suites.has(benchmark)) {
    throw new RunError({
      code: "run/no-such-benchmark",
      what: `the run has looked for no benchmark called ${benchmark}`,
      fix: suites.size === 0 ? "filter/decontaminate looks for some" : didYouMean(benchmark, suites.keys()),
    });
  }
  const chosen = [...suites].filter(([name]) => benchmark === undefined || name === benchmark);
  return {
    benchmarks: chosen.map(([name, { hits, hitItems, items, items_too_short }]) => ({
      benchmark: name,
      hits,
      items_hit: hitItems.size,
      items,
      items_too_short,
    })),
    findings,
  };
}

interface SourceReview {
  readonly layout: Layout;
  readonly source: SourcePlan;
  /** Asked for where a hit is listed. */
  readonly verdicts: () => SourceVerdicts;
  readonly suites: Map<string, Suite>;
  readonly findings: BenchmarkFinding[];
}

function reviewSpan(
  { layout, source, verdicts, suites, findings }: SourceReview,
  span: ReadSpan,
  options: ReviewOptions,
): void {
  let fates: SpanFates | undefined;
  for (const { fingerprint } of source.passes) {
    const folder = layout.ingest(fingerprint);
    const marker = markerFacts<IngestMarker>(folder, spanFiles.marker(span.span));
    if (marker === undefined) continue;
    addSuites(marker, suites);
    const table = SideTable.read(folder, spanFiles.findings(span.span));
    if (table === undefined) continue;
    for (let row = 0; row < table.rows; row++) {
      const found = hitOf(table.text("finding", row));
      if (found === undefined || (found.score ?? 1) < (options.min_score ?? 0)) continue;
      const suite = suites.get(found.benchmark) ?? newSuite();
      suites.set(found.benchmark, suite);
      suite.hits++;
      suite.hitItems.add(found.item);
      if (options.benchmark !== undefined && options.benchmark !== found.benchmark) continue;
      if (findings.length >= options.count) continue;
      fates ??= new SpanFates(verdicts(), span);
      const [shard, inSpan] = [table.number("shard", row), table.number("row", row)];
      const stage = entryAt(source.stages, table.number("stage", row), "stage");
      const { fate } = fates.of(shard, inSpan);
      findings.push({ address: addressOf(source, span, shard, inSpan), fate, stage: stage.id, ...found });
    }
  }
}

/** Benchmarks that stages of the span's pass looked for, as their counts tell. */
function addSuites({ stages }: IngestMarker, suites: Map<string, Suite>): void {
  for (const { state } of stages) {
    if (!isRecord(state) || !isRecord(state.benchmarks)) continue;
    for (const [name, counts] of Object.entries(state.benchmarks)) {
      if (!isRecord(counts)) continue;
      const suite = suites.get(name) ?? newSuite();
      suite.items = Number(counts.items ?? 0);
      suite.items_too_short = Number(counts.items_too_short ?? 0);
      suites.set(name, suite);
    }
  }
}

function newSuite(): Suite {
  return { hits: 0, hitItems: new Set(), items: 0, items_too_short: 0 };
}

type Hit = Omit<BenchmarkFinding, "address" | "fate" | "stage">;

/** A finding that names a benchmark and an item; other stages may report other things. */
function hitOf(text: string | undefined): Hit | undefined {
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  return isHit(value) ? value : undefined;
}

function isHit(value: unknown): value is Hit {
  return isRecord(value) && typeof value.benchmark === "string" && typeof value.item === "number";
}
