/**
 * Mixtures of one training stage to try: drawn as RegMix and olmix draw them, or counted out.
 *
 * Invariant: shares follow the order of the prior and add up to 1; pinned shares are what they were; the same seed gives the same list. Price:
 * microseconds a draw, 100 draws for a candidate of RegMix.
 */
import { entryAt, entryOf, ownOf } from "../../batch/entry.ts";
import { dirichlet, RandomStream } from "../../kernels/random/dirichlet.ts";
import { permutation, type Seed, seedFrom } from "../../kernels/random/shuffle.ts";
import type { DrawSpec } from "./sweep-spec.ts";

export interface DrawInput {
  readonly sources: readonly string[];
  /** Shares by source, in their order; adds up to 1. */
  readonly prior: readonly number[];
  /** The stage's own mixture, in the same order; adds up to 1. */
  readonly baseline: readonly number[];
  readonly categories: Readonly<Record<string, string>>;
  readonly pinned: Readonly<Record<string, number>>;
  /** Highest share of each source. */
  readonly caps: readonly number[];
  readonly seed: Seed;
}

/** A mixture, and what it is called where it has a name of its own. */
export interface DrawnMixture {
  readonly weights: readonly number[];
  readonly label?: string;
}

type Regmix = Extract<DrawSpec, { method: "regmix" }>;
type Olmix = Extract<DrawSpec, { method: "olmix" }>;
type Counted = Exclude<DrawSpec, Regmix | Olmix | { method: "list" }>;

/** Draws that cannot be found are not looked for for ever. */
const TRIES_PER_CANDIDATE = 100;

/** Mixtures without an end, as RegMix or olmix would draw them one after the other; the caller stops. */
export function* drawMixtures(spec: Regmix | Olmix, input: DrawInput): Generator<DrawnMixture> {
  const random = new RandomStream(input.seed);
  const tries = spec.candidates * TRIES_PER_CANDIDATE;
  if (spec.method === "olmix") {
    for (let i = 0; i < tries; i++) {
      const weights = pinnedTo(olmixDraw(spec, input, random), input);
      if (isUnder(weights, input.caps)) yield { weights };
    }
    return;
  }
  const kept: (readonly number[])[] = [];
  const prior = freePrior(input);
  const caps = prior.map((part) => Math.min(1, spec.max_times_prior * part));
  for (let i = 0; i < tries; i++) {
    const drawn = regmixDraw(spec, prior, caps, random);
    const weights = drawn && pinnedTo(drawn, input);
    if (weights !== undefined && isUnder(weights, input.caps)) kept.push(weights);
  }
  // RegMix sorts, drops neighbours that are equal, and chooses at random.
  kept.sort(compareLists);
  const different = kept.filter((weights, i) => i === 0 || distance1(weights, entryAt(kept, i - 1, "draw")) > 1e-5);
  for (const at of permutation(different.length, seedFrom(...input.seed, "choice"))) {
    yield { weights: entryAt(different, at, "draw") };
  }
}

/** RegMix: temper the prior, draw under one of the strengths, cut off what is small, round to multiples of it. */
function regmixDraw(
  spec: Regmix,
  prior: readonly number[],
  caps: readonly number[],
  random: RandomStream,
): readonly number[] | undefined {
  const tempered = normalised(prior.map((part) => part ** spec.temperature));
  const drawn = dirichlet(scaled(tempered, strengthOf(spec, random)), random);
  if (!isUnder(drawn, caps)) return undefined;
  const { min_weight } = spec;
  if (min_weight === 0) return drawn;
  const rest = drawn.map((weight) => (weight < min_weight ? 0 : weight));
  return roundedTo(min_weight, normalised(rest));
}

/** olmix: one strength for categories and for the sources in them; small sources of a category are 0. */
function olmixDraw(spec: Olmix, input: DrawInput, random: RandomStream): readonly number[] {
  const prior = freePrior(input);
  const groups = new Map<string, number[]>();
  input.sources.forEach((source, i) => {
    const group = ownOf(input.categories, source) ?? source;
    groups.set(group, [...(groups.get(group) ?? []), i]);
  });
  const members = [...groups.values()];
  const sizes = members.map((of) => of.reduce((sum, i) => sum + entryAt(prior, i, "source"), 0));
  const strength = strengthOf(spec, random);
  const temper = (parts: readonly number[]) =>
    normalised(parts.map((part) => (part > 0 ? part ** spec.temperature : 0)));
  const outer = dirichlet(scaled(temper(sizes), strength), random);
  const weights = prior.map(() => 0);
  members.forEach((of, group) => {
    const share = entryAt(outer, group, "category");
    const parts = temper(of.map((i) => entryAt(prior, i, "source")));
    const inner = of.length === 1 ? [1] : dirichlet(scaled(parts, strength), random);
    const kept = normalised(inner.map((part) => (part < spec.min_weight ? 0 : part)));
    of.forEach((i, at) => {
      weights[i] = share * entryAt(kept, at, "source");
    });
  });
  return normalised(weights);
}

/** Mixtures that need no chance. */
export function countedMixtures(spec: Counted, input: DrawInput): readonly DrawnMixture[] {
  const at = (source: string): number => {
    const index = input.sources.indexOf(source);
    if (index < 0) throw new RangeError(source);
    return index;
  };
  const { sources, baseline } = input;
  switch (spec.method) {
    case "grid":
      return product(spec.weights).map((chosen) => ({
        weights: withShares(
          input.prior,
          Object.entries({ ...input.pinned, ...chosen }).map(([source, weight]) => [at(source), weight]),
        ),
        label: labelOf(chosen),
      }));
    case "one-source":
      return (spec.sources ?? sources).flatMap((source) =>
        [spec.factor, 1 / spec.factor].map((factor): DrawnMixture => {
          const moved = Math.min(1, entryAt(baseline, at(source), "source") * factor);
          const label = `${source}-${factor > 1 ? "up" : "down"}`;
          return { weights: withShares(baseline, [[at(source), moved], ...pins(input, source)]), label };
        }),
      );
    case "share": {
      const within = spec.within ?? sources;
      const total = within.reduce((sum, source) => sum + entryAt(baseline, at(source), "source"), 0);
      const others = sources.filter((source) => !within.includes(source));
      return spec.shares.map((share) => {
        const fixed = others.map((source): [number, number] => [at(source), entryAt(baseline, at(source), "source")]);
        return {
          weights: withShares(baseline, [...fixed, [at(spec.source), share * total]]),
          label: labelOf({ [spec.source]: share }),
        };
      });
    }
    case "anneal": {
      const candidates = spec.candidates ?? Object.fromEntries(sources.map((source) => [source, [source]]));
      return Object.entries(candidates).map(([label, names]) => {
        const parts = normalised(
          sources.map((source, i) => (names.includes(source) ? entryAt(input.prior, i, "source") : 0)),
        );
        for (const name of names) at(name);
        const weights = baseline.map(
          (weight, i) => spec.baseline * weight + (1 - spec.baseline) * entryAt(parts, i, "source"),
        );
        return { weights, label };
      });
    }
  }
}

function pins({ pinned, sources }: DrawInput, but: string): [number, number][] {
  return Object.entries(pinned).flatMap(([source, weight]): [number, number][] =>
    source === but ? [] : [[sources.indexOf(source), weight]],
  );
}

/** The prior of sources that are not pinned. */
function freePrior({ sources, prior, pinned }: DrawInput): readonly number[] {
  return normalised(prior.map((part, i) => (Object.hasOwn(pinned, entryAt(sources, i, "source")) ? 0 : part)));
}

/** Free shares scaled to what pinned ones leave. */
function pinnedTo(free: readonly number[], { sources, pinned }: DrawInput): readonly number[] {
  const held = Object.values(pinned).reduce((sum, weight) => sum + weight, 0);
  return free.map((weight, i) => ownOf(pinned, entryAt(sources, i, "source")) ?? weight * (1 - held));
}

/** `base` with some shares fixed; the others share what is left as they do in it. */
function withShares(
  base: readonly number[],
  fixed: readonly (readonly [index: number, weight: number])[],
): readonly number[] {
  const at = new Map(fixed);
  const held = [...at.values()].reduce((sum, weight) => sum + weight, 0);
  const rest = base.reduce((sum, weight, i) => (at.has(i) ? sum : sum + weight), 0);
  return base.map((weight, i) => at.get(i) ?? (rest === 0 ? 0 : (weight / rest) * Math.max(0, 1 - held)));
}

function product(axes: Readonly<Record<string, readonly number[]>>): readonly Readonly<Record<string, number>>[] {
  return Object.keys(axes).reduce<readonly Readonly<Record<string, number>>[]>(
    (rows, source) =>
      rows.flatMap((row) => entryOf(axes, source, "source").map((weight) => ({ ...row, [source]: weight }))),
    [{}],
  );
}

const labelOf = (shares: Readonly<Record<string, number>>): string =>
  Object.entries(shares)
    .map(([source, share]) => `${source}=${share}`)
    .join(",");

function strengthOf(spec: Regmix | Olmix, random: RandomStream): number {
  const { min_strength, max_strength, strengths } = spec;
  const at = random.below(strengths);
  if (strengths === 1) return min_strength;
  return min_strength * (max_strength / min_strength) ** (at / (strengths - 1));
}

const scaled = (parts: readonly number[], by: number): number[] => parts.map((part) => part * by);

const isUnder = (weights: readonly number[], caps: readonly number[]): boolean =>
  weights.every((weight, i) => weight <= entryAt(caps, i, "cap") + 1e-12);

export function normalised(parts: readonly number[]): number[] {
  const sum = parts.reduce((all, part) => all + part, 0);
  return parts.map((part) => (sum > 0 ? part / sum : 0));
}

/** Multiples of `step` that add up to 1, by largest remainder; RegMix leaves its sums at 0.996 to 1.003. */
function roundedTo(step: number, weights: readonly number[]): readonly number[] {
  const total = Math.round(1 / step);
  const counts = weights.map((weight) => Math.floor(weight * total));
  const missing = total - counts.reduce((sum, count) => sum + count, 0);
  const order = weights
    .map((weight, i) => ({ i, rest: weight * total - entryAt(counts, i, "share") }))
    .filter(({ rest, i }) => rest > 0 || entryAt(counts, i, "share") > 0)
    .sort((a, b) => b.rest - a.rest || a.i - b.i);
  for (let given = 0; given < missing; given++) {
    const { i } = entryAt(order, given % order.length, "share");
    counts[i] = entryAt(counts, i, "share") + 1;
  }
  return counts.map((count) => count / total);
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = entryAt(a, i, "share") - entryAt(b, i, "share");
    if (difference !== 0) return difference;
  }
  return 0;
}

export function distance1(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, weight, i) => sum + Math.abs(weight - entryAt(b, i, "share")), 0);
}

export function distance2(a: readonly number[], b: readonly number[]): number {
  return Math.sqrt(a.reduce((sum, weight, i) => sum + (weight - entryAt(b, i, "share")) ** 2, 0));
}
