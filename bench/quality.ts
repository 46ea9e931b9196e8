/**
 * The quality filters on one core: each alone and the four in sequence, in WebAssembly beside plain TypeScript and datatrove.
 *
 *   node dist/bench/quality.js [--data DIR] [NAME ...] [--megabytes 6] [--rounds 5]
 *
 * Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples beside the repository. Every filter judges every
 * document, also those an earlier one drops. `together` is the four in the order of FineWeb on the same batches: words are segmented once
 * for all. `spacy-en` are the same filters with the words datatrove sees. Figures are MB of text per second of user CPU time, medians
 * of rounds in turns. datatrove runs where SHARDMILL_PYTHON names a Python that has it. Table on stderr, JSON on stdout.
 */

import { parseArgs } from "node:util";
import { Batch, TARGET_BATCH_BYTES } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";
import { columnArrays, type Utf8Column } from "../batch/column.ts";
import { release } from "../batch/memory.ts";
import { WORD_RULES, type WordRules } from "../kernels/words/types.ts";
import type { FilterOperator, StageDefinition, TransformOperator } from "../stages/define.ts";
import { NO_RESOURCES } from "../stages/define.ts";
import c4Quality from "../stages/filter/c4-quality.ts";
import finewebQuality from "../stages/filter/fineweb-quality.ts";
import gopherQuality from "../stages/filter/gopher-quality.ts";
import gopherRepetition from "../stages/filter/gopher-repetition.ts";
import { median } from "./support/figures.ts";
import { PEER_PYTHON, runPeer } from "./support/peer.ts";
import { type Corpora, readFolder, readSamples } from "./support/texts.ts";

/** In FineWeb's order. */
const FILTERS: readonly StageDefinition[] = [gopherRepetition, gopherQuality, c4Quality, finewebQuality];
const TOGETHER = "together";
/** Slow variants get every so many-th document. */
const TWIN_SHARE = 4;
const PEER_SHARE = 32;

type Judge = FilterOperator | TransformOperator;

interface Variant {
  readonly name: string;
  readonly share: number;
  readonly filters: ReadonlyMap<string, Judge>;
}

function variant(name: string, words: WordRules, share: number, wasm: boolean): Variant {
  const before = process.env.SHARDMILL_WASM;
  if (!wasm) process.env.SHARDMILL_WASM = "off";
  const filters = new Map<string, Judge>();
  for (const stage of FILTERS) {
    const operator = stage.create(stage.options.parse({ words }), NO_RESOURCES);
    if (operator.kind === "filter" || operator.kind === "transform") filters.set(stage.name, operator);
  }
  if (before === undefined) delete process.env.SHARDMILL_WASM;
  else process.env.SHARDMILL_WASM = before;
  return { name, share, filters };
}

function columnsOf(texts: readonly Buffer[], share: number): Utf8Column[] {
  const columns: Utf8Column[] = [];
  let builder = new Utf8Builder();
  let bytes = 0;
  for (const [i, text] of texts.entries()) {
    if (i % share !== 0) continue;
    builder.append(text);
    bytes += text.length;
    if (bytes < TARGET_BATCH_BYTES) continue;
    columns.push(builder.finish());
    builder = new Utf8Builder();
    bytes = 0;
  }
  if (bytes > 0) columns.push(builder.finish());
  return columns;
}

/** A new batch with a new column: nothing is known of it. */
function batchOf(column: Utf8Column): Batch {
  const rows = column.offsets.length - 1;
  return new Batch({
    source: "bench",
    shards: new Int32Array(rows),
    rowsInShard: Int32Array.from({ length: rows }, (_, row) => row),
    columns: [["text", { ...column }]],
  });
}

const ignore = () => {};

/** Applies a stage; the text that it makes is given back, so that every stage judges the same one. */
function apply(judge: Judge, batch: Batch): void {
  const made = judge.apply(batch, ignore);
  for (const column of made?.values() ?? []) for (const array of columnArrays(column)) release(array);
}

/** MB of text per second of user CPU time, by filter. Words are shared only in the sequence. */
function speeds({ filters }: Variant, columns: readonly Utf8Column[]): Map<string, number> {
  const bytes = columns.reduce((sum, { data }) => sum + data.length, 0);
  const timed = (run: (batch: Batch) => void): number => {
    const batches = columns.map(batchOf);
    const before = process.cpuUsage();
    for (const batch of batches) {
      run(batch);
      batch.endDerived();
    }
    return bytes / process.cpuUsage(before).user;
  };
  const found = new Map<string, number>();
  for (const [name, filter] of filters) {
    const alone = (batch: Batch) => apply(filter, batch);
    found.set(name, timed(alone));
  }
  const inSequence = (batch: Batch) => {
    for (const filter of filters.values()) apply(filter, batch);
  };
  return found.set(TOGETHER, timed(inSequence));
}

/** What datatrove does, by corpus and filter. */
function peerSpeeds(corpora: Corpora): Record<string, Record<string, number>> | undefined {
  if (PEER_PYTHON === undefined) return undefined;
  const share = (texts: readonly Buffer[]) => texts.filter((_, i) => i % PEER_SHARE === 0).map(String);
  const input = JSON.stringify(Object.fromEntries([...corpora].map(([name, texts]) => [name, share(texts)])));
  return JSON.parse(runPeer(PEER_PYTHON, "datatrove_filters.py", [], input));
}

function measure(texts: readonly Buffer[], variants: readonly Variant[], rounds: number): Map<string, number[]> {
  const columns = new Map([1, TWIN_SHARE].map((share) => [share, columnsOf(texts, share)]));
  const measured = new Map<string, number[]>();
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const each of variants) {
      for (const [filter, speed] of speeds(each, columns.get(each.share)!)) {
        const key = `${filter} ${each.name}`;
        const values = measured.get(key) ?? [];
        if (round > 0) values.push(speed);
        measured.set(key, values);
      }
    }
  }
  return measured;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    megabytes: { type: "string", default: "6" },
    rounds: { type: "string", default: "5" },
  },
});
const maxBytes = Number(values.megabytes) * 1e6;
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const variants = WORD_RULES.flatMap((words) => {
  const suffix = words === "unicode" ? "" : ` ${words}`;
  return [
    variant(`wasm${suffix}`, words, words === "unicode" ? 1 : TWIN_SHARE, true),
    variant(`twin${suffix}`, words, TWIN_SHARE, false),
  ];
});
const peer = peerSpeeds(corpora);
const results: Record<string, Record<string, Record<string, number>>> = {};
for (const [corpus, texts] of corpora) {
  const measured = measure(texts, variants, Number(values.rounds));
  results[corpus] = {};
  for (const filter of [...FILTERS.map(({ name }) => name), TOGETHER]) {
    const row: Record<string, number> = {};
    for (const { name } of variants) row[name] = median(measured.get(`${filter} ${name}`)!);
    row["wasm / twin"] = row.wasm / row.twin;
    if (peer !== undefined) {
      row["datatrove 0.10"] = peer[corpus][filter];
      row["wasm spacy-en / datatrove"] = row["wasm spacy-en"] / peer[corpus][filter];
    }
    results[corpus][filter] = row;
  }
}

for (const [corpus, rows] of Object.entries(results)) {
  const columns = Object.keys(rows[TOGETHER]);
  process.stderr.write(`${corpus.padEnd(26)}${columns.map((column) => column.padStart(column.length + 2)).join("")}\n`);
  for (const [filter, row] of Object.entries(rows)) {
    const cells = columns.map((column) => row[column].toFixed(row[column] < 10 ? 2 : 0).padStart(column.length + 2));
    process.stderr.write(`${filter.padEnd(26)}${cells.join("")}\n`);
  }
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
