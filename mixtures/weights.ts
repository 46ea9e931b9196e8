/**
 * The spellings of a mixture, all compiled to one: a share of the stage's tokens by source.
 *
 * Shares may be nested (`code` is 0.15 of all, `python` 3 parts of it); inner ratios are pinned, so an outer share can be changed alone. Where a
 * group only lists sources, token counts decide: by `counts ^ (1 / temperature)`, or evenly with a cap on epochs (UniMax). Amounts of
 * tokens and numbers of repeats are shares by another name.
 * Invariant: outer shares keep their sum, which need not be 1; what a group's parts get adds up to the group's share. Price: microseconds.
 */
import { entryAt } from "../batch/entry.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";
import { binShare } from "./sub-sources.ts";
import { binSelection, keptBins, type Upsampling, upsamplingRepeats } from "./upsample.ts";

/** The documents that a source is read for: by length in tokens, EOS included, and by score. */
export type SourceSelection = Pick<DocumentSelection, "min_tokens" | "max_tokens" | "score">;

/** How the sources of a list share what the list gets. */
export interface CountRule extends SourceSelection {
  /** Sources. */
  readonly of: readonly string[];
  /** 1 (the default) is by token counts, infinity is evenly. */
  readonly temperature?: number | undefined;
  /** Cap on the epochs a source is read in the stage. */
  readonly max_epochs?: number | undefined;
  /** Evenly, but no source more than so many epochs: Chung et al. 2023. */
  readonly unimax?: { readonly max_epochs: number } | undefined;
}

/** A source, with the documents it is read for, or a group with shares of its own. */
export type WeightNode =
  | number
  | ({ readonly share: number } & SourceSelection & {
        readonly of?: Readonly<Record<string, WeightNode>> | readonly string[] | undefined;
        /** Of a source: its quantile bins are sub-sources. */
        readonly upsample?: Upsampling | undefined;
      } & Omit<CountRule, "of">);

export type WeightTree = Readonly<Record<string, WeightNode>>;

/** A mixture as it is asked for, one spelling of it. */
export type MixtureRequest =
  | { readonly weights: WeightTree | CountRule }
  /** Tokens by source. */
  | { readonly amounts: Readonly<Record<string, number>> }
  /** Times each source is read, relative to each other: the budget says how often in all. */
  | { readonly repeat: Readonly<Record<string, number>> };

/** A leaf of a request: a source, or a sub-source. `path` leads to its key in the request. */
export interface RequestedSource {
  readonly name: string;
  readonly selection: SourceSelection;
  readonly path: readonly (string | number)[];
}

/** Whether `request` gives shares by a rule over a list. */
function isCountRule(weights: WeightTree | CountRule): weights is CountRule {
  return Array.isArray(weights.of);
}

/** Every share of a request, in its order; a source named twice is there twice. */
export function requestedSources(request: MixtureRequest): readonly RequestedSource[] {
  if ("amounts" in request) return Object.keys(request.amounts).map((name) => leaf(name, ["amounts", name]));
  if ("repeat" in request) return Object.keys(request.repeat).map((name) => leaf(name, ["repeat", name]));
  const { weights } = request;
  return isCountRule(weights) ? listed(weights, weights.of, ["weights"]) : treeSources(weights, ["weights"], {});
}

const leaf = (name: string, path: readonly (string | number)[], selection: SourceSelection = {}): RequestedSource => ({
  name,
  selection,
  path,
});

function listed(selection: SourceSelection, names: readonly string[], path: readonly (string | number)[]) {
  return names.map((name, i) => leaf(name, [...path, "of", i], selectionOf(selection)));
}

function treeSources(
  tree: WeightTree,
  path: readonly (string | number)[],
  outer: SourceSelection,
): readonly RequestedSource[] {
  return Object.entries(tree).flatMap(([name, node]): readonly RequestedSource[] => {
    const at = [...path, name];
    if (typeof node === "number") return [leaf(name, at, outer)];
    const selection = { ...outer, ...selectionOf(node) };
    const { upsample } = node;
    if (upsample !== undefined && node.of === undefined) {
      return keptBins(upsample).map((bin) => {
        return leaf(binShare(name, bin, upsample.bins), at, { ...selection, ...binSelection(upsample, bin) });
      });
    }
    if (node.of === undefined) return [leaf(name, at, selection)];
    return isList(node.of) ? listed(selection, node.of, at) : treeSources(node.of, [...at, "of"], selection);
  });
}

function selectionOf({ min_tokens, max_tokens, score }: SourceSelection): SourceSelection {
  return {
    ...(min_tokens === undefined ? {} : { min_tokens }),
    ...(max_tokens === undefined ? {} : { max_tokens }),
    ...(score === undefined ? {} : { score }),
  };
}

const isList = (of: WeightTree | readonly string[]): of is readonly string[] => Array.isArray(of);

/** The part of a source's tokens that a selection's quantiles are; documents without scores aside. */
export function quantilePart({ score }: SourceSelection): number {
  return (score?.max_quantile ?? 1) - (score?.min_quantile ?? 0);
}

/** Whether shares depend on how many tokens sources have. */
export function needsCounts(request: MixtureRequest): boolean {
  if ("amounts" in request) return false;
  if ("repeat" in request) return true;
  return isCountRule(request.weights) || treeNeedsCounts(request.weights);
}

function treeNeedsCounts(tree: WeightTree): boolean {
  return Object.values(tree).some(
    (node) =>
      typeof node !== "number" &&
      (node.upsample !== undefined || (node.of !== undefined && (isList(node.of) || treeNeedsCounts(node.of)))),
  );
}

export interface WeightFacts {
  /** Tokens one epoch of a share holds. */
  readonly tokensOf: (share: string) => number;
  /** Trained tokens of the stage: what caps on epochs are held against. */
  readonly budget_tokens: number;
}

/**
 * Shares by source, in the order of the request. Plain shares and amounts come out as they were written; parts of a group as their part of
 * its share. A rule gives nothing to a source without tokens; where none has any, equal parts.
 */
export function mixtureWeights(request: MixtureRequest, facts: WeightFacts): Record<string, number> {
  if ("amounts" in request) return { ...request.amounts };
  if ("repeat" in request) {
    const entries = Object.entries(request.repeat).map(
      ([name, times]) => [name, times * facts.tokensOf(name)] as const,
    );
    const total = entries.reduce((sum, [, tokens]) => sum + tokens, 0);
    return Object.fromEntries(
      entries.map(([name, tokens]) => [name, total === 0 ? 1 / entries.length : tokens / total]),
    );
  }
  const { weights } = request;
  if (isCountRule(weights)) return ruleWeights(weights, weights.of, 1, facts.budget_tokens, facts);
  const sum = shareSum(weights);
  return treeWeights(weights, 1, facts.budget_tokens / sum, facts);
}

/** `scale` turns a written share into one of the whole stage, `tokensPerShare` a share of the whole into tokens. */
function treeWeights(
  tree: WeightTree,
  scale: number,
  tokensPerShare: number,
  facts: WeightFacts,
): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const [name, node] of Object.entries(tree)) {
    const share = shareOf(node) * scale;
    if (typeof node === "number") weights[name] = share;
    else if (node.upsample !== undefined) {
      Object.assign(weights, binWeights(name, node.upsample, share, share * tokensPerShare, facts));
    } else if (node.of === undefined) weights[name] = share;
    else if (isList(node.of)) {
      Object.assign(weights, ruleWeights(node, node.of, share, share * tokensPerShare, facts));
    } else Object.assign(weights, treeWeights(node.of, share / shareSum(node.of), tokensPerShare, facts));
  }
  return weights;
}

/** Equal parts where no tokens are known. */
function binWeights(
  source: string,
  upsample: Upsampling,
  share: number,
  budget: number,
  { tokensOf }: WeightFacts,
): Record<string, number> {
  const names = keptBins(upsample).map((bin) => binShare(source, bin, upsample.bins));
  const tokens = names.map(tokensOf);
  const some = tokens.some((count) => count > 0);
  const repeats = some ? upsamplingRepeats(tokens, budget, upsample, source) : [];
  return Object.fromEntries(
    names.map((name, bin) => {
      const part = some ? (entryAt(repeats, bin, "bin") * entryAt(tokens, bin, "bin")) / budget : 1 / names.length;
      return [name, part * share];
    }),
  );
}

function shareOf(node: WeightNode): number {
  return typeof node === "number" ? node : node.share;
}

function shareSum(tree: WeightTree): number {
  return Object.values(tree).reduce<number>((sum, node) => sum + shareOf(node), 0);
}

function ruleWeights(
  rule: Omit<CountRule, "of">,
  names: readonly string[],
  share: number,
  budget: number,
  { tokensOf }: WeightFacts,
): Record<string, number> {
  const counts = names.map(tokensOf);
  const exponent = rule.unimax === undefined ? 1 / (rule.temperature ?? 1) : 0;
  const epochs = rule.unimax?.max_epochs ?? rule.max_epochs ?? Number.POSITIVE_INFINITY;
  const some = counts.some((count) => count > 0);
  const parts = counts.map((count) => ({
    ratio: some ? (count > 0 ? count ** exponent : 0) : 1,
    cap: some && count > 0 ? count * epochs : Number.POSITIVE_INFINITY,
  }));
  const tokens = shareUnderCaps(parts, budget);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(names.map((name, i) => [name, (entryAt(tokens, i, "source") / total) * share]));
}

interface Part {
  readonly ratio: number;
  readonly cap: number;
}

/** `budget` by ratio, none above its cap; what caps cut off goes to the others by ratio. Less than the budget where all caps bind. */
function shareUnderCaps(parts: readonly Part[], budget: number): number[] {
  const capped = new Set<Part>();
  for (;;) {
    const left = budget - [...capped].reduce((sum, { cap }) => sum + cap, 0);
    const free = parts.reduce((sum, part) => (capped.has(part) ? sum : sum + part.ratio), 0);
    const tokensOf = (part: Part): number => {
      if (capped.has(part)) return part.cap;
      return free === 0 ? 0 : (left * part.ratio) / free;
    };
    const over = parts.filter((part) => !capped.has(part) && tokensOf(part) > part.cap);
    if (over.length === 0) return parts.map(tokensOf);
    for (const part of over) capped.add(part);
  }
}
