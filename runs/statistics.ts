/**
 * What `annotate/statistics` counted, in the run's folder: `statistics/SOURCE.json` as it was counted, and all of it in one table, `statistics/statistics.parquet`.
 *
 * Invariant: nothing but what the stores' markers say, so the same for any number of workers. Files of sources without such a stage are not there.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Bitmap } from "../batch/bitmap.ts";
import { Float64Builder, Utf8Builder } from "../batch/builder.ts";
import type { Column } from "../batch/column.ts";
import { blockEncoder } from "../io/codecs/encoder.ts";
import { ParquetWriter } from "../io/formats/parquet-writer.ts";
import { commitBytes } from "../io/local/commit.ts";
import { parseType } from "../kernels/output-schema.ts";
import type { Distribution } from "../kernels/statistics/distribution.ts";
import { type Plan, sourceAt } from "../plan/plan.ts";
import type { ColumnStatistics, Statistics } from "../stages/annotate/statistics.ts";
import { runFiles } from "../store/layout.ts";
import type { StoreMarker } from "../workers/protocol.ts";

const COUNTS = "annotate/statistics";

interface Counted {
  readonly source: string;
  readonly stages: readonly { readonly stage: string; readonly statistics: Statistics }[];
}

/** Writes the files into `folder`. `stores` by source. */
export function publishStatistics(plan: Plan, folder: string, stores: readonly StoreMarker[]): void {
  const target = join(folder, runFiles.statistics);
  rmSync(target, { recursive: true, force: true });
  const counted = stores.flatMap(({ counts }, index): Counted[] => {
    const stages = counts.stages.flatMap(({ id, use, state }) =>
      use === COUNTS && state !== undefined ? [{ stage: id, statistics: state as unknown as Statistics }] : [],
    );
    return stages.length === 0 ? [] : [{ source: sourceAt(plan, index).name, stages }];
  });
  if (counted.length === 0) return;
  for (const one of counted) {
    commitBytes(join(target, `${one.source}.json`), Buffer.from(`${JSON.stringify(one, null, 1)}\n`));
  }
  commitBytes(join(target, "statistics.parquet"), table(counted));
}

/**
 * A row for every figure. `measure` is `rows`, `text.words`, `columns.NAME` or `hosts.NAME`; `figure` is `count`, `sum`, `min`, `max`, `nulls`, `others`,
 * `max_error`, `bucket` (numbers from `from` on, to the next bucket) or `value`; `amount` is the figure itself.
 */
function table(counted: readonly Counted[]): Buffer {
  const texts = {
    source: new Utf8Builder(),
    stage: new Utf8Builder(),
    measure: new Utf8Builder(),
    figure: new Utf8Builder(),
    value: new Utf8Builder(),
  };
  const from = { values: new Float64Builder(), valid: [] as number[] };
  const amounts = new Float64Builder();
  let rows = 0;
  for (const { source, stages } of counted) {
    for (const { stage, statistics } of stages) {
      const add: Add = (measure, figure, amount, at = {}) => {
        if (amount === null) return;
        texts.source.appendString(source);
        texts.stage.appendString(stage);
        texts.measure.appendString(measure);
        texts.figure.appendString(figure);
        if (at.value === undefined) texts.value.appendNull();
        else texts.value.appendString(at.value);
        if (at.from !== undefined) from.valid.push(rows);
        from.values.append(at.from ?? 0);
        amounts.append(amount);
        rows++;
      };
      add("rows", "count", statistics.rows);
      for (const [measure, distribution] of Object.entries(statistics.text))
        addDistribution(add, `text.${measure}`, distribution);
      for (const [kind, columns] of [
        ["columns", statistics.columns],
        ["hosts", statistics.hosts],
      ] as const) {
        for (const [name, column] of Object.entries(columns)) addColumn(add, `${kind}.${name}`, column);
      }
    }
  }
  const columns = new Map<string, Column>(Object.entries(texts).map(([name, builder]) => [name, builder.finish()]));
  const validity = validityOf(rows, from.valid);
  columns.set("from", { kind: "float64", values: from.values.finish(), validity });
  columns.set("amount", { kind: "float64", values: amounts.finish() });
  const string = parseType("string");
  const double = parseType("float64");
  const fields = [...columns.keys()].map((name) => ({
    name,
    type: name === "from" || name === "amount" ? double : string,
  }));
  const pieces: Uint8Array[] = [];
  const writer = new ParquetWriter(fields, (piece) => pieces.push(piece.slice()), { encoder: blockEncoder("zstd") });
  writer.append(columns);
  writer.finish();
  return Buffer.concat(pieces);
}

type Add = (
  measure: string,
  figure: string,
  amount: number | null,
  at?: { readonly from?: number; readonly value?: string },
) => void;

function addDistribution(add: Add, measure: string, { count, sum, min, max, histogram }: Distribution): void {
  for (const [figure, amount] of Object.entries({ count, sum, min, max })) add(measure, figure, amount);
  for (const [from, numbers] of histogram) add(measure, "bucket", numbers, { from });
}

function addColumn(add: Add, measure: string, { nulls, others, numbers, values }: ColumnStatistics): void {
  add(measure, "nulls", nulls);
  add(measure, "others", others);
  if (numbers.count > 0) addDistribution(add, measure, numbers);
  if (values.count === 0) return;
  add(measure, "max_error", values.max_error);
  for (const [value, count] of values.values) add(measure, "value", count, { value });
}

function validityOf(rows: number, valid: readonly number[]): Uint8Array {
  const bitmap = new Bitmap(rows);
  for (const row of valid) bitmap.set(row);
  return bitmap.bytes;
}
