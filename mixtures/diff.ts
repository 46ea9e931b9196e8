/**
 * Two mixtures side by side: stages by name, else by their place; sources by name.
 *
 * Shares are normalised, so weights that do not add up to 1 compare. Invariant: every stage and source of either is there once. Price: none.
 */
import { ownOf } from "../batch/entry.ts";

/** A mixture as far as it is known: a recipe has weights and budgets, a run and a candidate everything. */
export interface KnownTrainingStage {
  readonly name: string;
  readonly tokens: number;
  readonly sources: Readonly<Record<string, KnownShare>>;
}

export interface KnownShare {
  /** Any positive sum. */
  readonly weight: number;
  readonly epochs?: number | undefined;
  readonly start_window?: number | undefined;
}

export interface SourceDiff {
  readonly name: string;
  /** Shares of the stage; absent where the side has no such source. */
  readonly weight_a?: number;
  readonly weight_b?: number;
  /** `weight_b` less `weight_a` in percentage points, a source that is not there being 0; absent where a side lacks the stage. */
  readonly offset_points?: number;
  readonly tokens_a?: number;
  readonly tokens_b?: number;
  readonly epochs_a?: number;
  readonly epochs_b?: number;
  readonly start_a?: number;
  readonly start_b?: number;
}

export interface TrainingStageDiff {
  /** Names of the stage; absent where a side has none. */
  readonly a?: string;
  readonly b?: string;
  readonly tokens_a?: number;
  readonly tokens_b?: number;
  /** Half the sum of all offsets, as a share: what would have to move. */
  readonly total_variation?: number;
  /** Largest offset first. */
  readonly sources: readonly SourceDiff[];
}

export interface MixtureDiff {
  readonly stages: readonly TrainingStageDiff[];
}

export function diffTrainingStages(a: readonly KnownTrainingStage[], b: readonly KnownTrainingStage[]): MixtureDiff {
  const paired = pairs(a, b);
  return { stages: paired.map(([left, right]) => diffStage(left, right)) };
}

type Pair = readonly [KnownTrainingStage | undefined, KnownTrainingStage | undefined];

/** By name where any is shared, else by place: the names of two recipes say nothing of each other. */
function pairs(a: readonly KnownTrainingStage[], b: readonly KnownTrainingStage[]): readonly Pair[] {
  const shares = a.some(({ name }) => b.some((other) => other.name === name));
  if (!shares) return Array.from({ length: Math.max(a.length, b.length) }, (_, i): Pair => [a[i], b[i]]);
  const left = a.map((stage): Pair => [stage, b.find(({ name }) => name === stage.name)]);
  const right = b
    .filter(({ name }) => !a.some((stage) => stage.name === name))
    .map((stage): Pair => [undefined, stage]);
  return [...left, ...right];
}

function diffStage(a: KnownTrainingStage | undefined, b: KnownTrainingStage | undefined): TrainingStageDiff {
  const names = [...new Set([...Object.keys(a?.sources ?? {}), ...Object.keys(b?.sources ?? {})])];
  const [left, right] = [a, b].map((stage) => stage && shareOf(stage));
  const sources = names.map((name): SourceDiff => {
    const [weight_a, weight_b] = [left?.(name), right?.(name)];
    const [of_a, of_b] = [ownOf(a?.sources, name), ownOf(b?.sources, name)];
    return {
      name,
      ...(weight_a === undefined || a === undefined ? {} : { weight_a, tokens_a: Math.round(weight_a * a.tokens) }),
      ...(weight_b === undefined || b === undefined ? {} : { weight_b, tokens_b: Math.round(weight_b * b.tokens) }),
      ...(a && b && { offset_points: 100 * ((weight_b ?? 0) - (weight_a ?? 0)) }),
      ...(of_a?.epochs === undefined ? {} : { epochs_a: of_a.epochs }),
      ...(of_b?.epochs === undefined ? {} : { epochs_b: of_b.epochs }),
      ...(of_a?.start_window === undefined ? {} : { start_a: of_a.start_window }),
      ...(of_b?.start_window === undefined ? {} : { start_b: of_b.start_window }),
    };
  });
  const size = ({ offset_points = 0, weight_a = 0, weight_b = 0 }: SourceDiff): number =>
    a && b ? Math.abs(offset_points) : weight_a + weight_b;
  sources.sort((x, y) => size(y) - size(x) || (x.name < y.name ? -1 : 1));
  const moved = sources.reduce((sum, { offset_points = 0 }) => sum + Math.abs(offset_points), 0) / 200;
  return {
    ...(a && { a: a.name, tokens_a: a.tokens }),
    ...(b && { b: b.name, tokens_b: b.tokens }),
    ...(a && b && { total_variation: moved }),
    sources,
  };
}

function shareOf({ sources }: KnownTrainingStage): (name: string) => number | undefined {
  const sum = Object.values(sources).reduce((all, { weight }) => all + weight, 0);
  return (name) => {
    const weight = ownOf(sources, name)?.weight;
    return weight === undefined ? undefined : weight / sum;
  };
}
