/**
 * What a training stage mixes: one of three spellings, its sources known, each named once, its rules of one mind.
 *
 * Invariant: whatever is wrong is a finding at its key; what comes out can be compiled. Shares that token counts decide are worked out
 * from `available_tokens` here, so that a plan can show them, and again when tokens have been counted.
 */
import type { z } from "zod";
import { didYouMean, suggest } from "../../batch/suggest.ts";
import { isSubSource, sourceOfShare } from "../../mixtures/sub-sources.ts";
import {
  type CountRule,
  type MixtureRequest,
  mixtureWeights,
  needsCounts,
  quantilePart,
  type RequestedSource,
  requestedSources,
  type SourceSelection,
  type WeightTree,
} from "../../mixtures/weights.ts";
import type { TrainingStageSpec } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import { isRecord } from "./overrides.ts";
import type { ResolveContext } from "./stage-use.ts";
import { trainingStageShape, weightRuleShape, weightTreeShape } from "./training-shapes.ts";

/** Names of sources, and the tokens each is said to hold. */
export type KnownSources = ReadonlyMap<string, number | undefined>;

type StageShape = z.output<typeof trainingStageShape>;

const SPELLINGS = ["weights", "amounts", "repeat"] as const;
const RULE_KEYS = new Set(Object.keys(weightRuleShape.shape));

/** The shape to check a raw stage with: weights are either a rule or shares, so that messages speak of what was meant. */
export function stageShape(raw: unknown, sources: KnownSources): typeof trainingStageShape {
  const weights = isRecord(raw) ? raw.weights : undefined;
  const shape = isRule(weights, sources) ? weightRuleShape : weightTreeShape;
  return trainingStageShape.extend({ weights: shape.optional() }) as unknown as typeof trainingStageShape;
}

/** A mapping of a rule's keys alone; a source of such a name makes it shares. */
function isRule(weights: unknown, sources: KnownSources): boolean {
  if (!isRecord(weights)) return false;
  const keys = Object.keys(weights);
  return keys.length > 0 && keys.every((key) => RULE_KEYS.has(key) && !sources.has(key));
}

export type ResolvedMixture = Pick<TrainingStageSpec, "tokens" | "weights" | "mixture" | "selections">;

/** The mixture of a stage; undefined where the findings say why not. `spec` is undefined where the shape is wrong. */
export function resolveMixture(
  raw: unknown,
  spec: StageShape | undefined,
  path: Path,
  sources: KnownSources,
  context: ResolveContext,
): ResolvedMixture | undefined {
  const { findings } = context;
  const before = findings.length;
  const written = isRecord(raw) ? SPELLINGS.filter((key) => raw[key] !== undefined) : [];
  if (isRecord(raw)) reportSpellings(raw, written, path, context);
  if (spec === undefined) {
    reportUnknownKeys(raw, written, path, sources, context);
    return undefined;
  }
  const request = requestOf(spec, sources);
  if (request === undefined) return undefined;
  const requested = requestedSources(request);
  if (requested.length === 0) {
    const [key = "weights"] = written;
    const fix = `give at least one source a share: \`${key}: { NAME: 1 }\``;
    findings.push({ code: "recipe/no-weights", what: "a training stage has no weights", fix, path: [...path, key] });
  }
  reportSources(requested, path, sources, context);
  if ("weights" in request) reportRules(request.weights, [...path, "weights"], context);
  const tokens = spec.tokens ?? ("amounts" in request ? sumOf(request.amounts) : undefined);
  if (tokens === undefined) {
    const what = "a training stage needs `tokens`";
    findings.push({ code: "recipe/missing-key", what, fix: "add `tokens: …`", path: [...path, "tokens"] });
  }
  if (findings.length > before || tokens === undefined) return undefined;

  const counted = requested.every(({ name }) => sources.get(sourceOfShare(name)) !== undefined);
  const parts = new Map(requested.map(({ name, selection }) => [name, quantilePart(selection)]));
  const tokensOf = (name: string): number =>
    counted ? (sources.get(sourceOfShare(name)) ?? 0) * (isSubSource(name) ? (parts.get(name) ?? 1) : 1) : 0;
  const selected = requested.filter((source) => Object.keys(source.selection).length > 0);
  return {
    tokens,
    weights: mixtureWeights(request, { tokensOf, budget_tokens: tokens }),
    ...(isPlain(request) ? {} : { mixture: request }),
    ...(selected.length === 0
      ? {}
      : { selections: Object.fromEntries(selected.map((source) => [source.name, source.selection])) }),
  };
}

function requestOf(spec: StageShape, sources: KnownSources): MixtureRequest | undefined {
  const { weights, amounts, repeat } = spec;
  if (amounts !== undefined) return { amounts };
  if (repeat !== undefined) return { repeat };
  if (weights === undefined) return undefined;
  if (!isRule(weights, sources)) return { weights: weights as WeightTree };
  return { weights: { of: [...sources.keys()], ...(weights as Partial<CountRule>) } };
}

/** Whether the flat weights say all there is to say. */
function isPlain(request: MixtureRequest): boolean {
  return (
    "weights" in request &&
    !needsCounts(request) &&
    Object.values(request.weights).every((node) => typeof node === "number")
  );
}

function sumOf(amounts: Readonly<Record<string, number>>): number {
  return Object.values(amounts).reduce((sum, tokens) => sum + tokens, 0);
}

/** A stage has one of the spellings. */
function reportSpellings(
  raw: Readonly<Record<string, unknown>>,
  written: readonly string[],
  path: Path,
  { findings }: ResolveContext,
): void {
  const [first, second] = written;
  if (first === undefined) {
    // A misspelt key is also a missing one, and has been reported.
    if (Object.keys(raw).some((key) => suggest(key, SPELLINGS) !== undefined)) return;
    findings.push({
      path: [...path, "weights"],
      code: "recipe/missing-key",
      what: "a training stage needs `weights`",
      fix: "add `weights: …`, or `amounts: …` in tokens",
    });
    return;
  }
  if (second === undefined) return;
  findings.push({
    path: [...path, second],
    part: "key",
    code: "recipe/two-mixtures",
    what: `a training stage has both \`${first}\` and \`${second}\``,
    why: "each of them alone says what the stage mixes",
    fix: "remove one of them",
  });
}

/** Where the shape is wrong too, names at the top level can still be looked up. */
function reportUnknownKeys(
  raw: unknown,
  written: readonly string[],
  path: Path,
  sources: KnownSources,
  context: ResolveContext,
): void {
  for (const key of written) {
    const value = isRecord(raw) ? raw[key] : undefined;
    if (!isRecord(value) || isRule(value, sources)) continue;
    const names = Object.entries(value).filter(([, node]) => !isRecord(node));
    reportSources(
      names.map(([name]) => ({ name, selection: {}, path: [key, name] })),
      path,
      sources,
      context,
    );
  }
}

function reportSources(
  requested: readonly RequestedSource[],
  path: Path,
  sources: KnownSources,
  { findings }: ResolveContext,
): void {
  /** Where each source has its share. */
  const seen = new Map<string, string>();
  for (const { name: share, path: at, selection } of requested) {
    const name = sourceOfShare(share);
    const place = JSON.stringify(at);
    // The sub-sources of one share are one entry of the recipe.
    if (seen.get(name) === place) continue;
    const key = typeof at.at(-1) === "string" ? ({ part: "key" } as const) : {};
    if (!sources.has(name)) {
      findings.push({
        code: "recipe/unknown-source",
        what: `there is no source \`${name}\``,
        why: "its share of the tokens could not be filled",
        fix: didYouMean(name, [...sources.keys()]),
        path: [...path, ...at],
        ...key,
      });
    } else if (seen.has(name)) {
      findings.push({
        code: "recipe/source-twice",
        what: `\`${name}\` has two shares in one training stage`,
        fix: "give it one share",
        path: [...path, ...at],
        ...key,
      });
    }
    seen.set(name, place);
    reportLengths(selection, [...path, ...at], findings);
  }
}

function reportLengths(
  { min_tokens, max_tokens }: SourceSelection,
  path: Path,
  findings: ResolveContext["findings"],
): void {
  if (min_tokens === undefined || max_tokens === undefined || min_tokens <= max_tokens) return;
  const what = `no document has at least ${min_tokens} and at most ${max_tokens} tokens`;
  findings.push({ code: "recipe/out-of-range", what, fix: "swap `min_tokens` and `max_tokens`", path });
}

/** Keys of a rule go with a list of sources, and one rule with one list. */
function reportRules(weights: WeightTree | CountRule, path: Path, { findings }: ResolveContext): void {
  const visit = (node: unknown, at: Path, outerScore: boolean): void => {
    if (!isRecord(node)) return;
    const hasScore = outerScore || node.score !== undefined;
    if (node.upsample !== undefined && (node.of !== undefined || hasScore)) {
      findings.push({
        code: "recipe/upsample-alone",
        what: node.of === undefined ? "`upsample` stands beside a `score`" : "`upsample` stands on a group",
        why: "it parts one source in quantile bins, and each of them is a selection by score",
        fix: node.of === undefined ? "remove `score`, or use `drop_below`" : "give it to each source of the group",
        path: [...at, "upsample"],
        part: "key",
      });
    }
    const rules = ["temperature", "unimax", "max_epochs"].filter((key) => node[key] !== undefined);
    const [rule] = rules;
    if (rule !== undefined && !Array.isArray(node.of)) {
      findings.push({
        code: "recipe/rule-without-list",
        what: `\`${rule}\` needs a list of sources`,
        why: isRecord(node.of) ? "shares within the group are given" : "one source has nobody to share with",
        fix: `write \`of: [NAME, …]\` beside it`,
        path: [...at, rule],
        part: "key",
      });
    } else if (rules.length > 1 && rules.includes("unimax")) {
      findings.push({
        code: "recipe/two-rules",
        what: `\`unimax\` and \`${rules.find((key) => key !== "unimax")}\` are two rules for one list`,
        fix: "remove one of them",
        path: [...at, "unimax"],
        part: "key",
      });
    }
    if (isRecord(node.of))
      for (const [name, child] of Object.entries(node.of)) visit(child, [...at, "of", name], hasScore);
  };
  if (Array.isArray(weights.of)) visit(weights, path, false);
  else for (const [name, node] of Object.entries(weights)) visit(node, [...path, name], false);
}
