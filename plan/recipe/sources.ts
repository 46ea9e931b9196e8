/** The sources of a recipe: reader found, its options parsed, pipeline looked up, stand-ins known. */
import { didYouMean } from "../../batch/suggest.ts";
import type { MissingPolicy, SourceSpec } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import { check } from "./issues.ts";
import { isRecord } from "./overrides.ts";
import { endingNotRead, fullName, readerOf } from "./readers.ts";
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
  const { from, read, pipeline, category, missing, available_tokens, available_rows, ...options } = spec;
  const patterns = typeof from === "string" ? [from] : (from ?? []);
  if (pipeline !== undefined && !pipelines.includes(pipeline)) {
    findings.push({
      code: "recipe/unknown-pipeline",
      what: `there is no pipeline \`${pipeline}\``,
      fix: didYouMean(pipeline, pipelines),
      path: [...path, "pipeline"],
    });
  }
  // Nothing is read of a source without files; a reader is named so that every source has one, and its options are checked.
  const inferred = from === null ? "read/jsonl" : undefined;
  const reader = read === undefined ? (inferred ?? inferReader(name, patterns, context)) : fullName("read", read);
  if (reader === undefined) return undefined;
  const known = Object.keys(sourceShape.shape);
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
    ...(missing === undefined ? {} : { missing }),
    ...(available_tokens === undefined ? {} : { available_tokens }),
    ...(available_rows === undefined ? {} : { available_rows }),
    ...placed(path, context),
  };
}

/** Reports stand-ins that are no source, or have no data themselves. `sources` are the entries as they are written. */
export function checkSubstitutes(
  recipePolicy: MissingPolicy | undefined,
  sources: readonly (readonly [string, unknown])[],
  { findings }: ResolveContext,
): void {
  const names = sources.map(([name]) => name);
  const withoutData = new Set(sources.flatMap(([name, raw]) => (isRecord(raw) && raw.from === null ? [name] : [])));
  const policies: (readonly [Path, unknown])[] = [
    [["missing"], recipePolicy],
    ...sources.map(([name, raw]) => [["sources", name, "missing"], isRecord(raw) ? raw.missing : undefined] as const),
  ];
  for (const [path, policy] of policies) {
    if (!isRecord(policy) || typeof policy.substitute !== "string") continue;
    const { substitute } = policy;
    const at = [...path, "substitute"];
    if (!names.includes(substitute)) {
      const what = `there is no source \`${substitute}\``;
      findings.push({ code: "recipe/unknown-source", what, fix: didYouMean(substitute, names), path: at });
    } else if (withoutData.has(substitute)) {
      const what = `\`${substitute}\` has no data either`;
      findings.push({ code: "recipe/bad-substitute", what, fix: "name a source that has a `from`", path: at });
    }
  }
}

function inferReader(name: string, patterns: readonly string[], context: ResolveContext): string | undefined {
  const found = patterns.map(readerOf);
  const readers = new Set(found);
  if (readers.size === 1 && found[0] !== undefined) return found[0];
  const values = readersOf(context.registry).map((reader) => `\`${reader}\``);
  const silent = found.indexOf(undefined);
  const path = ["sources", name, "from", ...(patterns.length > 1 && silent !== -1 ? [silent] : [])];
  const ending = endingNotRead(patterns[silent] ?? "");
  if (ending !== undefined) {
    context.findings.push({
      code: "recipe/no-reader",
      what: `\`${ending}\` files are not read`,
      fix: "unpack them, or compress their content with zstd, gzip, xz or bzip2",
      path,
    });
    return undefined;
  }
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
