import assert from "node:assert/strict";
import { test } from "node:test";
import { RecipeError, RunError } from "../../../batch/errors.ts";
import { dirichlet, RandomStream } from "../../../kernels/random/dirichlet.ts";
import type { TrainingStageMixture } from "../../../mixtures/compile.ts";
import { type ResolvedSweep, type SweepFacts, sweepCandidates } from "../../../mixtures/experiments/sweep.ts";
import { type SweepInput, sweepShape } from "../../../mixtures/experiments/sweep-spec.ts";

const stage = (name: string, tokens: number, weights: Record<string, number>): TrainingStageMixture => ({
  name,
  tokens,
  sequence_length: 10,
  pack_id: "concat",
  weights,
});

/** Windows of one epoch by source; one shard each. */
function facts(windows: Record<string, number>, stages: readonly TrainingStageMixture[], max_epochs = 1): SweepFacts {
  return {
    stages,
    available: (source) => [{ windows: windows[source] }],
    limits: { max_epochs, on_exhausted: "error" },
    categories: { a: "web", b: "web", c: "code", d: "code" },
    stores: "0123456789abcdef",
  };
}

const WIDE = { a: 60_000, b: 30_000, c: 9_000, d: 1_000 };
const ONE = facts(WIDE, [stage("only", 50_000, { a: 0.5, b: 0.3, c: 0.15, d: 0.05 })], 10);
const TWO = facts(WIDE, [stage("stable", 80_000, { a: 1, b: 1, c: 1 }), stage("decay", 20_000, { a: 1, b: 1, c: 1 })]);

function spec(input: SweepInput, more: Partial<ResolvedSweep> = {}): ResolvedSweep {
  const { budgets: _budgets, simulate: _simulate, unlike: _unlike, ...rest } = sweepShape.parse(input);
  return { ...rest, listed: [], unlike: [], ...more };
}

type Shares = Readonly<Record<string, number>>;

const sharesOf = (sweep: ReturnType<typeof sweepCandidates>, at = 0): Shares[] =>
  sweep.candidates.map(({ stages }) =>
    Object.fromEntries(
      Object.entries(stages[at].sources).map(([name, share]) => [name, Number(share.weight_normalized.toFixed(6))]),
    ),
  );

test("Dirichlet draws have the mean and the spread they should, at shapes far below 1 too", () => {
  const random = new RandomStream([1, 2]);
  for (const strength of [0.05, 1, 20]) {
    const shapes = [0.6, 0.3, 0.0999, 0.0001].map((part) => part * strength);
    const draws = Array.from({ length: 4000 }, () => dirichlet(shapes, random));
    for (const draw of draws) assert.ok(Math.abs(draw.reduce((sum, part) => sum + part, 0) - 1) < 1e-12);
    const mean = draws.reduce((sum, draw) => sum + draw[0], 0) / draws.length;
    const spread = draws.reduce((sum, draw) => sum + (draw[0] - mean) ** 2, 0) / draws.length;
    assert.ok(Math.abs(mean - 0.6) < 0.03, `${strength}: mean ${mean}`);
    assert.ok(Math.abs(spread / ((0.6 * 0.4) / (strength + 1)) - 1) < 0.12, `${strength}: spread ${spread}`);
  }
});

test("RegMix's draws: multiples of the least share, none above 15 times its prior, all different, the same for a seed", () => {
  const input: SweepInput = { draw: { method: "regmix", candidates: 40 } };
  const sweep = sweepCandidates(spec(input), ONE);
  const all = sharesOf(sweep);
  assert.equal(all.length, 40);
  for (const shares of all) {
    for (const share of Object.values(shares)) assert.ok(Math.abs(share * 5000 - Math.round(share * 5000)) < 1e-6);
    assert.ok(Math.abs(Object.values(shares).reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
    assert.ok(shares.d <= 0.15 + 1e-9, "the prior of d is 0.01");
  }
  assert.equal(new Set(sweep.candidates.map(({ id }) => id)).size, 40);
  assert.deepEqual(sharesOf(sweepCandidates(spec(input), ONE)), all);
  assert.notDeepEqual(sharesOf(sweepCandidates(spec({ ...input, seed: 43 }), ONE)), all);
  // Tempered: the rare source has more of it than of the tokens.
  const mean = all.reduce((sum, { c }) => sum + c, 0) / all.length;
  assert.ok(mean > 0.12 && mean < 0.4, `mean of c is ${mean}`);
});

test("olmix's draws: categories first, small parts of one are nothing, near ones are one", () => {
  const all = sharesOf(
    sweepCandidates(spec({ draw: { method: "olmix", candidates: 30, min_weight: 0.05, min_distance: 0.02 } }), ONE),
  );
  for (const { a, b, c, d } of all) {
    for (const [part, other] of [
      [a, b],
      [d, c],
    ]) {
      assert.ok(part === 0 || part / (part + other) >= 0.05 - 1e-6);
    }
  }
  for (const [i, x] of all.entries()) {
    for (const y of all.slice(0, i)) assert.ok(Math.hypot(x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d) >= 0.0199);
  }
});

test("grid, one source up and down, a share within some, annealing: exactly as asked", () => {
  const draw = (input: NonNullable<SweepInput["draw"]>, more: SweepInput = {}) =>
    sharesOf(sweepCandidates(spec({ draw: input, prior: "recipe", ...more }), ONE));
  assert.deepEqual(draw({ method: "grid", weights: { a: [0.2, 0.6], d: [0.1] } }), [
    { a: 0.2, b: 0.466667, c: 0.233333, d: 0.1 },
    { a: 0.6, b: 0.2, c: 0.1, d: 0.1 },
  ]);
  assert.deepEqual(draw({ method: "one-source", sources: ["b"] }, { pinned: { d: 0.05 } }), [
    { a: 0.269231, b: 0.6, c: 0.080769, d: 0.05 },
    { a: 0.615385, b: 0.15, c: 0.184615, d: 0.05 },
  ]);
  // SmolLM3's web sweep: the pair keeps what it has of the whole.
  assert.deepEqual(draw({ method: "share", source: "a", within: ["a", "b"], shares: [0.2, 0.8] }), [
    { a: 0.16, b: 0.64, c: 0.15, d: 0.05 },
    { a: 0.64, b: 0.16, c: 0.15, d: 0.05 },
  ]);
  // SmolLM3's annealing: 40 % baseline, 60 % candidate.
  assert.deepEqual(draw({ method: "anneal", candidates: { code: ["c", "d"] } }), [
    { a: 0.2, b: 0.12, c: 0.51, d: 0.17 },
  ]);
});

test("stages are swept, not one vector; pinned shares stay; an annealing starts where the stage before ended", () => {
  const both = sweepCandidates(spec({ draw: { method: "regmix", candidates: 5 }, pinned: { c: 0.1 } }), TWO);
  assert.notDeepEqual(sharesOf(both, 0), sharesOf(both, 1));
  for (const shares of [...sharesOf(both, 0), ...sharesOf(both, 1)]) assert.equal(shares.c, 0.1);
  for (const { stages } of both.candidates) {
    for (const [name, { start_window }] of Object.entries(stages[1].sources)) {
      assert.equal(start_window, stages[0].sources[name].end_window);
    }
  }
  const decay = sweepCandidates(spec({ draw: { method: "regmix", candidates: 3 }, stages: ["decay"] }), TWO);
  for (const shares of sharesOf(decay, 0)) assert.deepEqual(shares, { a: 0.333333, b: 0.333333, c: 0.333333 });
  const same = sweepCandidates(spec({ draw: { method: "regmix", candidates: 3 }, same_in_all_stages: true }), TWO);
  assert.deepEqual(sharesOf(same, 0), sharesOf(same, 1));
  const annealed = sweepCandidates(spec({ draw: { method: "anneal" }, after: "stable" }), TWO);
  for (const { stages } of annealed.candidates) {
    assert.equal(stages.length, 1);
    for (const share of Object.values(stages[0].sources)) assert.ok([2666, 2667].includes(share.start_window));
  }
});

test("budgets are nested: what a small run reads of a source is a part of what the large one reads", () => {
  const sweep = sweepCandidates(
    spec({ draw: { method: "regmix", candidates: 6 } }, { budgets: [10_000, 1000, 100_000] }),
    TWO,
  );
  assert.equal(sweep.candidates.length, 18);
  for (let i = 0; i < 18; i += 3) {
    const sizes = sweep.candidates.slice(i, i + 3);
    assert.deepEqual(
      sizes.map(({ budget_tokens }) => budget_tokens),
      [1000, 10_000, 100_000],
    );
    for (const source of ["a", "b", "c"]) {
      const ends = sizes.map(({ stages }) => stages[1].sources[source].end_window);
      assert.ok(ends[0] <= ends[1] && ends[1] <= ends[2]);
      for (const { stages } of sizes) assert.equal(stages[0].sources[source].start_window, 0);
    }
  }
});

test("a simulated run sees the epochs of the large one", () => {
  const listed = [{ a: 0.2, b: 0.1, c: 0.6, d: 0.1 }];
  const large = sweepCandidates(spec({ draw: { method: "list" }, max_epochs: 8 }, { listed, budgets: [500_000] }), ONE);
  const small = sweepCandidates(
    spec(
      { draw: { method: "list" }, max_epochs: 8 },
      { listed, budgets: [50_000], simulate: { target_tokens: 500_000 } },
    ),
    ONE,
  );
  for (const source of ["a", "b", "c", "d"]) {
    const epochs = [large, small].map(({ candidates }) => candidates[0].stages[0].sources[source].epochs);
    assert.ok(Math.abs(epochs[0] - epochs[1]) < 0.02, `${source}: ${epochs}`);
  }
  assert.equal(small.candidates[0].part_ratio, 0.1);
});

test("what the stores cannot give is left out with its reason; ids are of the mixture, not of its place", () => {
  const tight = facts({ ...WIDE, d: 100 }, ONE.stages);
  const listed = [
    { a: 0.9, b: 0.1 },
    { a: 0.5, d: 0.5 },
    { a: 0.9, b: 0.1 },
  ];
  const sweep = sweepCandidates(spec({ draw: { method: "list" } }, { listed }), tight);
  assert.equal(sweep.candidates.length, 1);
  assert.deepEqual(sweep.rejected, { "more than there is of d": 1, "near to another candidate": 1 });
  const other = sweepCandidates(
    spec(
      { draw: { method: "list" } },
      {
        listed: [
          { c: 1, b: 9 },
          { a: 9, b: 1 },
        ],
      },
    ),
    tight,
  );
  assert.equal(other.candidates[1].id, sweep.candidates[0].id);
  assert.throws(
    () => sweepCandidates(spec({ draw: { method: "grid", weights: { d: [0.5] } } }), tight),
    (error) =>
      error instanceof RunError && error.code === "sweep/nothing-feasible" && /d=0.5: .*enough for/.test(error.message),
  );
  const near = { draw: { method: "list" }, unlike: "old.csv" } as const;
  assert.deepEqual(
    sweepCandidates(spec(near, { listed: [...listed, { a: 1 }], unlike: [{ a: 0.901, b: 0.099 }] }), tight).rejected,
    { "more than there is of d": 1, "near to a row of an earlier sweep": 2 },
  );
});

test("names that are not there are refused", () => {
  const cases: SweepInput[] = [
    { stages: ["dekay"] },
    { after: "nothing" },
    { pinned: { x: 0.1 } },
    { draw: { method: "share", source: "x", shares: [0.5] } },
    { draw: { method: "anneal", candidates: { new: ["x"] } } },
    { pinned: { a: 0.7, b: 0.6 } },
  ];
  for (const input of cases) {
    assert.throws(
      () => sweepCandidates(spec(input), TWO),
      (error) => error instanceof RecipeError && error.code === "sweep/does-not-fit",
      JSON.stringify(input),
    );
  }
});
