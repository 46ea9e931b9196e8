/**
 * Packed rows that mix sources, as TRL's own collator sees them, and as the numpy reader of docs/examples does. Not part of `npm test`: it needs
 * Python with trl, torch, pyarrow and numpy.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/rows.mjs [dist]
 *
 * Prints PASSED, FAILED or SKIPPED for each check and `N passed, N failed, N skipped`; exits 1 where a reader sees something else than we do.
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

const NEEDS = "pyarrow.parquet, numpy, trl.trainer.sft_trainer";
const STAGES = [
  "{ name: bfd, sequence_length: 96, pack: bfd, rows: { rule: handbook, fractions: { long: 1, short: 0.5, even: 0.3 } } }",
  '{ name: split, sequence_length: 80, pack: best-fit, long_rows: { split_before: "<|im_start|>user" }, rows: { rule: tokens, fractions: { long: 2, even: 1 } } }',
];
const counts = { passed: 0, failed: 0, skipped: 0 };
const probe = spawnSync(python, ["-W", "ignore", "-c", `import ${NEEDS}`]);
if (probe.error !== undefined || probe.status !== 0) {
  counts.skipped += STAGES.length;
  const why = probe.error?.message ?? probe.stderr.toString().trim().split("\n").at(-1);
  console.log(`SKIPPED rows: ${python} cannot import ${NEEDS}: ${why}`);
} else await checkAll();
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;

async function checkAll() {
  const { exportRun, openRun, runRecipe } = await load("index.js");
  const { recipeOf, writeChats } = await load("test/runs/chat-rows.js");
  const root = mkdtempSync(join(tmpdir(), "shardmill-rows-"));
  try {
    writeChats(root);
    const recipe = join(root, "recipe.yaml");
    writeFileSync(recipe, recipeOf(STAGES));
    const out = join(root, "out");
    await runRecipe(recipe, { out, dataRoot: root });
    for (const trainer of ["trl", "row-index"]) await exportRun(openRun("chats", out), trainer, {});
    for (const stage of ["bfd", "split"]) {
      try {
        const exports = join(out, "runs/chats/exports");
        const rows = check(join(exports, "trl", stage, "rows-00000.parquet"), join(exports, "row-index"), stage, out);
        counts.passed++;
        console.log(
          `PASSED  ${stage}: ${rows} rows: positions, labels and lengths of TRL's collator, and the numpy reader's`,
        );
      } catch (error) {
        counts.failed++;
        console.log(`FAILED  ${stage}: ${error.stack}`);
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function check(parquet, index, stage, out) {
  const env = { ...process.env, PYTHONWARNINGS: "ignore", PYTHONDONTWRITEBYTECODE: "1" };
  const run = spawnSync(python, [join(here, "read_rows.py"), parquet, index, stage], { maxBuffer: 2 ** 28, env });
  assert.equal(run.status, 0, run.stderr?.toString().slice(-3000));
  const seen = JSON.parse(run.stdout.toString().trim().split("\n").at(-1));
  const manifest = JSON.parse(readFileSync(join(out, "runs/chats/manifests", `${stage}.json`), "utf8")).stage;
  assert.equal(seen.batches.length, manifest.rows);
  assert.equal(seen.index.length, manifest.rows);
  assert.deepEqual(seen.last, seen.index.at(-1).input_ids);
  let supervised = 0;
  for (const [row, batch] of seen.batches.entries()) {
    const { input_ids, labels, seq_lengths } = seen.index[row];
    assert.deepEqual(batch.input_ids, input_ids);
    assert.deepEqual(batch.labels, labels, `row ${row}`);
    assert.deepEqual(
      batch.position_ids,
      seq_lengths.flatMap((length) => Array.from({ length }, (_, i) => i)),
    );
    if (batch.cu_seqlens !== undefined) {
      let end = 0;
      assert.deepEqual(batch.cu_seqlens, [0, ...seq_lengths.map((length) => (end += length))]);
    }
    supervised += labels.filter((label) => label !== -100).length;
  }
  assert.equal(supervised, manifest.supervised_tokens);
  assert.deepEqual(
    seen.whole.labels,
    seen.index.flatMap(({ labels }) => labels),
  );
  return manifest.rows;
}
