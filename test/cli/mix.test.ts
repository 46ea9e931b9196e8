import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";

const CLI = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

function shardmill(cwd: string, ...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd, encoding: "utf8" });
  return { status, stdout, stderr };
}

/** The fixture's pipelines and sources under other training stages. */
function project(t: TestContext, stages: string): string {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const head = RECIPE.slice(0, RECIPE.indexOf("training_stages:"));
  fs.writeFileSync(path.join(root, "tiny.yaml"), `${head}${stages}`);
  return root;
}

function manifest(root: string, stage: string): TrainingStageManifest {
  return JSON.parse(
    fs.readFileSync(path.join(root, "runs", "tiny", "manifests", `${stage}.json`), "utf8"),
  ) as TrainingStageManifest;
}

interface Replayed {
  readonly stage: string;
  readonly samples: number;
  readonly sources: readonly {
    readonly name: string;
    readonly windows: number;
    readonly start_window: number;
    readonly next_window: number;
    readonly runs_out_at_step?: number;
  }[];
}

test("a run replayed: every stage ends where its manifest says, and a checkpoint starts the next where it was planned", (t) => {
  const root = project(
    t,
    `training_stages:
  - { name: stable, tokens: 9600, sequence_length: 64, weights: { web: 0.8, code: 0.2 } }
  - { name: decay, tokens: 3200, sequence_length: 64, weights: { web: 0.5, code: 0.5 } }
limits: { max_epochs: 4 }
exports: [nanotron]
`,
  );
  assert.equal(shardmill(root, "run", "tiny.yaml", "--quiet").status, 0);
  const { stdout } = shardmill(root, "mix", "replay", "runs/tiny", "--json");
  const replays = JSON.parse(stdout) as Replayed[];
  assert.deepEqual(
    replays.map(({ stage, samples }) => [stage, samples]),
    [
      ["stable", 150],
      ["decay", 50],
    ],
  );
  for (const { stage, sources } of replays) {
    const planned = manifest(root, stage).sources;
    for (const { name, windows, start_window, next_window } of sources) {
      assert.deepEqual(
        [windows, start_window, next_window],
        [planned[name].windows, planned[name].start_window, planned[name].end_window],
      );
    }
  }
  assert.match(
    shardmill(root, "mix", "replay", "tiny", "--step", "7", "--global-batch-size", "10").stdout,
    /stable: step 7 of 15, 70 windows of 64/,
  );

  const consumed_tokens_per_dataset_folder = { "data/s3/web_65/": 120 * 64, "data/s3/code_65/": 30 * 64 };
  const stage = {
    name: "stable",
    start_training_step: 1,
    consumed_train_samples: 150,
    sequence_length: 64,
    consumed_tokens_per_dataset_folder,
  };
  const metadata = { metas: { consumed_train_samples: 150, last_train_step: 15, data_stages: [stage] } };
  const file = path.join(root, "checkpoint_metadata.json");
  fs.writeFileSync(file, JSON.stringify(metadata));
  const next = shardmill(root, "mix", "next", "tiny", "--from-checkpoint", file);
  assert.equal(next.status, 0, next.stderr);
  assert.equal(next.stderr, "");
  assert.match(next.stdout, /decay after step 15/);
  assert.match(next.stdout, /web +7,680 +120 +145 +120 +0 +data\/s3\/web_65\//);
  assert.match(next.stdout, /code +1,920 +30 +55 +30 +0 +data\/s3\/code_65\//);

  stage.consumed_tokens_per_dataset_folder = { "data/s3/web_65/": 123 * 64, "data/s3/code_65/": 27 * 64 };
  fs.writeFileSync(file, JSON.stringify(metadata));
  const off = shardmill(root, "mix", "next", "tiny", "--from-checkpoint", file);
  assert.match(off.stdout, /web +7,872 +123 +148 +120 +\+3 /);
  assert.match(off.stdout, /code +1,728 +27 +52 +30 +-3 /);
  assert.match(
    off.stderr,
    /warning: stable: the checkpoint counts 7,872 tokens of web, the blend of the manifest 7,680/,
  );
});

test("a recipe replayed: capacities from flags, the step a source runs out, what is wrong with flags", (t) => {
  const root = project(
    t,
    "training_stages:\n  - { name: stable, tokens: 6400, sequence_length: 64, weights: { web: 0.75, code: 0.25 } }\n",
  );
  const replay = (...flags: readonly string[]) => shardmill(root, "mix", "replay", "tiny.yaml", ...flags);
  // 30 windows of 65 tokens: the 31st is asked for by sample 40, in step 5 of ten samples each.
  const [{ sources }] = JSON.parse(
    replay("--tokens", "web=1950", "--global-batch-size", "10", "--json").stdout,
  ) as Replayed[];
  assert.deepEqual(
    sources.map(({ name, windows, runs_out_at_step }) => [name, windows, runs_out_at_step]),
    [
      ["web", 75, 5],
      ["code", 25, undefined],
    ],
  );
  for (const [flags, message] of [
    [["--tokens", "wob=1"], /there is no source wob/],
    [["--tokens", "web=much"], /much is not a number of tokens/],
    [["--tokens", "web"], /source=amount/],
    [["--step", "101"], /step 101 is beyond stable: 100 steps/],
    [["--stage", "x"], /no training stage x/],
    [["--set", "training_stages.stable.weights={ temperature: 2 }"], /--tokens web=8B/],
  ] as const) {
    const { status, stderr } = replay(...flags);
    assert.equal(status, 2, flags.join(" "));
    assert.match(stderr, message);
  }
  const ruled = replay(
    "--set",
    "training_stages.stable.weights={ temperature: 2 }",
    "--tokens",
    "web=90K",
    "--tokens",
    "code=10K",
  );
  assert.match(ruled.stdout, /web +75\.000 %/);
});
