/**
 * From a recipe's raw value to a `Recipe`: shapes checked piece by piece, names looked up, stage options filled in.
 *
 * Invariant: one pass reports everything. A piece whose shape is wrong is reported and left out; what refers to it by name is
 * still checked against the names that were written, so that one mistake makes one message.
 */
import { relative, resolve as resolvePath, sep } from "node:path";
import type { z } from "zod";
import { suggest } from "../../batch/suggest.ts";
import { resolveLocation } from "../../io/asset-sources.ts";
import type { Recipe, TokenizerSpec } from "../types.ts";
import type { Finding, Path } from "./diagnostics.ts";
import { resolveExports } from "./exports.ts";
import { resolveGates } from "./gates.ts";
import { badName, check, unknownKey, wrongType } from "./issues.ts";
import { resolveOutputs } from "./outputs.ts";
import { isRecord } from "./overrides.ts";
import { recipeShape } from "./schema.ts";
import { NAME_PATTERN } from "./shapes.ts";
import { checkSubstitutes, resolveSource } from "./sources.ts";
import { placed, type ResolveContext, resolvePipeline } from "./stage-use.ts";
import { resolveTrainingStages } from "./training-stages.ts";
import { resolveValidation } from "./validation.ts";

/** The recipe, or undefined where `context.findings` says why not. */
export function resolveRecipe(raw: unknown, context: ResolveContext): Recipe | undefined {
  const { findings } = context;
  const before = findings.length;
  if (!isRecord(raw)) {
    findings.push(wrongType([], "a recipe", ["a mapping"], raw));
    return undefined;
  }
  const shape = recipeShape.shape;
  const known = Object.keys(shape);
  const unknown = Object.keys(raw).filter((key) => !known.includes(key));
  for (const key of unknown) findings.push(unknownKey("a recipe", key, known, [key]));
  const field = <S extends z.ZodType>(key: string, schema: S): z.output<S> | undefined => {
    const misspelt = raw[key] === undefined && unknown.some((other) => suggest(other, known) === key);
    return misspelt ? undefined : check(schema, raw[key], [key], { name: `\`${key}\`` }, findings);
  };

  const pipelines = records(raw.pipelines, ["pipelines"], context);
  const sources = records(raw.sources, ["sources"], context);
  if (raw.sources === undefined) field("sources", shape.sources);
  else if (isRecord(raw.sources) && sources.length === 0) {
    findings.push({ code: "recipe/out-of-range", what: "`sources` is empty", fix: "name one", path: ["sources"] });
  }
  const pipelineNames = pipelines.map(([name]) => name);
  const resolvedSources = sources.map(([name, value]) => resolveSource(name, value, pipelineNames, context));
  const knownSources = new Map(sources.map(([name], i) => [name, resolvedSources[i]?.available_tokens]));
  const withData = sources.flatMap(([name], i) => ((resolvedSources[i]?.from.length ?? 0) > 0 ? [name] : []));
  checkPurpose(raw, unknown, context);
  const shard_tokens = field("shard_tokens", shape.shard_tokens);
  const missing = field("missing", shape.missing);
  const tokens_per_step = field("tokens_per_step", shape.tokens_per_step);
  checkSubstitutes(missing, sources, context);
  const stages =
    raw.training_stages === undefined
      ? { training_stages: [], row_stages: [] }
      : resolveTrainingStages(raw.training_stages, knownSources, shard_tokens, context);
  const recipe = {
    schema: field("schema", shape.schema),
    name: field("name", shape.name),
    seed: field("seed", shape.seed),
    ...optional("tokenizer", resolveTokenizer(field("tokenizer", shape.tokenizer), context)),
    pipelines: Object.fromEntries(pipelines.map(([name, value]) => [name, resolvePipeline(name, value, context)])),
    sources: Object.fromEntries(sources.map(([name], i) => [name, resolvedSources[i]])),
    training_stages: stages.training_stages,
    ...(stages.row_stages.length > 0 && { row_stages: stages.row_stages }),
    outputs: resolveOutputs(
      raw.outputs,
      sources.map(([name]) => name),
      withData,
      context,
    ),
    shard_tokens,
    limits: field("limits", shape.limits),
    missing,
    ...(tokens_per_step === undefined ? {} : { tokens_per_step }),
    ...optional("simulate", field("simulate", shape.simulate)),
    ...optional(
      "validation",
      resolveValidation(field("validation", shape.validation), [...knownSources.keys()], context),
    ),
    exports: resolveExports(field("exports", shape.exports), context),
    gates: resolveGates(field("gates", shape.gates), resolvedSources, pipelines, context),
    plugins: field("plugins", shape.plugins)?.map((path) => fromFolder(context.folder, path)),
    folder: context.folder,
  };
  reportPrototypes(raw, [], context, new Set());
  // Every check that fails adds a finding, so without one no piece is undefined.
  if (findings.length > before || !isSimulation(recipe as Recipe, findings)) return undefined;
  return recipe as Recipe;
}

/** A path as it is named from `folder`: where the folder lies elsewhere, so does the file. */
function fromFolder(folder: string, path: string): string {
  return relative(folder, resolvePath(folder, path)).split(sep).join("/");
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}

/** A recipe asks for training stages or for outputs, and training stages need a tokenizer. */
function checkPurpose(
  raw: Readonly<Record<string, unknown>>,
  unknown: readonly string[],
  context: ResolveContext,
): void {
  const misspelt = (key: string): boolean => unknown.some((other) => suggest(other, [key]) === key);
  if (raw.training_stages === undefined && raw.outputs === undefined) {
    if (misspelt("training_stages") || misspelt("outputs")) return;
    context.findings.push({
      code: "recipe/missing-key",
      what: "a recipe needs `training_stages` or `outputs`",
      why: "without either nothing is asked for",
      fix: "add `training_stages: …` for tokens, or `outputs: …` for rows",
      path: ["training_stages"],
    });
  }
  if (raw.training_stages !== undefined && raw.tokenizer === undefined && !misspelt("tokenizer")) {
    context.findings.push({
      code: "recipe/missing-key",
      what: "a recipe with training stages needs `tokenizer`",
      fix: "add `tokenizer: { file: ./tokenizer.json, eos: … }`, or `hub: ORG/NAME@REVISION` or `encoding: cl100k_base` for `file`",
      path: ["tokenizer"],
    });
  }
}

/** A simulation is of something larger. */
function isSimulation({ simulate, training_stages, row_stages = [] }: Recipe, findings: Finding[]): boolean {
  const [mixesRows] = row_stages;
  if (simulate !== undefined && mixesRows !== undefined) {
    findings.push({
      code: "recipe/simulated-rows",
      what: `training stage ${mixesRows.name} mixes rows, and a simulation reads a part of every source by its tokens`,
      fix: "give the stage smaller fractions, and leave `simulate` out",
      path: ["simulate"],
      part: "key",
    });
    return false;
  }
  const budget = training_stages.reduce((sum, { tokens }) => sum + tokens, 0);
  if (simulate === undefined || simulate.target_tokens > budget) return true;
  findings.push({
    code: "recipe/out-of-range",
    what: `the run to simulate has ${simulate.target_tokens} tokens, and this recipe itself ${budget}`,
    fix: "name the budget of the large run, or leave `simulate` out",
    path: ["simulate", "target_tokens"],
  });
  return false;
}

/** JavaScript gives this key a meaning of its own, and libraries leave it out without a word: nothing may be called so. */
function reportPrototypes(value: unknown, path: Path, context: ResolveContext, seen: Set<unknown>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  for (const [key, part] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    const isReported = (): boolean => context.findings.some((finding) => String(finding.path) === String(at));
    if (key === "__proto__" && !isReported()) context.findings.push(badName(at, key, "key"));
    reportPrototypes(part, at, context, seen);
  }
}

/** The entries of a mapping whose keys are names; what is not one is reported. */
function records(value: unknown, path: Path, { findings }: ResolveContext): [string, unknown][] {
  if (value === undefined) return [];
  if (!isRecord(value)) {
    findings.push(wrongType(path, `\`${path.at(-1)}\``, ["a mapping from names"], value));
    return [];
  }
  const entries = Object.entries(value);
  for (const [name] of entries) {
    if (!NAME_PATTERN.test(name)) findings.push(badName([...path, name], name, "key"));
  }
  return entries;
}

const VOCABULARIES = ["file", "hub", "encoding"] as const;
const HUB_MODEL = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*(@[^@\s]+)?$/;

/** The file that a model of the Hub has its tokenizer in; slashes of a revision are no part of the path. */
function hubTokenizer(model: string): string {
  return `hf://${model.replace(/@.*/, (revision) => revision.replaceAll("/", "%2F"))}/tokenizer.json`;
}

/** A tokenizer of the right shape names exactly one vocabulary. */
function resolveTokenizer(
  spec: z.output<typeof recipeShape.shape.tokenizer> | undefined,
  context: ResolveContext,
): TokenizerSpec | undefined {
  if (spec === undefined) return undefined;
  const path = ["tokenizer"];
  const { file, hub, encoding, ...rest } = spec;
  const given = VOCABULARIES.filter((key) => spec[key] !== undefined);
  const [, second] = given;
  if (given.length !== 1) {
    const names = given.map((key) => `\`${key}\``).join(given.length === 2 ? " and " : ", ");
    context.findings.push({
      code: "recipe/tokenizer",
      what:
        second === undefined
          ? "the tokenizer has neither `file` nor `hub` nor `encoding`"
          : `the tokenizer has ${given.length === 2 ? "both " : ""}${names}`,
      why: "exactly one of them says how text becomes token ids",
      fix:
        second === undefined
          ? "add `file: ./tokenizer.json`, `hub: ORG/NAME@REVISION` or `encoding: cl100k_base`"
          : "keep one of them",
      path: second === undefined ? path : [...path, second],
      part: "key",
    });
    return undefined;
  }
  if (hub !== undefined && !HUB_MODEL.test(hub)) {
    context.findings.push({
      code: "recipe/tokenizer-hub",
      what: `\`hub: ${hub}\` names no model of the Hub`,
      why: "its `tokenizer.json` is what is read",
      fix: "write ORG/NAME@REVISION, for example HuggingFaceTB/SmolLM3-3B@main; a file of another name is `file: hf://ORG/NAME@REVISION/PATH`",
      path: [...path, "hub"],
    });
    return undefined;
  }
  const { bos, append_eos, ...always } = rest;
  return {
    ...(file === undefined ? {} : { file: { asset: resolveLocation(file, context.folder) } }),
    ...(hub === undefined ? {} : { hub: { asset: hubTokenizer(hub) } }),
    ...optional("encoding", encoding),
    ...always,
    ...optional("bos", bos),
    // What it says by default leaves fingerprints as they were before there was the key.
    ...(append_eos === "never" && { append_eos }),
    ...placed(path, context),
  };
}
