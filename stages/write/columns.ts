/**
 * The columns of a batch as a writer of rows takes them.
 *
 * Owns two rules. A column that a source does not have is null in its rows. A column whose type only the files know (`any`) has the type of the
 * first batch that has it. Invariant: a writer gets every field of its schema, in order.
 */
import type { Batch } from "../../batch/batch.ts";
import type { Column, ColumnKind } from "../../batch/column.ts";
import type { Place } from "../../batch/errors.ts";
import { type OutputField, type OutputType, parseType } from "../../kernels/output-schema.ts";
import type { SinkColumn, SinkFile } from "../define.ts";

const OF_KIND: Readonly<Record<ColumnKind, OutputType>> = {
  utf8: { kind: "utf8" },
  dictionary: { kind: "utf8" },
  int32: { kind: "int32" },
  int64: { kind: "int64" },
  float32: { kind: "float32" },
  float64: { kind: "float64" },
  bool: { kind: "bool" },
  token_list: { kind: "list", of: { kind: "int32" } },
  range_list: { kind: "list", of: { kind: "int32" } },
};

/** The fields of a file, as far as `batch` tells those that no recipe has typed. Throws as {@link parseType} does. */
function outputFields(columns: readonly SinkColumn[], batch: Batch | undefined): OutputField[] {
  return columns.map(({ name, type }) => {
    if (type === "any") return { name, type: OF_KIND[batch?.column(name)?.kind ?? "utf8"] };
    return { name, type: parseType(type) };
  });
}

/** What encodes the rows of a file. */
export interface RowWriter {
  append(columns: ReadonlyMap<string, Column>, rows: Batch["alive"], placeOf: (row: number) => Place): void;
  finish(): unknown;
}

/** A file of `columns` that `make` encodes, once the first batch, or the end without one, has told all types. */
export function rowFile(
  columns: readonly SinkColumn[],
  placeOf: (batch: Batch, row: number) => Place,
  make: (fields: readonly OutputField[]) => RowWriter,
): SinkFile {
  let open: { readonly fields: readonly OutputField[]; readonly writer: RowWriter } | undefined;
  const opened = (batch?: Batch): NonNullable<typeof open> => {
    if (open === undefined) {
      const fields = outputFields(columns, batch);
      open = { fields, writer: make(fields) };
    }
    return open;
  };
  return {
    append: (batch) => {
      const { fields, writer } = opened(batch);
      writer.append(fieldColumns(fields, batch), batch.alive, (row) => placeOf(batch, row));
    },
    finish: () => {
      opened().writer.finish();
    },
  };
}

/** The columns of `batch` by field; what it does not have is null throughout. */
function fieldColumns(fields: readonly OutputField[], batch: Batch): ReadonlyMap<string, Column> {
  return new Map(fields.map(({ name }) => [name, batch.column(name) ?? absent(batch.rows)]));
}

function absent(rows: number): Column {
  return {
    kind: "utf8",
    data: new Uint8Array(0),
    offsets: new Int32Array(rows + 1),
    validity: new Uint8Array((rows + 7) >> 3),
  };
}
