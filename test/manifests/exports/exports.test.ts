import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import { parse } from "yaml";
import { RunError } from "../../../batch/errors.ts";
import { selectDocuments } from "../../../kernels/pack/select.ts";
import { takes } from "../../../manifests/exports/define.ts";
import { EXPORTERS, TRAINERS } from "../../../manifests/exports/registry.ts";
import { exportFindings } from "../../../manifests/exports/verify.ts";
import { rowBlocks } from "../../../manifests/exports/views.ts";
import type { TrainingStageManifest } from "../../../manifests/schema.ts";
import type { TrainingStageMixture } from "../../../mixtures/compile.ts";
import { documentStages } from "../../../runs/export-documents.ts";
import { repackedStages } from "../../../runs/export-rows.ts";
import { stageRegistry } from "../../../stages/registry.ts";
import { bytesOf, decodeEnds } from "../../../store/token-file.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { EOS, makeSmallRun, type SmallRun } from "../small-run.ts";
import { exportTo, idsOf } from "./open-run.ts";

/** The documents of a source's store, in order, each as text. */
function storeDocuments(run: SmallRun, source: string, keep: (length: number) => boolean = () => true): string[] {
  const folder = join(run.store, `tokens-${source}`);
  const shards = readdirSync(folder).filter((name) => name.endsWith(".ds"));
  return shards.flatMap((name) => {
    const ids = idsOf(readFileSync(join(folder, name)));
    const ends = [...decodeEnds(readFileSync(join(folder, `${name}.index`)), name)];
    return ends
      .map((end, i) => ids.slice(i === 0 ? 0 : ends[i - 1], end))
      .filter((document) => keep(document.length))
      .map(String);
  });
}

/** Documents of a stream of ids, as text. */
function documentsOf(ids: readonly number[]): string[] {
  const documents: string[] = [];
  for (let start = 0; start < ids.length; ) {
    const end = ids.indexOf(EOS, start) + 1;
    documents.push(String(ids.slice(start, end)));
    start = end;
  }
  return documents;
}

test("document stages go on where the earlier ones stopped, whole and in store order", (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const { read } = exportTo(root, run.manifests, "megatron");
  for (const source of ["web", "code"]) {
    const read_in_order = run.manifests.flatMap(({ stage }) => documentsOf(idsOf(read(`${stage.name}/${source}.bin`))));
    const stored = storeDocuments(run, source);
    const unrolled = [...stored, ...stored, ...stored];
    assert.deepEqual(read_in_order, unrolled.slice(0, read_in_order.length));
    for (const { stage, sources } of run.manifests) {
      const tokens = read(`${stage.name}/${source}.bin`).length / 4;
      const needed = sources[source].windows * stage.sequence_length + 1;
      assert.ok(tokens >= needed && tokens < needed + 140, `${stage.name} ${source}: ${tokens} for ${needed}`);
      const index = read(`${stage.name}/${source}.idx`);
      const documents = Number(index.readBigUInt64LE(18));
      const lengths = Array.from({ length: documents }, (_, i) => index.readInt32LE(34 + 4 * i));
      assert.equal(
        lengths.reduce((sum, length) => sum + length, 0),
        tokens,
      );
      const last = 34 + 4 * documents + 8 * (documents - 1);
      assert.equal(Number(index.readBigInt64LE(last)), 4 * (tokens - lengths[documents - 1]));
    }
  }
  assert.match(read("stage1.blend").toString(), /^0\.25 stage1\/code\n0\.75 stage1\/web\n$/);
});

test("llm.c's stream holds every document of the stage, sources mixed by tokens", (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const megatron = exportTo(root, run.manifests, "megatron");
  const { read } = exportTo(root, run.manifests, "modded-nanogpt");
  for (const { stage } of run.manifests) {
    const ids = idsOf(read(`${stage.name}/train_000001.bin`).subarray(1024));
    assert.equal(ids[0], EOS);
    const documents = documentsOf([...ids.slice(1), EOS]);
    const bySource = ["code", "web"].map((source) => documentsOf(idsOf(megatron.read(`${stage.name}/${source}.bin`))));
    assert.deepEqual([...documents].sort(), bySource.flat().sort());
    const code = new Set(bySource[0]);
    // A source is never further behind than about a document of each.
    const share = bySource[0].join().split(",").length / documents.join().split(",").length;
    let taken = 0;
    let total = 0;
    for (const document of documents) {
      const length = document.split(",").length;
      total += length;
      if (code.has(document)) taken += length;
      assert.ok(Math.abs(taken - share * total) < 280, `${taken} of ${total}`);
    }
  }
});

/** The document pieces of TRL's rows, by training stage. */
async function trlPieces(run: SmallRun, read: (path: string) => Buffer, files: readonly string[], source: string) {
  const stages: number[][][] = [];
  for (const { stage } of run.manifests) {
    const pieces: number[][] = [];
    let rows = 0;
    for (const path of files.filter((file) => file.startsWith(`${stage.name}/${source}-`))) {
      const file = new Uint8Array(read(path)).buffer;
      for (const row of (await parquetReadObjects({ file })) as Record<string, number[]>[]) {
        rows++;
        assert.ok(row.input_ids.length <= stage.sequence_length);
        assert.deepEqual(row.labels.length, row.input_ids.length);
        let at = 0;
        for (const length of row.seq_lengths) {
          pieces.push(row.input_ids.slice(at, at + length));
          assert.deepEqual(row.labels.slice(at, at + length), [-100, ...row.input_ids.slice(at + 1, at + length)]);
          at += length;
        }
        assert.equal(at, row.input_ids.length);
      }
    }
    assert.equal(rows, run.manifests[stage.index].sources[source].windows);
    stages.push(pieces);
  }
  return stages;
}

test("TRL's rows are pieces of stored documents, none of them read twice", async (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const { read, files } = exportTo(root, run.manifests, "trl");
  for (const source of ["web", "code"]) {
    const stored = storeDocuments(run, source).map((document) => `,${document},`);
    const stages = await trlPieces(run, read, files, source);
    const seen = new Map<string, number>();
    for (const piece of stages.flat()) seen.set(String(piece), (seen.get(String(piece)) ?? 0) + 1);
    const { epochs_total } = run.manifests[2].sources[source];
    for (const [piece, times] of seen) {
      assert.ok(
        stored.some((document) => document.includes(`,${piece},`)),
        piece,
      );
      if (piece.split(",").length > 2) assert.ok(times <= Math.ceil(epochs_total), `${piece} ${times} times`);
    }
    for (const piece of stages[2]) {
      const inside = piece.slice(0, -1).includes(EOS);
      assert.ok(!inside, "an EOS inside a piece");
      // Best-fit cuts only what is longer than a row: anything else ends with its EOS.
      assert.ok(piece.length === 64 || piece.at(-1) === EOS);
    }
  }
});

test("OLMo-core and MosaicML get the same rows as TRL, padded", async (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const trl = exportTo(root, run.manifests, "trl");
  const olmo = exportTo(root, run.manifests, "olmo-core");
  assert.match(olmo.warnings.join(), /\d+ EOS of padding are trained on/);
  const mosaic = exportTo(root, run.manifests, "mosaic");
  for (const { stage, sources } of run.manifests) {
    const length = stage.sequence_length;
    for (const source of Object.keys(sources)) {
      const parts = olmo.files.filter((file) => file.startsWith(`${stage.name}/${source}/`) && file.endsWith(".npy"));
      const ids = parts.flatMap((file) => idsOf(olmo.read(file)));
      assert.equal(ids.length, sources[source].windows * length);
      const padded: number[] = [];
      for (const path of trl.files.filter((file) => file.startsWith(`${stage.name}/${source}-`))) {
        const file = new Uint8Array(trl.read(path)).buffer;
        for (const row of (await parquetReadObjects({ file })) as Record<string, number[]>[]) {
          padded.push(...row.input_ids, ...new Array(length - row.input_ids.length).fill(EOS));
        }
      }
      assert.deepEqual(ids, padded);
      const shard = mosaic.read(`${stage.name}/${source}/shard.00000.mds`);
      const samples = shard.readUInt32LE(0);
      const rows = Array.from({ length: samples }, (_, i) =>
        idsOf(shard.subarray(shard.readUInt32LE(4 * (i + 1)) + 6, shard.readUInt32LE(4 * (i + 2)))),
      );
      assert.deepEqual(rows.flat(), ids);
    }
    const { dataset } = parse(mosaic.read(`${stage.name}.yaml`).toString());
    assert.equal(dataset.streams.web.choose, sources.web.windows);
    assert.equal(dataset.eos_token_id, EOS);
  }
});

test("a source that is read again comes in another order, unless the recipe lets the order repeat", (t) => {
  const stages: TrainingStageMixture[] = [
    { name: "one", tokens: 16 * 400, sequence_length: 16, pack_id: "concat", weights: { code: 1 } },
  ];
  const { manifests, store } = makeSmallRun(temporaryFolder(t), stages, 5);
  const epochs = (epochOrder: "reshuffle" | "repeat") => {
    const options = { store, registry: stageRegistry(), rowTokens: (length: number) => length, epochOrder };
    const [{ sources }] = repackedStages(manifests, options);
    const [first, again] = [0, 1].map((epoch) =>
      sources[0].ranges
        .filter((range) => range.epoch === epoch && range.shard === 0)
        .flatMap((range) => [...rowBlocks(sources[0], range)].map(({ tokens }) => idsOf(bytesOf(tokens)))),
    );
    return { first: first.flat(), again: again.flat() };
  };
  const repeated = epochs("repeat");
  assert.deepEqual(repeated.again, repeated.first);
  const { first, again } = epochs("reshuffle");
  assert.deepEqual(first, repeated.first);
  assert.notDeepEqual(again, first);
  assert.deepEqual([...again].sort(), [...first].sort());
});

test("litData's chunks hold the windows of the manifests", (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const { read } = exportTo(root, run.manifests, "litdata");
  const index = JSON.parse(read("stage1/web/index.json").toString());
  assert.equal(index.chunks[0].dim, 17 * run.manifests[0].sources.web.windows);
  assert.match(index.updated_at, /^[0-9a-f]{16}$/);
  assert.equal(parse(read("long.yaml").toString()).block_size, 65);
  const chunk = read("stage1/web/chunk-0-0.bin");
  const windows = readFileSync(join(run.store, "windows-web-16-concat/00000_web.ds"));
  const body = chunk.subarray(4 * (chunk.readUInt32LE(0) + 2));
  assert.deepEqual(body.subarray(0, 170 * 4), windows.subarray(0, 170 * 4));
});

test("stages that read documents by length share nothing, and later epochs start over", (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const select = (manifest: TrainingStageManifest, min_tokens: number, max_tokens: number): TrainingStageManifest => ({
    ...manifest,
    sources: {
      web: { ...manifest.sources.web, selection: { min_tokens, max_tokens, documents_skipped: 0, tokens_skipped: 0 } },
    },
  });
  const manifests = [
    select(run.manifests[0], 1, 20),
    select(run.manifests[1], 21, 200),
    select(run.manifests[2], 1, 20),
  ];
  const { stages, warnings } = documentStages(manifests, run.store, 3);
  assert.deepEqual(warnings, []);
  const { read } = exportTo(root, manifests, "megatron");
  const short = storeDocuments(run, "web", (length) => length <= 20);
  const long = storeDocuments(run, "web", (length) => length > 20);
  const got = stages.map(({ name }) => documentsOf(idsOf(read(`${name}/web.bin`))));
  assert.deepEqual(got[1], long.slice(0, got[1].length));
  assert.deepEqual([...got[0], ...got[2]], [...short, ...short].slice(0, got[0].length + got[2].length));
  const ends = Float64Array.from([3, 5, 30]);
  assert.deepEqual([...selectDocuments(ends, { min_tokens: 3 }).documents], [0, 2]);
});

test("a source is not read beyond the recipe's epochs, and the shortfall is said", (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const { stages, warnings } = documentStages(run.manifests, run.store, 0.3);
  assert.match(warnings[0], /^long: code has \d+ tokens fewer than its rows need/);
  const total = run.manifests[0].sources.code.token_store.tokens;
  const read = stages.flatMap(({ sources }) => sources.filter(({ source }) => source === "code"));
  const tokens = read.reduce((sum, { tokens }) => sum + tokens, 0);
  assert.ok(tokens >= 0.3 * total - 1 && tokens < 0.3 * total + 140);
});

for (const trainer of TRAINERS.filter((name) => takes(EXPORTERS[name]).windows)) {
  test(`${trainer}: an export names its files, is made again the same, and is checked`, async (t) => {
    const root = temporaryFolder(t);
    const run = makeSmallRun(root);
    const first = exportTo(root, run.manifests, trainer);
    const summary = readFileSync(join(first.folder, "export.json"), "utf8");
    const there = readdirSync(first.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "export.json")
      .map((entry) => join(entry.parentPath, entry.name).slice(first.folder.length + 1))
      .sort();
    assert.deepEqual(there, [...first.files]);
    assert.doesNotMatch(summary, new RegExp(root));
    for (const path of first.paths) assert.ok(existsSync(path), path);

    writeFileSync(join(first.folder, "stale"), "");
    const second = exportTo(root, run.manifests, trainer);
    assert.ok(!existsSync(join(second.folder, "stale")));
    assert.equal(readFileSync(join(second.folder, "export.json"), "utf8"), summary);
    const exports = join(root, "runs", "small", "exports");
    assert.deepEqual(readdirSync(exports), [trainer]);

    const { plan_fingerprint } = run.manifests[0];
    const seen: string[] = [];
    assert.deepEqual(await exportFindings(exports, plan_fingerprint, (path) => seen.push(path)), []);
    assert.equal(seen.length, first.files.length);
    const stale = await exportFindings(exports, "another");
    assert.deepEqual(
      stale.map(({ code }) => code),
      ["verify/stale-export"],
    );
    rmSync(join(second.folder, first.files[0]));
    const gone = await exportFindings(exports, plan_fingerprint);
    assert.deepEqual(
      gone.map(({ code, file }) => [code, file]),
      [["verify/export-changed", `${trainer}/${first.files[0]}`]],
    );
    writeFileSync(join(second.folder, "export.json"), "{}");
    const bad = await exportFindings(exports, plan_fingerprint);
    assert.deepEqual(
      bad.map(({ code }) => code),
      ["verify/bad-export"],
    );
  });
}

test("an export that fails leaves the earlier one as it was", (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const { folder, files } = exportTo(root, run.manifests, "trl");
  const before = files.map((file) => readFileSync(join(folder, file)));
  rmSync(join(run.store, "tokens-web/00000_web.ds"));
  assert.throws(
    () => exportTo(root, run.manifests, "trl"),
    (error) => error instanceof RunError && error.code === "run/export-failed",
  );
  assert.deepEqual(
    files.map((file) => readFileSync(join(folder, file))),
    before,
  );
  assert.deepEqual(readdirSync(join(root, "runs/small/exports")), ["trl"]);
  const mine = join(root, "runs/small/exports/mosaic");
  mkdirSync(mine);
  writeFileSync(join(mine, "thesis.tex"), "");
  assert.throws(
    () => exportTo(root, run.manifests, "mosaic"),
    (error) => error instanceof RunError && error.code === "run/export-folder-taken",
  );
});
