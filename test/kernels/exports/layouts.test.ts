import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { litdataIndex, litdataRowsPerChunk } from "../../../kernels/exports/litdata.ts";
import { encodeMdsInt32s, encodeMdsSample, type MdsColumn, mdsConfig, mdsIndex } from "../../../kernels/exports/mds.ts";
import {
  megatronDocuments,
  megatronHeader,
  megatronLengths,
  megatronOffsets,
} from "../../../kernels/exports/megatron.ts";
import { npyHeader } from "../../../kernels/exports/npy.ts";
import { encodeOffsetShard } from "../../../kernels/exports/offset-shard.ts";
import { pythonJson } from "../../../kernels/exports/python-json.ts";
import { tokenBinHeader } from "../../../kernels/exports/token-bin.ts";
import { encodeEnds } from "../../../store/token-file.ts";
import { FIVE, SHA256, sha256 } from "../../manifests/exports/five-documents.ts";

const bytes = (values: Int32Array) => new Uint8Array(values.buffer);
/** The fixture has a column of numbers; exports have none. */
const int64 = (value: number) => bytes(Int32Array.of(value, 0));
const ids = (document: readonly number[]) => Int32Array.from(document);

test("the Megatron index of the fixture is the reference writer's", () => {
  const ends = Float64Array.from(FIVE.ends);
  const index = Buffer.concat([
    megatronHeader(4, 5),
    bytes(megatronLengths(ends)),
    encodeEnds(megatronOffsets(ends, 0, 4)),
    encodeEnds(megatronDocuments(0, 6)),
  ]);
  assert.equal(index.length, 142);
  assert.equal(sha256(index), SHA256.megatron_idx);
  assert.equal(megatronHeader(2, 5)[17], 8);
  const many = new DataView(megatronHeader(2, 2 ** 33 + 5).buffer);
  assert.deepEqual([many.getBigUint64(18, true), many.getBigUint64(26, true)], [2n ** 33n + 5n, 2n ** 33n + 6n]);
  assert.deepEqual([...megatronOffsets(ends, 2 ** 33, 2)].slice(0, 2), [2 ** 34, 2 ** 34 + 8]);
  assert.throws(() => megatronLengths(Float64Array.of(2 ** 31)), /2147483648 tokens/);
});

test("the MDS shard and index of the fixture are the reference writer's", () => {
  const columns: MdsColumn[] = [
    { name: "doc", encoding: "int", size_bytes: 8 },
    { name: "tokens", encoding: "ndarray:int32", size_bytes: null },
  ];
  const format = { columns, hashes: ["sha1"], size_limit: 67_108_864 };
  const samples = FIVE.documents.map((document, i) =>
    encodeMdsSample(columns, [int64(i), encodeMdsInt32s(ids(document))]),
  );
  const shard = encodeOffsetShard(samples, mdsConfig(format));
  assert.equal(shard.length, 386);
  assert.equal(sha256(shard), SHA256.mds_shard);
  const hashes = { sha1: createHash("sha1").update(shard).digest("hex") };
  const index = mdsIndex(format, [{ basename: "shard.00000.mds", bytes: shard.length, hashes, samples: 5 }]);
  assert.equal(sha256(index), SHA256.mds_index);
});

test("MDS arrays take the smallest shape that fits and are never empty", () => {
  const head = (length: number) => [...encodeMdsInt32s(new Int32Array(length)).subarray(0, 6)];
  assert.deepEqual(head(255).slice(0, 2), [4, 255]);
  assert.deepEqual(head(256).slice(0, 3), [5, 0, 1]);
  assert.deepEqual(head(65_535).slice(0, 3), [5, 255, 255]);
  assert.deepEqual(head(65_536).slice(0, 5), [6, 0, 0, 1, 0]);
  assert.throws(() => encodeMdsInt32s(new Int32Array()), /empty/);
});

test("the litData chunk of the fixture is the reference writer's", () => {
  const chunk = encodeOffsetShard(FIVE.documents.map((document) => bytes(ids(document))));
  assert.equal(chunk.length, 112);
  assert.equal(sha256(chunk), SHA256.litdata_chunk);
  assert.equal(litdataRowsPerChunk(100, 250), 2);
  assert.equal(litdataRowsPerChunk(300, 250), 1);
  const index = litdataIndex([{ filename: "chunk-0-0.bin", chunk_bytes: 112, chunk_size: 5, dim: 21 }], 2, 1000, "v");
  assert.equal(
    index,
    '{"chunks": [{"chunk_bytes": 112, "chunk_size": 5, "dim": 21, "filename": "chunk-0-0.bin"}], "config": {"chunk_bytes": 1000, "chunk_size": null, "compression": null, "data_format": ["no_header_tensor:20"], "data_spec": "[1, {\\"type\\": null, \\"context\\": null, \\"children_spec\\": []}]", "encryption": null, "item_loader": "TokensLoader"}, "updated_at": "v"}',
  );
  assert.deepEqual([...encodeOffsetShard([])], [0, 0, 0, 0, 8, 0, 0, 0]);
});

test("a .npy header is NumPy's", () => {
  const header = Buffer.from(npyHeader("<i8", 6));
  assert.equal(header.length, 128);
  assert.equal(header.toString("latin1", 0, 10), "\x93NUMPY\x01\x00v\x00");
  assert.equal(
    header.toString("latin1", 10),
    `${"{'descr': '<i8', 'fortran_order': False, 'shape': (6,), }".padEnd(117)}\n`,
  );
  assert.equal(npyHeader("|b1", 123_456_789_012).length % 64, 0);
});

test("a token .bin header says magic, version and tokens", () => {
  const words = (tokenBytes: 2 | 4, tokens: number) => [...new Int32Array(tokenBinHeader(tokenBytes, tokens).buffer)];
  assert.equal(words(2, 7).length, 256);
  assert.deepEqual(words(2, 7).slice(0, 4), [20240520, 1, 7, 0]);
  assert.deepEqual(words(4, 2 ** 31 - 1).slice(0, 4), [20240801, 7, 2 ** 31 - 1, 0]);
  assert.throws(() => tokenBinHeader(2, 2 ** 31), RangeError);
});

test("JSON is Python's", () => {
  assert.equal(
    pythonJson({ b: [1, null, true], a: 'é"\u{1f600}\u007f\n', A: {} }),
    '{"A": {}, "a": "\\u00e9\\"\\ud83d\\ude00\\u007f\\n", "b": [1, null, true]}',
  );
  assert.throws(() => pythonJson(0.5), /whole/);
});
