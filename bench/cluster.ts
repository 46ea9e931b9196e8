/**
 * Clustering benchmark: synthetic band keys of N documents to clusters, on one core, in memory and through key files.
 *
 *   node dist/bench/cluster.js [--documents 10000000] [--bands 14] [--partitions 256] [--match-memory-mb 64] [--scratch DIR]
 *
 * A fifth of the documents copies an earlier one, directly or through a copy; a copy shares each band with its original
 * with probability 1/2, so the right root of every document is known. Each variant runs in a process of its own, so
 * that its peak memory is its own; the spilled one also runs on a tenth of the documents, to show how memory grows.
 *
 * A run always goes through key files, so the spilled variant is what it does, with the classes it uses. The one in memory is
 * the same grouping on all keys of a band at once, united as the groups come: what the kernels take without files.
 * Table on stderr, JSON on stdout; exit 1 where a root is wrong or the variants disagree.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commitBytes, createIntermediate } from "../io/local/commit.ts";
import type { Vouched, VouchedFile } from "../io/local/vouched.ts";
import { type GroupVisitor, KeyGroups } from "../kernels/dedup/group-keys.ts";
import { rootsToSizes, UnionFind, uniteEdges } from "../kernels/dedup/union-find.ts";
import { EdgeWriter, readEdges } from "../store/edge-file.ts";
import { KeyFileWriter, RunBuffers } from "../store/key-file.ts";
import { type KeyInput, PartitionMatcher } from "../store/match-partition.ts";

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
/** Documents whose keys are made ahead, so that making them is timed apart. */
const BLOCK_DOCUMENTS = 10_000;

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

/** One band at a time, its keys in memory, through the grouping that a match task uses; groups are united as they come. */
function inMemory({ documents, bands }: Settings): Result {
  const watch = new Stopwatch();
  const clusters = new UnionFind(documents);
  const groups = new KeyGroups(8);
  const unite: GroupVisitor = (group, count) => clusters.uniteGroup(group, count);
  let united = watch.lap();
  const records = new Uint32Array(3 * documents);
  let generated = 0;
  let matched = 0;
  for (let band = 0; band < bands; band++) {
    for (let document = 0; document < documents; document++) {
      writeKey(document, original(document), band, records, 3 * document);
      records[3 * document + 2] = document;
    }
    generated += watch.lap();
    groups.reset();
    groups.count(records, 0);
    for (const part of groups.parts(documents)) {
      groups.open(part);
      groups.place(records, 0);
      matched += watch.lap();
      groups.visit(unite);
      united += watch.lap();
    }
  }
  const roots = clusters.finish();
  united += watch.lap();
  const checked = check(roots);
  watch.lap();
  rootsToSizes(roots);
  united += watch.lap();
  return {
    variant: "memory",
    documents,
    bands,
    ...checked,
    generate_s: generated,
    spill_s: 0,
    match_s: matched,
    unite_s: united,
    ns_per_key: ((matched + united) / documents / bands) * 1e9,
    spilled_bytes: 0,
    peak_rss_bytes: peakRss(),
  };
}

/** As a run does it: key files per span, pairs per partition, one union. */
function spilled({ documents, bands, partitions, match_memory_bytes, scratch }: Settings): Result {
  const folder = fs.mkdtempSync(path.join(scratch, "cluster-"));
  try {
    const watch = new Stopwatch();
    const buffers = new RunBuffers();
    const inputs: KeyInput[] = [];
    const keys = new Uint32Array(2 * bands * BLOCK_DOCUMENTS);
    let bytes = 0;
    let generated = 0;
    let spill = 0;
    for (let first = 0; first < documents; first += SPAN_DOCUMENTS) {
      const file = createIntermediate(path.join(folder, `${first}.keys`));
      const writer = new KeyFileWriter(file, { key_bytes: 8, partitions }, buffers);
      const end = Math.min(documents, first + SPAN_DOCUMENTS);
      for (let block = first; block < end; block += BLOCK_DOCUMENTS) {
        spill += watch.lap();
        const blockEnd = Math.min(end, block + BLOCK_DOCUMENTS);
        for (let document = block, at = 0; document < blockEnd; document++) {
          const root = original(document);
          for (let band = 0; band < bands; band++, at += 2) writeKey(document, root, band, keys, at);
        }
        generated += watch.lap();
        for (let document = block; document < blockEnd; document++) {
          const at = (document - block) * 2 * bands;
          writer.add(document - first, keys.subarray(at, at + 2 * bands));
        }
      }
      writer.finish();
      const committed = file.commit();
      bytes += committed.size_bytes;
      inputs.push({ file: vouched(folder, committed), firstDocument: first });
      spill += watch.lap();
    }
    const edgeFiles: Vouched[] = [];
    const matcher = new PartitionMatcher(8);
    for (let partition = 0; partition < partitions; partition++) {
      const file = createIntermediate(path.join(folder, `${partition}.edges`));
      const edges = new EdgeWriter(file);
      matcher.match(inputs, partition, { memory_bytes: match_memory_bytes }, (group, count) => {
        for (let i = 1; i < count; i++) edges.add(group[0], group[i]);
      });
      edges.flush();
      edgeFiles.push(vouched(folder, file.commit()));
    }
    const match = watch.lap();
    const roots = uniteEdges(documents, readEdges(edgeFiles));
    commitBytes(path.join(folder, "roots.u32"), new Uint8Array(roots.buffer));
    let unite = watch.lap();
    const checked = check(roots);
    watch.lap();
    commitBytes(path.join(folder, "sizes.u32"), new Uint8Array(rootsToSizes(roots).buffer));
    unite += watch.lap();
    return {
      variant: "spilled",
      documents,
      bands,
      ...checked,
      generate_s: generated,
      spill_s: spill,
      match_s: match,
      unite_s: unite,
      ns_per_key: ((spill + match + unite) / documents / bands) * 1e9,
      spilled_bytes: bytes,
      peak_rss_bytes: peakRss(),
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** As a marker would, which this benchmark does without. */
function vouched(folder: string, file: VouchedFile): Vouched {
  return { folder, marker: "bench.done.json", file };
}

function check(roots: Uint32Array): Pick<Result, "duplicates" | "wrong_roots" | "checksum"> {
  let duplicates = 0;
  let wrong_roots = 0;
  let checksum = 0;
  for (let document = 0; document < roots.length; document++) {
    const root = roots[document];
    if (root !== document) duplicates++;
    if (root !== document && root !== original(document)) wrong_roots++;
    checksum = Math.imul(checksum ^ root, 0x01000193);
  }
  return { duplicates, wrong_roots, checksum: checksum >>> 0 };
}

function peakRss(): number {
  return process.resourceUsage().maxRSS * 1024;
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
