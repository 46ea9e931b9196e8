/** The miniature of SmolLM3's curriculum, for real: five stages from text to windows, and what the trainer's blend makes of them. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { openRun, prepare, run, verifyRun } from "../../index.ts";
import { replayBlend } from "../../kernels/blend/blend.ts";
import { handOver } from "../../kernels/pack/ranges.ts";
import { readManifests } from "../../manifests/read.ts";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { ROOT } from "../project-root.ts";
import { temporaryFolder } from "../workers/fixture.ts";

const STEP_TOKENS = 65_536;

/** The first number of each pair is the sequence length, the second the steps. */
const SHAPE: readonly (readonly [stage: string, sequence_length: number, steps: number])[] = [
  ["stage1", 4096, 40],
  ["stage2", 4096, 16],
  ["stage3", 4096, 12],
  ["long_context_4k_to_32k", 32_768, 8],
  ["long_context_32k_to_64k", 65_536, 10],
];

test("five stages from raw text to windows: shares, hand-over, blend, gaps, bytes", { timeout: 300_000 }, async (t) => {
  const root = temporaryFolder(t);
  const recipe = join(ROOT, "mixtures/recipes/smollm3-mini.yaml");
  const { plan, environment, registry } = await prepare(recipe, { out: root, dataRoot: ROOT });
  assert.deepEqual(plan.missing, [
    {
      source: "reasoning",
      policy: "substitute",
      substitute: "docs",
      weights: { long_context_4k_to_32k: 0.05, long_context_32k_to_64k: 0.1 },
    },
  ]);
  const result = await run(plan, { root, workers: 0, environment, registry });
  assert.ok(result.gates.length > 0 && result.gates.every(({ ok }) => ok));
  assert.ok(result.sources.every(({ rows_in, errors }) => rows_in > 0 && Object.keys(errors).length === 0));
  const { manifests } = await readManifests(join(root, "runs/smollm3-mini/manifests"));

  assert.deepEqual(
    manifests.map(({ stage }) => [stage.name, stage.sequence_length, stage.tokens / STEP_TOKENS]),
    SHAPE,
  );
  assert.equal(plan.tokenizer?.eos.id, 128_001);
  for (const [i, manifest] of manifests.entries()) {
    // A stage is shared out to within one window a source.
    for (const [name, { windows, weight_normalized }] of Object.entries(manifest.sources)) {
      assert.ok(Math.abs(windows - weight_normalized * manifest.stage.windows) < 1, `${manifest.stage.name} ${name}`);
    }
    checkHandOver(manifests, i);
  }

  const [, , , lc32k, lc64k] = manifests;
  assert.deepEqual(lc32k.missing, [{ source: "reasoning", policy: "substitute", substitute: "docs", weight: 0.05 }]);
  assert.deepEqual(lc64k.missing, [{ source: "reasoning", policy: "substitute", substitute: "docs", weight: 0.1 }]);
  assert.deepEqual(
    manifests.slice(0, 3).map(({ missing }) => missing),
    [undefined, undefined, undefined],
  );
  assert.ok(Math.abs(lc64k.sources.docs.weight_requested - 0.15) < 1e-12);

  checkBlend(manifests, result.exports);
  assert.deepEqual(await verifyRun(openRun("smollm3-mini", root)), []);
});

/** Every source goes on where the stage before left it; a new window length goes on inside the shard, or at the next one at the latest. */
function checkHandOver(manifests: readonly TrainingStageManifest[], at: number): void {
  for (const [name, share] of Object.entries(manifests[at].sources)) {
    const before = manifests.slice(0, at).findLast((manifest) => (manifest.sources[name]?.windows ?? 0) > 0);
    const last = before?.sources[name];
    const what = `${manifests[at].stage.name} ${name}`;
    const whole = (windows: readonly number[]) => windows.map((count) => ({ windows: count }));
    if (last === undefined) assert.equal(share.start_window, 0, what);
    else if (before?.stage.sequence_length === manifests[at].stage.sequence_length) {
      assert.equal(share.start_window, last.end_window, what);
    } else {
      const next = handOver(whole(last.shard_windows), last.end_window, whole(share.shard_windows));
      assert.ok(share.start_window > 0 && share.start_window <= next, what);
    }
    if (name === "human-rights" && at >= 3) {
      // Many shards, so no change of length costs an epoch.
      assert.ok(share.shard_windows.length > 8 && share.start_window > 0);
      assert.ok(share.start_window % share.epoch_windows > 0, `${manifests[at].stage.name} begins an epoch`);
    }
  }
}

/** nanotron's own greedy blend, with the weights it is told, takes the windows the manifests count. */
function checkBlend(manifests: readonly TrainingStageManifest[], exports: readonly string[]): void {
  interface DataStages {
    readonly data_stages: readonly {
      readonly name: string;
      readonly data: { readonly dataset: { readonly dataset_folder: string[]; readonly dataset_weights: number[] } };
    }[];
  }
  const configs = exports.filter((path) => path.endsWith(".yaml"));
  const stages = configs.flatMap((path) => (parse(fs.readFileSync(path, "utf8")) as DataStages).data_stages);
  assert.deepEqual(
    stages.map(({ name }) => name),
    SHAPE.map(([name]) => name),
  );
  for (const [i, { data }] of stages.entries()) {
    const { dataset_folder, dataset_weights } = data.dataset;
    const { stage, sources } = manifests[i];
    const taken = replayBlend(dataset_weights, stage.windows);
    const read = Object.entries(sources).filter(([, { windows }]) => windows > 0);
    const counted = dataset_folder.map((folder) => {
      const [match] = read.filter(([name]) => folder.includes(`/${name}_${stage.window_tokens}`));
      return match[1].windows;
    });
    assert.deepEqual([...taken], counted, stage.name);
    assert.equal(counted.length, read.length);
  }
}
