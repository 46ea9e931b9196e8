/**
 * Traced sequences as a Parquet file: one row a piece of a document, in the trainer's order.
 *
 * Invariant: the bytes follow from the sequences alone. Memory: the rows of {@link ROWS_AT_ONCE} pieces and one row group.
 */
import { Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { blockEncoder } from "../../io/codecs/encoder.ts";
import { ParquetWriter } from "../../io/formats/parquet-writer.ts";
import { createPending } from "../../io/local/commit.ts";
import type { FlatKind, OutputField } from "../../kernels/output-schema.ts";
import type { TracedPiece, TracedSequence } from "./trace.ts";

const ROWS_AT_ONCE = 1 << 14;

type Value = (sequence: TracedSequence, piece: TracedPiece) => string | number | undefined;

/** Columns in order: of what kind, and what a piece has in them. */
const COLUMNS: readonly (readonly [name: string, kind: FlatKind, value: Value])[] = [
  ["training_stage", "utf8", ({ training_stage }) => training_stage],
  ["step", "int64", ({ step }) => step],
  ["position", "int32", ({ position }) => position],
  ["sample", "int64", ({ sample }) => sample],
  ["data_parallel_rank", "int32", ({ data_parallel }) => data_parallel?.rank],
  ["micro_batch", "int32", ({ data_parallel }) => data_parallel?.micro_batch],
  ["source", "utf8", ({ source }) => source],
  ["path", "utf8", (_, { path }) => path],
  ["row", "int64", (_, { row }) => row],
  ["epoch", "int32", (_, { epoch }) => epoch],
  ["window", "int64", ({ window }) => window?.number],
  ["at", "int32", (_, { at }) => at],
  ["start", "int64", (_, { start }) => start],
  ["tokens", "int32", (_, { tokens }) => tokens],
];

/** What a file of traced steps holds. */
export interface StepsFile {
  readonly sequences: number;
  /** One a piece of a document. */
  readonly rows: number;
}

/** Writes `path`. Where writing or tracing fails, no file is left. */
export async function writeSteps(path: string, sequences: AsyncIterable<TracedSequence>): Promise<StepsFile> {
  const file = createPending(path);
  try {
    const fields = COLUMNS.map(([name, kind]): OutputField => ({ name, type: { kind } }));
    const writer = new ParquetWriter(fields, (bytes) => file.write(bytes), { encoder: blockEncoder("zstd") });
    const counts = { sequences: 0, rows: 0 };
    let pending: [TracedSequence, TracedPiece][] = [];
    const flush = (): void => {
      if (pending.length > 0) writer.append(columnsOf(pending));
      counts.rows += pending.length;
      pending = [];
    };
    for await (const sequence of sequences) {
      counts.sequences++;
      for (const piece of sequence.pieces) pending.push([sequence, piece]);
      if (pending.length >= ROWS_AT_ONCE) flush();
    }
    flush();
    writer.finish();
    file.commit();
    return counts;
  } catch (error) {
    file.abort();
    throw error;
  }
}

function columnsOf(rows: readonly (readonly [TracedSequence, TracedPiece])[]): ReadonlyMap<string, Column> {
  return new Map(
    COLUMNS.map(([name, kind, value]) => [
      name,
      columnOf(
        kind,
        rows.map(([sequence, piece]) => value(sequence, piece)),
      ),
    ]),
  );
}

function columnOf(kind: FlatKind, values: readonly (string | number | undefined)[]): Column {
  if (kind === "utf8") {
    const texts = new Utf8Builder();
    for (const value of values) texts.appendString(String(value));
    return texts.finish();
  }
  const validity = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, row) => {
    if (value !== undefined) validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7));
  });
  const numbers = values.map((value) => Number(value ?? 0));
  if (kind === "int64") return { kind: "int64", values: BigInt64Array.from(numbers, BigInt), validity };
  return { kind: "int32", values: Int32Array.from(numbers), validity };
}
