/**
 * Reads what shardmill writes with the trainers' own loaders. Not part of `npm test`: it needs Python with the loaders.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/run.mjs [dist]
 *
 * The loaders: datatrove, torch, megatron-core, mosaicml-streaming, trl, pyarrow, litdata, ai2-olmo-core, numpy. Prints PASSED, FAILED or SKIPPED and why for each check;
 * exits 1 where a loader sees something else than we do.
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
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { encodeEnds, decodeEnds } = await load("store/token-file.js");
const { positionsFromEos, positionsFromIndex } = await load("kernels/pack/positions.js");
const { rowBlocks } = await load("manifests/exports/views.js");
const { stageRegistry } = await load("stages/registry.js");
const { FIVE, makeFiveRun } = await load("test/manifests/exports/five-documents.js");
const { exportTo } = await load("test/manifests/exports/open-run.js");
const { EOS, makeSmallRun } = await load("test/manifests/small-run.js");
const { repackedStages, windowStages } = await load("runs/export-rows.js");

/** What a check needs to be importable, and the check: it returns what it looked at, in words. */
const checks = [
  ["datatrove", "torch, datatrove.utils.dataset", datatroveFixture],
  ["datatrove", "torch, datatrove.utils.dataset", datatroveRun],
  ["megatron-core", "megatron.core.datasets.indexed_dataset", megatron],
  ["streaming", "streaming", mosaic],
  ["trl", "pyarrow.parquet, trl.trainer.sft_trainer", trl],
  ["litdata", "litdata", litdata],
  ["olmo-core", "yaml, olmo_core.data", olmo],
  ["numpy", "numpy", numpy],
  ["torch", "torch", maskedAttention],
];

const root = mkdtempSync(join(tmpdir(), "shardmill-consumers-"));
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const [name, modules, check] of checks) {
    const problem = missing(modules);
    if (problem !== undefined) {
      counts.skipped++;
      console.log(`SKIPPED ${name}: ${python} cannot import it: ${problem}`);
      continue;
    }
    try {
      const folder = mkdtempSync(join(root, "check-"));
      const seen = check(folder);
      counts.passed++;
      console.log(`PASSED  ${name}: ${seen}`);
    } catch (error) {
      counts.failed++;
      console.log(`FAILED  ${name}: ${error.stack}`);
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;

function missing(modules) {
  const probe = spawnSync(python, ["-W", "ignore", "-c", `import ${modules}`]);
  if (probe.error !== undefined) return probe.error.message;
  return probe.status === 0 ? undefined : probe.stderr.toString().trim().split("\n").at(-1);
}

function ask(script, args, options = {}) {
  const env = { ...process.env, PYTHONWARNINGS: "ignore", TOKENIZERS_PARALLELISM: "false" };
  const run = spawnSync(python, [join(here, script), ...args.map(String)], { maxBuffer: 2 ** 28, env, ...options });
  assert.equal(run.status, 0, run.stderr?.toString().slice(-3000));
  return JSON.parse(run.stdout.toString().trim().split("\n").at(-1));
}

/** The rows of a source in a stage: ids, lengths of the pieces in them, and how many tokens of padding follow. */
function rowsOf(stages, stageName, sourceName) {
  const source = stages
    .find(({ name }) => name === stageName)
    .sources.find((candidate) => candidate.source === sourceName);
  const rows = [];
  for (const range of source.ranges) {
    for (const { tokens, pieces } of rowBlocks(source, range)) {
      let at = 0;
      let row = { ids: [], lengths: [], padding: 0 };
      for (let word = 0; word < pieces.length; word += 3) {
        const length = pieces[word + 2];
        row.ids.push(...tokens.subarray(at, at + length));
        at += length;
        if (pieces[word] === 0xffff_ffff) row.padding = length;
        else row.lengths.push(length);
        if (row.ids.length === source.row_tokens) {
          rows.push(row);
          row = { ids: [], lengths: [], padding: 0 };
        }
      }
    }
  }
  return rows;
}

/** Lengths as a reader by EOS sees them: each token of padding is a document of its own. */
function eosLengths({ lengths, padding }) {
  return [...lengths, ...new Array(padding).fill(1)];
}

/** Rows of as many tokens as the sequence length. */
function repacked({ manifests, store }) {
  const options = { store, registry: stageRegistry(), rowTokens: (length) => length, epochOrder: "reshuffle" };
  return repackedStages(manifests, options);
}

function positionsOf(lengths) {
  return lengths.flatMap((length) => Array.from({ length }, (_, i) => i));
}

function everySource(run) {
  return run.manifests.flatMap(({ stage }) => ["code", "web"].map((source) => [stage.name, source]));
}

/** Five documents, one with an EOS inside: the two ways to derive positions differ exactly there. */
function datatroveFixture(folder) {
  const ids = Uint32Array.from(FIVE.documents.flat());
  writeFileSync(join(folder, "x.ds"), new Uint8Array(ids.buffer));
  writeFileSync(join(folder, "x.ds.index"), encodeEnds(FIVE.ends));
  const seen = ask("read_datatrove.py", [folder, 4, 4, FIVE.eos]);
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
  return "the five-document fixture";
}

/** Every folder of an exported run, concatenated and best-fit, windows and positions as we derive them. */
function datatroveRun(folder) {
  const run = makeSmallRun(folder);
  const { folder: exported } = exportTo(folder, run.manifests, "nanotron");
  let windows = 0;
  for (const name of readdirSync(join(exported, "s3"))) {
    const path = join(exported, "s3", name);
    const sequenceLength = Number(/_(\d+)/.exec(name)[1]) - 1;
    const ours = { eos: [], index: [] };
    for (const file of readdirSync(path).sort()) {
      if (file.endsWith(".ds")) addWindows(join(path, file), sequenceLength + 1, ours);
    }
    const theirs = ask("read_datatrove.py", [path, sequenceLength, 4, EOS]);
    assert.deepEqual(theirs, ours, name);
    assert.deepEqual(theirs.eos, theirs.index, name);
    windows += ours.eos.length;
  }
  assert.ok(windows > 100);
  return `${windows} packed windows`;
}

function addWindows(path, windowTokens, ours) {
  const ids = new Uint32Array(new Uint8Array(readFileSync(path)).buffer);
  const ends = decodeEnds(readFileSync(`${path}.index`), path);
  for (let window = 0; window < ids.length / windowTokens; window++) {
    const input = ids.subarray(window * windowTokens, (window + 1) * windowTokens);
    const positions = { eos: new Int32Array(windowTokens), index: new Int32Array(windowTokens) };
    positionsFromEos(input, EOS, positions.eos);
    positionsFromIndex(ends, window, positions.index);
    for (const way of ["eos", "index"]) ours[way].push({ input_ids: [...input], positions: [...positions[way]] });
  }
}

/** Documents by megatron-core's reader, by header and by counts, and the bytes of its builder. */
function megatron(folder) {
  const five = makeFiveRun(join(folder, "five"), 4, 5);
  const { folder: fixture } = exportTo(join(folder, "five"), five.manifests, "megatron");
  const seen = ask("read_megatron.py", [fixture, join(fixture, "sequences.json"), "stage1/five"])["stage1/five"];
  assert.deepEqual(seen, {
    lengths: [4, 2, 7, 6, 2],
    documents: [0, 1, 2, 3, 4, 5],
    tokens: FIVE.documents,
    tail: [2],
    same: true,
    dtype: "int32",
  });
  const run = makeSmallRun(folder);
  const { folder: exported } = exportTo(folder, run.manifests, "megatron");
  const prefixes = everySource(run).map(([stage, source]) => `${stage}/${source}`);
  const all = ask("read_megatron.py", [exported, join(exported, "sequences.json"), ...prefixes]);
  const documents = new Map();
  for (const prefix of prefixes) {
    assert.ok(all[prefix].same, `${prefix}: the builder writes other bytes`);
    assert.deepEqual(all[prefix].documents.at(-1), all[prefix].tokens.length);
    for (const document of all[prefix].tokens) {
      assert.ok(document.at(-1) === EOS && document.indexOf(EOS) === document.length - 1);
      // Short documents are equal by chance; the others come once an epoch.
      if (document.length > 2) documents.set(String(document), (documents.get(String(document)) ?? 0) + 1);
    }
  }
  assert.ok(Math.max(...documents.values()) <= 3, "a document in a stage too many");
  assert.ok(Object.values(all).some(({ lengths }) => lengths.includes(2)));
  assert.ok(Object.values(all).some(({ lengths }) => lengths.some((length) => length > 65)));
  return `the fixture and ${prefixes.length} prefixes, byte for byte its builder's`;
}

function mosaic(folder) {
  const run = makeSmallRun(folder);
  const { folder: exported } = exportTo(folder, run.manifests, "mosaic");
  const stages = repacked(run);
  const names = everySource(run);
  const seen = ask("read_mosaic.py", [EOS, ...names.map(([stage, source]) => join(exported, stage, source))]);
  let rows = 0;
  for (const [stage, source] of names) {
    const theirs = seen[join(exported, stage, source)];
    const ours = rowsOf(stages, stage, source);
    assert.deepEqual(
      theirs.rows,
      ours.map(({ ids }) => ids),
    );
    assert.deepEqual(
      theirs.sequence_ids,
      ours.map((row) => eosLengths(row).flatMap((length, i) => new Array(length).fill(i))),
    );
    assert.ok(theirs.same, `${stage}/${source}: MDSWriter writes other bytes`);
    rows += ours.length;
  }
  return `${rows} rows and their sequence ids, shards and indexes byte for byte its writer's`;
}

function trl(folder) {
  const five = makeFiveRun(join(folder, "five"), 21, 1);
  const fixture = exportTo(join(folder, "five"), five.manifests, "trl");
  const one = ask("read_trl.py", [join(fixture.folder, "stage1/five-00000.parquet")]);
  assert.deepEqual(one.rows[0].seq_lengths, [4, 2, 7, 6, 2]);
  // The EOS inside the third document restarts nothing: lengths decide.
  assert.deepEqual(one.batch.position_ids, positionsOf([4, 2, 7, 6, 2]));
  assert.deepEqual(
    one.batch.labels.flatMap((label, i) => (label === -100 ? [i] : [])),
    [0, 4, 6, 13, 19],
  );
  const run = makeSmallRun(folder);
  const { folder: exported, files } = exportTo(folder, run.manifests, "trl");
  const stages = repacked(run);
  let rows = 0;
  for (const [stage, source] of everySource(run)) {
    const parts = files.filter((file) => file.startsWith(`${stage}/${source}-`)).map((file) => join(exported, file));
    const { rows: theirs, batch } = ask("read_trl.py", parts);
    const ours = rowsOf(stages, stage, source).map(({ ids, lengths, padding }) => ({
      ids: ids.slice(0, ids.length - padding),
      lengths,
    }));
    assert.deepEqual(
      theirs.map((row) => row.input_ids),
      ours.map(({ ids }) => ids),
    );
    const positions = ours.flatMap(({ lengths }) => positionsOf(lengths));
    const flat = ours.flatMap(({ ids }) => ids);
    assert.deepEqual(batch.position_ids, positions);
    assert.deepEqual(
      batch.labels,
      flat.map((id, i) => (positions[i] === 0 ? -100 : id)),
    );
    const starts = positions.flatMap((position, i) => (position === 0 ? [i] : []));
    if (batch.cu_seqlens !== undefined) assert.deepEqual(batch.cu_seqlens, [...starts, positions.length]);
    rows += ours.length;
  }
  return `the fixture and ${rows} rows: position ids, labels and cu_seqlens of its collator`;
}

function litdata(folder) {
  const run = makeSmallRun(folder);
  const { folder: exported } = exportTo(folder, run.manifests, "litdata");
  const stages = windowStages(run.manifests, run.store);
  let rows = 0;
  for (const { stage } of run.manifests) {
    const folders = ["code", "web"].map((source) => join(exported, stage.name, source));
    const seen = ask("read_litdata.py", [stage.window_tokens, ...folders]);
    ["code", "web"].forEach((source, i) => {
      const ours = rowsOf(stages, stage.name, source).map(({ ids }) => ids);
      assert.deepEqual(seen[folders[i]].rows, ours);
      assert.ok(seen[folders[i]].same, `${folders[i]}: BinaryWriter writes other bytes`);
      rows += ours.length;
    });
  }
  return `${rows} rows, chunks byte for byte its writer's`;
}

function olmo(folder) {
  const five = makeFiveRun(join(folder, "five"), 21, 1);
  const fixture = exportTo(join(folder, "five"), five.manifests, "olmo-core", { label_mask: true });
  const one = ask("read_olmo.py", ["stage1.yaml", 21, FIVE.eos, 70_001], { cwd: fixture.folder });
  const pairs = (ends) => ends.map((end, i) => [i === 0 ? 0 : ends[i - 1], end]);
  const [bounds] = Object.values(one.bounds);
  assert.deepEqual(bounds, { csv: pairs(FIVE.ends), eos: pairs([4, 6, 9, 13, 19, 21]) });
  const run = makeSmallRun(folder);
  const { folder: exported } = exportTo(folder, run.manifests, "olmo-core", { label_mask: true });
  const stages = repacked(run);
  let rows = 0;
  for (const { stage, sources } of run.manifests) {
    const seen = ask("read_olmo.py", [`${stage.name}.yaml`, stage.sequence_length, EOS, 70_000], { cwd: exported });
    // Where a document goes on in the next row, EOS joins what the CSV keeps apart; rows part them again.
    for (const { csv, eos } of Object.values(seen.bounds)) {
      const ends = new Set(csv.map(([, end]) => end));
      assert.ok(eos.every(([, end]) => ends.has(end)));
      assert.ok(csv.every(([, end]) => end % stage.sequence_length === 0 || eos.some((pair) => pair[1] === end)));
    }
    const ours = ["code", "web"].flatMap((source) => rowsOf(stages, stage.name, source));
    assert.equal(seen.rows.length, stage.windows);
    seen.rows.forEach(({ input_ids, doc_lens, labels }, i) => {
      assert.deepEqual(input_ids, ours[i].ids);
      assert.deepEqual(doc_lens, eosLengths(ours[i]));
      const positions = positionsOf(ours[i].lengths);
      const trained = ours[i].ids.map((id, at) => (at < positions.length && positions[at] !== 0 ? id : -100));
      assert.deepEqual(labels, [...trained.slice(1), -100]);
    });
    assert.deepEqual(seen.mixture_rows, { code: sources.code.windows, web: sources.web.windows });
    rows += seen.rows.length;
  }
  return `the fixture and ${rows} rows: bounds, document lengths, labels, and the mixture takes every row`;
}

function numpy(folder) {
  const run = makeSmallRun(folder);
  const megatronExport = exportTo(folder, run.manifests, "megatron");
  const titan = exportTo(folder, run.manifests, "torchtitan");
  const bin = exportTo(folder, run.manifests, "modded-nanogpt");
  let documents = 0;
  for (const { stage } of run.manifests) {
    const sources = ["code", "web"].map((source) => {
      const path = join(bin.folder, stage.name, "train_000001.bin");
      const seen = ask("read_numpy.py", [join(titan.folder, stage.name, source), path]);
      const flat = [...new Uint32Array(Uint8Array.from(megatronExport.read(`${stage.name}/${source}.bin`)).buffer)];
      assert.deepEqual(seen.documents.flat(), flat);
      for (const document of seen.documents) assert.equal(document.indexOf(EOS), document.length - 1);
      documents += seen.documents.length;
      return seen;
    });
    const { tokens, header } = sources[0];
    assert.deepEqual(header, [20240801, 7, tokens.length]);
    const starts = tokens.flatMap((id, i) => (id === EOS ? [i] : []));
    const cut = starts.map((start, i) => [...tokens.slice(start + 1, starts[i + 1]), EOS]).map(String);
    assert.deepEqual(
      [...cut].sort(),
      sources
        .flatMap((seen) => seen.documents)
        .map(String)
        .sort(),
    );
  }
  mkdirSync(join(folder, "five"));
  const five = makeFiveRun(join(folder, "five"), 4, 5);
  const fixture = exportTo(join(folder, "five"), five.manifests, "torchtitan");
  const fixtureBin = exportTo(join(folder, "five"), five.manifests, "modded-nanogpt");
  const seen = ask("read_numpy.py", [
    join(fixture.folder, "stage1/five"),
    join(fixtureBin.folder, "stage1/train_000001.bin"),
  ]);
  assert.deepEqual(seen.documents, FIVE.documents);
  return `the fixture and ${documents} documents of torchtitan's pair and llm.c's .bin`;
}

/** With attention kept inside documents, a document in a window is the document alone. */
function maskedAttention(folder) {
  const run = makeSmallRun(folder);
  const rows = rowsOf(windowStages(run.manifests, run.store), "long", "web");
  assert.ok(
    rows.some(({ lengths, padding }) => lengths.length === 1 && padding === 0),
    "a document longer than a window",
  );
  const small = rows.map((row) => ({ ids: row.ids.map((id) => id % 997), lengths: eosLengths(row) }));
  small.push({ ids: FIVE.documents.flat().map((id) => id % 997), lengths: FIVE.documents.map(({ length }) => length) });
  small.push({ ids: [1, 10, 11, 1, 1, 70, 71], lengths: [1, 3, 1, 2] });
  const input = JSON.stringify({ vocabulary: 997, windows: small });
  const seen = ask("masked_attention.py", [], { input });
  assert.ok(seen.largest_difference < 1e-9, `logits differ by ${seen.largest_difference}`);
  assert.ok(seen.largest_difference_unmasked > 0.1, "without a mask they would not: the check sees nothing");
  return `logits of ${seen.pieces} documents in ${small.length} windows equal those of the documents alone (${seen.largest_difference.toExponential(1)})`;
}
