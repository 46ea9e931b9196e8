/**
 * What writers of rows have in common: which rows of a batch are meant, and how they speak of a row that cannot be
 * written.
 */
import type { Bitmap } from "../../batch/bitmap.ts";
import { type Column, columnRows, isValid } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { DataError, type Place } from "../../batch/errors.ts";
import { type OutputField, type OutputType, typeText } from "../../kernels/output-schema.ts";

/** Rows of a batch: those of a bitmap, or their numbers, ascending. */
export type RowSelection = Bitmap | Int32Array;
/** The address of a row of the batch, for messages. */
export type PlaceOf = (row: number) => Place;

/** The selected rows as numbers; all rows where there is no selection. */
export function selectedRows(columns: readonly Column[], selection?: RowSelection): Int32Array {
  if (selection instanceof Int32Array) return selection;
  if (selection === undefined)
    return Int32Array.from({ length: columnRows(entryAt(columns, 0, "column")) }, (_, row) => row);
  const rows = new Int32Array(selection.count());
  let count = 0;
  selection.forEach((row) => {
    rows[count++] = row;
  });
  return rows;
}

/** The columns of `fields` in their order. Throws where one is not there: whoever plans outputs has checked that. */
export function columnsOf(fields: readonly OutputField[], columns: ReadonlyMap<string, Column>): Column[] {
  return fields.map(({ name }) => {
    const column = columns.get(name);
    if (column === undefined) throw new Error(`batch has no column ${name}`);
    return column;
  });
}

/** Whether row `row` has a value: lists always have. */
export function isPresent(column: Column, row: number): boolean {
  return column.kind === "token_list" || column.kind === "range_list" || isValid(column, row);
}

/** Whether `column` holds what a column of `type` is written from. */
export function holds(column: Column, type: OutputType): boolean {
  if (type.kind === "struct") return column.kind === "utf8";
  if (type.kind === "list") {
    return column.kind === "utf8" || (column.kind === "token_list" && type.of.kind === "int32");
  }
  return column.kind === type.kind || (column.kind === "dictionary" && type.kind === "utf8");
}

/** A value that the declared type has no place for. */
export function misfit(field: OutputField, problem: string, row: number, placeOf?: PlaceOf): DataError {
  return new DataError({
    code: "data/output-type",
    what: `column \`${field.name}\` is written as ${typeText(field.type)}, but in row ${row} of its batch: ${problem}`,
    why: "an output holds every value as it is, or is not written",
    fix: "declare the type that the values have, or drop or rewrite such rows with a stage",
    ...(placeOf === undefined ? {} : { place: placeOf(row) }),
  });
}

/** The misfit of a column of another kind. */
export function wrongColumn(field: OutputField, column: Column, row: number, placeOf?: PlaceOf): DataError {
  return misfit(field, `a value of kind ${column.kind}`, row, placeOf);
}
