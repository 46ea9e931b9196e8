/**
 * Everything that a run knows of one document: each stage's verdict with what it measured and its bound, the survivor of its cluster, the
 * windows it lies in, the training steps that read it.
 *
 * Verdicts are those of the ledgers. They hold values of what was dropped; of what a stage kept the values are found by reading the
 * document and running the stages of its first pass over it again, and say so. Invariant: nothing is written. Price: one span read up to
 * the row, twice; the tables of its source.
 */
import { entryAt } from "../../batch/entry.ts";
import { ShardmillError } from "../../batch/errors.ts";
import type { PlannedStage, SourcePlan } from "../../plan/plan.ts";
import { locate } from "../peek/choice.ts";
import type { Fate, PeekedDocument, PeekedVerdict } from "../peek/document.ts";
import { peekRun } from "../peek/run.ts";
import { holdsRow, ingestedSpans } from "../peek/spans.ts";
import type { OpenRun } from "../status.ts";
import { type DocumentSequence, documentSequences, type PlacedDocument, placedDocument } from "./document-places.ts";
import type { Measure } from "./measures.ts";
import { readAgain, type StageAgain } from "./read-again.ts";
import type { TrainerOptions } from "./trainer.ts";

export interface ExplainOptions extends TrainerOptions {
  /** Where relative patterns of the recipe start. */
  readonly data_root?: string;
  /** Rows of one id; 5 where absent. */
  readonly count?: number;
}

/** `undecided`: a barrier whose verdict is not there yet. `not_reached`: an earlier stage dropped the row. */
export type StageVerdict = "kept" | "dropped" | "undecided" | "not_reached";

export interface ExplainedStage {
  readonly stage: string;
  readonly use: string;
  readonly verdict: StageVerdict;
  /** Of a row that it dropped. */
  readonly reason?: string;
  readonly value?: number;
  readonly detail?: string;
  /** The row that stayed in its stead. */
  readonly survivor?: PeekedVerdict["survivor"];
  /** Documents of the cluster that the row is the survivor of. */
  readonly cluster_documents?: number;
  /** Its rules with their bounds; values where it was run again, or from the ledger. */
  readonly measures: readonly Measure[];
  /** Where values are from: the run's own ledger, or the stage run again over the document. Absent where there are none. */
  readonly values_from?: "ledger" | "run_again";
  /** Of a stage that was run again. */
  readonly changes_text?: boolean;
  readonly writes?: Readonly<Record<string, string>>;
}

export interface Explanation {
  readonly address: string;
  readonly id?: string;
  readonly source: string;
  readonly pipeline?: string;
  readonly fate: Fate;
  /** Of a row that could not be used. */
  readonly problem?: PeekedDocument["problem"];
  /** In order of the pipeline. */
  readonly stages: readonly ExplainedStage[];
  readonly stored?: PlacedDocument;
  readonly sequences: readonly DocumentSequence[];
  /** What could not be told, and why. */
  readonly notes: readonly string[];
}

/**
 * Explains the row of an address, `source/path#row`, or the rows of an id. Throws RunError `run/no-such-address`, `run/no-such-row`,
 * `run/no-such-id`, and what reading throws.
 */
export async function explainDocument(
  run: OpenRun,
  which: string,
  options: ExplainOptions = {},
): Promise<readonly Explanation[]> {
  const { count = 5, data_root: dataRoot = "." } = options;
  const isAddress = run.plan.sources.some(({ name }) => which.startsWith(`${name}/`)) && /#\d+$/.test(which);
  const rows = await peekRun(run, { count, dataRoot, ...(isAddress ? { address: which } : { id: which }) });
  const explanations: Explanation[] = [];
  for (const row of rows) explanations.push(await explain(run, row, options, dataRoot));
  return explanations;
}

async function explain(
  run: OpenRun,
  { address, id, fate = "undecided", verdict, problem }: PeekedDocument,
  options: ExplainOptions,
  dataRoot: string,
): Promise<Explanation> {
  const { source, shard, row } = locate(address, run.plan.sources);
  const notes: string[] = [];
  const head = {
    address,
    ...(id === undefined ? {} : { id }),
    source: source.name,
    ...(source.pipeline === undefined ? {} : { pipeline: source.pipeline }),
    fate,
  };
  if (fate === "unusable") return { ...head, ...(problem && { problem }), stages: [], sequences: [], notes };
  const span = ingestedSpans(run.layout, source).find((candidate) => holdsRow(candidate, shard, row) === true);
  const inSpan = span && { source, span, shard, row: row - (span.base(shard) ?? 0) };
  let again: ReadonlyMap<number, StageAgain> = new Map();
  try {
    if (inSpan !== undefined) again = await readAgain(run, inSpan, dataRoot);
  } catch (error) {
    if (!(error instanceof ShardmillError)) throw error;
    notes.push(`the stages could not be run again: ${error.details.what}`);
  }
  const stored = source.tokenized ? placedDocument(run, source, shard, row) : undefined;
  const stages = source.stages.map((stage, index) =>
    explainStage(source, stage, index, { verdict, fate, again: again.get(index), stored }),
  );
  notes.push(...differences(source, again, verdict), ...unmeasured(source, verdict));
  let sequences: readonly DocumentSequence[] = [];
  if (stored !== undefined && !stored.held_out) {
    try {
      sequences = await documentSequences(run, source, stored, options);
    } catch (error) {
      if (!(error instanceof ShardmillError) || error.code !== "run/not-a-run") throw error;
      notes.push("the run is not finished, so no training stage is sure to read it");
    }
  }
  return { ...head, stages, ...(stored && { stored }), sequences, notes };
}

interface Known {
  readonly verdict: PeekedVerdict | undefined;
  readonly fate: Fate;
  readonly again: StageAgain | undefined;
  readonly stored: PlacedDocument | undefined;
}

function explainStage(
  source: SourcePlan,
  stage: PlannedStage,
  index: number,
  { verdict, fate, again, stored }: Known,
): ExplainedStage {
  const told = verdictOf(source, stage, index, verdict, fate);
  const cluster = stored?.cluster_documents[stage.id];
  const head = {
    stage: stage.id,
    use: stage.use,
    verdict: told,
    ...(cluster === undefined ? {} : { cluster_documents: cluster }),
  };
  if (told === "dropped" && verdict !== undefined) {
    const { reason, value, detail, survivor } = verdict;
    return {
      ...head,
      reason,
      ...(value === undefined ? {} : { value }),
      ...(detail === undefined ? {} : { detail }),
      ...(survivor && { survivor }),
      measures: (again?.measures ?? []).map((measure) => ({ ...measure, ...(value === undefined ? {} : { value }) })),
      ...(value === undefined ? {} : { values_from: "ledger" as const }),
    };
  }
  if (again === undefined || told !== "kept") return { ...head, measures: [] };
  const { measures, changes_text, writes } = again;
  return { ...head, measures, values_from: "run_again", changes_text, writes };
}

/** Rows go on through the pipeline until a stage that judges drops them; what a barrier takes falls later. */
function verdictOf(
  { stages }: SourcePlan,
  { id, exchange }: PlannedStage,
  index: number,
  verdict: PeekedVerdict | undefined,
  fate: Fate,
): StageVerdict {
  const dropping = verdict === undefined ? -1 : stages.findIndex((stage) => stage.id === verdict.stage);
  if (id === verdict?.stage) return "dropped";
  if (dropping >= 0 && dropping < index && entryAt(stages, dropping, "stage").kind !== "barrier") return "not_reached";
  if (exchange === undefined || exchange.verdict === "edit") return "kept";
  // Nobody looks for further copies of a row that falls.
  if (fate === "dropped") return dropping >= 0 && dropping < index ? "not_reached" : "kept";
  return fate === "undecided" ? "undecided" : "kept";
}

/** Where a stage that was run again says something else than the ledger: a plugin, or a file, that is another by now. */
function differences(
  { stages }: SourcePlan,
  again: ReadonlyMap<number, StageAgain>,
  verdict: PeekedVerdict | undefined,
): readonly string[] {
  return [...again].flatMap(([index, seen]) => {
    const { id } = entryAt(stages, index, "stage");
    const before = verdict?.stage === id ? verdict.reason : undefined;
    const now = seen.verdict?.reason;
    if (before === now) return [];
    const [was, is] = [before, now].map((reason) => (reason === undefined ? "keeps it" : `drops it as ${reason}`));
    return [`run again, ${id} ${is}, where the ledger says that it ${was}: the stage is not what the run had`];
  });
}

/** Stages of later passes see texts that others changed, which are not kept. */
function unmeasured({ stages, passes }: SourcePlan, verdict: PeekedVerdict | undefined): readonly string[] {
  const last = verdict === undefined ? stages.length : stages.findIndex(({ id }) => id === verdict.stage);
  const later = passes.slice(1).flatMap(({ first, end }) => stages.slice(first, Math.min(end, last)));
  const missed = later.filter(({ kind, use }) => kind !== "barrier" && !use.startsWith("tokenize/"));
  const named = missed.map(({ id }) => id);
  if (named.length === 0) return [];
  return [`${named.join(", ")} saw the text or the answers of a later pass, which are not kept: no values`];
}
