/** Side tables of a span, as far as they are there: a run that failed has some of them. */
import fs from "node:fs";
import { join } from "node:path";
import { isValid, type ScalarColumn, utf8String } from "../../batch/column.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { withWhole } from "../../io/local/read-part.ts";

export class SideTable {
  readonly rows: number;
  readonly #columns: ReadonlyMap<string, ScalarColumn>;

  constructor(rows: number, columns: ReadonlyMap<string, ScalarColumn>) {
    this.rows = rows;
    this.#columns = columns;
  }

  /** Undefined where there is no such file. Throws DataError for one that is no table. */
  static read(folder: string, name: string): SideTable | undefined {
    const path = join(folder, name);
    return fs.existsSync(path) ? SideTable.#decode(fs.readFileSync(path), path) : undefined;
  }

  /** {@link SideTable.read} for one look at a table: nothing of it may be kept when `use` returns. */
  static look<Result>(folder: string, name: string, use: (table: SideTable) => Result): Result | undefined {
    const path = join(folder, name);
    return fs.existsSync(path) ? withWhole(path, (bytes) => use(SideTable.#decode(bytes, path))) : undefined;
  }

  static #decode(bytes: Uint8Array, path: string): SideTable {
    const { rows, columns } = decodeArrow(bytes, path);
    return new SideTable(rows, columns);
  }

  has(column: string): boolean {
    return this.#columns.has(column);
  }

  /** NaN where the row has no such number. */
  number(column: string, row: number): number {
    const found = this.#columns.get(column);
    if (found?.kind === "int32" || found?.kind === "float64") return found.values[row] ?? Number.NaN;
    return Number.NaN;
  }

  /** Undefined where the row has no such text. */
  text(column: string, row: number): string | undefined {
    const found = this.#columns.get(column);
    return found?.kind === "utf8" && isValid(found, row) ? utf8String(found, row) : undefined;
  }

  /** Two words a row, least significant first; empty where the table has no such column. */
  words(column: string): Int32Array {
    const found = this.#columns.get(column);
    if (found?.kind !== "int64") return new Int32Array();
    return new Int32Array(found.values.buffer, found.values.byteOffset, found.values.length * 2);
  }
}
