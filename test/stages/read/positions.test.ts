import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import type { Batch } from "../../../batch/batch.ts";
import { allocate, release } from "../../../batch/memory.ts";
import type { ByteSource } from "../../../io/source.ts";
import type { Extent, ReadContext, SourceOperator } from "../../../stages/define.ts";
import arrowStage, { arrowSource } from "../../../stages/read/arrow.ts";
import csvStage, { csvSource } from "../../../stages/read/csv.ts";
import filesStage, { filesSource } from "../../../stages/read/files.ts";
import jsonlStage, { jsonlSource } from "../../../stages/read/jsonl.ts";
import parquetStage, { parquetSource } from "../../../stages/read/parquet.ts";
import { contextOf } from "./reading.ts";

interface Place {
  readonly shard: number;
  readonly row: number;
  readonly position: number;
  readonly text: string;
}

/** The batch's rows; its memory goes back, as at the end of a pipeline. */
function placesOf(batch: Batch): Place[] {
  const { text } = batch;
  assert.equal(batch.positions.length, batch.rows);
  const places = Array.from({ length: batch.rows }, (_, row) => ({
    shard: batch.shards[row],
    row: batch.rowsInShard[row],
    position: batch.positions[row],
    text: Buffer.from(text.data.subarray(text.offsets[row], text.offsets[row + 1])).toString(),
  }));
  for (const column of batch.columns.values()) if (column.kind === "utf8") release(column.data);
  return places;
}

async function placesIn(operator: SourceOperator, extents: readonly Extent[], context: ReadContext): Promise<Place[]> {
  const places: Place[] = [];
  for await (const batch of operator.read(extents, context)) places.push(...placesOf(batch));
  return places;
}

const LINES = [
  '\ufeff{"text":"first, behind a byte order mark"}\r',
  "\r",
  "   \t",
  '{"text":"b"}',
  '{"text":"cut off',
  "",
  '  {"text":"spaces before 😀"}',
  '{"id":"no text"}',
  '{"text":""}',
  `{"text":"${"long ".repeat(40)}"}`,
  '{"text":"nul \\u0000 é"}\r',
  '{"text":"last, no newline"}',
];
const JSONL = Buffer.from(LINES.join("\n"));

/** Where each line that is a row starts: its first byte, behind the mark. */
const STARTS = LINES.flatMap((line, i) => {
  const start = Buffer.byteLength(
    LINES.slice(0, i)
      .map((before) => `${before}\n`)
      .join(""),
  );
  return /"text":"[^"]+"\}/.test(line) ? [line.startsWith("\ufeff") ? start + 3 : start] : [];
});

test("read/jsonl: a row's position is the byte it starts at, whatever the extents and batches are", async () => {
  assert.deepEqual(STARTS.length, 6);
  for (const target of [undefined, { bytes: 1e6, rows: 1 }, { bytes: 20, rows: 100 }]) {
    const operator = jsonlSource(jsonlStage.options.parse({}), target);
    for (const extentBytes of [...Array(70).keys(), 100, 150, 200, JSONL.length - 1, JSONL.length, 1e9]) {
      const context = contextOf({ "a.jsonl": JSONL, "b.jsonl": '\n{"text":"x"}\n' });
      const extents = await operator.extents(context.shards, context, extentBytes);
      const places = await placesIn(operator, extents, context);
      assert.deepEqual(
        places.map(({ shard, position }) => [shard, position]),
        [...STARTS.map((start) => [0, start]), [1, 1]],
        `extents of ${extentBytes} bytes`,
      );
      assert.deepEqual(
        places.map(({ text }) => text.slice(0, 5)),
        ["first", "b", "space", "long ", "nul \0", "last,", "x"],
      );
    }
  }
});

test("read/jsonl: extents read alone, in any order, agree; skip and limit do not move a row", async () => {
  const context = contextOf({ "a.jsonl": JSONL });
  const operator = jsonlSource(jsonlStage.options.parse({}));
  const extents = await operator.extents(context.shards, context, 30);
  assert.ok(extents.length > 5);
  const alone: number[] = [];
  for (const extent of [...extents].reverse()) {
    alone.unshift(...(await placesIn(operator, [extent], context)).map(({ position }) => position));
  }
  assert.deepEqual(alone, STARTS);
  const some = jsonlSource(jsonlStage.options.parse({ skip: 1, limit: 3 }));
  const places = await placesIn(some, await some.extents(context.shards, context, 1e9), context);
  // Rows 1, 2 and 3 of the file: the second cannot be used.
  assert.deepEqual(
    places.map(({ position }) => position),
    [STARTS[1], STARTS[2]],
  );
});

test("read/jsonl: a compressed shard is read from its start, so positions are rows", async () => {
  const context = contextOf({ "a.jsonl.gz": gzipSync(JSONL) });
  const operator = jsonlSource(jsonlStage.options.parse({}), { bytes: 1e6, rows: 2 });
  const places = await placesIn(operator, await operator.extents(context.shards, context, 10), context);
  assert.deepEqual(
    places.map(({ position }) => position),
    [0, 1, 3, 6, 7, 8],
  );
  assert.deepEqual(
    places.map(({ row }) => row),
    [0, 1, 3, 6, 7, 8],
  );
});

function parquetFile(rows: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  parquetWrite({ writer, columnData: [{ name: "text", data: [...rows], type: "STRING" }], rowGroupSize: 7 });
  return writer.getBytes();
}

test("other readers: positions are rowsInShard, absolute whatever the extents", async () => {
  const texts = Array.from({ length: 30 }, (_, i) => (i % 8 === 3 ? "" : `row ${i} ${"w".repeat(i)}`));
  const target = { bytes: 1e6, rows: 4 };
  const readers: readonly [string, SourceOperator, Record<string, Uint8Array | string>][] = [
    [
      "csv",
      csvSource(csvStage.options.parse({}), target),
      { "a.csv": `text\n${texts.map((text) => `"${text}"\n`).join("")}` },
    ],
    [
      "arrow",
      arrowSource(arrowStage.options.parse({}), target),
      { "a.arrow": tableToIPC(tableFromArrays({ text: texts }), "file") },
    ],
    ["parquet", parquetSource(parquetStage.options.parse({}), target), { "a.parquet": parquetFile(texts) }],
  ];
  const want = texts.flatMap((text, row) => (text === "" ? [] : [{ shard: 0, row, position: row, text }]));
  for (const [name, operator, files] of readers) {
    for (const extentBytes of [1, 100, 1e9]) {
      const context = contextOf(files);
      const extents = await operator.extents(context.shards, context, extentBytes);
      if (name === "parquet" && extentBytes === 1) assert.equal(extents.length, 5);
      assert.deepEqual(await placesIn(operator, extents, context), want, name);
      const last = await placesIn(operator, extents.slice(-1), context);
      assert.deepEqual(last, want.slice(want.length - last.length), name);
    }
  }
  const files = contextOf({ "a.txt": "one", "b.txt": "two" });
  const operator = filesSource(filesStage.options.parse({}));
  assert.deepEqual(await placesIn(operator, await operator.extents(files.shards, files, 1), files), [
    { shard: 0, row: 0, position: 0, text: "one" },
    { shard: 1, row: 0, position: 0, text: "two" },
  ]);
});

/** A source that has its bytes at hand, unlike the one in memory. */
function atHand(source: ByteSource, bytes: Uint8Array): ByteSource {
  return {
    name: source.name,
    byteLength: source.byteLength,
    identity: source.identity,
    read: (start, end) => source.read(start, end),
    readInto: (out, start) => out.set(bytes.subarray(start, start + out.length)),
    stream: (start) => source.stream(start),
    close: () => source.close(),
  };
}

test("read/jsonl: bytes at hand give the same rows, and all memory comes back, also where a limit ends it", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => `{"text":"${`${i} `.repeat(1 + (i % 700))}"}\n`).join("");
  const bytes = Buffer.from(rows);
  const context = contextOf({ "a.jsonl": bytes });
  const near: ReadContext = { ...context, open: async (shard) => atHand(await context.open(shard), bytes) };
  for (const limit of [null, 1500]) {
    const operator = jsonlSource(jsonlStage.options.parse({ limit }), { bytes: 500_000, rows: 1000 });
    const extents = await operator.extents(context.shards, context, 2_000_000);
    const far = await placesIn(operator, extents, context);
    assert.equal(far.length, limit ?? 3000);
    assert.deepEqual(await placesIn(operator, extents, near), far);
    const block = allocate(64 * 1024);
    const rest = allocate(block.buffer.byteLength - 64 * 1024);
    assert.ok(rest.buffer === block.buffer);
    release(block);
    release(rest);
  }
});
