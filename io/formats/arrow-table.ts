/**
 * Our columns as Arrow IPC bytes and back.
 *
 * Small side tables (documents of a span, ledgers, extents) are written this way so that any Arrow reader opens them. Reading
 * is zero-copy: columns are views on the input bytes. Price: one memcpy of the columns on writing.
 */
import * as arrow from "apache-arrow";
import type { Column, ScalarColumn } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";
import { int32At, uint8At } from "../../batch/numbers.ts";

const UTF8 = new arrow.Utf8();
const TYPES = {
  utf8: UTF8,
  int32: new arrow.Int32(),
  int64: new arrow.Int64(),
  float32: new arrow.Float32(),
  float64: new arrow.Float64(),
} as const;

function toData(column: Column, rows: number): arrow.Data {
  if (column.kind === "token_list" || column.kind === "range_list") {
    throw new Error(`a ${column.kind} column is not written as Arrow`);
  }
  const nulls = column.validity === undefined ? {} : { nullBitmap: column.validity };
  switch (column.kind) {
    case "utf8":
      return arrow.makeData({ type: UTF8, length: rows, valueOffsets: column.offsets, data: column.data, ...nulls });
    case "int32":
      return arrow.makeData({ type: TYPES.int32, length: rows, data: column.values, ...nulls });
    case "int64":
      return arrow.makeData({ type: TYPES.int64, length: rows, data: column.values, ...nulls });
    case "float32":
      return arrow.makeData({ type: TYPES.float32, length: rows, data: column.values, ...nulls });
    case "float64":
      return arrow.makeData({ type: TYPES.float64, length: rows, data: column.values, ...nulls });
    case "bool": {
      const bits = new Uint8Array((rows + 7) >> 3);
      for (let row = 0; row < rows; row++) {
        if (column.values[row] === 1) bits[row >> 3] = uint8At(bits, row >> 3) | (1 << (row & 7));
      }
      return arrow.makeData({ type: new arrow.Bool(), length: rows, data: bits, ...nulls });
    }
    case "dictionary":
      return toData(dictionaryToUtf8(column.codes, column.values, column.validity), rows);
  }
}

function dictionaryToUtf8(codes: Int32Array, values: readonly string[], validity?: Uint8Array): ScalarColumn {
  const encoded = values.map((value) => Buffer.from(value, "utf8"));
  const offsets = new Int32Array(codes.length + 1);
  let bytes = 0;
  codes.forEach((code, row) => {
    bytes += entryAt(encoded, code, "value").length;
    offsets[row + 1] = bytes;
  });
  const data = new Uint8Array(bytes);
  codes.forEach((code, row) => {
    data.set(entryAt(encoded, code, "value"), int32At(offsets, row));
  });
  return { kind: "utf8", data, offsets, ...(validity === undefined ? {} : { validity }) };
}

/** Encodes columns of equal length as one Arrow IPC file with one record batch. */
export function encodeArrow(columns: ReadonlyMap<string, Column>, rows: number): Uint8Array {
  const children: arrow.Data[] = [];
  const fields: arrow.Field[] = [];
  for (const [name, column] of columns) {
    const data = toData(column, rows);
    children.push(data);
    fields.push(new arrow.Field(name, data.type, true));
  }
  const schema = new arrow.Schema(fields);
  const struct = arrow.makeData({ type: new arrow.Struct(fields), length: rows, nullCount: 0, children });
  return arrow.tableToIPC(new arrow.Table([new arrow.RecordBatch(schema, struct)]), "file");
}

/** Decodes what {@link encodeArrow} wrote. `name` is for messages. Throws DataError on bytes that are not such a file. */
export function decodeArrow(bytes: Uint8Array, name: string): { rows: number; columns: Map<string, ScalarColumn> } {
  let table: arrow.Table;
  try {
    table = arrow.tableFromIPC(bytes);
  } catch (error) {
    throw new DataError(
      {
        code: "data/corrupt-arrow",
        what: `${name} is not a readable Arrow file: ${error instanceof Error ? error.message : String(error)}`,
        fix: "delete the file and run again: it will be rebuilt",
      },
      { cause: error },
    );
  }
  const columns = new Map<string, ScalarColumn>();
  const [batch] = table.batches;
  batch?.data.children.forEach((child, index) => {
    columns.set(entryAt(table.schema.fields, index, "field").name, fromData(child, name));
  });
  return { rows: table.numRows, columns };
}

/** Buffers of IPC files are padded, so every view is cut to the column's length. */
function fromData(data: arrow.Data, name: string): ScalarColumn {
  const { length } = data;
  const validity = data.nullCount > 0 ? { validity: data.nullBitmap } : {};
  switch (data.typeId) {
    case arrow.Type.Utf8: {
      const offsets = (data.valueOffsets as Int32Array).subarray(0, length + 1);
      return { kind: "utf8", data: data.values as Uint8Array, offsets, ...validity };
    }
    case arrow.Type.Int:
      return data.values instanceof BigInt64Array
        ? { kind: "int64", values: data.values.subarray(0, length), ...validity }
        : { kind: "int32", values: (data.values as Int32Array).subarray(0, length), ...validity };
    case arrow.Type.Float:
      return data.values instanceof Float32Array
        ? { kind: "float32", values: data.values.subarray(0, length), ...validity }
        : { kind: "float64", values: (data.values as Float64Array).subarray(0, length), ...validity };
    case arrow.Type.Bool: {
      const values = new Uint8Array(length);
      const bits = data.values as Uint8Array;
      for (let row = 0; row < length; row++) values[row] = (uint8At(bits, row >> 3) >> (row & 7)) & 1;
      return { kind: "bool", values, ...validity };
    }
    default:
      throw new DataError({ code: "data/corrupt-arrow", what: `${name} holds a column type shardmill does not write` });
  }
}
