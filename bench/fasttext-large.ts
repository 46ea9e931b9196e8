/**
 * A fastText model of more than 2 GiB, shared by threads: that it opens, and that rows beyond 2 GiB count.
 *
 *   node dist/bench/fasttext-large.js [--unfolded] [--folder DIR] [--buckets 2000000]
 *
 * Too large for the suite: it writes a file of 2.4 GB, of which nearly all is zero and takes no room on the disk, and reads it into memory (2.4 GB; with --unfolded twice that). Two
 * rows are not zero: those of two pairs of words, one near the file's beginning, one beyond 2 GiB. Each pair must get its own label, with the score that follows from the row, in the first
 * thread and in a second one. JSON on stdout; exits 1 where it does not.
 */
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Asset, AssetLibrary, type SharedAsset, type SharedTablesByKey } from "../io/assets.ts";
import type { Assets } from "../stages/define.ts";
import { openFasttext } from "../stages/fasttext-model.ts";

const DIM = 300;
const KEY = "large";
/** What a row of the two holds in each place, and the weight of its label. */
const VALUE = 0.25;
const WEIGHT = 0.5;

interface Shared {
  readonly asset: Asset;
  readonly assets: readonly SharedAsset[];
  readonly tables: SharedTablesByKey;
  readonly texts: readonly string[];
}

function judge(library: AssetLibrary, asset: Asset, texts: readonly string[]): [label: string, score: number][] {
  const assets: Assets = {
    bytes: () => library.bytes(asset, KEY),
    name: () => asset.name,
    tables: (size_bytes, fill) => library.tables(KEY, KEY, size_bytes, fill),
  };
  const model = openFasttext(assets, { asset: asset.sha256 });
  const classifier = model.classifier({ newlines: "space" });
  return texts.map((text) => {
    const bytes = Buffer.from(text);
    classifier.judge(bytes, 0, bytes.length);
    return [model.labels[classifier.label] ?? "", classifier.score];
  });
}

function hashOf(word: string): bigint {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(word)) hash = Math.imul(hash ^ byte, 0x01000193);
  return BigInt(hash | 0);
}

/** The bucket of two words that follow each other. */
function bucketOf(first: string, second: string, buckets: number): number {
  const hash = BigInt.asUintN(64, BigInt.asUintN(64, hashOf(first)) * 116049371n + BigInt.asUintN(64, hashOf(second)));
  return Number(hash % BigInt(buckets));
}

/** A pair of unknown words whose bucket is between two others. */
function pairWithin(low: number, high: number, buckets: number): [text: string, bucket: number] {
  for (let i = 0; ; i++) {
    const bucket = bucketOf(`left${i}`, `right${i}`, buckets);
    if (bucket >= low && bucket < high) return [`left${i} right${i}`, bucket];
  }
}

function writeModel(file: string, labels: number, buckets: number, rows: readonly number[]): void {
  const head = Buffer.alloc(92);
  const numbers = [793712314, 12, DIM, 5, 5, 1, 5, 2, 3, 3, buckets, 0, 0, 100];
  for (const [i, value] of numbers.entries()) head.writeInt32LE(value, 4 * i);
  head.writeInt32LE(labels, 64);
  head.writeInt32LE(0, 68);
  head.writeInt32LE(labels, 72);
  head.writeBigInt64LE(-1n, 84);
  const entries = Array.from({ length: labels }, (_, label) => {
    const tail = Buffer.alloc(10);
    tail.writeBigInt64LE(BigInt(labels - label), 1);
    tail[9] = 1;
    return Buffer.concat([Buffer.from(`__label__${label}`), tail]);
  });
  const input = Buffer.alloc(17);
  input.writeBigInt64LE(BigInt(buckets), 1);
  input.writeBigInt64LE(BigInt(DIM), 9);
  const start = Buffer.concat([head, ...entries, input]);
  const output = Buffer.alloc(17 + 4 * labels * DIM);
  output.writeBigInt64LE(BigInt(labels), 1);
  output.writeBigInt64LE(BigInt(DIM), 9);
  for (let label = 0; label < 2; label++) {
    // The first half of the dimensions speaks for label 0, the other for label 1.
    for (let j = 0; j < DIM / 2; j++) output.writeFloatLE(WEIGHT, 17 + 4 * (label * DIM + (label * DIM) / 2 + j));
  }
  const descriptor = openSync(file, "w");
  writeSync(descriptor, start, 0, start.length, 0);
  for (const [label, row] of rows.entries()) {
    const values = Buffer.alloc(4 * DIM);
    for (let j = 0; j < DIM / 2; j++) values.writeFloatLE(VALUE, 4 * ((label * DIM) / 2 + j));
    writeSync(descriptor, values, 0, values.length, start.length + 4 * DIM * row);
  }
  const end = start.length + 4 * DIM * buckets;
  writeSync(descriptor, output, 0, output.length, end);
  ftruncateSync(descriptor, end + output.length);
  closeSync(descriptor);
}

function assetOf(file: string): Asset {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(1 << 24);
  const descriptor = openSync(file, "r");
  let size_bytes = 0;
  for (let count = readSync(descriptor, piece); count > 0; count = readSync(descriptor, piece)) {
    hash.update(piece.subarray(0, count));
    size_bytes += count;
  }
  closeSync(descriptor);
  return { name: path.basename(file), sha256: hash.digest("hex"), size_bytes };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      unfolded: { type: "boolean", default: false },
      folder: { type: "string", default: tmpdir() },
      buckets: { type: "string", default: "2000000" },
    },
  });
  const buckets = Number(values.buckets);
  const labels = values.unfolded ? DIM + 1 : 2;
  const folder = mkdtempSync(path.join(values.folder, "shardmill-large-"));
  try {
    const file = path.join(folder, "large.bin");
    const beyond = Math.ceil(2 ** 31 / (4 * DIM));
    const pairs = [pairWithin(0, 1000, buckets), pairWithin(Math.min(beyond, buckets - 1e5), buckets, buckets)];
    writeModel(
      file,
      labels,
      buckets,
      pairs.map(([, bucket]) => bucket),
    );
    const asset = assetOf(file);
    const library = new AssetLibrary();
    library.add(asset, { file, stored: true });
    library.reserveTables(KEY);
    const texts = pairs.map(([text]) => text);
    const found = judge(library, asset, texts);
    const shared: Shared = { asset, assets: library.share(), tables: library.shareTables(), texts };
    const worker = new Worker(new URL(import.meta.url), { workerData: shared });
    const again = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    // Floats of 32 bits, of which hundreds are added up: 1e-4. One row that is not zero among two (the other is that of the second word and the end of the line).
    const logit = (DIM / 2) * VALUE * WEIGHT * (1 / 2);
    const score = Math.exp(logit) / (Math.exp(logit) + labels - 1) + 1e-5;
    const isRight =
      JSON.stringify(found) === JSON.stringify(again) &&
      found.every(([label, value], i) => label === String(i) && Math.abs(value - score) <= 1e-4);
    const facts = { size_bytes: asset.size_bytes, labels, found, again, score, rss_bytes: process.memoryUsage().rss };
    process.stdout.write(`${JSON.stringify({ ...facts, ok: isRight }, null, 2)}\n`);
    process.exitCode = isRight ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (isMainThread) await main();
else {
  const { asset, assets, tables, texts } = workerData as Shared;
  parentPort?.postMessage(judge(new AssetLibrary(assets, tables), asset, texts));
}
