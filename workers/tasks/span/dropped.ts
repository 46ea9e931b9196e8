/**
 * The rows that the stages of a pass dropped, with their verdicts, for outputs that keep them.
 *
 * Invariant: a row has the text by which it was judged, whatever later stages made of the rows that lived. Memory: a block of the spool; the
 * texts themselves stay where they are until the batch ends.
 */
import { join } from "node:path";
import { pickRows } from "../../../batch/append.ts";
import { Batch } from "../../../batch/batch.ts";
import { Utf8Builder } from "../../../batch/builder.ts";
import { type Column, type Utf8Column, utf8Bytes } from "../../../batch/column.ts";
import { entryAt } from "../../../batch/entry.ts";
import { int32At, numberAt, uint8At } from "../../../batch/numbers.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import { VERDICT_COLUMNS } from "../../../plan/outputs.ts";
import type { PassPlan, SourcePlan } from "../../../plan/plan.ts";
import { spanFiles } from "../../../store/layout.ts";
import { SpanRows } from "./rows.ts";

export class DroppedRows {
  readonly #source: SourcePlan;
  readonly #rows: SpanRows;
  /** Of the batch at hand: the text by which verdicts up to `until` were given. */
  #judged: { readonly text: Utf8Column; readonly until: number }[] = [];

  constructor(folder: string, span: number, source: SourcePlan, pass: PassPlan) {
    this.#source = source;
    const columns = pass.spool ?? [{ name: "text", kind: "utf8" }];
    this.#rows = new SpanRows(join(folder, spanFiles.dropped(span)), [...columns, ...VERDICT_COLUMNS]);
  }

  /** The verdicts so far were given by `text`. */
  keep(batch: Batch, text: Utf8Column): void {
    this.#judged.push({ text, until: batch.verdicts.length });
  }

  /** Writes the dead rows of a batch that is done, in order of rows. */
  write(batch: Batch): void {
    const { verdicts } = batch;
    this.keep(batch, batch.text);
    const judged = this.#judged;
    this.#judged = [];
    if (verdicts.length === 0) return;
    const order = verdicts.rows
      .map((_, index) => index)
      .sort((a, b) => numberAt(verdicts.rows, a) - numberAt(verdicts.rows, b));
    const rows = order.map((index) => numberAt(verdicts.rows, index));
    const texts = new Utf8Builder();
    const stages = new Utf8Builder();
    const reasons = new Utf8Builder();
    const details = new Utf8Builder();
    for (const index of order) {
      const row = numberAt(verdicts.rows, index);
      const text = judged.find(({ until }) => index < until)?.text ?? batch.text;
      texts.append(utf8Bytes(text, row));
      const stage = entryAt(this.#source.stages, numberAt(verdicts.stages, index), "stage");
      stages.appendString(stage.id);
      reasons.appendString(entryAt(stage.reasons, numberAt(verdicts.reasons, index), "reason"));
      const detail = verdicts.details.get(index);
      if (detail === undefined) details.appendNull();
      else details.appendString(detail);
    }
    const columns = new Map<string, Column>();
    for (const [name, column] of batch.columns) {
      if (name === "text" || column.kind === "token_list" || column.kind === "range_list") continue;
      columns.set(name, pickRows(column, rows));
    }
    columns.set("text", texts.finish());
    columns.set("dropped_by", stages.finish());
    columns.set("reason", reasons.finish());
    columns.set("value", valuesOf(order.map((index) => numberAt(verdicts.values, index))));
    columns.set("detail", details.finish());
    const dead = new Batch({
      source: batch.source,
      shards: Int32Array.from(rows, (row) => int32At(batch.shards, row)),
      rowsInShard: Int32Array.from(rows, (row) => int32At(batch.rowsInShard, row)),
      positions: Float64Array.from(rows, (row) => batch.position(row)),
      documents: Int32Array.from(rows, (row) => batch.document(row)),
      columns,
    });
    this.#rows.add(dead);
  }

  commit(): VouchedFile {
    return this.#rows.commit();
  }

  abort(): void {
    this.#rows.abort();
  }
}

/** Measured values; a verdict without one has a null. */
function valuesOf(values: readonly number[]): Column {
  const validity = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, row) => {
    if (!Number.isNaN(value)) validity[row >> 3] = uint8At(validity, row >> 3) | (1 << (row & 7));
  });
  return { kind: "float64", values: Float64Array.from(values), validity };
}
