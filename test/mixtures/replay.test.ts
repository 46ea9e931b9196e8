import assert from "node:assert/strict";
import { test } from "node:test";
import { RecipeError } from "../../batch/errors.ts";
import { replayBlend } from "../../kernels/blend/blend.ts";
import { type ReplayTrainingStage, replayTo } from "../../mixtures/replay.ts";

const stage = (
  name: string,
  windows: number,
  weights: Record<string, number>,
  more: Partial<ReplayTrainingStage> = {},
) => ({
  name,
  sequence_length: 16,
  windows,
  weights: Object.entries(weights),
  global_batch_size: 10,
  capacities: {},
  ...more,
});

const STAGES: readonly ReplayTrainingStage[] = [
  stage("stable", 1000, { web: 0.7, code: 0.3 }),
  stage("decay", 505, { web: 0.4, code: 0.4, math: 0.205 }),
  stage("long", 40, { web: 0.5, math: 0.5 }, { sequence_length: 64, global_batch_size: 2 }),
];

test("steps run on through the stages of one sequence length, each blend from its own start", () => {
  const [stable, decay] = replayTo(STAGES, 120);
  assert.deepEqual([stable.step, stable.stage_steps, decay.step, decay.stage_steps], [100, 100, 20, 50]);
  assert.deepEqual(
    stable.sources.map(({ windows }) => windows),
    [700, 300],
  );
  const taken = replayBlend([0.4, 0.4, 0.205], 200);
  assert.deepEqual(
    decay.sources.map(({ windows, start_window, next_window, tokens }) => [windows, start_window, next_window, tokens]),
    [
      [taken[0], 700, 700 + taken[0], taken[0] * 16],
      [taken[1], 300, 300 + taken[1], taken[1] * 16],
      [taken[2], 0, taken[2], taken[2] * 16],
    ],
  );
  assert.equal(replayTo(STAGES, 100).length, 1);
  assert.equal(replayTo(STAGES, 0)[0].samples, 0);
});

test("a stage that is named is counted alone; without a step it is whole", () => {
  const [long] = replayTo(STAGES, undefined, "long");
  assert.deepEqual([long.step, long.samples, long.tokens], [20, 40, 2560]);
  // The earlier stages read 700 + replay windows of 16 tokens: a window of 64 is four of them.
  const read = 700 + replayBlend([0.4, 0.4, 0.205], 500)[0];
  assert.equal(long.sources[0].start_window, Math.floor((read * 16) / 64));
});

test("the step at which a source runs out, with the epochs it may be read", () => {
  const capacities = { web: { epoch_windows: 100, max_epochs: 2 }, code: { epoch_windows: 150, max_epochs: 2 } };
  const [replay] = replayTo([stage("one", 1000, { web: 0.7, code: 0.3 }, { capacities })], 10);
  const [web, code] = replay.sources;
  let step = 1;
  while (replayBlend([0.7, 0.3], step * 10)[0] <= 200) step++;
  assert.equal(web.runs_out_at_step, step);
  assert.deepEqual([web.epochs, web.epochs_total], [0.7, 0.7]);
  assert.equal(code.runs_out_at_step, undefined);
  const started = stage("two", 1000, { web: 1 }, { capacities, start_windows: { web: 195 } });
  assert.equal(replayTo([started])[0].sources[0].runs_out_at_step, 1);
});

test("stages and steps that are not there", () => {
  const code = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof RecipeError) return `${error.code}: ${error.message.match(/--stage \w+/)?.[0] ?? ""}`;
    }
    return "none";
  };
  assert.equal(
    code(() => replayTo(STAGES, 151)),
    "flag/step-out-of-range: --stage long",
  );
  assert.equal(
    code(() => replayTo(STAGES, 21, "long")),
    "flag/step-out-of-range: ",
  );
  assert.equal(
    code(() => replayTo(STAGES, 1, "lang")),
    "flag/no-such-stage: ",
  );
});
