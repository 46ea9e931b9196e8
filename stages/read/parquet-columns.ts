/**
 * The columns that a recipe asks of a Parquet file, found in its schema.
 *
 * Invariant: text comes first, then id where the file has one, then metadata in the order of the recipe; a metadata column that the file
 * lacks and another file of the source has is there, without values.
 */
import type { CellKind, MetadataKind } from "../../io/formats/cells.ts";
import { findColumn, type ParquetCells, type ParquetColumn } from "../../io/formats/parquet-columns.ts";
import { openParquet, type ParquetFile } from "../../io/formats/parquet-file.ts";
import { typeName } from "../../io/formats/value-cells.ts";
import type { ShardRef } from "../../io/source.ts";
import type { ReadContext } from "../define.ts";
import { AbsentColumns } from "./absent-columns.ts";
import {
  type MetadataColumn,
  metadataColumns,
  missingColumn,
  pathsOf,
  type TableOptions,
  textNotString,
  wrongKind,
} from "./columns.ts";
import { shardPlace } from "./shard-extents.ts";

export interface NamedColumn {
  readonly name: string;
  readonly kind: CellKind;
  /** What the recipe asked for. */
  readonly wanted?: MetadataKind | undefined;
  /** Absent where the file lacks it: null in every row. */
  readonly stored?: { readonly column: ParquetColumn; readonly toCell: ParquetCells["toCell"] };
}

/** The first way that is there. */
function locate(file: ParquetFile, paths: readonly (readonly string[])[]): ParquetColumn | undefined {
  for (const path of paths) {
    const column = findColumn(file.tree, path);
    if (column !== undefined) return column;
  }
  return undefined;
}

/** The metadata column as `file` has it, undefined where it lacks it. Throws DataError `data/column-kind`. */
function metadataIn(
  file: ParquetFile,
  wanted: MetadataColumn,
  context: ReadContext,
  shard: ShardRef,
): NamedColumn | undefined {
  const column = locate(file, wanted.paths);
  if (column === undefined) return undefined;
  const cells = column.cells(wanted.kind);
  if (cells === undefined) throw wrongKind(context, shard, wanted, typeName(column.type));
  return { name: wanted.name, kind: cells.kind, wanted: wanted.kind, stored: { column, toCell: cells.toCell } };
}

/** The columns that a recipe asks of every file of a source: text first, then id where there is one, then metadata. */
export class WantedColumns {
  readonly #given: TableOptions;
  readonly #metadata: readonly MetadataColumn[];
  readonly #absent: AbsentColumns;

  constructor(given: TableOptions & { readonly strict_columns: boolean }) {
    this.#given = given;
    this.#metadata = metadataColumns(given.metadata);
    this.#absent = new AbsentColumns(given.strict_columns, async (context, shard, column) => {
      const bytes = await context.open(shard);
      try {
        return metadataIn(await openParquet(bytes, shardPlace(context, shard)), column, context, shard)?.kind;
      } finally {
        await bytes.close();
      }
    });
  }

  async in(file: ParquetFile, context: ReadContext, shard: ShardRef): Promise<readonly NamedColumn[]> {
    const { text, id } = this.#given;
    const columns: NamedColumn[] = [];
    if (text !== null) {
      const textColumn = locate(file, pathsOf(text));
      if (textColumn === undefined) throw missingColumn(context, shard, "text", text, file.columns);
      const texts = textColumn.cells();
      if (!textColumn.isString || texts === undefined) {
        throw textNotString(context, shard, text, typeName(textColumn.type));
      }
      columns.push({ name: "text", kind: "utf8", stored: { column: textColumn, toCell: texts.toCell } });
    }
    const idColumn = id === null ? undefined : locate(file, pathsOf(id));
    const ids = idColumn?.cells("utf8");
    if (idColumn !== undefined && ids !== undefined) {
      columns.push({ name: "id", kind: "utf8", stored: { column: idColumn, toCell: ids.toCell } });
    } else if (id !== null && id !== "id") throw missingColumn(context, shard, "id", id, file.columns);
    for (const wanted of this.#metadata) {
      const { name, kind } = wanted;
      columns.push(
        metadataIn(file, wanted, context, shard) ?? {
          name,
          kind: await this.#absent.kind(wanted, context, shard, file.columns),
          wanted: kind,
        },
      );
    }
    return columns;
  }
}
