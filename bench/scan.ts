/**
 * JSON lines and hashes on one core: the field scanner, the whole reader and XXH64, beside their twins and what Node offers.
 *
 *   node dist/bench/scan.js [--data DIR] [NAME ...] [--megabytes 16] [--rounds 5]
 *
 * Shards: DIR/NAME.jsonl, all of them or those named, and the JSONL samples beside the repository where they are; small ones
 * are repeated. Scanners look for the document and its id; `JSON.parse` parses each line to an object; the reader takes bytes
 * from memory and makes batches. Hashes go over the documents of all shards and over the same bytes in rows of 64. Figures are
 * MB per second of user CPU time, of JSONL for the scan and of text for the hashes, medians of rounds in turns. Table on
 * stderr, JSON on stdout.
 */

import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { Bitmap } from "../batch/bitmap.ts";
import { Utf8Builder } from "../batch/builder.ts";
import type { Utf8Column } from "../batch/column.ts";
import type { ByteSource } from "../io/source.ts";
import { wasmModule } from "../io/wasm.ts";
import { PlainRowHasher, type RowHasher } from "../kernels/hash/xxh64-rows.ts";
import { JsonKind, JsonScanner } from "../kernels/json/json-scan.ts";
import { WasmUnescaper } from "../kernels/wasm/json-scan.ts";
import { WasmRowHasher } from "../kernels/wasm/xxh64.ts";
import type { ReadContext } from "../stages/define.ts";
import { NO_RESOURCES } from "../stages/define.ts";
import jsonl from "../stages/read/jsonl.ts";
import { median } from "./support/figures.ts";

const SAMPLES = "../shared/samples";
const NEWLINE = 0x0a;
const SLACK_BYTES = 64;
/** One measurement takes at least this long, by repeating. */
const LEAST_MS = 60;
const SHORT_ROW_BYTES = 64;

interface Shard {
  readonly name: string;
  /** Whole lines, and behind them room for reads past the last. */
  readonly bytes: Buffer;
  /** Bytes of the lines. */
  readonly size: number;
  /** Key of the document. */
  readonly text: string;
}

type Run = () => void | Promise<void>;
type Speeds = Record<string, number>;

function readHead(file: string, maxBytes: number): Buffer {
  if (file.endsWith(".gz")) return gunzipSync(fs.readFileSync(file)).subarray(0, maxBytes);
  const handle = fs.openSync(file, "r");
  const bytes = Buffer.alloc(Math.min(maxBytes, fs.fstatSync(handle).size));
  fs.readSync(handle, bytes, 0, bytes.length, 0);
  fs.closeSync(handle);
  return bytes;
}

/** The key of the document in a row: `text`, else that of its longest string. */
function textKey(row: Record<string, unknown>): string | undefined {
  const strings = Object.entries(row).filter(([, value]) => typeof value === "string") as [string, string][];
  if (strings.some(([key]) => key === "text")) return "text";
  return strings.sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
}

function shardOf(file: string, maxBytes: number): Shard | undefined {
  const head = readHead(file, maxBytes);
  const lines = head.subarray(0, head.lastIndexOf(NEWLINE) + 1);
  if (lines.length === 0) return undefined;
  const text = textKey(JSON.parse(lines.toString("utf8", 0, lines.indexOf(NEWLINE))));
  if (text === undefined) return undefined;
  const copies = Math.ceil(maxBytes / 4 / lines.length);
  const size = copies * lines.length;
  return {
    name: path.basename(file),
    bytes: Buffer.concat([...Array(copies).fill(lines), Buffer.alloc(SLACK_BYTES)]),
    size,
    text,
  };
}

function shardFiles(folder: string | undefined, names: readonly string[]): string[] {
  const files: string[] = [];
  if (folder !== undefined) {
    const named = (file: string) => names.length === 0 || names.includes(file.slice(0, -".jsonl".length));
    const found = fs.readdirSync(folder).filter((file) => file.endsWith(".jsonl") && named(file));
    files.push(...found.sort().map((file) => path.join(folder, file)));
  }
  if (names.length === 0 && fs.existsSync(SAMPLES)) {
    const found = fs.readdirSync(SAMPLES, { recursive: true, encoding: "utf8" });
    const isShard = (file: string) => /\.jsonl(\.gz)?$/.test(file) && !file.startsWith("conformance");
    files.push(
      ...found
        .filter(isShard)
        .sort()
        .map((file) => path.join(SAMPLES, file)),
    );
  }
  return files;
}

function* linesOf({ bytes, size }: Shard): Generator<[start: number, end: number]> {
  for (let at = 0; at < size; ) {
    const end = bytes.indexOf(NEWLINE, at);
    yield [at, end];
    at = end + 1;
  }
}

/** The scan as the reader does it: UTF-8 checked, then line by line. */
function scan(scanner: JsonScanner, { bytes, size }: Shard): void {
  if (!isUtf8(bytes.subarray(0, size))) throw new Error("a shard is not UTF-8");
  scanner.attach(bytes);
  for (let at = 0; at < size; ) {
    const end = bytes.indexOf(NEWLINE, at);
    if (scanner.scan(at, end) >= 0) throw new Error("a line is not JSON");
    at = end + 1;
  }
}

async function readAll({ name, bytes, size, text }: Shard): Promise<void> {
  const lines = bytes.subarray(0, size);
  const source: ByteSource = {
    name,
    byteLength: size,
    identity: "bench",
    read: async (start, end) => lines.subarray(start, end),
    async *stream(start = 0) {
      yield lines.subarray(start);
    },
    close: async () => {},
  };
  const context: ReadContext = {
    source: "bench",
    shards: [{ key: "bench.jsonl", location: "memory", size_bytes: size, identity: "bench" }],
    open: async () => source,
    problem: () => {},
  };
  const reader = jsonl.create(jsonl.options.parse({ text }), NO_RESOURCES);
  if (reader.kind !== "source") throw new Error("read/jsonl is no source");
  const extents = [{ shard: 0, unit: "bytes" as const, start: 0, end: size, size_bytes: size }];
  for await (const _ of reader.read(extents, context));
}

/** MB per second of user CPU time by variant, medians; the first round warms up and settles how often to repeat. */
async function measure(variants: Record<string, Run>, bytes: number, rounds: number): Promise<Speeds> {
  const measured = new Map<string, number[]>();
  const repeats = new Map<string, number>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(variants)) {
      const times = repeats.get(name) ?? 1;
      const [before, started] = [process.cpuUsage(), performance.now()];
      for (let time = 0; time < times; time++) await run();
      const { user } = process.cpuUsage(before);
      if (round === 0) repeats.set(name, Math.ceil(LEAST_MS / (performance.now() - started)));
      else measured.set(name, [...(measured.get(name) ?? []), (times * bytes) / user]);
    }
  }
  return Object.fromEntries([...measured].map(([name, values]) => [name, median(values)]));
}

// Loaded once: a module that is compiled again is slow again until the engine has optimized it.
const scanModule = wasmModule("json");

function scanVariants(shard: Shard): Record<string, Run> {
  const paths = [[shard.text], ["id"]];
  const wasm = scanModule && new JsonScanner(paths, new WasmUnescaper(scanModule));
  const twin = new JsonScanner(paths);
  return {
    ...(wasm && { wasm: () => scan(wasm, shard) }),
    twin: () => scan(twin, shard),
    "JSON.parse": () => {
      for (const [start, end] of linesOf(shard)) JSON.parse(shard.bytes.toString("utf8", start, end));
    },
    reader: () => readAll(shard),
  };
}

/** The documents of `shards`, up to `maxBytes`. */
function documentsOf(shards: readonly Shard[], maxBytes: number): Utf8Column {
  const builder = new Utf8Builder();
  const share = maxBytes / shards.length;
  for (const shard of shards) {
    const scanner = new JsonScanner([[shard.text]]);
    scanner.attach(shard.bytes);
    const before = builder.byteLength;
    for (const [start, end] of linesOf(shard)) {
      if (builder.byteLength - before >= share) break;
      if (scanner.scan(start, end) < 0 && scanner.kinds[0] === JsonKind.string) builder.append(scanner.value(0));
    }
  }
  return builder.finish();
}

function inShortRows({ data }: Utf8Column): Utf8Column {
  const rows = Math.floor(data.length / SHORT_ROW_BYTES);
  const offsets = Int32Array.from({ length: rows + 1 }, (_, row) => row * SHORT_ROW_BYTES);
  return { kind: "utf8", data: data.subarray(0, rows * SHORT_ROW_BYTES), offsets };
}

function hashVariants(column: Utf8Column): Record<string, Run> {
  const rows = column.offsets.length - 1;
  const alive = Bitmap.full(rows);
  const [once, twice] = [[{ high: 0, low: 0 }], [0, 1].map((low) => ({ high: 0, low }))];
  const out = new Uint32Array(4 * rows);
  const through = (hasher: RowHasher): Run => {
    return () => hasher.hashRows(column, alive, out);
  };
  const native = (algorithm: string): Run => {
    return () => {
      for (let row = 0; row < rows; row++) {
        hash(algorithm, column.data.subarray(column.offsets[row], column.offsets[row + 1]), "binary");
      }
    };
  };
  const module = wasmModule("hash");
  return {
    ...(module && {
      wasm: through(new WasmRowHasher(module, once)),
      "wasm, 2 seeds": through(new WasmRowHasher(module, twice)),
    }),
    twin: through(new PlainRowHasher(once)),
    sha256: native("sha256"),
    md5: native("md5"),
  };
}

function ratios(speeds: Speeds, pairs: readonly (readonly [string, string])[]): Speeds {
  const present = pairs.filter((pair) => pair.every((name) => speeds[name] !== undefined));
  return Object.fromEntries(present.map(([name, other]) => [`${name} / ${other}`, speeds[name] / speeds[other]]));
}

function print(title: string, rows: Record<string, Speeds>): void {
  const columns = Object.keys(Object.values(rows)[0] ?? {});
  const width = Math.max(title.length, ...Object.keys(rows).map((name) => name.length));
  process.stderr.write(
    `${title.padEnd(width)}${columns.map((column) => column.padStart(column.length + 2)).join("")}\n`,
  );
  for (const [name, row] of Object.entries(rows)) {
    const cells = columns.map((column) => row[column].toFixed(row[column] < 20 ? 2 : 0).padStart(column.length + 2));
    process.stderr.write(`${name.padEnd(width)}${cells.join("")}\n`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    megabytes: { type: "string", default: "16" },
    rounds: { type: "string", default: "5" },
  },
});
const maxBytes = Number(values.megabytes) * 1e6;
const rounds = Number(values.rounds);
const shards = shardFiles(values.data, positionals)
  .map((file) => shardOf(file, maxBytes))
  .filter((shard) => shard !== undefined);

const scans: Record<string, Speeds> = {};
// The first shard would be measured while the engine still optimizes.
if (shards.length > 0) await measure(scanVariants(shards[0]), shards[0].size, rounds);
for (const shard of shards) {
  const speeds = await measure(scanVariants(shard), shard.size, rounds);
  const compared = ratios(speeds, [
    ["wasm", "twin"],
    ["wasm", "JSON.parse"],
    ["reader", "JSON.parse"],
  ]);
  const rows = [...linesOf(shard)].length;
  scans[shard.name] = { bytes_per_row: Math.round(shard.size / rows), ...speeds, ...compared };
}
const hashes: Record<string, Speeds> = {};
if (shards.length > 0) {
  const documents = documentsOf(shards, maxBytes);
  for (const [name, column] of [
    ["documents", documents],
    [`rows of ${SHORT_ROW_BYTES} bytes`, inShortRows(documents)],
  ] as const) {
    const bytes = column.offsets[column.offsets.length - 1];
    const speeds = await measure(hashVariants(column), bytes, rounds);
    const compared = ratios(speeds, [
      ["wasm", "twin"],
      ["wasm", "sha256"],
      ["wasm, 2 seeds", "sha256"],
    ]);
    hashes[name] = { bytes_per_row: Math.round(bytes / (column.offsets.length - 1)), ...speeds, ...compared };
  }
}
print("JSON lines", scans);
print("xxh64", hashes);
process.stdout.write(`${JSON.stringify({ scan: scans, xxh64: hashes }, null, 2)}\n`);
