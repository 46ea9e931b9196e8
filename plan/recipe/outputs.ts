/** The outputs of a recipe: sources that exist, a format with its options, columns, and how rows are cut into files. */
import { didYouMean } from "../../batch/suggest.ts";
import { parseType, TypeTextError } from "../../kernels/output-schema.ts";
import type { OutputSpec } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import { check, wrongType } from "./issues.ts";
import { isRecord } from "./overrides.ts";
import { fullName } from "./readers.ts";
import { outputShape } from "./schema.ts";
import { placed, type ResolveContext, reportDuplicates, stageUse } from "./stage-use.ts";

/** Every output that is right. `sources` are the names that exist and have data. */
export function resolveOutputs(
  raw: unknown,
  sources: readonly string[],
  context: ResolveContext,
): readonly (OutputSpec | undefined)[] {
  if (raw === undefined) return [];
  if (!Array.isArray(raw)) {
    context.findings.push(wrongType(["outputs"], "`outputs`", ["a list of outputs"], raw));
    return [];
  }
  reportDuplicates(
    raw.map((output, i) => ({
      id: isRecord(output) && typeof output.name === "string" ? output.name : undefined,
      path: ["outputs", i, "name"],
    })),
    "two outputs are called",
    "rename one of them",
    context,
  );
  return raw.map((output, i) => resolveOutput(output, ["outputs", i], sources, context));
}

function resolveOutput(
  raw: unknown,
  path: Path,
  sources: readonly string[],
  context: ResolveContext,
): OutputSpec | undefined {
  const spec = check(outputShape, raw, path, { name: "an output" }, context.findings);
  if (spec === undefined) return undefined;
  const { name, columns, config, split, shard_bytes, keep_dropped } = spec;
  const wanted = spec.sources ?? sources;
  wanted.forEach((source, i) => {
    if (sources.includes(source)) return;
    context.findings.push({
      code: "recipe/unknown-source",
      what: `there is no source \`${source}\` with data`,
      fix: didYouMean(source, sources),
      path: [...path, "sources", i],
    });
  });
  columns?.forEach((column, i) => {
    if (typeof column === "string" || column.type === undefined) return;
    const problem = typeProblem(column.type);
    if (problem === undefined) return;
    context.findings.push({
      code: "recipe/output-type",
      what: `\`${column.type}\` is no type that a column can be written as: ${problem}`,
      fix: "write a flat type, `list<TYPE>` or `struct<name: TYPE, …>`",
      path: [...path, "columns", i, "type"],
    });
  });
  const { use, ...options } = typeof spec.format === "string" ? { use: spec.format } : spec.format;
  const at = [...path, "format"];
  const format = stageUse(fullName("write", use), undefined, options, at, at, context, {
    kind: "sink",
    otherKeys: ["use"],
  });
  if (format === undefined) return undefined;
  const named = columns?.map((column) => (typeof column === "string" ? { name: column } : column));
  return {
    name,
    sources: wanted,
    format,
    ...(named === undefined ? {} : { columns: named as OutputSpec["columns"] & object }),
    ...(config === undefined ? {} : { config }),
    split,
    shard_bytes,
    keep_dropped,
    ...placed(path, context),
  };
}

function typeProblem(text: string): string | undefined {
  try {
    parseType(text);
    return undefined;
  } catch (error) {
    if (error instanceof TypeTextError) return error.message;
    throw error;
  }
}
