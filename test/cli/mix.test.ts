import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { tinyTokenizerWithBos } from "../kernels/bpe/tiny-tokenizer.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";
import { cliIn } from "./in-process.ts";

interface Project {
  readonly root: string;
  readonly shardmill: ReturnType<typeof cliIn>;
}

/** The fixture's pipelines and sources under other training stages; documents begin with BOS where it is asked for. */
function project(t: TestContext, stages: string, bos = false): Project {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const head = RECIPE.slice(0, RECIPE.indexOf("training_stages:"));
  const own = 'tokenizer: { file: tokenizer.json, eos: "<eos>", bos: "<bos>" }';
  if (bos) fs.writeFileSync(path.join(root, "tokenizer.json"), tinyTokenizerWithBos());
  fs.writeFileSync(path.join(root, "tiny.yaml"), `${bos ? head.replace(/^tokenizer: .*$/m, own) : head}${stages}`);
  return { root, shardmill: cliIn(t, root) };
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

test("a run replayed: every stage ends where its manifest says, and a checkpoint starts the next where it was planned", async (t) => {
  const { root, shardmill } = project(
    t,
    `training_stages:
  - { name: stable, tokens: 9600, sequence_length: 64, weights: { web: 0.8, code: 0.2 } }
  - { name: decay, tokens: 3200, sequence_length: 64, weights: { web: 0.5, code: 0.5 } }
limits: { max_epochs: 4 }
exports: [nanotron]
`,
  );
  assert.equal((await shardmill("run", "tiny.yaml", "--quiet")).status, 0);
  const { stdout } = await shardmill("mix", "replay", "runs/tiny", "--json");
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
    (await shardmill("mix", "replay", "tiny", "--step", "7", "--global-batch-size", "10")).stdout,
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
  const next = await shardmill("mix", "next", "tiny", "--from-checkpoint", file);
  assert.equal(next.status, 0, next.stderr);
  assert.equal(next.stderr, "");
  assert.match(next.stdout, /decay after step 15/);
  assert.match(next.stdout, /web +7,680 +120 +145 +120 +0 +data\/s3\/web_65\//);
  assert.match(next.stdout, /code +1,920 +30 +55 +30 +0 +data\/s3\/code_65\//);

  stage.consumed_tokens_per_dataset_folder = { "data/s3/web_65/": 123 * 64, "data/s3/code_65/": 27 * 64 };
  fs.writeFileSync(file, JSON.stringify(metadata));
  const off = await shardmill("mix", "next", "tiny", "--from-checkpoint", file);
  assert.match(off.stdout, /web +7,872 +123 +148 +120 +\+3 /);
  assert.match(off.stdout, /code +1,728 +27 +52 +30 +-3 /);
  assert.match(
    off.stderr,
    /warning: stable: the checkpoint counts 7,872 tokens of web, the blend of the manifest 7,680/,
  );
});

test("with BOS a run replayed, and the next stage by a checkpoint, count the tokens that a trainer reads, BOS among them", async (t) => {
  const { root, shardmill } = project(
    t,
    `training_stages:
  - { name: stable, tokens: 9600, sequence_length: 64, weights: { web: 0.8, code: 0.2 } }
  - { name: decay, tokens: 3200, sequence_length: 64, pack: best-fit, weights: { web: 0.5, code: 0.5 } }
limits: { max_epochs: 4 }
exports: [nanotron]
`,
    true,
  );
  assert.equal((await shardmill("run", "tiny.yaml", "--quiet")).status, 0);
  const [stable, decay] = JSON.parse((await shardmill("mix", "replay", "tiny", "--json")).stdout) as Replayed[];
  assert.deepEqual([stable?.samples, decay?.samples], [150, 50]);
  for (const replay of [stable, decay]) {
    const planned = manifest(root, replay?.stage ?? "").sources;
    for (const { name, windows, start_window, next_window } of replay?.sources ?? []) {
      const { windows: all, start_window: start, end_window: end, packing, token_store } = planned[name];
      assert.deepEqual([windows, start_window, next_window], [all, start, end]);
      // Every document is packed with the BOS it begins with.
      assert.equal(packing.tokens, token_store.tokens);
      assert.equal(token_store.tokens - token_store.documents * 2, bytesOf(root, name));
    }
  }
  // What nanotron counts is what it trains on: windows times their length, whatever documents begin with.
  const folders = { "s3/web_65/": 120 * 64, "s3/code_65/": 30 * 64 };
  const counted = {
    name: "stable",
    start_training_step: 1,
    consumed_train_samples: 150,
    sequence_length: 64,
    consumed_tokens_per_dataset_folder: folders,
  };
  const metadata = { metas: { consumed_train_samples: 150, last_train_step: 15, data_stages: [counted] } };
  const file = path.join(root, "checkpoint_metadata.json");
  fs.writeFileSync(file, JSON.stringify(metadata));
  const next = await shardmill("mix", "next", "tiny", "--from-checkpoint", file, "--json");
  assert.equal(next.status, 0, next.stderr);
  const { sources } = JSON.parse(next.stdout) as { readonly sources: readonly Record<string, unknown>[] };
  const { web, code } = manifest(root, "decay").sources;
  assert.deepEqual(
    sources.map(({ name, start_window, end_window, planned_start_window }) => {
      return [name, start_window, end_window, planned_start_window];
    }),
    [
      ["code", code?.start_window, code?.end_window, code?.start_window],
      ["web", web?.start_window, web?.end_window, web?.start_window],
    ],
  );
});

/** Bytes of the texts of a source that are kept: the tokenizer makes a token of each. */
function bytesOf(root: string, source: string): number {
  return manifest(root, "stable").sources[source]?.tokenizer_guard?.text_bytes ?? Number.NaN;
}

test("a recipe replayed: capacities from flags, the step a source runs out, what is wrong with flags", async (t) => {
  const { shardmill } = project(
    t,
    "training_stages:\n  - { name: stable, tokens: 6400, sequence_length: 64, weights: { web: 0.75, code: 0.25 } }\n",
  );
  const replay = (...flags: readonly string[]) => shardmill("mix", "replay", "tiny.yaml", ...flags);
  // 30 windows of 65 tokens: the 31st is asked for by sample 40, in step 5 of ten samples each.
  const [{ sources }] = JSON.parse(
    (await replay("--tokens", "web=1950", "--global-batch-size", "10", "--json")).stdout,
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
    [["--tokens", "web="], /source=amount/],
    [["--step", "101"], /step 101 is beyond stable: 100 steps/],
    [["--stage", "x"], /no training stage x/],
    [["--set", "training_stages.stable.weights={ temperature: 2 }"], /--tokens web=8B/],
  ] as const) {
    const { status, stderr } = await replay(...flags);
    assert.equal(status, 2, flags.join(" "));
    assert.match(stderr, message);
  }
  const ruled = await replay(
    "--set",
    "training_stages.stable.weights={ temperature: 2 }",
    "--tokens",
    "web=90K",
    "--tokens",
    "code=10K",
  );
  assert.match(ruled.stdout, /web +75\.000 %/);
});
