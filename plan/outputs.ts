/**
 * Data sets of rows: which sources they take, which columns, and what names them.
 *
 * Invariant: an output is named by the rows it takes, its columns, its format and its cut into files; never by the recipe's or its own name, so
 * equal data sets are one folder of the store. Columns that only some of its sources have are null in the others.
 */
import { entryAt } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import type { ColumnDeclaration, DeclaredKind } from "../stages/define.ts";
import { fingerprint, STORE_VERSION, stageIdentity } from "./fingerprint.ts";
import { barrierColumns, type OutputPlan, type SourcePlan } from "./plan.ts";
import type { StagePlanner } from "./stages.ts";
import type { OutputSpec, Recipe } from "./types.ts";

/** How a column of a kind is written unless the recipe says otherwise. `any` follows what the files have. */
const TYPES: Readonly<Record<Exclude<DeclaredKind, "token_list" | "range_list">, string>> = {
  utf8: "string",
  dictionary: "string",
  json: "string",
  any: "any",
  int32: "int32",
  int64: "int64",
  float32: "float32",
  float64: "float64",
  bool: "bool",
};

/** What a row that an output keeps aside has besides its own columns. */
export const VERDICT_COLUMNS: readonly ColumnDeclaration[] = [
  { name: "dropped_by", kind: "utf8" },
  { name: "reason", kind: "utf8" },
  { name: "value", kind: "float64" },
  { name: "detail", kind: "utf8" },
];

export async function planOutputs(
  recipe: Recipe,
  sources: readonly SourcePlan[],
  planner: StagePlanner,
): Promise<readonly OutputPlan[]> {
  const outputs: OutputPlan[] = [];
  for (const spec of recipe.outputs) {
    const members = spec.sources.map((name) => {
      const index = sources.findIndex((source) => source.name === name);
      return { index, source: entryAt(sources, index, `source ${name}`) };
    });
    if (spec.keep_dropped) for (const { source } of members) checkVerdictColumns(spec, source);
    const format = await planner.plan(spec.format);
    const columns = columnsOf(
      spec,
      members.map(({ source }) => source),
    );
    const { config, split, shard_bytes, keep_dropped } = spec;
    outputs.push({
      name: spec.name,
      sources: members.map(({ index }) => index),
      format,
      columns,
      ...(config === undefined ? {} : { config }),
      split,
      shard_bytes,
      keep_dropped,
      fingerprint: fingerprint({
        store_version: STORE_VERSION,
        rows: members.map(({ source }) => ({ name: source.name, rows: source.verdicts })),
        format: stageIdentity(format),
        columns,
        split,
        shard_bytes,
        // How many files there are follows from the bytes of all columns that are written.
        cut: "columns",
        keep_dropped,
      }),
    });
  }
  return outputs;
}

/** The columns that are written, in order. */
function columnsOf(spec: OutputSpec, sources: readonly SourcePlan[]): OutputPlan["columns"] {
  const there = new Map<string, string>();
  for (const { columns } of sources) {
    for (const { name, kind } of [{ name: "text", kind: "utf8" } as const, ...columns]) {
      if (kind === "token_list" || kind === "range_list") continue;
      const type = TYPES[kind];
      const known = there.get(name);
      if (known === undefined || known === "any") there.set(name, type);
      else if (type !== "any" && type !== known && typeOf(spec, name) === undefined)
        throw clash(spec, name, known, type);
    }
  }
  const behind = sources.flatMap(barrierColumns);
  const counted = new Set(behind.map(({ name }) => name));
  const bins = behind.flatMap(({ name, holds }) => (holds === "bin" ? [name] : []));
  // Named first, so that a file reads as its rows do: who they are, what they say, what is known of them.
  const order = ["id", "text", ...[...there.keys()].filter((name) => name !== "id" && name !== "text")];
  const named = [...order.filter((name) => there.has(name)), ...new Set(bins)];
  const wanted = spec.columns ?? named.map((name) => ({ name }));
  // What barriers count is known behind the pipelines. Nobody asked for sizes of clusters, so they are written where they are named.
  return wanted.map(({ name, type }: { readonly name: string; readonly type?: string }) => {
    const known = there.get(name) ?? (counted.has(name) ? "int32" : undefined);
    if (known === undefined) throw unknownColumn(spec, name, [...there.keys(), ...counted]);
    return { name, type: type ?? known };
  });
}

/** A dropped row has one column of a name: its own or the verdict's. */
function checkVerdictColumns(spec: OutputSpec, source: SourcePlan): void {
  const taken = VERDICT_COLUMNS.find((column) => source.columns.some(({ name }) => name === column.name));
  if (taken === undefined) return;
  throw new RecipeError({
    code: "recipe/column-clash",
    what: `the source ${source.name} has a column ${taken.name}, and output ${spec.name} gives dropped rows one of that name`,
    why: `\`keep_dropped\` writes ${VERDICT_COLUMNS.map(({ name }) => name).join(", ")} beside the columns of a row`,
    fix: `rename the column where it is made, such as \`metadata: [{ name: ${taken.name}_before, path: ${taken.name} }]\`, or leave keep_dropped out`,
    ...(spec.place === undefined ? {} : { place: spec.place }),
  });
}

function typeOf(spec: OutputSpec, name: string): string | undefined {
  return spec.columns?.find((column) => column.name === name)?.type;
}

function clash(spec: OutputSpec, name: string, one: string, other: string): RecipeError {
  return new RecipeError({
    code: "recipe/column-types",
    what: `the column ${name} is ${one} in one source of output ${spec.name} and ${other} in another`,
    fix: `say which it is to be: columns: [{ name: ${name}, type: ${one} }]; or give the sources outputs of their own`,
    ...(spec.place === undefined ? {} : { place: spec.place }),
  });
}

function unknownColumn(spec: OutputSpec, name: string, there: readonly string[]): RecipeError {
  return new RecipeError({
    code: "recipe/missing-column",
    what: `output ${spec.name} asks for the column ${name}, which none of its sources has at the end of its pipeline`,
    why: "readers and stages give the columns that they declare; `metadata` adds more",
    fix: didYouMean(name, there),
    ...(spec.place === undefined ? {} : { place: spec.place }),
  });
}
