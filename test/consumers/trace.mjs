/**
 * Traces of training steps, held to what the trainers' own loaders hand out: datatrove's under nanotron's blend, megatron-core's builder. Not part of
 * `npm test`: it needs Python with torch and datatrove, or megatron-core with its compiled helpers.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/trace.mjs [dist]
 *
 * Prints PASSED, FAILED or SKIPPED for each check and `N passed, N failed, N skipped`; exits 1 where a loader hands out something else.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = resolve(process.argv[2] ?? join(here, "../../dist"));
const python = process.env.SHARDMILL_PYTHON ?? "python3";
const load = (path) => import(pathToFileURL(join(dist, path)).href);

const NEEDS = {
  nanotron: "torch, datatrove.utils.dataset",
  megatron: "torch, megatron.core.datasets.gpt_dataset, megatron.core.datasets.helpers",
};
const BATCH = { global_batch_size: 8, data_parallel: 2, micro_batch_size: 2 };
const SEED = 4321;
const counts = { passed: 0, failed: 0, skipped: 0 };
const problems = Object.fromEntries(Object.entries(NEEDS).map(([trainer, modules]) => [trainer, missing(modules)]));
for (const [trainer, problem] of Object.entries(problems)) {
  if (problem === undefined) continue;
  counts.skipped++;
  console.log(`SKIPPED ${trainer}: ${python} cannot import ${NEEDS[trainer]}: ${problem}`);
}
if (Object.values(problems).includes(undefined)) await checkAll();
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;

function missing(modules) {
  const probe = spawnSync(python, ["-W", "ignore", "-c", `import ${modules}`]);
  if (probe.error !== undefined) return probe.error.message;
  return probe.status === 0 ? undefined : probe.stderr.toString().trim().split("\n").at(-1);
}

async function checkAll() {
  const { exportRun, openRun, replayMixture, runRecipe, traceSteps } = await load("index.js");
  const { RECIPE, writeCorpus } = await load("test/workers/fixture.js");
  const root = mkdtempSync(join(tmpdir(), "shardmill-trace-"));
  try {
    writeCorpus(root);
    const recipe = join(root, "recipe.yaml");
    // The second stage goes on inside both sources and repeats one; the third has padding, the last
    // reads some documents of a source.
    const chosen =
      "  - { name: chosen, tokens: 4K, sequence_length: 64, pack: concat, weights: { web: { share: 0.8, min_tokens: 150 }, code: 0.2 } }\nlimits:";
    writeFileSync(
      recipe,
      RECIPE.replace("name: stage2, tokens: 6K", "name: stage2, tokens: 40K")
        .replace("limits:", chosen)
        .replace("max_epochs: 4", "max_epochs: 9"),
    );
    const out = join(root, "out");
    await runRecipe(recipe, { out, dataRoot: root, workers: 0 });
    const run = openRun("tiny", out);
    await exportRun(run, "nanotron", { global_batch_size: BATCH.global_batch_size });
    await exportRun(run, "megatron", { path_prefix: join(out, "runs/tiny/exports/megatron") });
    const manifests = ["stage1", "stage2", "long", "chosen"].map((stage) =>
      JSON.parse(readFileSync(join(out, "runs/tiny/manifests", `${stage}.json`), "utf8")),
    );
    const steps = ({ stage }) => Math.floor(stage.windows / BATCH.global_batch_size);
    const checks = manifests.flatMap((manifest, index) => [
      ["nanotron", manifest, nanotronInput(manifests.slice(index < 2 ? 0 : index, index + 1), out, steps)],
      ["megatron", manifest, { ...megatronInput(manifest, out, steps), split: "1,0,0" }],
      ["megatron", manifest, { ...megatronInput(manifest, out, steps), split: "90,10,0" }],
    ]);
    for (const [trainer, manifest, input] of checks) {
      if (problems[trainer] !== undefined) continue;
      const { name } = manifest.stage;
      try {
        const theirs = ask(trainer, input);
        const options = {
          ...BATCH,
          trainer,
          stage: name,
          step: 1,
          count: steps(manifest),
          seed: SEED,
          split: input.split ?? "1",
        };
        const ours = [];
        for await (const sequence of traceSteps(run, options)) ours.push(sequence);
        const seen = compare(ours, theirs, manifest, out);
        const [replay] = await replayMixture("tiny", { ...BATCH, out, stage: name, step: steps(manifest) });
        for (const { name: source, windows } of replay.sources) {
          assert.equal(ours.filter((sequence) => sequence.source === source).length, windows, `${source}: the replay`);
        }
        counts.passed++;
        console.log(`PASSED  ${trainer}, ${name}${input.split === "90,10,0" ? ", split" : ""}: ${seen}`);
      } catch (error) {
        counts.failed++;
        console.log(`FAILED  ${trainer}, ${name}: ${error.stack}`);
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function nanotronInput(manifests, out, steps) {
  const { stage, tokenizer } = manifests.at(-1);
  const exported = join(out, "runs/tiny/exports/nanotron");
  // A stage behind one of another length has folders of its own.
  const number = stage.name === "chosen" ? "_2" : "";
  const folderOf = (source) => join(exported, "s3", `${source}_${stage.window_tokens}${number}`);
  const stages = manifests.map((manifest) => {
    const read = Object.entries(manifest.sources).filter(([, { windows }]) => windows > 0);
    return {
      folders: read.map(([source]) => folderOf(source)),
      weights: read.map(([, { weight_achieved }]) => weight_achieved),
      // A checkpoint of the end of a stage: all of its samples. The manifest counts the windows that fill no step too.
      samples: manifest === manifests.at(-1) ? steps(manifest) * BATCH.global_batch_size : manifest.stage.windows,
    };
  });
  return {
    stages,
    sequence_length: stage.sequence_length,
    token_bytes: tokenizer.token_bytes,
    data_parallel: BATCH.data_parallel,
    micro_batch: BATCH.micro_batch_size,
  };
}

function megatronInput({ stage, tokenizer }, out, steps) {
  return {
    blend: readFileSync(join(out, "runs/tiny/exports/megatron", `${stage.name}.blend`), "utf8"),
    sequence_length: stage.sequence_length,
    samples: steps({ stage }) * BATCH.global_batch_size,
    seed: SEED,
    vocab_size: tokenizer.vocab_size,
    eos: tokenizer.eos.id,
    data_parallel: BATCH.data_parallel,
    micro_batch: BATCH.micro_batch_size,
  };
}

function ask(trainer, input) {
  const env = { ...process.env, PYTHONWARNINGS: "ignore" };
  const options = { input: JSON.stringify(input), maxBuffer: 2 ** 28, env };
  const run = spawnSync(python, [join(here, "read_trace.py"), trainer], options);
  assert.equal(run.status, 0, run.stderr?.toString().slice(-3000));
  return JSON.parse(run.stdout.toString().trim().split("\n").at(-1));
}

/** Every sequence: the tokens of the rows that the trace names are those that the loader gives; and who reads it. */
function compare(ours, { sequences, ranks }, manifest, out) {
  assert.equal(ours.length, sequences.length);
  const { tokenizer } = manifest;
  const stores = new Map();
  const idsOf = (source, shard) => {
    const key = `${source}/${shard}`;
    if (!stores.has(key))
      stores.set(key, readStore(manifest.sources[source].token_store, shard, out, tokenizer.token_bytes));
    return stores.get(key);
  };
  let pieces = 0;
  ours.forEach((sequence, sample) => {
    const ids = sequence.pieces.flatMap(({ shard, document, start, tokens }) => {
      const { tokens: all, ends } = idsOf(sequence.source, shard);
      const first = (document === 0 ? 0 : ends[document - 1]) + start;
      assert.ok(first + tokens <= ends[document], "a piece inside its document");
      return [...all.subarray(first, first + tokens)];
    });
    for (let i = 0; i < sequence.padding_tokens; i++) ids.push(tokenizer.eos.id);
    assert.deepEqual(ids, sequences[sample], `sample ${sample}`);
    pieces += sequence.pieces.length;
  });
  if (ranks !== null) {
    const perStep = BATCH.global_batch_size / (BATCH.data_parallel * BATCH.micro_batch_size);
    ours.forEach(({ sample, step, data_parallel: { rank, micro_batch } }) => {
      assert.ok(ranks[rank][(step - 1) * perStep + micro_batch].includes(sample), `sample ${sample} on rank ${rank}`);
    });
  }
  return `${ours.length} sequences of ${pieces} pieces, token for token${ranks === null ? "" : ", rank for rank"}`;
}

function readStore({ files }, shard, out, width) {
  const { path } = files.find((file) => file.shard === shard && file.path.endsWith(".ds"));
  const bytes = (name) => new Uint8Array(readFileSync(join(out, "store", name))).buffer;
  const tokens = width === 2 ? new Uint16Array(bytes(path)) : new Uint32Array(bytes(path));
  return { tokens, ends: [...new BigUint64Array(bytes(`${path}.index`))].map(Number) };
}
