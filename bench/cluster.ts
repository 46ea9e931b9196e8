/**
 * Clustering benchmark: synthetic band keys of N documents to clusters, on one core, in memory and through key files.
 *
 *   node dist/bench/cluster.js [--documents 10000000] [--bands 14] [--partitions 256] [--match-memory-mb 64] [--scratch DIR]
 *
 * A fifth of the documents copies an earlier one, directly or through a copy; a copy shares each band with its original
 * with probability 1/2, so the right root of every document is known. Each variant runs in a process of its own, so
 * that its peak memory is its own; the spilled one also runs on a tenth of the documents, to show how memory grows.
 * Table on stderr, JSON on stdout; exit 1 where a root is wrong or the variants disagree.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createPending } from "../io/commit.ts";
import { KeyFileWriter, type KeyInput, matchPartition } from "../io/key-file.ts";
import { EdgeList, KeyTable } from "../kernels/group-keys.ts";
import { type Clusters, UnionFind } from "../kernels/union-find.ts";

interface Settings {
  readonly documents: number;
  readonly bands: number;
  readonly partitions: number;
  readonly match_memory_bytes: number;
  readonly scratch: string;
}

interface Result {
  readonly variant: string;
  readonly documents: number;
  readonly bands: number;
  /** CPU seconds, user and system. */
  readonly generate_s: number;
  readonly spill_s: number;
  readonly match_s: number;
  readonly unite_s: number;
  /** Without generating the keys. */
  readonly ns_per_key: number;
  readonly spilled_bytes: number;
  readonly peak_rss_bytes: number;
  readonly duplicates: number;
  readonly wrong_roots: number;
  /** Of the roots: equal where the clusters are. */
  readonly checksum: number;
}

const SPAN_DOCUMENTS = 100_000;

function mix(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The document that `document` copies in the end, itself where it is an original. */
function original(document: number): number {
  let at = document;
  while (at !== 0 && mix(at) % 5 === 0) at = Math.floor((mix(at ^ 0x5bd1e995) / 2 ** 32) * at);
  return at;
}

/** Writes a document's key in one band, two words, to `out[at]`. */
function writeKey(document: number, root: number, band: number, out: Uint32Array, at: number): void {
  const salt = Math.imul(band + 1, 0x9e3779b1);
  const shares = root !== document && (mix(document ^ salt) & 1) === 1;
  const high = mix((shares ? root : document) ^ salt);
  out[at] = high;
  out[at + 1] = mix(high ^ ((shares ? root : document) + 0x2545f491)) ^ band;
}

class Stopwatch {
  #last = process.cpuUsage();

  /** CPU seconds since the last call. */
  lap(): number {
    const { user, system } = process.cpuUsage(this.#last);
    this.#last = process.cpuUsage();
    return (user + system) / 1e6;
  }
}

/** One band at a time through one table: the fastest way where its memory is there. */
function inMemory({ documents, bands }: Settings): Result {
  const watch = new Stopwatch();
  const records = new Uint32Array(3 * 65536);
  const clusters = new UnionFind(documents);
  let generate = 0;
  let match = 0;
  let unite = watch.lap();
  for (let band = 0; band < bands; band++) {
    const table = new KeyTable(2, documents);
    const edges = new EdgeList();
    match += watch.lap();
    for (let first = 0; first < documents; first += 65536) {
      const count = Math.min(65536, documents - first);
      for (let i = 0; i < count; i++) {
        writeKey(first + i, original(first + i), band, records, 3 * i);
        records[3 * i + 2] = i;
      }
      generate += watch.lap();
      table.match(records.subarray(0, 3 * count), first, edges);
      match += watch.lap();
    }
    const pairs = edges.finish();
    match += watch.lap();
    clusters.unite(pairs);
    unite += watch.lap();
  }
  const result = clusters.finish();
  unite += watch.lap();
  return {
    ...summary("memory", documents, bands, result),
    generate_s: generate,
    spill_s: 0,
    match_s: match,
    unite_s: unite,
    ns_per_key: ((match + unite) / documents / bands) * 1e9,
    spilled_bytes: 0,
  };
}

/** As a run does it: key files per span, pairs per partition, one union. */
function spilled({ documents, bands, partitions, match_memory_bytes, scratch }: Settings): Result {
  const folder = fs.mkdtempSync(path.join(scratch, "cluster-"));
  try {
    const watch = new Stopwatch();
    const keys = new Uint32Array(2 * bands);
    const inputs: KeyInput[] = [];
    let bytes = 0;
    for (let first = 0; first < documents; first += SPAN_DOCUMENTS) {
      const file = createPending(path.join(folder, `${first}.keys`));
      const writer = new KeyFileWriter(file, { key_bytes: 8, partitions });
      const end = Math.min(documents, first + SPAN_DOCUMENTS);
      for (let document = first; document < end; document++) {
        const root = original(document);
        for (let band = 0; band < bands; band++) writeKey(document, root, band, keys, 2 * band);
        writer.add(document - first, keys);
      }
      writer.finish();
      bytes += file.commit().size_bytes;
      inputs.push({ path: file.target, firstDocument: first });
    }
    const spill = watch.lap();
    const edgeFiles: string[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const edges = matchPartition(inputs, partition, { key_bytes: 8, memory_bytes: match_memory_bytes });
      edgeFiles.push(path.join(folder, `${partition}.edges`));
      fs.writeFileSync(edgeFiles[partition], edges);
    }
    const match = watch.lap();
    const clusters = new UnionFind(documents);
    for (const edgeFile of edgeFiles) clusters.unite(new Uint32Array(new Uint8Array(fs.readFileSync(edgeFile)).buffer));
    const result = clusters.finish();
    const unite = watch.lap();
    return {
      ...summary("spilled", documents, bands, result),
      generate_s: 0,
      spill_s: spill,
      match_s: match,
      unite_s: unite,
      ns_per_key: ((spill + match + unite) / documents / bands) * 1e9,
      spilled_bytes: bytes,
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function summary(variant: string, documents: number, bands: number, { roots }: Clusters) {
  const peak_rss_bytes = process.resourceUsage().maxRSS * 1024;
  let duplicates = 0;
  let wrong_roots = 0;
  let checksum = 0;
  for (let document = 0; document < documents; document++) {
    const root = roots[document];
    if (root !== document) duplicates++;
    if (root !== document && root !== original(document)) wrong_roots++;
    checksum = Math.imul(checksum ^ root, 0x01000193);
  }
  return { variant, documents, bands, duplicates, wrong_roots, checksum: checksum >>> 0, peak_rss_bytes };
}

function runAlone(variant: "memory" | "spilled", settings: Settings): Result {
  const script = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, [script, "--child", variant, JSON.stringify(settings)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(output);
}

function print(result: Result): void {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const total = result.spill_s + result.match_s + result.unite_s;
  process.stderr.write(
    `${result.variant.padEnd(8)} ${result.documents} documents x ${result.bands} bands: ${total.toFixed(1)} CPU s ` +
      `(spill ${result.spill_s.toFixed(1)}, match ${result.match_s.toFixed(1)}, unite ${result.unite_s.toFixed(1)}), ` +
      `${result.ns_per_key.toFixed(0)} ns/key, peak ${mb(result.peak_rss_bytes)}, on disk ${mb(result.spilled_bytes)}, ` +
      `${result.duplicates} duplicates, ${result.wrong_roots} wrong roots\n`,
  );
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    documents: { type: "string", default: "10000000" },
    bands: { type: "string", default: "14" },
    partitions: { type: "string", default: "256" },
    "match-memory-mb": { type: "string", default: "64" },
    scratch: { type: "string", default: os.tmpdir() },
    child: { type: "string" },
  },
});
if (values.child !== undefined) {
  const settings: Settings = JSON.parse(positionals[0]);
  process.stdout.write(JSON.stringify(values.child === "memory" ? inMemory(settings) : spilled(settings)));
} else {
  const settings: Settings = {
    documents: Number(values.documents),
    bands: Number(values.bands),
    partitions: Number(values.partitions),
    match_memory_bytes: Number(values["match-memory-mb"]) * 2 ** 20,
    scratch: values.scratch,
  };
  const tenth = { ...settings, documents: Math.ceil(settings.documents / 10) };
  const results = [runAlone("memory", settings), runAlone("spilled", settings), runAlone("spilled", tenth)];
  for (const result of results) print(result);
  const [memory, large, small] = results;
  const growth = (large.peak_rss_bytes - small.peak_rss_bytes) / (large.documents - small.documents);
  process.stderr.write(`spilled: ${growth.toFixed(1)} bytes of memory per further document\n`);
  process.stdout.write(`${JSON.stringify({ settings, results, spilled_bytes_per_document: growth }, null, 2)}\n`);
  if (memory.checksum !== large.checksum || results.some(({ wrong_roots }) => wrong_roots > 0)) process.exitCode = 1;
}
