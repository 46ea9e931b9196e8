/**
 * MinHash sketches on one core: both families in WebAssembly beside their plain-TypeScript twins and datatrove.
 *
 *   node dist/bench/minhash.js [--data DIR] [NAME ...] [--megabytes 4] [--rounds 5]
 *
 * Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples beside the repository. A sketch is what
 * dedup/minhash does to a row, text bytes to 14 band keys; `permutations` are the 112 of datatrove's family alone, over the
 * hashed shingles of the same text. Figures are MB of text per second of user CPU time, medians of rounds in turns. datatrove
 * runs where SHARDMILL_PYTHON names a Python that has it. Table on stderr, JSON on stdout.
 */
import { parseArgs } from "node:util";
import { wasmModule } from "../io/wasm.ts";
import { drawPermutations } from "../kernels/minhash/permutations.ts";
import { SHINGLE_HASHES, Shingler } from "../kernels/minhash/shingles.ts";
import { MinHash, type SignatureBuilder } from "../kernels/minhash/signature.ts";
import { DatatroveSketcher, FastSketcher, type Sketcher } from "../kernels/minhash/sketch.ts";
import { simplifyText, TextBuffer } from "../kernels/normalize.ts";
import { WasmDatatroveSketcher, WasmFastSketcher, WasmMinHash } from "../kernels/wasm/minhash.ts";
import { WordRanges } from "../kernels/words/types.ts";
import { unicodeSegmenter } from "../kernels/words/unicode.ts";
import { median } from "./support/figures.ts";
import { PEER_PYTHON, runPeer } from "./support/peer.ts";
import { type Corpora, readFolder, readSamples } from "./support/texts.ts";

const SHAPE = { ngram: 5, bands: 14, rows: 8, seed: 1 };
const SLOTS = SHAPE.bands * SHAPE.rows;
/** Slow variants get every so many-th document. */
const TWIN_SHARE = 4;
const PEER_SHARE = 16;

interface Variant {
  readonly name: string;
  readonly share: number;
  /** Works on one document; what it needs of it beforehand is made by `prepare`. */
  readonly run: (document: Document) => void;
}

interface Document {
  readonly text: Buffer;
  /** Halves of its shingles: high, low, high, low. */
  readonly shingles: Int32Array;
}

function prepare(text: Buffer): Document {
  const normalized = new TextBuffer();
  const words = new WordRanges();
  const pairs: number[] = [];
  simplifyText(text, 0, text.length, normalized);
  unicodeSegmenter.segment(normalized.bytes, 0, normalized.length, words);
  const collect = { add: (high: number, low: number) => void pairs.push(high, low) };
  new Shingler(SHAPE.ngram, SHINGLE_HASHES.xxh64).add(normalized.bytes, words, collect);
  return { text, shingles: Int32Array.from(pairs) };
}

function sketches(name: string, share: number, sketcher: Sketcher): Variant {
  const keys = new Uint32Array(2 * SHAPE.bands);
  return { name, share, run: ({ text }) => void sketcher.sketch(text, 0, text.length, keys) };
}

function permutes(name: string, share: number, signature: SignatureBuilder): Variant {
  const run = ({ shingles }: Document) => {
    signature.reset();
    for (let i = 0; i < shingles.length; i += 2) signature.add(shingles[i], shingles[i + 1]);
    signature.finish();
  };
  return { name, share, run };
}

function variants(): Variant[] {
  const permutations = drawPermutations(SLOTS, SHAPE.seed);
  const twin = new DatatroveSketcher(SHAPE, SHINGLE_HASHES.xxh64, unicodeSegmenter, new MinHash(permutations));
  const own = [
    sketches("datatrove twin", TWIN_SHARE, twin),
    sketches("fast twin", TWIN_SHARE, new FastSketcher(SHAPE)),
    permutes("permutations twin", TWIN_SHARE, new MinHash(permutations)),
  ];
  const module = wasmModule("minhash");
  if (module === undefined) return own;
  return [
    sketches("datatrove", 1, new WasmDatatroveSketcher(module, SHAPE)),
    sketches("fast", 1, new WasmFastSketcher(module, SHAPE)),
    permutes("permutations", 1, new WasmMinHash(module, permutations)),
    ...own,
  ];
}

/** MB of text per second of user CPU time. */
function speed(documents: readonly Document[], { share, run }: Variant): number {
  const part = documents.filter((_, i) => i % share === 0);
  const before = process.cpuUsage();
  for (const document of part) run(document);
  const { user } = process.cpuUsage(before);
  return bytesOf(part) / user;
}

function bytesOf(documents: readonly { readonly text: Buffer }[]): number {
  return documents.reduce((sum, { text }) => sum + text.length, 0);
}

function peerSpeeds(corpora: Corpora): Record<string, number> | undefined {
  if (PEER_PYTHON === undefined) return undefined;
  const share = (texts: readonly Buffer[]) =>
    texts.filter((_, i) => i % PEER_SHARE === 0).map((text) => text.toString());
  const input = JSON.stringify(Object.fromEntries([...corpora].map(([name, texts]) => [name, share(texts)])));
  return JSON.parse(runPeer(PEER_PYTHON, "datatrove_minhash.py", [], input));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    megabytes: { type: "string", default: "4" },
    rounds: { type: "string", default: "5" },
  },
});
const maxBytes = Number(values.megabytes) * 1e6;
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const peer = peerSpeeds(corpora);
const all = variants();
const results: Record<string, Record<string, number>> = {};
for (const [corpus, texts] of corpora) {
  const documents = texts.map(prepare);
  const speeds = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  // The first round warms up and does not count.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const variant of all) {
      const measured = speed(documents, variant);
      if (round > 0) speeds.get(variant.name)!.push(measured);
    }
  }
  const row: Record<string, number> = { megabytes: bytesOf(documents) / 1e6, documents: documents.length };
  for (const [name, measured] of speeds) row[name] = median(measured);
  if (peer !== undefined) row["datatrove 0.10"] = peer[corpus];
  results[corpus] = row;
}

const columns = [...all.map(({ name }) => name), ...(peer === undefined ? [] : ["datatrove 0.10"])];
process.stderr.write(
  `MB/s of user CPU${" ".repeat(4)}${Object.keys(results)
    .map((name) => name.padStart(12))
    .join("")}\n`,
);
for (const column of columns) {
  const cells = Object.values(results).map((row) => row[column].toFixed(row[column] < 10 ? 2 : 0).padStart(12));
  process.stderr.write(`${column.padEnd(20)}${cells.join("")}\n`);
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
