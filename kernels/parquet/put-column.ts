/** Rows of flat columns into leaves: straight from the typed arrays, strings without a JavaScript string. */
import {
  type Column,
  type DictionaryColumn,
  type Int64Column,
  isValid,
  type TokenListColumn,
} from "../../batch/column.ts";
import type { LeafSink } from "./json-shredder.ts";

const encoder = new TextEncoder();

/**
 * Puts rows `[from, to)` of `rows`; `null` is written at definition level 0. `column` must hold what the leaf takes.
 */
export function putFlatColumn(column: Column, rows: Int32Array, from: number, to: number, leaf: LeafSink): void {
  switch (column.kind) {
    case "utf8": {
      const { data, offsets } = column;
      for (let i = from; i < to; i++) {
        const row = rows[i];
        if (isValid(column, row)) leaf.putString(data, offsets[row], offsets[row + 1], 0);
        else leaf.putNull(0, 0);
      }
      return;
    }
    case "dictionary":
      putDictionary(column, rows, from, to, leaf);
      return;
    case "int64":
      putInt64s(column, rows, from, to, leaf);
      return;
    case "token_list":
      putTokens(column, rows, from, to, leaf);
      return;
    case "range_list":
      throw new Error("no leaf takes ranges");
    default: {
      const { values } = column;
      for (let i = from; i < to; i++) {
        const row = rows[i];
        if (isValid(column, row)) leaf.putNumber(values[row], 0);
        else leaf.putNull(0, 0);
      }
    }
  }
}

function putDictionary(column: DictionaryColumn, rows: Int32Array, from: number, to: number, leaf: LeafSink): void {
  const values = column.values.map((value) => encoder.encode(value));
  for (let i = from; i < to; i++) {
    const row = rows[i];
    if (!isValid(column, row)) {
      leaf.putNull(0, 0);
      continue;
    }
    const value = values[column.codes[row]];
    leaf.putString(value, 0, value.length, 0);
  }
}

/** As words: a BigInt a value would be the price of the column. */
function putInt64s(column: Int64Column, rows: Int32Array, from: number, to: number, leaf: LeafSink): void {
  const { buffer, byteOffset, length } = column.values;
  const words = new Int32Array(buffer, byteOffset, 2 * length);
  for (let i = from; i < to; i++) {
    const row = rows[i];
    if (isValid(column, row)) leaf.putInt64(words[2 * row], words[2 * row + 1], 0);
    else leaf.putNull(0, 0);
  }
}

/** A list of int32: definition 1 says that it is empty. */
function putTokens(column: TokenListColumn, rows: Int32Array, from: number, to: number, leaf: LeafSink): void {
  for (let i = from; i < to; i++) {
    const start = column.offsets[rows[i]];
    const end = column.offsets[rows[i] + 1];
    if (start === end) leaf.putNull(1, 0);
    for (let at = start; at < end; at++) leaf.putNumber(column.values[at] | 0, at === start ? 0 : 1);
  }
}
