/**
 * Which columns rows have at each point of a pipeline, and whether a stage finds those that it reads.
 *
 * Invariant: every column that a reader or a stage declares is carried to the end; none is pruned. A stage that replaces a column decides its
 * kind from there on. Nested values are `json`: a stage may read a path into them, `metadata.score`. Ranges of a text hold for that text alone, so
 * none may change it behind them.
 */
import { RecipeError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import type { ColumnDeclaration, DeclaredKind } from "../stages/define.ts";
import type { PlannedStage } from "./plan.ts";
import type { SourceSpec, StageUse } from "./types.ts";

/** Kinds into which a path may lead: a text column may hold JSON, and `any` is whatever the file has. */
const NESTED: ReadonlySet<DeclaredKind> = new Set(["json", "utf8", "any"]);

/** Columns that the documents table of a token store has for itself. */
const OF_DOCUMENTS: ReadonlySet<string> = new Set([
  "document",
  "shard",
  "row",
  "span",
  "bytes",
  "tokens",
  "key_high",
  "key_low",
  "run",
  "token_start",
  "hash",
]);

/** Throws RecipeError `recipe/taken-column` where a tokenized source would carry a column that its documents table has for itself. */
export function refuseTakenColumns(columns: readonly ColumnDeclaration[], source: string): void {
  const taken = columns.find(({ name }) => OF_DOCUMENTS.has(name));
  if (taken === undefined) return;
  throw new RecipeError({
    code: "recipe/taken-column",
    what: `source ${source} carries a column ${taken.name}, and its documents table has one of that name for itself`,
    why: "columns of rows lie in that table beside where each document's tokens are",
    fix: `leave ${taken.name} out of the source's metadata, or give the column that a stage writes another name`,
  });
}

/** Throws RecipeError `recipe/taken-column` where a barrier gives rows a column that they have, or that another one gives them. */
export function refuseRankColumns(
  columns: readonly ColumnDeclaration[],
  stages: readonly Pick<PlannedStage, "use" | "exchange">[],
  source: string,
): void {
  const taken = new Set(["text", ...columns.map(({ name }) => name), ...OF_DOCUMENTS]);
  for (const { use, exchange } of stages) {
    if (exchange?.verdict !== "rank") continue;
    const { column } = exchange;
    if (!taken.has(column)) {
      taken.add(column);
      continue;
    }
    throw new RecipeError({
      code: "recipe/taken-column",
      what: `${use} gives the rows of source ${source} a column ${column}, and there is one of that name`,
      why: "what it says is known when all rows have been read, so it cannot take the place of a column that stages read",
      fix: "give it another name: `column_of_bins: NAME`",
    });
  }
}

/**
 * The columns of `spec` after each stage: entry 0 is what the reader gives. `uses` are the stages as the recipe has them, for messages.
 * Throws RecipeError `recipe/missing-column` where a stage reads a column that is not there, `recipe/stale-ranges` where one changes a text whose
 * ranges another has marked.
 */
export function columnsAfter(
  spec: SourceSpec,
  reader: PlannedStage,
  stages: readonly PlannedStage[],
  uses: readonly StageUse[],
): readonly (readonly ColumnDeclaration[])[] {
  let columns = new Map<string, DeclaredKind>([["text", "utf8"]]);
  for (const { name, kind } of reader.writes) columns.set(name, kind);
  const all = [declarations(columns)];
  stages.forEach((stage, index) => {
    const missing = stage.reads.filter((name) => !isThere(name, columns));
    if (missing.length > 0) throw missingColumn(spec, stage, missing, [...columns.keys()], uses[index]);
    const ranges = [...columns].find(([, kind]) => kind === "range_list");
    if (ranges !== undefined && changesText(stage)) throw staleRanges(spec, stage, ranges[0], uses[index]);
    columns = new Map(columns);
    for (const { name, kind } of stage.writes) columns.set(name, kind);
    all.push(declarations(columns));
  });
  return all;
}

function changesText({ kind, writes, exchange }: PlannedStage): boolean {
  return kind === "rewrite" || exchange?.verdict === "edit" || writes.some(({ name }) => name === "text");
}

function staleRanges(spec: SourceSpec, stage: PlannedStage, column: string, use: StageUse | undefined): RecipeError {
  return new RecipeError({
    code: "recipe/stale-ranges",
    what: `${stage.use} changes the texts of source ${spec.name} behind the stage that marks their ${column}`,
    why: "ranges are positions in a text, so they would mark something else in the changed one",
    fix: `move the stage that writes ${column} behind ${stage.use}`,
    ...(use?.place === undefined ? {} : { place: use.place }),
  });
}

function declarations(columns: ReadonlyMap<string, DeclaredKind>): readonly ColumnDeclaration[] {
  return [...columns].map(([name, kind]) => ({ name, kind }));
}

/** A column of that name, or one that the first parts of the name lead into. */
function isThere(name: string, columns: ReadonlyMap<string, DeclaredKind>): boolean {
  if (columns.has(name)) return true;
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    const kind = columns.get(name.slice(0, dot));
    if (kind !== undefined && NESTED.has(kind)) return true;
  }
  return false;
}

function missingColumn(
  spec: SourceSpec,
  stage: PlannedStage,
  missing: readonly string[],
  there: readonly string[],
  use: StageUse | undefined,
): RecipeError {
  const names = missing.join(", ");
  const [first = ""] = missing;
  const heads = missing.map((name) => name.split(".")[0]);
  return new RecipeError({
    code: "recipe/missing-column",
    what: `${stage.use} reads the column ${names}, which source ${spec.name} does not carry at that point`,
    why: `a stage can only use what the reader or an earlier stage wrote: ${there.join(", ")}`,
    fix: `add it to the source: metadata: [${[...new Set(heads)].join(", ")}]; or ${didYouMean(first, there)}`,
    ...(use?.place === undefined ? {} : { place: use.place }),
  });
}
