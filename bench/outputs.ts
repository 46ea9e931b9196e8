/**
 * Writing data sets on one core: Parquet and JSON lines from batch columns, beside hyparquet-writer from rows of bytes.
 *
 *   node dist/bench/outputs.js [--data DIR] [NAME ...] [--megabytes 12] [--rounds 5]
 *
 * Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples beside the repository. `flat`
 * rows are a text, an id, a URL, a language and a number; `nested` ones a conversation of two messages as JSON text,
 * which the peer has to parse first. zstd at level 3 by the same encoder for both, row groups of 2,000 rows for the
 * peer, page indexes and statistics on. Figures are MB of text (nested: of JSON text) per second of CPU time, medians
 * of rounds in turns, and the peak memory of a process that writes the same rows {@link REPEATS} times, less one that
 * holds them only (Linux). Table on stderr, JSON on stdout.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ByteWriter, ParquetWriter as PeerWriter } from "hyparquet-writer";
import { TARGET_BATCH_BYTES } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";
import { type Column, utf8Bytes, utf8String } from "../batch/column.ts";
import type { BlockEncoder, OutputCodec } from "../io/codecs/block-encoder.ts";
import { blockEncoder } from "../io/codecs/encoder.ts";
import { JsonlWriter } from "../io/formats/jsonl-writer.ts";
import { ParquetWriter } from "../io/formats/parquet-writer.ts";
import type { OutputField, OutputType } from "../kernels/output-schema.ts";
import { median } from "./support/figures.ts";
import { type Corpora, readFolder, readSamples } from "./support/texts.ts";

type Columns = ReadonlyMap<string, Column>;
type Shape = "flat" | "nested";

const TEXT: OutputType = { kind: "utf8" };
const FIELDS: Readonly<Record<Shape, readonly OutputField[]>> = {
  flat: [
    { name: "text", type: TEXT },
    { name: "id", type: TEXT },
    { name: "url", type: TEXT },
    { name: "language", type: TEXT },
    { name: "length", type: { kind: "int32" } },
  ],
  nested: [
    {
      name: "messages",
      type: {
        kind: "list",
        of: {
          kind: "struct",
          fields: [
            { name: "content", type: TEXT },
            { name: "role", type: TEXT },
          ],
        },
      },
    },
  ],
};
const ALL_FIELDS = [...FIELDS.flat, ...FIELDS.nested];
/** Rows of the peer's row groups: it takes no other measure. */
const PEER_ROWS = 2000;
/**
 * The process whose memory is measured gets texts of this size and no file, and writes them often enough for several
 * row groups.
 */
const MEMORY_BYTES = 3e6;
const REPEATS = 100;

interface Variant {
  readonly name: string;
  readonly shape: Shape;
  readonly codec: OutputCodec;
  readonly write: (batches: readonly Columns[], shape: Shape, encoder: BlockEncoder, repeats: number) => void;
}

const nowhere = () => {};

function ours(Writer: typeof ParquetWriter | typeof JsonlWriter): Variant["write"] {
  return (batches, shape, encoder, repeats) => {
    const writer = new Writer(FIELDS[shape], nowhere, { encoder });
    for (let repeat = 0; repeat < repeats; repeat++) for (const columns of batches) writer.append(columns);
    writer.finish();
  };
}

const optional = { repetition_type: "OPTIONAL" } as const;
const utf8 = { type: "BYTE_ARRAY", converted_type: "UTF8", ...optional } as const;

/** Lets go of what was written after each row group. */
class ForgetfulWriter extends ByteWriter {
  flush(): void {
    this.index = 0;
  }
}

function peer(batches: readonly Columns[], shape: Shape, encoder: BlockEncoder, repeats: number): void {
  const nested = [
    { name: "messages", num_children: 1, converted_type: "LIST", ...optional },
    { name: "list", num_children: 1, repetition_type: "REPEATED" },
    { name: "element", num_children: 2, ...optional },
    { name: "content", ...utf8 },
    { name: "role", ...utf8 },
  ] as const;
  const flat = FIELDS.flat.map(({ name, type }) =>
    type.kind === "int32" ? ({ name, type: "INT32", ...optional } as const) : { name, ...utf8 },
  );
  const schema = [{ name: "root", num_children: FIELDS[shape].length }, ...(shape === "flat" ? flat : nested)];
  const compressors = { ZSTD: (bytes: Uint8Array) => encoder.block(bytes) };
  const writer = new PeerWriter({ writer: new ForgetfulWriter(), schema, codec: "ZSTD", compressors });
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const columns of batches) {
      const columnData = FIELDS[shape].map(({ name }) => ({
        name,
        data: valuesOf(columns.get(name)),
        columnIndex: true,
      }));
      writer.write({ columnData, rowGroupSize: PEER_ROWS });
    }
  }
  writer.finish();
}

function valuesOf(column: Column | undefined): (Uint8Array | number | unknown)[] {
  if (column?.kind === "int32") return Array.from(column.values);
  if (column?.kind !== "utf8") throw new Error("the peer is given text and int32");
  const rows = column.offsets.length - 1;
  const isJson = rows > 0 && utf8Bytes(column, 0)[0] === 0x5b;
  return Array.from({ length: rows }, (_, row) =>
    isJson ? JSON.parse(utf8String(column, row)) : utf8Bytes(column, row),
  );
}

const VARIANTS: readonly Variant[] = [
  { name: "parquet", shape: "flat", codec: "zstd", write: ours(ParquetWriter) },
  { name: "peer", shape: "flat", codec: "zstd", write: peer },
  { name: "parquet", shape: "nested", codec: "zstd", write: ours(ParquetWriter) },
  { name: "peer", shape: "nested", codec: "zstd", write: peer },
  { name: "jsonl", shape: "flat", codec: "zstd", write: ours(JsonlWriter) },
  { name: "jsonl", shape: "nested", codec: "zstd", write: ours(JsonlWriter) },
  { name: "parquet", shape: "flat", codec: "none", write: ours(ParquetWriter) },
  { name: "parquet", shape: "nested", codec: "none", write: ours(ParquetWriter) },
  { name: "jsonl", shape: "flat", codec: "none", write: ours(JsonlWriter) },
  { name: "jsonl", shape: "nested", codec: "none", write: ours(JsonlWriter) },
];

function batchesOf(corpus: string, texts: readonly Buffer[]): Columns[] {
  const batches: Columns[] = [];
  let builders = ALL_FIELDS.map(() => new Utf8Builder());
  const end = () => {
    const columns = builders.map((builder) => builder.finish());
    const lengths = columns[0].offsets;
    const length: Column = { kind: "int32", values: lengths.slice(1).map((to, row) => to - lengths[row]) };
    batches.push(new Map(ALL_FIELDS.map(({ name }, i) => [name, name === "length" ? length : columns[i]])));
    builders = ALL_FIELDS.map(() => new Utf8Builder());
  };
  for (const [i, text] of texts.entries()) {
    const half = text.length >> 1;
    const [question, answer] = [text.toString("utf8", 0, half), text.toString("utf8", half)];
    const row: Record<string, string> = {
      id: `<urn:uuid:${i.toString(16).padStart(12, "0")}>`,
      url: `https://example.org/${corpus}/${i}`,
      language: corpus,
      messages: JSON.stringify([
        { role: "user", content: question },
        { role: "assistant", content: answer },
      ]),
    };
    builders[0].append(text);
    for (const [field, { name }] of ALL_FIELDS.entries()) if (field > 0) builders[field].appendString(row[name] ?? "");
    if (builders[0].byteLength >= TARGET_BATCH_BYTES) end();
  }
  end();
  return batches;
}

function bytesOf(batches: readonly Columns[], shape: Shape): number {
  const name = shape === "flat" ? "text" : "messages";
  return batches.reduce((sum, columns) => {
    const column = columns.get(name);
    return sum + (column?.kind === "utf8" ? column.data.length : 0);
  }, 0);
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    megabytes: { type: "string", default: "12" },
    rounds: { type: "string", default: "5" },
    /** Position of the variant whose memory this process is to show; -1 for none. */
    memory: { type: "string" },
  },
});
const maxBytes = Number(flags.megabytes) * 1e6;
const corpora = await texts();
const batches = [...corpora].flatMap(([name, texts]) => batchesOf(name, texts));
if (batches.length === 0) throw new Error("no texts: give --data DIR");
const encoders = new Map<OutputCodec, BlockEncoder>();
for (const codec of ["zstd", "none"] as const) encoders.set(codec, blockEncoder(codec));

async function texts(): Promise<Corpora> {
  if (flags.memory === undefined) {
    return flags.data ? readFolder(flags.data, positionals, maxBytes) : await readSamples(maxBytes);
  }
  const given = JSON.parse(readFileSync(0, "utf8")) as [string, string[]][];
  return new Map(given.map(([name, strings]) => [name, strings.map((text) => Buffer.from(text))]));
}

function run({ shape, codec, write }: Variant, repeats: number): void {
  const encoder = encoders.get(codec);
  if (encoder !== undefined) write(batches, shape, encoder, repeats);
}

if (flags.memory !== undefined) {
  const variant = VARIANTS[Number(flags.memory)];
  if (variant !== undefined) run(variant, REPEATS);
  // `maxRSS` would begin with that of the parent: it outlives the exec.
  process.stdout.write(String(Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) / 1024));
} else measure();

function measure(): void {
  const speeds = VARIANTS.map((): number[] => []);
  // The first round warms up and does not count.
  for (let round = 0; round <= Number(flags.rounds); round++) {
    for (const [i, variant] of VARIANTS.entries()) {
      const before = process.cpuUsage();
      run(variant, 1);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) speeds[i].push(bytesOf(batches, variant.shape) / (user + system));
    }
  }
  const idle = peakMemory(-1);
  const results = VARIANTS.map(({ name, shape, codec }, i) => ({
    writer: name === "peer" ? "hyparquet-writer" : name,
    rows: shape,
    codec,
    mb_per_s: Math.round(median(speeds[i])),
    peak_mb: Math.round(peakMemory(i) - idle),
  }));
  const text = { flat_mb: bytesOf(batches, "flat") / 1e6, nested_mb: bytesOf(batches, "nested") / 1e6 };
  for (const { writer, rows, codec, mb_per_s: speed, peak_mb: memory } of results) {
    process.stderr.write(`${writer.padEnd(18)}${rows.padEnd(8)}${codec.padEnd(6)}${speed} MB/s  ${memory} MiB\n`);
  }
  process.stdout.write(`${JSON.stringify({ corpora: [...corpora.keys()], ...text, results }, null, 2)}\n`);
}

function peakMemory(variant: number): number {
  const script = fileURLToPath(import.meta.url);
  const args = [script, ...process.argv.slice(2), `--memory=${variant}`];
  const input = JSON.stringify([...corpora].map(([name, all]) => [name, some(all).map(String)]));
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", input });
  if (status !== 0) throw new Error(`measuring memory failed:\n${stderr}`);
  return Number(stdout);
}

/** Texts of a corpus that come to its share of {@link MEMORY_BYTES}. */
function some(all: readonly Buffer[]): Buffer[] {
  let left = MEMORY_BYTES / corpora.size;
  return all.filter((text) => {
    left -= text.length;
    return left > 0;
  });
}
