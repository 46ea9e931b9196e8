/**
 * Metadata columns that a file of a source does not have.
 *
 * A column that another file has is null in this one, of the kind it has there; one that no file has is an error, most likely a slip. Strictly, it
 * is an error in the first file that lacks it.
 * Invariant: the kind is that of the first file, in the order of the source, that has the column. Price: where a column is missing, the
 * heads of files up to that one are read, once a source and thread.
 */
import { DataError } from "../../batch/errors.ts";
import type { CellKind } from "../../io/formats/cells.ts";
import type { ShardRef } from "../../io/source.ts";
import type { ReadContext } from "../define.ts";
import { type MetadataColumn, missingColumn, wholeName } from "./columns.ts";

/** The kind that `column` has in a file, undefined where the file lacks it. */
export type ColumnProbe = (
  context: ReadContext,
  shard: ShardRef,
  column: MetadataColumn,
) => Promise<CellKind | undefined>;

export class AbsentColumns {
  readonly #isStrict: boolean;
  readonly #probe: ColumnProbe;
  readonly #kinds = new Map<string, Promise<CellKind | undefined>>();

  constructor(isStrict: boolean, probe: ColumnProbe) {
    this.#isStrict = isStrict;
    this.#probe = probe;
  }

  /** The kind of a column that `shard` lacks; `there` are the columns it has. Throws DataError `data/missing-column`. */
  async kind(
    column: MetadataColumn,
    context: ReadContext,
    shard: ShardRef,
    there: readonly string[],
  ): Promise<CellKind> {
    const key = JSON.stringify([context.source, column.name]);
    const known = this.#kinds.get(key) ?? this.#search(column, context);
    this.#kinds.set(key, known);
    const kind = await known;
    const missing = missingColumn(context, shard, "metadata", wholeName(column), there);
    if (kind === undefined) throw missing;
    if (!this.#isStrict) return kind;
    throw new DataError({
      ...missing.details,
      why: "strict_columns asks that every file has it, and others of this source do",
      fix: "leave strict_columns out, and it is null in this file; or give such files a source of their own",
    });
  }

  async #search(column: MetadataColumn, context: ReadContext): Promise<CellKind | undefined> {
    for (const shard of context.shards) {
      const kind = await this.#probe(context, shard, column);
      if (kind !== undefined) return kind;
    }
    return undefined;
  }
}
