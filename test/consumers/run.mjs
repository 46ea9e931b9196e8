/**
 * Reads what shardmill writes with the trainers' own loaders. Not part of `npm test`: it needs Python with datatrove and torch.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/run.mjs [dist]
 *
 * Prints PASSED, or SKIPPED and why; exits 1 where a loader sees something else than we do.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = resolve(process.argv[2] ?? join(here, "../../dist"));
const python = process.env.SHARDMILL_PYTHON ?? "python3";

const probe = spawnSync(python, ["-c", "import torch; from datatrove.utils.dataset import DatatroveFolderDataset"]);
if (probe.error !== undefined || probe.status !== 0) {
  const reason = probe.error?.message ?? probe.stderr.toString().trim().split("\n").at(-1);
  console.log(`SKIPPED: ${python} cannot load datatrove's dataset: ${reason}`);
  console.log("0 passed, 0 failed, 1 skipped");
  process.exit(0);
}

const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { encodeEnds, decodeEnds } = await load("io/token-file.js");
const { positionsFromEos, positionsFromIndex } = await load("kernels/pack/positions.js");
const { exportNanotron } = await load("manifests/exports/nanotron.js");
const { makeSmallRun, EOS } = await load("test/manifests/small-run.js");

const root = mkdtempSync(join(tmpdir(), "shardmill-consumers-"));
try {
  fixture();
  packedRun();
} finally {
  rmSync(root, { recursive: true, force: true });
}

function read(folder, sequenceLength, eos) {
  const script = join(here, "read_datatrove.py");
  const run = spawnSync(python, [script, folder, String(sequenceLength), "4", String(eos)], { maxBuffer: 2 ** 28 });
  assert.equal(run.status, 0, run.stderr?.toString());
  return JSON.parse(run.stdout.toString());
}

/** Five documents, one with an EOS inside: the two ways to derive positions differ exactly there. */
function fixture() {
  const folder = join(root, "fixture");
  mkdirSync(folder);
  const ids = Uint32Array.of(10, 11, 12, 2, 20, 2, 30, 31, 2, 32, 33, 34, 2, 70000, 41, 42, 43, 44, 2, 50, 2);
  writeFileSync(join(folder, "x.ds"), new Uint8Array(ids.buffer));
  writeFileSync(join(folder, "x.ds.index"), encodeEnds([4, 6, 13, 19, 21]));
  const seen = read(folder, 4, 2);
  const expected = [
    [0, 1, 2, 3, 0],
    [0, 0, 1, 2, 3],
    [0, 1, 2, 0, 1],
    [0, 1, 2, 3, 0],
  ];
  assert.deepEqual(
    seen.index.map((window) => window.positions),
    expected,
  );
  expected[1] = [0, 0, 1, 2, 0];
  assert.deepEqual(
    seen.eos.map((window) => window.positions),
    expected,
  );
  console.log("PASSED: datatrove reads the five-document fixture");
}

/** Every folder of an exported run, concatenated and best-fit, windows and positions as we derive them. */
function packedRun() {
  const run = makeSmallRun(root);
  const folder = join(root, "export");
  const { folders } = exportNanotron(run.manifests, { folder, store: run.store });
  let windows = 0;
  for (const { name, sequence_length } of folders) {
    const path = join(folder, "s3", name);
    const ours = { eos: [], index: [] };
    for (const file of readdirSync(path).sort()) {
      if (file.endsWith(".ds")) addWindows(join(path, file), sequence_length + 1, ours);
    }
    const theirs = read(path, sequence_length, EOS);
    assert.deepEqual(theirs, ours, name);
    assert.deepEqual(theirs.eos, theirs.index, name);
    windows += ours.eos.length;
  }
  assert.ok(windows > 100);
  console.log(`PASSED: datatrove reads ${windows} packed windows in ${folders.length} exported folders`);
}

function addWindows(path, windowTokens, ours) {
  const bytes = readFileSync(path);
  const ids = new Uint32Array(new Uint8Array(bytes).buffer);
  const ends = decodeEnds(readFileSync(`${path}.index`), path);
  for (let window = 0; window < ids.length / windowTokens; window++) {
    const input = ids.subarray(window * windowTokens, (window + 1) * windowTokens);
    const positions = { eos: new Int32Array(windowTokens), index: new Int32Array(windowTokens) };
    positionsFromEos(input, EOS, positions.eos);
    positionsFromIndex(ends, window, positions.index);
    for (const way of ["eos", "index"]) ours[way].push({ input_ids: [...input], positions: [...positions[way]] });
  }
}
console.log("2 passed, 0 failed, 0 skipped");
