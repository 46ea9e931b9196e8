/**
 * Which columns a reader of tables makes: text, id and metadata, named by the recipe, found in the data by a path.
 *
 * Invariant: a name with dots means the key or column of that very name where there is one, else the way through nested ones; what a path
 * means follows from the data's keys alone. Names in a batch are unique.
 */
import * as z from "zod";
import { entryAt } from "../../batch/entry.ts";
import { DataError, RecipeError } from "../../batch/errors.ts";
import { suggest } from "../../batch/suggest.ts";
import { METADATA_KINDS, type MetadataKind } from "../../io/formats/cells.ts";
import type { ShardRef } from "../../io/source.ts";
import type { ColumnDeclaration, DeclaredKind, ReadContext } from "../define.ts";
import { shardPlace } from "./shard-extents.ts";

/** Options of readers of tables: which columns become `text` and `id`. */
export const columnOptions = {
  text: z
    .string()
    .min(1)
    .nullable()
    .default("text")
    .describe("column or key that holds the document; null for rows without one, such as chats: their text is empty"),
  id: z
    .string()
    .min(1)
    .nullable()
    .default("id")
    .describe("column or key that names the document; `id` may be absent, any other name must exist; null for none"),
};

/** Entries of `metadata`: a name, or a name with where its values are and of what kind. */
export const metadataOption = z
  .array(
    z.union([
      z.string().min(1),
      z.strictObject({
        name: z.string().min(1).describe("name of the column"),
        path: z
          .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
          .optional()
          .describe("where its values are in the data, the name by default: `metadata.score`, or a list of keys"),
        kind: z
          .enum(METADATA_KINDS)
          .optional()
          .describe("kind of the column; a value that it cannot hold exactly makes its row unusable"),
      }),
    ]),
  )
  .default([]);

/** Option of readers whose files have columns. */
export const strictColumns = z
  .boolean()
  .default(false)
  .describe("a metadata column that a file lacks is an error, instead of null in its rows");

/** What a reader of tables is asked for. */
export interface TableOptions {
  /** Null where rows have no text: then no reader asks for it, and batches have an empty one. */
  readonly text: string | null;
  readonly id: string | null;
  readonly metadata: z.output<typeof metadataOption>;
}

/** A metadata column: `paths` are the ways to its values in order, of which the first that is there counts. */
export interface MetadataColumn {
  readonly name: string;
  readonly paths: readonly (readonly string[])[];
  /** As asked for; undefined means what the data has. */
  readonly kind: MetadataKind | undefined;
}

/** The name that a recipe gives a column, undivided: what it is called in tables, which are flat. */
export function wholeName({ paths }: MetadataColumn): string {
  return entryAt(paths, 0, "path").join(".");
}

/** The columns that `metadata` asks for; throws where two have one name. */
export function metadataColumns(metadata: TableOptions["metadata"]): readonly MetadataColumn[] {
  const columns = metadata.map((entry): MetadataColumn => {
    if (typeof entry === "string") return { name: entry, paths: pathsOf(entry), kind: undefined };
    const { name, path = name, kind } = entry;
    return { name, paths: typeof path === "string" ? pathsOf(path) : [path], kind };
  });
  checkNames(columns.map(({ name }) => name));
  return columns;
}

/** Parts of a dotted name beyond which only the whole name and the name cut at every dot are tried. */
const MAX_SPLIT_PARTS = 5;

/** The ways that a dotted name may mean, longest keys first: `a.b.c`, `a.b` then `c`, `a` then `b.c`, and so on. */
export function pathsOf(name: string): readonly (readonly string[])[] {
  const parts = name.split(".");
  if (parts.length > MAX_SPLIT_PARTS || parts.includes("")) return parts.length === 1 ? [[name]] : [[name], parts];
  return splits(parts);
}

function splits(parts: readonly string[]): readonly (readonly string[])[] {
  if (parts.length === 0) return [[]];
  return parts.flatMap((_, i) => {
    const taken = parts.length - i;
    return splits(parts.slice(taken)).map((rest) => [parts.slice(0, taken).join("."), ...rest]);
  });
}

/** Columns every source can promise. `id` is null where the input has none. */
export const SOURCE_COLUMNS: readonly ColumnDeclaration[] = [
  { name: "text", kind: "utf8" },
  { name: "id", kind: "utf8" },
];

/** The columns of a reader of tables. `bare` is the kind of metadata that is named without one. */
export function sourceColumns(metadata: TableOptions["metadata"], bare: DeclaredKind): readonly ColumnDeclaration[] {
  const named = metadataColumns(metadata).map(({ name, kind }) => ({ name, kind: kind ?? bare }));
  return [...SOURCE_COLUMNS, ...named];
}

/** Column names of a batch, checked once when the stage is made: `text`, `id`, then metadata as written. */
function checkNames(metadata: readonly string[]): void {
  const seen = new Set(["text", "id"]);
  for (const name of metadata) {
    if (seen.has(name)) {
      throw new RecipeError({
        code: "recipe/duplicate-column",
        what: `metadata names the column ${name} twice or takes the place of text or id`,
        fix: "list every metadata column once; the document and its name are already there as text and id",
      });
    }
    seen.add(name);
  }
}

/** Columns whose presence under another name explains why there is no text. */
const BLOB_COLUMNS = ["blob_id", "content_id"];
/** Columns that hold the turns of a conversation. */
const TURN_COLUMNS = ["messages", "conversations", "conversation"];

export function missingColumn(
  context: ReadContext,
  shard: ShardRef,
  option: "text" | "id" | "metadata",
  name: string,
  there: readonly string[],
): DataError {
  const near = suggest(name, there);
  const ids = option === "text" ? there.find((column) => BLOB_COLUMNS.includes(column)) : undefined;
  const turns = option === "text" ? there.find((column) => TURN_COLUMNS.includes(column)) : undefined;
  const fix = turns
    ? `${turns} holds the turns of conversations: set text: null and metadata: [{ name: ${turns}, kind: json }], and let chat/messages read them`
    : near
      ? `did you mean ${near}? set ${option}: ${near}`
      : ids
        ? `these rows only name their contents (${ids}): set text: null and metadata: [${ids}], and let read/software-heritage get them`
        : `set ${option} to one of the columns there are`;
  return new DataError({
    code: "data/missing-column",
    what: `there is no column ${name}; there are ${there.length === 0 ? "none" : there.join(", ")}`,
    why: option === "text" ? "a document without text cannot be read" : `${option} asks for it`,
    fix,
    place: shardPlace(context, shard),
  });
}

/** A metadata column whose values in `shard`, of type `found`, are never of the kind that was asked for. */
export function wrongKind(context: ReadContext, shard: ShardRef, column: MetadataColumn, found: string): DataError {
  return new DataError({
    code: "data/column-kind",
    what: `the column ${column.name} is to be ${column.kind}, and the file has ${found} there`,
    why: "a column of a kind holds exactly what the file has, every digit",
    fix: `declare ${column.name} as utf8 or json, which keep every digit, or leave its kind out`,
    place: shardPlace(context, shard),
  });
}

export function textNotString(context: ReadContext, shard: ShardRef, name: string, found: string): DataError {
  return new DataError({
    code: "data/text-not-string",
    what: `column ${name} does not hold strings but ${found}`,
    fix: "set text to a column of strings",
    place: shardPlace(context, shard),
  });
}
