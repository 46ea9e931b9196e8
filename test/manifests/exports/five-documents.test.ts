import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { parse } from "yaml";
import { positionsFromEos } from "../../../kernels/pack/positions.ts";
import { rowTokens, takes } from "../../../manifests/exports/define.ts";
import { EXPORTERS, TRAINERS, type Trainer } from "../../../manifests/exports/registry.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { FIVE, makeFiveRun, SHA256, sha256 } from "./five-documents.ts";
import { exportTo, idsOf } from "./open-run.ts";

test("Megatron gets the fixture as its reference writer stores it, by link", (t) => {
  const root = temporaryFolder(t);
  const { store, manifests } = makeFiveRun(root, 4, 5);
  const { read, folder, files } = exportTo(root, manifests, "megatron", { path_prefix: "/data/" });
  assert.deepEqual(files, ["sequences.json", "stage1.blend", "stage1/five.bin", "stage1/five.idx"]);
  assert.equal(sha256(read("stage1/five.bin")), SHA256.tokens);
  assert.equal(sha256(read("stage1/five.idx")), SHA256.megatron_idx);
  assert.equal(statSync(join(folder, "stage1/five.bin")).ino, statSync(join(store, "tokens/00000_five.ds")).ino);
  assert.equal(read("stage1.blend").toString(), "1 /data/stage1/five\n");
  assert.deepEqual(JSON.parse(read("sequences.json").toString()), { "/data/stage1/five": [5, 6] });
});

test("a stage gets whole documents, as many as its rows need", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeFiveRun(root, 4, 3);
  const { read } = exportTo(root, manifests, "megatron");
  // Three rows of 4 that overlap by a label need 13 tokens, which is where the third document ends.
  assert.deepEqual(idsOf(read("stage1/five.bin")), FIVE.documents.slice(0, 3).flat());
  const index = read("stage1/five.idx");
  assert.equal(index.length, 42 + 20 * 3);
  assert.deepEqual(
    [34, 38, 42].map((at) => index.readInt32LE(at)),
    [4, 2, 7],
  );
  assert.deepEqual(
    [46, 54, 62].map((at) => index.readBigInt64LE(at)),
    [0n, 16n, 24n],
  );
  assert.deepEqual(
    [70, 78, 86, 94].map((at) => index.readBigInt64LE(at)),
    [0n, 1n, 2n, 3n],
  );
});

test("a source that is read again is written again", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeFiveRun(root, 4, 7);
  const { read } = exportTo(root, manifests, "megatron");
  assert.deepEqual(idsOf(read("stage1/five.bin")), [...FIVE.documents, ...FIVE.documents.slice(0, 3)].flat());
  assert.deepEqual(JSON.parse(read("sequences.json").toString()), { "stage1/five": [8, 9] });
});

test("torchtitan gets ids and offsets", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeFiveRun(root, 4, 5);
  const { read } = exportTo(root, manifests, "torchtitan");
  assert.equal(sha256(read("stage1/five/tokens.bin")), SHA256.tokens);
  const offsets = read("stage1/five/document_offsets.npy");
  assert.equal(offsets.length, 128 + 8 * 6);
  assert.deepEqual(
    Array.from({ length: 6 }, (_, i) => Number(offsets.readBigInt64LE(128 + 8 * i))),
    [0, ...FIVE.ends],
  );
  const [source] = parse(read("stage1.yaml").toString()).sources;
  assert.deepEqual([source.documents, source.tokens, source.weight, source.weight_rows], [5, 21, 1, 1]);
});

test("llm.c gets documents that start with the end-of-text token", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeFiveRun(root, 4, 5);
  const { read, warnings } = exportTo(root, manifests, "modded-nanogpt");
  const file = read("stage1/train_000001.bin");
  assert.deepEqual(
    [0, 4, 8].map((at) => file.readInt32LE(at)),
    [20240801, 7, 21],
  );
  assert.deepEqual(
    idsOf(file.subarray(1024)),
    FIVE.documents.flatMap((document) => [FIVE.eos, ...document.slice(0, -1)]),
  );
  assert.match(warnings.join(), /modded-nanogpt does not read them/);
});

test("NeMo AutoModel gets its own header and where documents start, in tokens", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeFiveRun(root, 4, 5);
  const { read, files, warnings } = exportTo(root, manifests, "modded-nanogpt", { nemo_automodel: true });
  assert.deepEqual(files, ["stage1/train_000001.bin", "stage1/train_000001.bos.idx"]);
  const file = read("stage1/train_000001.bin");
  assert.deepEqual(
    [0, 4, 8, 12, 16].map((at) => file.readInt32LE(at)),
    [278895051, 1, 21, 4, 0],
  );
  const ids = idsOf(file.subarray(1024));
  const starts = idsOf(read("stage1/train_000001.bos.idx"));
  assert.deepEqual(starts, [0, ...FIVE.ends.slice(0, -1)]);
  for (const start of starts) assert.equal(ids[start], FIVE.eos);
  assert.match(warnings.join(), /layout of NeMo AutoModel/);
});

test("OLMo-core gets raw ids, document bounds and a label mask", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeFiveRun(root, 21, 1);
  const plain = exportTo(root, manifests, "olmo-core");
  assert.deepEqual(plain.warnings, []);
  const { read, files } = exportTo(root, manifests, "olmo-core", { label_mask: true, global_batch_size: 8 });
  assert.deepEqual(files, [
    "stage1.yaml",
    "stage1/five/part-00000.csv.gz",
    "stage1/five/part-00000.label_mask.npy",
    "stage1/five/part-00000.npy",
  ]);
  assert.equal(sha256(read("stage1/five/part-00000.npy")), SHA256.tokens);
  const csv = gunzipSync(read("stage1/five/part-00000.csv.gz")).toString();
  assert.equal(
    csv,
    "0,4,0,shard 0,0\r\n4,6,1,shard 0,0\r\n6,13,2,shard 0,0\r\n13,19,3,shard 0,0\r\n19,21,4,shard 0,0\r\n",
  );
  const mask = [...read("stage1/five/part-00000.label_mask.npy")];
  assert.deepEqual(
    mask.flatMap((trained, i) => (trained === 0 ? [i] : [])),
    [0, 4, 6, 13, 19],
  );
  assert.deepEqual(parse(read("stage1.yaml").toString()), {
    requested_tokens: 21,
    global_batch_size: 168,
    source_list: {
      sources: [
        {
          source_name: "five",
          target_ratio: 1,
          max_repetition_ratio: 1,
          max_source_fraction: 1,
          paths: ["stage1/five/part-00000.npy"],
        },
      ],
    },
    label_mask_paths: ["stage1/five/part-00000.label_mask.npy"],
  });
});

test("TRL gets rows without padding, with the lengths of their pieces", async (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeFiveRun(root, 13, 1);
  const { read } = exportTo(root, manifests, "trl");
  const file = new Uint8Array(read("stage1/five-00000.parquet")).buffer;
  const rows = (await parquetReadObjects({ file })) as {
    input_ids: number[];
    labels: number[];
    seq_lengths: number[];
  }[];
  // Two rows of 13 hold the 21 tokens, and one of them is the stage's. Rows are in a random order.
  const expected = [
    {
      input_ids: FIVE.documents.slice(0, 3).flat(),
      labels: [-100, 11, 12, 2, -100, 2, -100, 31, 2, 32, 33, 34, 2],
      seq_lengths: [4, 2, 7],
    },
    { input_ids: FIVE.documents.slice(3).flat(), labels: [-100, 41, 42, 43, 44, 2, -100, 2], seq_lengths: [6, 2] },
  ];
  assert.equal(rows.length, 1);
  assert.ok(
    expected.some((row) => JSON.stringify(row) === JSON.stringify(rows[0])),
    JSON.stringify(rows),
  );
});

/** Every row of the one source of an export, as ids. `seq` is the sequence length. */
async function exportedRows(trainer: Trainer, read: (path: string) => Buffer, length: number): Promise<number[][]> {
  const chunk = (ids: number[]) =>
    Array.from({ length: ids.length / length }, (_, i) => ids.slice(i * length, (i + 1) * length));
  switch (trainer) {
    case "nanotron":
      return chunk(idsOf(read(`s3/five_${length}/00000_five.ds`)));
    case "ds":
      return chunk(idsOf(read("stage1/five-00000.ds")));
    case "olmo-core":
      return chunk(idsOf(read("stage1/five/part-00000.npy")));
    case "litdata": {
      const bytes = read("stage1/five/chunk-0-0.bin");
      return chunk(idsOf(bytes.subarray(4 * (bytes.readUInt32LE(0) + 2))));
    }
    case "mosaic": {
      const bytes = read("stage1/five/shard.00000.mds");
      const samples = bytes.readUInt32LE(0);
      return Array.from({ length: samples }, (_, i) =>
        // u32 size, one byte of kind, one of shape.
        idsOf(bytes.subarray(bytes.readUInt32LE(4 * (i + 1)) + 6, bytes.readUInt32LE(4 * (i + 2)))),
      );
    }
    default: {
      const file = new Uint8Array(read("stage1/five-00000.parquet")).buffer;
      return ((await parquetReadObjects({ file })) as { input_ids: number[] }[]).map((row) => row.input_ids);
    }
  }
}

for (const trainer of TRAINERS) {
  if (!takes(EXPORTERS[trainer]).windows) continue;
  const { geometry, reads } = EXPORTERS[trainer];
  if (reads === "documents") {
    test(`${trainer} cuts its rows itself: they overlap by the label, and documents are whole`, (t) => {
      const root = temporaryFolder(t);
      const { manifests } = makeFiveRun(root, 4, 5);
      const { files } = exportTo(root, manifests, trainer);
      assert.deepEqual([geometry.row_extra_tokens, geometry.stride_extra_tokens], [1, 0]);
      assert.ok(files.length > 0);
    });
    continue;
  }
  test(`${trainer}: rows have the tokens the table says, none lost, boundaries by ${geometry.boundaries}`, async (t) => {
    const root = temporaryFolder(t);
    const { manifests } = makeFiveRun(root, 4, 5);
    const { read, folder } = exportTo(root, manifests, trainer);
    const tokens = rowTokens(geometry, 4);
    assert.equal(geometry.stride_extra_tokens, geometry.row_extra_tokens, "packed rows do not overlap");
    const rows = await exportedRows(trainer, read, tokens);
    const needed = Math.ceil(21 / tokens);
    assert.equal(rows.length, 5);
    const stream = FIVE.documents.flat();
    const expected = Array.from({ length: needed }, (_, i) => {
      const row = stream.slice(i * tokens, (i + 1) * tokens);
      return geometry.padding === "eos" ? [...row, ...new Array(tokens - row.length).fill(FIVE.eos)] : row;
    });
    for (const row of rows) {
      assert.ok(
        expected.some((candidate) => JSON.stringify(candidate) === JSON.stringify(row)),
        JSON.stringify(row),
      );
    }
    assert.equal(new Set(rows.map((row) => JSON.stringify(row))).size, 5, "no row twice");
    // What a reader that goes by EOS makes of the row with an EOS inside a document.
    const row = Uint32Array.from(rows.find((ids) => ids.includes(32)) ?? []);
    const positions = new Int32Array(row.length);
    positionsFromEos(row, FIVE.eos, positions);
    assert.equal(positions[row.indexOf(32)], 0);
    assert.ok(existsSync(join(folder, "export.json")));
  });
}
