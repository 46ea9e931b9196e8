import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Batch, MAX_ROW_BYTES, TARGET_BATCH_BYTES, TARGET_BATCH_ROWS } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { type Column, isValid, utf8String } from "../../batch/column.ts";
import { DataError, RunError } from "../../batch/errors.ts";
import { ARENA } from "../../batch/memory.ts";
import { CELL_KINDS, type CellKind } from "../../io/formats/cells.ts";
import { createPending } from "../../io/local/commit.ts";
import { columnBuilder } from "../../stages/read/column-builders.ts";
import { encodeSpoolEnd, type SpoolBlock, type SpoolColumn, type SpoolHead } from "../../store/spool.ts";
import { hashOf, plainSpoolEngine, type SpoolEngine, spoolEngine } from "../../store/spool-block.ts";
import { SpoolReader } from "../../store/spool-reader.ts";
import { SpoolWriter } from "../../store/spool-writer.ts";
import { temporaryFolder } from "../io/temporary.ts";

const engines: readonly SpoolEngine[] = [spoolEngine(), plainSpoolEngine()];

type Value = string | number | bigint | null;

/** A row as a test thinks of it. */
interface Row {
  readonly alive: boolean;
  readonly shard: number;
  readonly row: number;
  readonly position: number;
  readonly values: readonly Value[];
}

function columnOf(kind: CellKind, values: readonly Value[]): Column {
  const builder = columnBuilder(kind);
  for (const value of values) builder.push(value);
  return builder.finish();
}

function dictionaryOf(values: readonly Value[]): Column {
  const distinct = [...new Set(values.filter((value) => value !== null))] as string[];
  const codes = Int32Array.from(values, (value) => Math.max(0, distinct.indexOf(value as string)));
  const validity = new Uint8Array((values.length + 7) >> 3);
  for (const [row, value] of values.entries()) if (value !== null) validity[row >> 3] |= 1 << (row & 7);
  return { kind: "dictionary", codes, values: distinct, validity };
}

function batchOf(
  rows: readonly Row[],
  schema: readonly SpoolColumn[],
  withPositions = true,
  dictionary = false,
): Batch {
  const columns = schema.map(({ name, kind }, c) => {
    const values = rows.map((row) => row.values[c]);
    return [name, dictionary && kind === "utf8" ? dictionaryOf(values) : columnOf(kind, values)] as const;
  });
  const batch = new Batch({
    source: "web",
    shards: Int32Array.from(rows, ({ shard }) => shard),
    rowsInShard: Int32Array.from(rows, ({ row }) => row),
    ...(withPositions && { positions: Float64Array.from(rows, ({ position }) => position) }),
    columns,
  });
  for (const [row, { alive }] of rows.entries()) if (!alive) batch.alive.clear(row);
  return batch;
}

function readSpoolHead(file: string): SpoolHead {
  const reader = new SpoolReader(file, "test");
  reader.close();
  return reader.head;
}

function valueAt(column: Column, row: number): Value {
  if (column.kind === "token_list" || column.kind === "range_list" || column.kind === "dictionary")
    throw new Error(`a spool gave a ${column.kind}`);
  if (!isValid(column, row)) return null;
  return column.kind === "utf8" ? utf8String(column, row) : column.values[row];
}

/** Writes batches, each with the number of its first document, by every engine; the bytes must be the same. */
function write(target: string, schema: readonly SpoolColumn[], batches: Iterable<readonly [Batch, number]>): void {
  const all = [...batches];
  const written = engines.map((engine) => {
    const file = createPending(target);
    const writer = new SpoolWriter(file, schema, engine);
    for (const [batch, firstDocument] of all) writer.add(batch, firstDocument);
    const totals = writer.finish();
    file.commit();
    const { rows, text_bytes, column_bytes } = readSpoolHead(target);
    assert.deepEqual(totals, { rows, text_bytes, column_bytes });
    return fs.readFileSync(target);
  });
  for (const other of written) assert.ok(other.equals(written[0]));
}

/** Document, shard, row, position and values of every row. */
function read(file: string, engine = spoolEngine()): unknown[][] {
  const reader = new SpoolReader(file, "web", engine);
  const rows: unknown[][] = [];
  for (const batch of reader.batches()) {
    assert.equal(batch.source, "web");
    assert.deepEqual(
      [...batch.columns.keys()],
      reader.head.columns.map(({ name }) => name),
    );
    for (let row = 0; row < batch.rows; row++) {
      const address = [batch.documents?.[row], batch.shards[row], batch.rowsInShard[row], batch.positions[row]];
      rows.push([...address, ...[...batch.columns.values()].map((column) => valueAt(column, row))]);
    }
    for (const column of batch.columns.values()) if (column.kind === "utf8") ARENA.release(column.data);
  }
  reader.close();
  return rows;
}

const isDamaged = (file: string) => (error: unknown) =>
  error instanceof RunError && error.code === "store/damaged" && error.message.includes(file);

const VALUES: Readonly<Record<CellKind, fc.Arbitrary<Value>>> = {
  utf8: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("en", "de", "the same words and the same words")),
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float32: fc.float(),
  float64: fc.double(),
  bool: fc.nat(1),
};

const table = fc.uniqueArray(fc.constantFrom(...CELL_KINDS, "utf8-2" as const), { maxLength: 7 }).chain((names) => {
  const schema = names.map((name): SpoolColumn => ({ name, kind: name === "utf8-2" ? "utf8" : name }));
  const row = fc.record({
    alive: fc.boolean(),
    shard: fc.integer({ min: 0, max: 3 }),
    row: fc.nat(),
    position: fc.oneof(fc.nat(), fc.double({ min: 0, max: 2 ** 53, noNaN: true, noInteger: false })),
    values: fc.tuple(...schema.map(({ kind }) => fc.option(VALUES[kind], { freq: 4 }))),
  });
  return fc.record({ schema: fc.constant(schema), rows: fc.array(row, { maxLength: 60 }) });
});

test("any rows come back with their numbers, addresses and values; where batches were cut does not show", (t) => {
  const folder = temporaryFolder(t);
  const [one, many, again] = ["one", "many", "again"].map((name) => path.join(folder, `${name}.spool`));
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 20 }), fc.boolean(), fc.boolean(), (drawn, cut, positions, words) => {
      const { schema, rows } = drawn;
      write(one, schema, [[batchOf(rows, schema, positions, words), 7]]);
      const expected = rows.flatMap(({ alive, shard, row, position, values }, i) =>
        alive ? [[7 + i, shard, row, positions ? position : row, ...values]] : [],
      );
      assert.deepEqual(read(one), expected);
      const parts = Array.from({ length: Math.ceil(rows.length / cut) }, (_, i) => i * cut);
      write(
        many,
        schema,
        parts.map((from) => [batchOf(rows.slice(from, from + cut), schema, positions, false), 7 + from]),
      );
      assert.ok(fs.readFileSync(many).equals(fs.readFileSync(one)));
      // Batches of a spool say their numbers themselves.
      const reader = new SpoolReader(one, "web");
      write(
        again,
        schema,
        [...reader.batches()].map((batch) => [batch, 1e6]),
      );
      reader.close();
      assert.ok(fs.readFileSync(again).equals(fs.readFileSync(one)));
    }),
    { numRuns: 120, seed: 8 },
  );
});

const TEXT: readonly SpoolColumn[] = [{ name: "text", kind: "utf8" }];

function texts(values: readonly string[], first = 0): Batch {
  const rows = values.map((value, i) => ({ alive: true, shard: 0, row: first + i, position: 0, values: [value] }));
  return batchOf(rows, TEXT, false);
}

test("no rows: a file of one footer, no batches", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  write(file, TEXT, []);
  const bytes = fs.statSync(file).size;
  const dead = texts(["gone"]);
  dead.alive.clear(0);
  write(file, TEXT, [[dead, 0]]);
  assert.equal(fs.statSync(file).size, bytes);
  assert.deepEqual(read(file), []);
  assert.deepEqual(readSpoolHead(file), { columns: TEXT, blocks: [], rows: 0, text_bytes: 0, column_bytes: 0 });
});

test("blocks end at the target: by rows, by bytes; survivors of many batches share one", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  const blocks = (): readonly (readonly number[])[] =>
    readSpoolHead(file).blocks.map(({ rows, first_document, text_bytes }) => [rows, first_document, text_bytes]);
  write(file, TEXT, [[texts(Array(2 * TARGET_BATCH_ROWS + 1).fill("ab")), 0]]);
  const full = [TARGET_BATCH_ROWS, 2 * TARGET_BATCH_ROWS];
  assert.deepEqual(blocks(), [
    [full[0], 0, full[1]],
    [full[0], TARGET_BATCH_ROWS, full[1]],
    [1, 2 * TARGET_BATCH_ROWS, 2],
  ]);
  const half = "x".repeat(TARGET_BATCH_BYTES / 2);
  const long = "y".repeat(TARGET_BATCH_BYTES + 1);
  write(file, TEXT, [[texts([half, half, "z", long, "z", half, "z"]), 100]]);
  assert.deepEqual(blocks(), [
    [2, 100, TARGET_BATCH_BYTES],
    [1, 102, 1],
    [1, 103, TARGET_BATCH_BYTES + 1],
    [3, 104, TARGET_BATCH_BYTES / 2 + 2],
  ]);
  const few = Array.from({ length: 50 }, (_, i) => [texts([`row ${i}`], i), 10 * i] as const);
  write(file, TEXT, few);
  assert.deepEqual(
    blocks().map(([rows]) => rows),
    [50],
  );
  assert.deepEqual(
    read(file).map(([document]) => document),
    few.map(([, document]) => document),
  );
});

test("a reader starts at any block", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  write(file, TEXT, [[texts(Array.from({ length: 20_000 }, (_, i) => `row ${i}`)), 0]]);
  const reader = new SpoolReader(file, "web");
  const { blocks } = reader.head;
  assert.equal(blocks.length, 3);
  const [second] = reader.batches(1, 2);
  assert.equal(second.documents?.[0], blocks[1].first_document);
  assert.equal(utf8String(second.text, 5), `row ${TARGET_BATCH_ROWS + 5}`);
  assert.equal([...reader.batches(1)].length, 2);
  reader.close();
});

test("a column that a batch lacks is null in its rows; one that is not asked for is not there", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  const schema: readonly SpoolColumn[] = [...CELL_KINDS.map((kind) => ({ name: kind, kind }))];
  const batch = texts(["a", "b"]);
  write(file, schema, [[batch, 0]]);
  assert.deepEqual(read(file), [
    [0, 0, 0, 0, null, null, null, null, null, null],
    [1, 0, 1, 1, null, null, null, null, null, null],
  ]);
});

test("what a null hides does not show in the bytes", (t) => {
  const [clean, dirty] = ["clean", "dirty"].map((name) => path.join(temporaryFolder(t), name));
  const schema: readonly SpoolColumn[] = [
    { name: "text", kind: "utf8" },
    { name: "score", kind: "float64" },
  ];
  const address = { source: "web", shards: new Int32Array(2), rowsInShard: Int32Array.of(0, 1) };
  const of = (data: string, end: number, score: number): Batch =>
    new Batch({
      ...address,
      columns: [
        [
          "text",
          { kind: "utf8", data: Buffer.from(data), offsets: Int32Array.of(0, 1, end), validity: Uint8Array.of(1) },
        ],
        ["score", { kind: "float64", values: Float64Array.of(1, score), validity: Uint8Array.of(0xfd) }],
      ],
    });
  write(clean, schema, [[of("a", 1, 0), 0]]);
  write(dirty, schema, [[of("asecret", 7, 42), 0]]);
  assert.ok(fs.readFileSync(dirty).equals(fs.readFileSync(clean)));
});

test("the longest row there may be, between short ones; one byte more is an error", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  const builder = new Utf8Builder();
  const row = Buffer.alloc(MAX_ROW_BYTES, "a long row of the same words, ");
  // Some of it does not shrink.
  for (let at = 0; at < 1 << 20; at++) row[at] = 0x21 + ((Math.imul(at, 0x9e3779b1) >>> 13) % 90);
  for (const bytes of [Buffer.from("before"), row, Buffer.from("after")]) builder.append(bytes);
  const batch = (text: Column): Batch =>
    new Batch({
      source: "web",
      shards: new Int32Array(3),
      rowsInShard: Int32Array.of(0, 1, 2),
      columns: [["text", text]],
    });
  const pending = createPending(file);
  const writer = new SpoolWriter(pending, TEXT);
  writer.add(batch(builder.finish()), 0);
  assert.throws(
    () =>
      writer.add(
        batch({
          kind: "utf8",
          data: new Uint8Array(MAX_ROW_BYTES + 1),
          offsets: Int32Array.of(0, 0, MAX_ROW_BYTES + 1, MAX_ROW_BYTES + 1),
        }),
        3,
      ),
    (error) =>
      error instanceof DataError && error.code === "data/row-too-large" && /row 1 of shard 0/.test(error.message),
  );
  writer.finish();
  pending.commit();
  const reader = new SpoolReader(file, "web");
  assert.deepEqual(
    reader.head.blocks.map(({ rows }) => rows),
    [1, 1, 1],
  );
  const { text } = reader.read(1);
  assert.ok(Buffer.compare(text.data.subarray(0, text.offsets[1]), row) === 0);
  ARENA.release(text.data);
  assert.equal(utf8String(reader.read(2).text, 0), "after");
  reader.close();
});

test("texts lie in memory that whoever ends a batch gives back", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  write(file, TEXT, [[texts(["x".repeat(300_000)]), 0]]);
  const reader = new SpoolReader(file, "web");
  const first = reader.read(0).text.data;
  ARENA.release(first);
  const second = reader.read(0).text.data;
  assert.equal(second.byteOffset, first.byteOffset);
  assert.equal(second.buffer, first.buffer);
  ARENA.release(second);
  reader.close();
});

test("what a writer refuses: documents that do not ascend, a column of another kind", (t) => {
  const file = createPending(path.join(temporaryFolder(t), "00000.spool"));
  const writer = new SpoolWriter(file, TEXT);
  writer.add(texts(["a", "b"]), 5);
  assert.throws(() => writer.add(texts(["c"]), 6), /document 6 after 6/);
  const other = batchOf(
    [{ alive: true, shard: 2, row: 9, position: 0, values: [1] }],
    [{ name: "text", kind: "int32" }],
  );
  assert.throws(
    () => writer.add(other, 10),
    (error) =>
      error instanceof DataError &&
      /text is int32 in row 9 of shard 2 of web, and utf8 was expected/.test(error.message),
  );
  file.abort();
});

/** A file with every part there is, small enough to try every byte of it. */
function everyPart(file: string): Buffer {
  const schema: readonly SpoolColumn[] = [
    { name: "text", kind: "utf8" },
    { name: "id", kind: "utf8" },
    { name: "score", kind: "float64" },
  ];
  const rows = Array.from({ length: 40 }, (_, i) => ({
    alive: i % 5 !== 0,
    shard: i >> 4,
    row: i & 15,
    position: 100 * i,
    values: [`words and words and words ${i}`, i % 7 === 0 ? null : `id-${i}`, i % 3 === 0 ? null : i / 4],
  }));
  write(file, schema, [[batchOf(rows, schema), 0]]);
  return fs.readFileSync(file);
}

test("a flipped bit anywhere is found, and the file named", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  const sound = everyPart(file);
  assert.ok(sound.length > 500);
  for (let at = 0; at < sound.length; at++) {
    const bytes = Buffer.from(sound);
    bytes[at] ^= 1 << (at & 7);
    fs.writeFileSync(file, bytes);
    for (const engine of engines) assert.throws(() => read(file, engine), isDamaged(file), `byte ${at}`);
  }
});

test("a file cut anywhere, or with bytes behind its end, is found", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  const sound = everyPart(file);
  for (let length = 0; length < sound.length; length++) {
    fs.writeFileSync(file, sound.subarray(0, length));
    assert.throws(() => read(file), isDamaged(file), `${length} bytes`);
  }
  fs.writeFileSync(file, Buffer.concat([sound, sound.subarray(0, 1)]));
  assert.throws(() => read(file), isDamaged(file));
  fs.rmSync(file);
  assert.throws(() => readSpoolHead(file), /cannot be opened \(ENOENT\)/);
});

test("a block with a checksum that matches and content that does not is an error or other rows, never worse", (t) => {
  const file = path.join(temporaryFolder(t), "00000.spool");
  const sound = everyPart(file);
  const { columns, blocks } = readSpoolHead(file);
  const [{ offset, stored_bytes }] = blocks;
  const flips = fc.array(fc.tuple(fc.nat(stored_bytes - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 3,
  });
  let refused = 0;
  fc.assert(
    fc.property(flips, fc.option(fc.integer({ min: 1, max: 60 })), (drawn, rows) => {
      const block = Buffer.from(sound.subarray(offset, offset + stored_bytes));
      for (const [at, mask] of drawn) block[at] ^= mask;
      const entry: SpoolBlock = { ...blocks[0], hash: hashOf(engines[0], block), ...(rows !== null && { rows }) };
      const end = encodeSpoolEnd(columns, [entry], engines[0]);
      fs.writeFileSync(file, Buffer.concat([sound.subarray(0, offset), block, end]));
      for (const engine of engines) {
        try {
          read(file, engine);
        } catch (error) {
          assert.ok(isDamaged(file)(error), String(error));
          refused++;
        }
      }
    }),
    { numRuns: 500, seed: 8 },
  );
  assert.ok(refused > 100);
});
