/** Several runs beside the first of them, the baseline: what can be told of any of them in one row. Pure functions of their facts. */
import type { SourceManifest, TrainingStageManifest } from "../../manifests/schema.ts";
import type { RunFacts } from "../facts/types.ts";
import { sum } from "../page/numbers.ts";

/** A run by its name on the page: runs of one name are told apart by their place. */
export interface ComparedRun {
  readonly label: string;
  readonly facts: RunFacts;
}

export function labelled(runs: readonly RunFacts[]): readonly ComparedRun[] {
  const met = new Map<string, number>();
  return runs.map((facts) => {
    const times = (met.get(facts.name) ?? 0) + 1;
    met.set(facts.name, times);
    return { label: times === 1 ? facts.name : `${facts.name} (${times})`, facts };
  });
}

/** Names of sources, in the order in which runs have them. */
export function sourceNames(runs: readonly ComparedRun[]): readonly string[] {
  return [...new Set(runs.flatMap(({ facts }) => facts.sources.map(({ name }) => name)))];
}

/** Tokens that all training stages read. */
export function tokensRead({ stages, row_stages }: RunFacts): number {
  return sum([...stages.map(({ stage }) => stage.tokens), ...row_stages.map(({ stage }) => stage.tokens)]);
}

/** The largest distance of a source from what was asked, over all stages. */
export function worstError({ stages }: RunFacts): number {
  return Math.max(0, ...shares(stages).map((share) => Math.abs(share.weight_achieved - share.weight_requested)));
}

/** How often all stages together read a source. */
export function epochsOf({ stages }: RunFacts, source: string): readonly number[] {
  return stages.map(({ sources }) => sources[source]?.epochs ?? 0);
}

export function mostRead(facts: RunFacts): number {
  return Math.max(0, ...facts.sources.map(({ name }) => sum(epochsOf(facts, name))));
}

/** Share of the windows of a run's first stage that the baseline's reads too. */
export function sharedWindows(run: RunFacts, baseline: RunFacts): number {
  const [one] = run.stages;
  const [other] = baseline.stages;
  if (one === undefined || other === undefined || one.stage.windows === 0) return 0;
  const both = Object.entries(one.sources).map(([name, share]) => {
    const same = other.sources[name];
    if (same === undefined || same.fingerprints.windows !== share.fingerprints.windows) return 0;
    return Math.max(0, Math.min(share.end_window, same.end_window) - Math.max(share.start_window, same.start_window));
  });
  return sum(both) / one.stage.windows;
}

function shares(stages: readonly TrainingStageManifest[]): readonly SourceManifest[] {
  return stages.flatMap(({ sources }) => Object.values(sources));
}

/** The keys of recipes, but for the run's name, that are not equal in all runs: a path, and each run's value as JSON, undefined where it has none. */
export function differingKeys(
  runs: readonly ComparedRun[],
): readonly { readonly path: string; readonly values: readonly (string | undefined)[] }[] {
  const leaves = runs.map(({ facts }) => new Map(leavesOf(facts.recipe, "")));
  const paths = [...new Set(leaves.flatMap((leaf) => [...leaf.keys()]))];
  return paths
    .map((path) => ({ path, values: leaves.map((leaf) => leaf.get(path)) }))
    .filter(({ path, values }) => path !== "name" && new Set(values).size > 1);
}

/** Lists whose entries have names are told by name, others by position. */
function* leavesOf(value: unknown, path: string): Generator<readonly [string, string]> {
  const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
  if (Array.isArray(value) && value.some((entry) => typeof entry === "object")) {
    for (const [index, entry] of value.entries()) yield* leavesOf(entry, at(nameOf(entry) ?? String(index)));
  } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [key, entry] of Object.entries(value)) yield* leavesOf(entry, at(key));
  } else yield [path, typeof value === "string" ? value : JSON.stringify(value)];
}

function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { name, id } = entry as { readonly name?: unknown; readonly id?: unknown };
  return typeof name === "string" ? name : typeof id === "string" ? id : undefined;
}
