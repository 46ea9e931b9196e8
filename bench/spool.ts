/**
 * The spool on one core: rows written and read back, beside its twin and beside `node:zlib`'s deflate at level 1.
 *
 *   node dist/bench/spool.js [NAME ...] [--megabytes 16] [--rounds 5]
 *
 * Texts: the real samples beside the repository where they are, and what comes with the development dependencies; all
 * classes or those named; small ones are repeated as other rows. A row has a text, an id and a score. The spool is
 * written to memory and read from a file in the page cache; the peer compresses and decompresses the bytes of the texts
 * alone, without rows, checksums or files. Figures are MB of text per second of CPU time, user and system, medians of
 * rounds in turns; ratios are bytes of text by bytes stored. Table on stderr, JSON on stdout.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { Batch, TARGET_BATCH_BYTES } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";
import { release } from "../batch/memory.ts";
import type { SpoolColumn } from "../store/spool.ts";
import { plainSpoolEngine, type SpoolEngine, spoolEngine } from "../store/spool-block.ts";
import { SpoolReader } from "../store/spool-reader.ts";
import { SpoolWriter } from "../store/spool-writer.ts";
import { median } from "./support/figures.ts";
import { readInstalled } from "./support/installed-texts.ts";
import { readSamples } from "./support/texts.ts";

const COLUMNS: readonly SpoolColumn[] = [
  { name: "text", kind: "utf8" },
  { name: "id", kind: "utf8" },
  { name: "score", kind: "float64" },
];
/** One measurement takes at least this long, by repeating: CPU time comes in ticks of some milliseconds. */
const LEAST_MS = 100;

type Run = () => void;
type Figures = Record<string, number>;

/** Batches of the texts, over and over until there are `bytes` of them; copies are told apart by id alone. */
function batchesOf(texts: readonly Buffer[], bytes: number): readonly Batch[] {
  const batches: Batch[] = [];
  for (let row = 0, total = 0; total < bytes; ) {
    const first = row;
    const [text, id] = [new Utf8Builder(TARGET_BATCH_BYTES), new Utf8Builder()];
    const scores: number[] = [];
    while (text.byteLength < TARGET_BATCH_BYTES && total + text.byteLength < bytes) {
      text.append(texts[row % texts.length]);
      id.appendString(`<urn:uuid:${(Math.imul(row, 0x9e3779b1) >>> 0).toString(16)}-${row}>`);
      scores.push((row % 50) / 10);
      row++;
    }
    total += text.byteLength;
    batches.push(
      new Batch({
        source: "bench",
        shards: new Int32Array(row - first),
        rowsInShard: Int32Array.from(scores, (_, i) => first + i),
        columns: [
          ["text", text.finish()],
          ["id", id.finish()],
          ["score", { kind: "float64", values: Float64Array.from(scores) }],
        ],
      }),
    );
  }
  return batches;
}

/** Writes a spool, to nowhere unless there is a `target`; returns its size. */
function write(batches: readonly Batch[], engine: SpoolEngine, target?: string): number {
  let written = 0;
  const descriptor = target === undefined ? undefined : fs.openSync(target, "w");
  const sink = {
    write: (bytes: Uint8Array) => {
      written += bytes.length;
      if (descriptor !== undefined) fs.writeSync(descriptor, bytes);
    },
  };
  const writer = new SpoolWriter(sink, COLUMNS, engine);
  let documents = 0;
  for (const batch of batches) {
    writer.add(batch, documents);
    documents += batch.rows;
  }
  writer.finish();
  if (descriptor !== undefined) fs.closeSync(descriptor);
  return written;
}

function read(file: string, engine: SpoolEngine): void {
  const reader = new SpoolReader(file, "bench", engine);
  for (const batch of reader.batches()) {
    for (const column of batch.columns.values()) if (column.kind === "utf8") release(column.data);
  }
  reader.close();
}

/** MB per second of CPU time by variant, medians; the first round warms up and settles how often to repeat. */
function measure(variants: Record<string, Run>, bytes: number, rounds: number): Figures {
  const measured = new Map<string, number[]>();
  const repeats = new Map<string, number>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(variants)) {
      const times = repeats.get(name) ?? 2;
      const [before, started] = [process.cpuUsage(), performance.now()];
      for (let time = 0; time < times; time++) run();
      const { user, system } = process.cpuUsage(before);
      if (round === 0) repeats.set(name, Math.ceil((2 * LEAST_MS) / (performance.now() - started)));
      else measured.set(name, [...(measured.get(name) ?? []), (times * bytes) / (user + system)]);
    }
  }
  return Object.fromEntries([...measured].map(([name, values]) => [name, median(values)]));
}

function figures(texts: readonly Buffer[], maxBytes: number, rounds: number, file: string): Figures {
  const batches = batchesOf(texts, maxBytes);
  const parts = batches.map(({ text }) => text.data);
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const [wasm, twin] = [spoolEngine(), plainSpoolEngine()];
  const stored = write(batches, wasm, file);
  const deflated = parts.map((part) => deflateRawSync(part, { level: 1 }));
  const speeds = measure(
    {
      write: () => write(batches, wasm),
      "write, twin": () => write(batches, twin),
      deflate: () => {
        for (const part of parts) deflateRawSync(part, { level: 1 });
      },
      read: () => read(file, wasm),
      "read, twin": () => read(file, twin),
      inflate: () => {
        for (const part of deflated) inflateRawSync(part);
      },
    },
    bytes,
    rounds,
  );
  const deflatedBytes = deflated.reduce((sum, part) => sum + part.length, 0);
  return { ...speeds, ratio: bytes / stored, "deflate ratio": bytes / deflatedBytes };
}

function print(rows: Record<string, Figures>): void {
  const columns = Object.keys(Object.values(rows)[0] ?? {});
  const width = Math.max(5, ...Object.keys(rows).map((name) => name.length));
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)}${cells.map((cell, i) => cell.padStart(columns[i].length + 2)).join("")}\n`;
  process.stderr.write(line("texts", columns));
  for (const [name, row] of Object.entries(rows)) {
    const cells = columns.map((column) => row[column].toFixed(row[column] < 20 ? 2 : 0));
    process.stderr.write(line(name, cells));
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    megabytes: { type: "string", default: "16" },
    rounds: { type: "string", default: "5" },
  },
});
const maxBytes = Number(values.megabytes) * 1e6;
const corpora = [...(await readSamples(maxBytes)), ...readInstalled([], maxBytes)].filter(
  ([name]) => positionals.length === 0 || positionals.includes(name),
);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "shardmill-bench-"));
const results: Record<string, Figures> = {};
try {
  for (const [name, texts] of corpora) {
    results[name] = figures(texts, maxBytes, Number(values.rounds), path.join(folder, `${name}.spool`));
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
print(results);
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
