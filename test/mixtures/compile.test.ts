import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecipeError, RunError } from "../../batch/errors.ts";
import { planConcat } from "../../kernels/pack/concat.ts";
import { cutsOf, type PackedShard } from "../../kernels/pack/cuts.ts";
import { shardRanges } from "../../kernels/pack/ranges.ts";
import { compileMixture, type MixtureInput, type TrainingStageMixture } from "../../mixtures/compile.ts";

const LIMITS = { max_epochs: 1, on_exhausted: "error" } as const;

function stage(
  name: string,
  windows: number,
  weights: Record<string, number>,
  more: Partial<TrainingStageMixture> = {},
): TrainingStageMixture {
  const sequence_length = more.sequence_length ?? 10;
  return { name, tokens: windows * sequence_length, sequence_length, pack_id: "concat", weights, ...more };
}

/** Shards that can only be read whole. */
function packed(windows: readonly number[]): readonly PackedShard[] {
  return windows.map((count) => ({ windows: count }));
}

function store(shards: Record<string, readonly number[]>): MixtureInput["available"] {
  return (source, sequenceLength) => packed(shards[`${source}@${sequenceLength}`] ?? shards[source]);
}

test("windows follow weights by largest remainder and weights need not add up to 1", () => {
  const [compiled] = compileMixture({
    stages: [stage("one", 10, { a: 1, b: 1, c: 1.00565 })],
    available: store({ a: [50], b: [50], c: [50] }),
    limits: LIMITS,
    categories: { a: "web", b: "web", c: "code" },
  });
  assert.deepEqual(
    Object.entries(compiled.sources).map(([name, share]) => [name, share.windows, share.tokens]),
    [
      ["a", 3, 30],
      ["b", 3, 30],
      ["c", 4, 40],
    ],
  );
  assert.equal(compiled.weights_sum, 3.00565);
  assert.equal(compiled.sources.c.weight_normalized, 1.00565 / 3.00565);
  assert.equal(compiled.sources.c.weight_achieved, 0.4);
  assert.equal(compiled.sources.c.weight_requested, 1.00565);
  assert.deepEqual([compiled.categories.web.windows, compiled.categories.code.windows], [6, 4]);
  assert.equal(compiled.categories.web.weight_requested, 2);
});

test("the budget is rounded to whole windows, and never to none", () => {
  const compile = (tokens: number) =>
    compileMixture({
      stages: [{ ...stage("one", 1, { a: 1 }), tokens }],
      available: store({ a: [50] }),
      limits: LIMITS,
    })[0];
  assert.deepEqual(
    [14, 15, 100, 4].map((tokens) => compile(tokens).windows),
    [1, 2, 10, 1],
  );
  assert.equal(compile(14).tokens_requested, 14);
  assert.equal(compile(14).tokens, 10);
});

test("a later stage goes on where the earlier one stopped, also when it skips a stage", () => {
  const compiled = compileMixture({
    stages: [stage("one", 10, { a: 0.7, b: 0.3 }), stage("two", 10, { b: 1 }), stage("three", 10, { a: 0.5, b: 0.5 })],
    available: store({ a: [20, 20], b: [20, 20] }),
    limits: LIMITS,
  });
  assert.deepEqual(
    compiled.map(({ sources }) =>
      Object.entries(sources).map(([name, { start_window, end_window }]) => [name, start_window, end_window]),
    ),
    [
      [
        ["a", 0, 7],
        ["b", 0, 3],
      ],
      [["b", 3, 13]],
      [
        ["a", 7, 12],
        ["b", 13, 18],
      ],
    ],
  );
});

test("another sequence length goes on at the first shard nobody has read, and back again", () => {
  const compiled = compileMixture({
    stages: [
      stage("short", 11, { a: 1 }),
      stage("long", 3, { a: 1 }, { sequence_length: 100 }),
      stage("short again", 2, { a: 1 }),
    ],
    available: store({ "a@10": [10, 10, 10, 10, 10], "a@100": [1, 2, 2, 2, 1] }),
    limits: LIMITS,
  });
  // Shards 0 and 1 are touched; the long stage reads shards 2 and half of 3; the short one goes on in shard 4.
  assert.deepEqual(
    compiled.map(({ sources }) => [sources.a.start_window, sources.a.end_window]),
    [
      [0, 11],
      [3, 6],
      [40, 42],
    ],
  );
});

test("epochs are counted, and the limit may be a fraction", () => {
  const compile = (windows: number, max_epochs: number) =>
    compileMixture({
      stages: [stage("one", 15, { a: 1 }), stage("two", windows, { a: 1 })],
      available: store({ a: [6, 4] }),
      limits: { max_epochs, on_exhausted: "error" },
    });
  const [one, two] = compile(10, 2.5);
  assert.deepEqual([one.sources.a.epochs, one.sources.a.epochs_total], [1.5, 1.5]);
  assert.deepEqual([two.sources.a.epochs, two.sources.a.epochs_total, two.sources.a.epoch_windows], [1, 2.5, 10]);
  assert.throws(() => compile(11, 2.5), RunError);
});

test("a source that is too small stops the run, and the message says what would work", () => {
  const run = () =>
    compileMixture({
      stages: [stage("decay", 100, { small: 0.5, tiny: 0.3, large: 0.2 })],
      available: store({ small: [10], tiny: [6], large: [1000] }),
      limits: { max_epochs: 2, on_exhausted: "error" },
    });
  assert.throws(run, (error) => {
    assert.ok(error instanceof RunError);
    assert.equal(error.code, "run/source-exhausted");
    assert.deepEqual(error.details.exhausted, ["small", "tiny"]);
    assert.match(error.message, /training stage decay asks for more tokens than there are/);
    assert.match(
      error.message,
      /small is asked for 500 tokens \(weight 0\.5\) and has 200 left, enough for a weight of 0\.2/,
    );
    assert.match(
      error.message,
      /tiny is asked for 300 tokens \(weight 0\.3\) and has 120 left, enough for a weight of 0\.12/,
    );
    assert.match(error.message, /at these weights 400 are there/);
    assert.doesNotMatch(error.message, /large is asked/);
    return true;
  });
});

test("another length goes on inside the shard at a cut; epochs count what was read, and the message what was passed over", () => {
  const cuts = (scale: number): PackedShard => ({
    windows: 100 / scale,
    cuts: {
      document: [10, 20, 30, 40],
      before: [20, 40, 60, 80].map((at) => at / scale),
      after: [24, 44, 64, 84].map((at) => at / scale),
    },
  });
  const compile = (windows: number) =>
    compileMixture({
      stages: [stage("short", 70, { a: 1 }), stage("long", windows, { a: 1 }, { sequence_length: 40 })],
      available: (_, length) => [cuts(length === 40 ? 4 : 1)],
      limits: LIMITS,
    });
  const [short, long] = compile(4);
  // Window 69 lies before the cut at document 40; four windows of the long packing hold nothing below that.
  assert.deepEqual(
    [short.sources.a.end_document, long.sources.a.start_window, long.sources.a.first_document],
    [40, 21, 40],
  );
  assert.deepEqual(
    [long.sources.a.epochs, long.sources.a.epochs_total.toFixed(4)],
    [4 / 25, (0.7 + 4 / 25).toFixed(4)],
  );
  assert.throws(
    () => compile(5),
    (error) =>
      error instanceof RunError &&
      /a is asked for 200 tokens .* has 160 left, .*: an epoch of it is 1,000 tokens, and of 1 epochs short has read 0\.70, 0\.14 lie in documents that stages of another packing/.test(
        error.message,
      ),
  );
});

test("the quickstart's stores give 0.02/0.70/0.28 and then longer windows, one shard a source", () => {
  const tokens: Record<string, number> = { code: 2_720_000, docs: 140_000, "human-rights": 3_900_000 };
  const shard = (source: string, sequenceLength: number): PackedShard => {
    let end = 0;
    const ends = Float64Array.from({ length: tokens[source] / 1000 }, (_, i) => {
      end += 500 + ((i * 619) % 1001);
      return end;
    });
    const plan = planConcat(ends, sequenceLength + 1, [7, sequenceLength]);
    return { windows: plan.windows, cuts: cutsOf(plan) };
  };
  const [, stage2] = compileMixture({
    stages: [
      { ...stage("stage1", 1, { docs: 0.02, code: 0.7, "human-rights": 0.28 }), tokens: 4e6, sequence_length: 2048 },
      { ...stage("stage2", 1, { docs: 0.08, code: 0.52, "human-rights": 0.4 }), tokens: 1e6, sequence_length: 4096 },
    ],
    available: (source, length) => [shard(source, length)],
    limits: { max_epochs: 2, on_exhausted: "error" },
  });
  const { epochs_total, end_window, epoch_windows } = stage2.sources.code;
  assert.ok(epochs_total > 1.2 && epochs_total < 1.25, String(epochs_total));
  assert.ok(end_window / epoch_windows - epochs_total < 0.04);
});

test("redistribute caps a source, gives the rest to the others by weight, and records it", () => {
  const [compiled] = compileMixture({
    stages: [stage("decay", 100, { small: 0.5, large: 0.3, vast: 0.2, unused: 0 })],
    available: store({ small: [10], large: [1000], vast: [1000], unused: [1000] }),
    limits: { max_epochs: 2, on_exhausted: "redistribute" },
  });
  assert.deepEqual(
    Object.entries(compiled.sources).map(([name, share]) => [name, share.windows]),
    [
      ["large", 48],
      ["small", 20],
      ["unused", 0],
      ["vast", 32],
    ],
  );
  assert.equal(compiled.sources.small.windows_short, 30);
  assert.equal(compiled.sources.large.windows_short, undefined);
  assert.equal(compiled.sources.small.weight_normalized, 0.5);
  assert.equal(compiled.sources.small.weight_achieved, 0.2);
});

test("redistribute cannot make data", () => {
  const run = () =>
    compileMixture({
      stages: [stage("decay", 100, { a: 0.5, b: 0.5, unused: 0 })],
      available: store({ a: [10], b: [20], unused: [1000] }),
      limits: { max_epochs: 1, on_exhausted: "redistribute" },
    });
  assert.throws(run, (error) => error instanceof RunError && /have 300 tokens left .* needs 1,000/.test(error.message));
  assert.throws(
    () => compileMixture({ stages: [stage("x", 1, { a: 1 })], available: store({ a: [] }), limits: LIMITS }),
    RunError,
  );
});

test("weights that are no shares are refused", () => {
  for (const weights of [{ a: -1, b: 2 }, { a: Number.NaN }, { a: 0 }, {}, { a: Number.POSITIVE_INFINITY }]) {
    assert.throws(
      () => compileMixture({ stages: [stage("x", 1, weights)], available: store({ a: [9], b: [9] }), limits: LIMITS }),
      (error) => error instanceof RecipeError && error.code === "recipe/bad-weights",
    );
  }
});

const mixture = fc
  .record({
    sources: fc.array(
      fc.record({ docs: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }), weight: fc.nat(20) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
    stages: fc.array(fc.record({ windows: fc.integer({ min: 1, max: 30 }), long: fc.boolean(), drop: fc.nat(8) }), {
      minLength: 1,
      maxLength: 6,
    }),
    max_epochs: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ sources, stages, max_epochs }) => {
    const shards: Record<string, readonly number[]> = {};
    sources.forEach(({ docs }, i) => {
      shards[`s${i}@10`] = docs.map((size) => size * 3);
      shards[`s${i}@40`] = docs;
    });
    const input: MixtureInput = {
      stages: stages.map(({ windows, long, drop }, index) => {
        const named = sources.flatMap(({ weight }, i): [string, number][] =>
          i === drop && i > 0 ? [] : [[`s${i}`, weight + (i === 0 ? 1 : 0)]],
        );
        return stage(`t${index}`, windows, Object.fromEntries(named), { sequence_length: long ? 40 : 10 });
      }),
      available: store(shards),
      limits: { max_epochs, on_exhausted: "redistribute" },
    };
    return { input, shards };
  });

test("counts add up, nothing repeats within an epoch, and listing order does not matter", () => {
  fc.assert(
    fc.property(mixture, ({ input, shards }) => {
      let compiled: ReturnType<typeof compileMixture>;
      try {
        compiled = compileMixture(input);
      } catch (error) {
        assert.ok(error instanceof RunError);
        return;
      }
      const reversed = input.stages.map((entry) => ({
        ...entry,
        weights: Object.fromEntries(Object.entries(entry.weights).reverse()),
      }));
      assert.deepEqual(compileMixture({ ...input, stages: reversed }), compiled);

      const read = new Map<string, string>();
      for (const { name, windows, sequence_length, sources } of compiled) {
        assert.equal(
          Object.values(sources).reduce((sum, share) => sum + share.windows, 0),
          windows,
        );
        const redistributed = Object.values(sources).some((share) => share.windows_short !== undefined);
        for (const [source, share] of Object.entries(sources)) {
          if (!redistributed) assert.ok(Math.abs(share.windows - share.weight_normalized * windows) < 1);
          assert.ok(share.end_window <= input.limits.max_epochs * share.epoch_windows || share.windows === 0);
          for (const range of shardRanges(
            shards[`${source}@${sequence_length}`],
            share.start_window,
            share.end_window,
          )) {
            // A shard is a set of documents; a window of the long packing holds those of three short ones, in no known order.
            for (let window = range.start; window < range.end; window++) {
              const key = `${source} ${range.epoch} ${range.shard} ${sequence_length} ${window}`;
              assert.equal(read.get(key), undefined, key);
              read.set(key, name);
              const shardKey = `${source} ${range.epoch} ${range.shard}`;
              assert.ok([undefined, String(sequence_length)].includes(read.get(shardKey)), shardKey);
              read.set(shardKey, String(sequence_length));
            }
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("documents of other lengths are new; those of overlapping lengths go on behind what was read", () => {
  const shards = { short: [4, 4], long: [2, 2], all: [8, 8] };
  const lengths = { short: { max_tokens: 99 }, long: { min_tokens: 100 }, all: {} };
  const entry = (name: string, windows: number, kind: keyof typeof shards) =>
    stage(name, windows, { a: 1 }, { pack_id: kind, selections: { a: lengths[kind] } });
  const compiled = compileMixture({
    stages: [entry("one", 3, "short"), entry("two", 1, "long"), entry("three", 2, "short"), entry("four", 1, "all")],
    available: (_, __, packId) => packed(shards[packId as keyof typeof shards]),
    limits: { max_epochs: 2, on_exhausted: "error" },
  });
  // Stage four may meet documents of any length: it starts after shard 1, in which stage three has read.
  assert.deepEqual(
    compiled.map(({ sources }) => [sources.a.start_window, sources.a.end_window]),
    [
      [0, 3],
      [0, 1],
      [3, 5],
      [16, 17],
    ],
  );
});

test("sub-sources are read apart, each under the cap on epochs, and go on behind a stage that read all of their source", () => {
  const bins = {
    "web@q0": { score: { column: "q", min_quantile: 0, max_quantile: 0.5 } },
    "web@q1": { score: { column: "q", min_quantile: 0.5, max_quantile: 1 } },
  };
  const available = (share: string) => packed(share === "web" ? [8, 8] : [4, 4]);
  const upsampled = stage("two", 20, { "web@q0": 4, "web@q1": 16 }, { selections: bins });
  const compile = (max_epochs: number) =>
    compileMixture({
      stages: [upsampled, stage("three", 2, { web: 1 })],
      available,
      limits: { max_epochs, on_exhausted: "error" },
      categories: { web: "text" },
    });
  const [two, three] = compile(4);
  assert.deepEqual(
    Object.values(two.sources).map(({ windows, start_window, epochs, category }) => [
      windows,
      start_window,
      epochs,
      category,
    ]),
    [
      [4, 0, 0.5, "text"],
      [16, 0, 2, "text"],
    ],
  );
  // Two epochs of one bin count as two of the whole.
  assert.equal(three.sources.web.start_window, 32);
  assert.throws(
    () => compile(1.5),
    (error) => error instanceof RunError && error.details.code === "run/source-exhausted",
  );
});

test("a source starts where it was left by somebody else", () => {
  const next = stage("next", 10, { a: 0.5, b: 0.5 });
  const compile = (window: number) =>
    compileMixture({
      stages: [next],
      available: store({ a: [20], b: [20] }),
      limits: LIMITS,
      start: [{ source: "a", stage: next, window }],
    })[0];
  assert.deepEqual([compile(7).sources.a.start_window, compile(7).sources.a.end_window], [7, 12]);
  assert.equal(compile(7).sources.b.start_window, 0);
  assert.throws(() => compile(16), RunError);
});
