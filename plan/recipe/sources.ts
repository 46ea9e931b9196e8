/** The sources of a recipe: reader found, its options parsed, pipeline looked up. */
import { didYouMean } from "../../batch/suggest.ts";
import type { SourceSpec } from "../types.ts";
import { check } from "./issues.ts";
import { fullName, readerOf } from "./readers.ts";
import { sourceShape } from "./schema.ts";
import { readersOf } from "./stage-kinds.ts";
import { placed, type ResolveContext, stageUse } from "./stage-use.ts";

/** One source, or undefined where the findings say why not. `pipelines` are the names that exist. */
export function resolveSource(
  name: string,
  raw: unknown,
  pipelines: readonly string[],
  context: ResolveContext,
): SourceSpec | undefined {
  const { findings } = context;
  const path = ["sources", name];
  const spec = check(sourceShape, raw, path, { name: "a source" }, findings);
  if (spec === undefined) return undefined;
  const { from, read, pipeline, category, ...options } = spec;
  const patterns = typeof from === "string" ? [from] : from;
  if (pipeline !== undefined && !pipelines.includes(pipeline)) {
    findings.push({
      code: "recipe/unknown-pipeline",
      what: `there is no pipeline \`${pipeline}\``,
      fix: didYouMean(pipeline, pipelines),
      path: [...path, "pipeline"],
    });
  }
  const reader = read === undefined ? inferReader(name, patterns, context) : fullName("read", read);
  if (reader === undefined) return undefined;
  const known = ["from", "read", "pipeline", "category"];
  const use = stageUse(
    reader,
    undefined,
    options,
    path,
    read === undefined ? [...path, "from"] : [...path, "read"],
    context,
    { kind: "source", subject: "a source", otherKeys: known },
  );
  if (use === undefined) return undefined;
  return {
    name,
    from: patterns,
    read: use,
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(category === undefined ? {} : { category }),
    ...placed(path, context),
  };
}

function inferReader(name: string, patterns: readonly string[], context: ResolveContext): string | undefined {
  const found = patterns.map(readerOf);
  const readers = new Set(found);
  if (readers.size === 1 && found[0] !== undefined) return found[0];
  const values = readersOf(context.registry).map((reader) => `\`${reader}\``);
  const silent = found.indexOf(undefined);
  const path = ["sources", name, "from", ...(patterns.length > 1 && silent !== -1 ? [silent] : [])];
  context.findings.push({
    code: "recipe/no-reader",
    what:
      silent === -1
        ? `the patterns of \`${name}\` ask for different readers`
        : `the ending of \`${patterns[silent]}\` does not say how to read it`,
    fix: `${silent === -1 ? "split the source, or set" : "set"} \`read\` to one of ${values.join(", ")}`,
    path,
  });
  return undefined;
}
