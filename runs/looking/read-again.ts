/**
 * A document read again, and the stages of its first pass run over it again: what each measures, changes and writes.
 *
 * Barriers and requests are not asked again: their verdicts stand in the store, and behind the first of them that may change a text
 * nothing is measured. Invariant: the stages are those of the plan, with its options, assets and seeds. Price: the span is read up to
 * the row; the stages' files are opened.
 */
import { pickRows } from "../../batch/append.ts";
import { Batch } from "../../batch/batch.ts";
import { type Column, utf8String } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { int32At } from "../../batch/numbers.ts";
import { createIoEnvironment } from "../../io/environment.ts";
import { assetsOf, openAssets } from "../../plan/assets.ts";
import type { PlannedStage, SourcePlan } from "../../plan/plan.ts";
import { planRegistry } from "../../plan/plugins.ts";
import type { Operator } from "../../stages/define.ts";
import { cellText } from "../peek/document.ts";
import { SourceReader } from "../peek/source-reader.ts";
import type { ReadSpan } from "../peek/spans.ts";
import type { OpenRun } from "../status.ts";
import { judge, type Measure, type RowVerdict, StageMaker } from "./measures.ts";

/** What a stage did with a row, seen again. */
export interface StageAgain {
  readonly verdict?: RowVerdict;
  readonly measures: readonly Measure[];
  /** Whether the text behind it is another one. */
  readonly changes_text: boolean;
  /** Columns that it made, as text. */
  readonly writes: Readonly<Record<string, string>>;
}

/** Where a row stands in its span. */
export interface PlacedRow {
  readonly source: SourcePlan;
  readonly span: ReadSpan;
  readonly shard: number;
  /** From the start of the span. */
  readonly row: number;
}

/** By position of the stage: those that were run again, in order. Throws what reading throws. */
export async function readAgain(
  { plan, layout }: OpenRun,
  place: PlacedRow,
  dataRoot: string,
): Promise<ReadonlyMap<number, StageAgain>> {
  const registry = await planRegistry(plan);
  const environment = createIoEnvironment({ root: dataRoot });
  const { assets, chat, objects } = environment;
  openAssets(plan, layout, assets);
  const maker = new StageMaker(registry, (stage) => ({ assets: assetsOf(stage, assets), chat, objects }));
  const row = await readRow(place, new SourceReader(place.source, registry, environment));
  const again = new Map<number, StageAgain>();
  if (row === undefined) return again;
  const { source } = place;
  const { first, end } = entryAt(source.passes, 0, "pass");
  for (let index = first; index < end; index++) {
    const stage = entryAt(source.stages, index, "stage");
    if (stage.kind === "barrier" || stage.use.startsWith("tokenize/")) continue;
    const seen = await runAgain(stage, row, maker);
    again.set(index, seen);
    if (seen.verdict !== undefined) break;
  }
  return again;
}

/** A row by its columns, which stages replace. */
interface Row {
  readonly columns: Map<string, Column>;
  readonly batch: () => Batch;
}

async function readRow({ source, span, shard, row }: PlacedRow, reader: SourceReader): Promise<Row | undefined> {
  let found: Row | undefined;
  let document = -1;
  await reader.visit(span, (batch, at) => {
    document++;
    if (batch.shards[at] !== shard || batch.rowsInShard[at] !== row) return false;
    const columns = new Map<string, Column>();
    for (const [name, column] of batch.columns) {
      if (column.kind !== "token_list" && column.kind !== "range_list") columns.set(name, pickRows(column, [at]));
    }
    const position = batch.position(at);
    const keys = source.shards.map(({ key }) => key);
    found = {
      columns,
      batch: () => {
        const one = new Batch({
          source: source.name,
          shards: Int32Array.of(shard),
          rowsInShard: Int32Array.of(row),
          positions: Float64Array.of(position),
          documents: Int32Array.of(document),
          columns,
        });
        one.nameShards(keys);
        return one;
      },
    };
    return true;
  });
  return found;
}

async function runAgain(stage: PlannedStage, row: Row, maker: StageMaker): Promise<StageAgain> {
  const operator = await maker.make(stage);
  const verdict = judge(operator, row.batch());
  const measures = verdict === undefined ? await maker.measures(stage, row.batch) : failed(stage, verdict, maker);
  const made = columnsMade(operator, row.batch());
  const before = textOf(row.columns);
  const writes: Record<string, string> = {};
  for (const [name, column] of made) {
    row.columns.set(name, column);
    if (name !== "text") writes[name] = cellText(column, 0);
  }
  return { ...(verdict && { verdict }), measures, changes_text: textOf(row.columns) !== before, writes };
}

/** The rule that drops the row. */
function failed(stage: PlannedStage, { reason, value }: RowVerdict, maker: StageMaker): readonly Measure[] {
  const rules = maker.rules(stage).filter((rule) => rule.reason === reason);
  return rules.map((rule) => ({ ...rule, ...(value === undefined ? {} : { value }) }));
}

function columnsMade(operator: Operator, batch: Batch): ReadonlyMap<string, Column> {
  if (operator.kind === "rewrite") return new Map([["text", operator.apply(batch)]]);
  if (operator.kind === "annotate") return operator.apply(batch);
  return operator.kind === "transform" ? operator.apply(batch, () => {}) : new Map();
}

function textOf(columns: ReadonlyMap<string, Column>): string {
  const text = columns.get("text");
  return text?.kind === "utf8" && int32At(text.offsets, 1) >= 0 ? utf8String(text, 0) : "";
}
