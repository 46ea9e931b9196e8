/**
 * Saved indexes of keys, in memory that all threads share: which row of a reference a sketch meets.
 *
 * Invariant: an index that was sketched otherwise is refused, for its keys would meet none. Memory: 18 bytes a key, all threads together, and 8 a key of the
 * files: 370 bytes a row at 14 bands; 4 GiB of it are 17 million rows.
 */
import { RecipeError } from "../../batch/errors.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import {
  decodeIndex,
  type IndexRecords,
  type IndexShape,
  KeyTable,
  keyTableBytes,
} from "../../kernels/minhash/index-file.ts";
import type { AssetRef, Assets } from "../define.ts";

export class ReferenceIndex {
  readonly #table: KeyTable;

  /** Throws RecipeError `recipe/broken-index`, `recipe/other-index`. */
  constructor(files: readonly AssetRef[], shape: IndexShape, assets: Assets) {
    const opened = files.map((file) => openIndex(file, shape, assets));
    const keys = opened.reduce((sum, { records }) => sum + (records.length / (1 + 2 * shape.bands)) * shape.bands, 0);
    const { buffer } = assets.tables(keyTableBytes(keys), (memory, progress) => {
      const table = new KeyTable(memory, TABLES_START, keys);
      for (const { records } of opened) {
        addRecords(table, records, shape.bands, progress);
      }
    });
    this.#table = new KeyTable(buffer, TABLES_START, keys);
  }

  /** The row of the reference, by its number in its file, that shares the first key of `keys` that any has; -1 where none does. */
  find(keys: Uint32Array): number {
    for (let at = 0; at + 1 < keys.length; at += 2) {
      const row = this.#table.rowOf(keys[at] ?? 0, keys[at + 1] ?? 0);
      if (row >= 0) return row;
    }
    return -1;
  }
}

const ROWS_PER_SIGN = 1 << 16;

function addRecords(table: KeyTable, records: Uint32Array, bands: number, progress: () => void): void {
  const stride = 1 + 2 * bands;
  for (let at = 0; at < records.length; at += stride) {
    const row = records[at] ?? 0;
    for (let key = at + 1; key < at + stride; key += 2) table.add(records[key] ?? 0, records[key + 1] ?? 0, row);
    if ((at / stride) % ROWS_PER_SIGN === 0) progress();
  }
}

function openIndex(file: AssetRef, shape: IndexShape, assets: Assets): IndexRecords {
  const bytes = assets.bytes(file);
  const found = decodeIndex(bytes.byteOffset % 4 === 0 ? bytes : bytes.slice());
  const name = assets.name(file);
  if (typeof found === "string") {
    throw new RecipeError({
      code: "recipe/broken-index",
      what: `${name} ${found}`,
      fix: "name a file that an output with `format: minhash-index` has written",
    });
  }
  const differing = (Object.keys(shape) as (keyof IndexShape)[]).filter((key) => found.shape[key] !== shape[key]);
  if (differing.length === 0) return found;
  throw new RecipeError({
    code: "recipe/other-index",
    what: `${name} was sketched with ${differing.map((key) => `${key}: ${found.shape[key]}`).join(", ")}, and this stage has ${differing.map((key) => `${key}: ${shape[key]}`).join(", ")}`,
    why: "keys of another sketch would meet none",
    fix: "give the stage the options that the index was written with, or write the index again",
  });
}
