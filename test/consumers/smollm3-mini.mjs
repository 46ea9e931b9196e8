/**
 * Runs the miniature of SmolLM3's curriculum and reads every stage back with the trainer's own loader.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/smollm3-mini.mjs [dist]
 *
 * For each stage: nanotron's blend, replayed, takes the windows the manifest counts; datatrove, reading each exported folder from where the
 * earlier stages left it, sees the ids and positions of the manifest's windows in the store. Prints PASSED, or SKIPPED and why.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const project = resolve(here, "../..");
const dist = resolve(process.argv[2] ?? join(project, "dist"));
const python = process.env.SHARDMILL_PYTHON ?? "python3";
const load = (path) => import(pathToFileURL(join(dist, path)).href);

const probe = spawnSync(python, ["-c", "import torch; from datatrove.utils.dataset import DatatroveFolderDataset"]);
if (probe.error !== undefined || probe.status !== 0) {
  const reason = probe.error?.message ?? probe.stderr.toString().trim().split("\n").at(-1);
  console.log(`SKIPPED: ${python} cannot load datatrove's dataset: ${reason}`);
  console.log("0 passed, 0 failed, 1 skipped");
  process.exit(0);
}

const { prepare, run } = await load("index.js");
const { replayBlend } = await load("kernels/blend/blend.js");
const { positionsFromEos } = await load("kernels/pack/positions.js");
const { shardRanges } = await load("kernels/pack/ranges.js");
const { readManifests } = await load("manifests/read.js");

/** What nanotron consumed of each folder so far, in windows. It knows a folder by its path. */
const consumed = new Map();
const out = mkdtempSync(join(tmpdir(), "shardmill-mini-"));
try {
  const recipe = join(project, "mixtures/recipes/smollm3-mini.yaml");
  const { plan, environment, registry } = await prepare(recipe, { out, dataRoot: project });
  const { exports } = await run(plan, { root: out, workers: 2, environment, registry });
  const { manifests } = await readManifests(join(out, "runs/smollm3-mini/manifests"));
  const configs = exports.filter((path) => path.endsWith(".yaml"));
  const stages = configs.flatMap((path) =>
    parse(readFileSync(path, "utf8")).data_stages.map((stage) => ({ ...stage, root: dirname(path) })),
  );
  assert.deepEqual(
    stages.map(({ name }) => name),
    manifests.map(({ stage }) => stage.name),
  );
  const ranges = manifests.flatMap((manifest, i) => stageRanges(manifest, stages[i]));
  const seen = hashWindows(ranges.map(({ wanted }) => wanted));
  for (const [i, { what, wanted, expected }] of ranges.entries()) {
    assert.ok(seen[i].windows >= wanted.end, `${what}: the folder has ${seen[i].windows} windows`);
    assert.equal(seen[i].input_ids, expected.input_ids, `${what}: ids`);
    assert.equal(seen[i].positions, expected.positions, `${what}: positions`);
  }
  const windows = manifests.reduce((sum, { stage }) => sum + stage.windows, 0);
  console.log(
    `PASSED: datatrove reads all ${windows} windows of ${manifests.length} stages, each from where the last one stopped`,
  );
} finally {
  rmSync(out, { recursive: true, force: true });
}
console.log("1 passed, 0 failed, 0 skipped");

/** The ranges of one stage: what the loader is asked for, and what the store holds there. */
function stageRanges(manifest, { name, data, root }) {
  const { stage, sources, tokenizer } = manifest;
  const { dataset_folder, dataset_weights } = data.dataset;
  const taken = replayBlend(dataset_weights, stage.windows);
  return dataset_folder.map((folder, i) => {
    const [source] = Object.keys(sources).filter((key) => folder.includes(`/${key}_${stage.window_tokens}`));
    assert.equal(taken[i], sources[source].windows, `${name} ${source}: the blend takes other windows`);
    const start = consumed.get(folder) ?? 0;
    consumed.set(folder, start + taken[i]);
    return {
      what: `${name} ${source}`,
      wanted: {
        folder: join(root, folder),
        sequence_length: stage.sequence_length,
        token_bytes: tokenizer.token_bytes,
        eos: tokenizer.eos.id,
        start,
        end: start + taken[i],
      },
      expected: storeHashes(sources[source], stage.window_tokens, tokenizer.eos.id),
    };
  });
}

function storeHashes(share, windowTokens, eos) {
  const [ids, positions] = [createHash("sha256"), createHash("sha256")];
  const files = share.files.filter(({ path }) => path.endsWith(".ds"));
  for (const { epoch, shard, start, end } of shardRanges(share.shard_windows, share.start_window, share.end_window)) {
    const ofShard = files.filter((file) => file.shard === shard);
    // A later epoch has files of its own where it is packed anew.
    const file = ofShard.find((candidate) => (candidate.epoch ?? 0) === epoch) ?? ofShard[0];
    const bytes = readFileSync(join(out, "store", file.path));
    const tokens = new Uint32Array(new Uint8Array(bytes).buffer);
    for (let window = start; window < end; window++) {
      const input = tokens.subarray(window * windowTokens, (window + 1) * windowTokens);
      const target = new Int32Array(windowTokens);
      positionsFromEos(input, eos, target);
      ids.update(input);
      positions.update(target);
    }
  }
  return { input_ids: ids.digest("hex"), positions: positions.digest("hex") };
}

function hashWindows(wanted) {
  const child = spawnSync(python, [join(here, "hash_windows.py")], {
    input: JSON.stringify(wanted),
    maxBuffer: 2 ** 26,
  });
  assert.equal(child.status, 0, child.stderr?.toString());
  return JSON.parse(child.stdout.toString());
}
