/**
 * Stages of chats on one core: JSON read, mapped and written again.
 *
 *   node dist/bench/chat.js [--samples DIR] [--megabytes 16] [--rounds 5]
 *
 * The rows are the upstream-shaped ones of test/fixtures/chat, and the sample chats beside the repository where they are, repeated. `messages` is
 * chat/messages alone: a parse and a writing; `pipeline` is what a split of SmolTalk2 runs: messages, reasoning, system, kwargs, emoji, text. Figures
 * are MB of the upstream's JSON per second of CPU time, medians of rounds. Table on stderr, JSON on stdout.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { Batch } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";
import type { Utf8Column } from "../batch/column.ts";
import { NO_RESOURCES, type StageDefinition } from "../stages/define.ts";
import { stageRegistry } from "../stages/registry.ts";

const FIXTURES = "test/fixtures/chat";
const BATCH_BYTES = 4 * 1024 * 1024;

type Use = Readonly<Record<string, unknown>> & { readonly use: string };

interface Corpus {
  readonly name: string;
  readonly shape: string;
  readonly column: string;
  /** JSON texts of the column. */
  readonly rows: readonly string[];
}

const AFTER: readonly Use[] = [
  { use: "chat/reasoning", to: "strip" },
  { use: "chat/system" },
  { use: "chat/kwargs", enable_thinking: false, custom_instructions: "custom_instructions" },
  { use: "chat/emoji" },
  { use: "chat/text" },
];

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "../shared/samples/chat" },
    megabytes: { type: "string", default: "16" },
    rounds: { type: "string", default: "5" },
  },
});
const megabytes = Number(values.megabytes);
const rounds = Number(values.rounds);

function columnOf(objects: readonly Record<string, unknown>[], column: string): string[] {
  return objects.map((row) => JSON.stringify(row[column])).filter((text) => text !== undefined && text !== "[]");
}

function linesOf(file: string): Record<string, unknown>[] {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}

function corpora(): Corpus[] {
  const found: Corpus[] = [
    {
      name: "fixtures, sharegpt",
      shape: "sharegpt",
      column: "conversations",
      rows: columnOf(linesOf(path.join(FIXTURES, "openthoughts3.jsonl")), "conversations"),
    },
    {
      name: "fixtures, long",
      shape: "openai",
      column: "messages",
      rows: columnOf(linesOf(path.join(FIXTURES, "longalign-10k.jsonl")), "messages"),
    },
    {
      name: "fixtures, many turns",
      shape: "openai",
      column: "messages",
      rows: columnOf(linesOf(path.join(FIXTURES, "smoltalk-smol-magpie-ultra.jsonl")), "messages"),
    },
  ];
  const glaive = path.join(values.samples, "glaive_toolcall_en_demo.json.gz");
  if (fs.existsSync(glaive)) {
    const objects = JSON.parse(gunzipSync(fs.readFileSync(glaive)).toString()) as Record<string, unknown>[];
    found.push({
      name: "glaive",
      shape: "sharegpt",
      column: "conversations",
      rows: columnOf(objects, "conversations"),
    });
  }
  return found;
}

/** Batches of about {@link BATCH_BYTES}, `megabytes` in all. */
function columnsOf({ rows }: Corpus): readonly Utf8Column[] {
  const columns: Utf8Column[] = [];
  let builder = new Utf8Builder();
  let total = 0;
  for (let row = 0; total + builder.byteLength < megabytes * 1e6; row++) {
    builder.appendString(rows[row % rows.length]);
    if (builder.byteLength < BATCH_BYTES) continue;
    total += builder.byteLength;
    columns.push(builder.finish());
    builder = new Utf8Builder();
  }
  if (builder.rows > 0) columns.push(builder.finish());
  return columns;
}

function batchOf(name: string, column: Utf8Column): Batch {
  const rows = column.offsets.length - 1;
  // A column of its own each time: values of columns that were read are remembered.
  return new Batch({
    source: "bench",
    shards: new Int32Array(rows),
    rowsInShard: new Int32Array(rows),
    columns: [
      [name, { ...column }],
      ["text", { kind: "utf8", data: new Uint8Array(0), offsets: new Int32Array(rows + 1) }],
    ],
  });
}

function runner(uses: readonly Use[]): (batch: Batch) => void {
  const operators = uses.map(({ use, ...options }) => {
    const stage: StageDefinition = stageRegistry().findStage(use);
    return stage.create(stage.options.parse(options), NO_RESOURCES);
  });
  return (batch) => {
    const drop = (row: number): void => batch.alive.clear(row);
    for (const operator of operators) {
      if (operator.kind === "filter") operator.apply(batch, drop);
      else if (operator.kind === "transform") {
        for (const column of operator.apply(batch, drop)) batch.setColumn(...column);
      }
    }
  };
}

/** MB per second of user CPU time, the median of rounds. */
function speed(corpus: Corpus, columns: readonly Utf8Column[], uses: readonly Use[]): number {
  const run = runner(uses);
  const bytes = columns.reduce((sum, { data }) => sum + data.length, 0);
  const speeds: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.cpuUsage();
    for (const column of columns) run(batchOf(corpus.column, column));
    const { user, system } = process.cpuUsage(before);
    // The first round compiles.
    if (round > 0) speeds.push(bytes / (user + system));
  }
  return speeds.sort((a, b) => a - b)[speeds.length >> 1] ?? 0;
}

const results = corpora().map((corpus) => {
  const columns = columnsOf(corpus);
  const messages: Use = { use: "chat/messages", shape: corpus.shape };
  const rowBytes =
    columns.reduce((sum, { data }) => sum + data.length, 0) /
    columns.reduce((sum, { offsets }) => sum + offsets.length - 1, 0);
  return {
    corpus: corpus.name,
    row_bytes: Math.round(rowBytes),
    messages_mb_per_s: Math.round(speed(corpus, columns, [messages])),
    pipeline_mb_per_s: Math.round(speed(corpus, columns, [messages, ...AFTER])),
  };
});
for (const { corpus, row_bytes, messages_mb_per_s, pipeline_mb_per_s } of results) {
  process.stderr.write(
    `${corpus.padEnd(24)} ${String(row_bytes).padStart(8)} B a row  messages ${String(messages_mb_per_s).padStart(5)} MB/s  pipeline ${String(pipeline_mb_per_s).padStart(5)} MB/s\n`,
  );
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
