import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { TRAINERS } from "../../manifests/exports/registry.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";
import { cliIn } from "./in-process.ts";

test("a run exports for several trainers, is verified with its exports, and reports on its packing", async (t) => {
  const root = temporaryFolder(t);
  const shardmill = cliIn(t, root);
  writeCorpus(root);
  fs.writeFileSync(path.join(root, "tiny.yaml"), RECIPE.replace("exports: [nanotron]", "exports: [megatron, trl]"));
  const run = await shardmill("run", "tiny.yaml");
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout + run.stderr, /exports\/megatron\/stage1\.blend/);

  const made = await shardmill("export", "tiny", "--to", "modded-nanogpt");
  assert.equal(made.status, 0, made.stderr);
  assert.equal(made.stdout, "runs/tiny/exports/modded-nanogpt\n");
  const file = fs.readFileSync(path.join(root, "runs/tiny/exports/modded-nanogpt/stage1/train_000001.bin"));
  // The ids fit two bytes, and documents begin with EOS.
  const { tokenizer } = JSON.parse(fs.readFileSync("runs/tiny/manifests/stage1.json", "utf8"));
  const head = [file.readInt32LE(0), file.readInt32LE(4), file.readUInt16LE(1024)];
  assert.deepEqual(head, [20240520, 1, tokenizer.eos.id]);
  assert.equal(file.length, 1024 + 2 * file.readInt32LE(8));

  const olmo = await shardmill("export", "tiny", "--to", "olmo-core", "--label-mask", "--path-prefix", "/data/mix/");
  assert.match(olmo.stdout, /olmo-core\/stage1\.yaml\n/);
  const config = fs.readFileSync(path.join(root, "runs/tiny/exports/olmo-core/stage1.yaml"), "utf8");
  assert.match(config, /- \/data\/mix\/stage1\/web\/part-00000\.npy/);
  assert.match(config, /label_mask_paths:/);

  assert.equal((await shardmill("verify", "tiny")).status, 0);
  fs.appendFileSync(path.join(root, "runs/tiny/exports/trl/stage1.yaml"), "\n");
  const harmed = await shardmill("verify", "tiny");
  assert.equal(harmed.status, 1);
  assert.match(harmed.stdout, /error\[verify\/export-changed\] trl\/stage1\.yaml: has \d+ bytes instead of/);

  const table = (await shardmill("report", "tiny", "--packing")).stdout;
  assert.match(table, /^stage1: pack\/concat, 64 tokens a sequence\n {2}source .* fill/);
  assert.match(table, /by concat/);
  const report = JSON.parse((await shardmill("report", "tiny", "--packing", "--json")).stdout);
  assert.deepEqual(Object.keys(report[2].sources[0]), ["source", "read", "packed", "concat"]);
  assert.equal(report[2].sources[0].packed.tokens_lost, 0);
  assert.equal((await shardmill("report", "tiny", "tiny", "--packing")).status, 2);

  const unknown = await shardmill("export", "tiny", "--to", "caffe");
  assert.equal(unknown.status, 2);
  for (const trainer of TRAINERS) assert.ok(unknown.stderr.includes(trainer), unknown.stderr);
});
