import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { DataError } from "../../../batch/errors.ts";
import { findColumn } from "../../../io/formats/parquet-columns.ts";
import { openParquet } from "../../../io/formats/parquet-file.ts";
import stage, { parquetSource } from "../../../stages/read/parquet.ts";
import { GOLDEN_METADATA, GOLDEN_ROWS, golden, goldenRow, goldenText } from "./golden.ts";
import { contextOf, MemorySource, NO_SAMPLES, type Row, readAll, readExtents, sample } from "./reading.ts";

const parse = (given: Record<string, unknown>) => stage.options.parse(given);

async function read(files: Record<string, Uint8Array>, given: Record<string, unknown> = {}, extentBytes?: number) {
  const context = contextOf(files);
  const rows = await readAll(parquetSource(parse(given)), context, extentBytes);
  for (const source of context.opened) assert.equal(source.closed, 1, "every shard is closed");
  return { rows, problems: context.problems, opened: context.opened };
}

type WriteOptions = Omit<Parameters<typeof parquetWrite>[0], "writer">;

function write(given: WriteOptions): Uint8Array {
  const writer = new ByteWriter();
  parquetWrite({ writer, ...given });
  return writer.getBytes();
}

async function refused(promise: Promise<unknown>, code: string, what: RegExp): Promise<DataError> {
  let found: unknown;
  await assert.rejects(promise, (error) => {
    found = error;
    return true;
  });
  assert.ok(found instanceof DataError, `not a DataError: ${found}`);
  assert.equal(found.code, code);
  assert.match(found.message, what);
  return found;
}

test("an independent writer's files, every codec and type", async () => {
  const want = [...Array(GOLDEN_ROWS).keys()]
    .filter((i) => goldenText(i) !== null)
    .map((i) => ({ at: `0:${i}`, ...goldenRow(i) }));
  for (const codec of ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]) {
    const { rows, problems } = await read(
      { [`${codec}.parquet`]: golden(`${codec}.parquet`) },
      { metadata: GOLDEN_METADATA },
    );
    const byName = rows.map((row) => Object.fromEntries(Object.keys(want[0]).map((name) => [name, row[name]])));
    assert.deepEqual(byName, want, codec);
    assert.deepEqual(
      problems.map(({ kind, row }) => [kind, row]),
      [
        ["missing_text", 7],
        ["missing_text", 57],
      ],
    );
  }
});

test("a member of a struct is a column of its own", async () => {
  const { rows } = await read(
    { "a.parquet": golden("snappy.parquet") },
    { metadata: ["meta.url", "meta.n"], limit: 4 },
  );
  assert.deepEqual(
    rows.map((row) => [row["meta.url"], row["meta.n"]]),
    [
      [null, null],
      ["u1", 2n ** 60n + 1n],
      [null, 2n ** 60n + 2n],
      ["u3", 2n ** 60n + 3n],
    ],
  );
});

test("a flipped bit in a page with a checksum is found", async () => {
  for (const name of ["none.parquet", "snappy.parquet", "zstd.parquet"]) {
    const file = golden(name);
    const source = new MemorySource(name, file);
    const { groups } = await openParquet(source, { source: "test", shard: name });
    const chunk = groups[1].chunks.get("text")!;
    const damaged = Buffer.from(file);
    damaged[chunk.end - 3] ^= 4;
    const error = await refused(read({ [name]: damaged }), "data/bad-parquet", /checksum/);
    assert.match(error.details.what, /^row group 1, column text, page \d+: page does not match its checksum$/);
    assert.deepEqual(error.details.place, { source: "test", shard: name });
  }
});

const N = 1000;
const TEXTS = Array.from({ length: N }, (_, i) => (i % 97 === 5 ? null : i % 97 === 6 ? "" : `${i} `.repeat(i % 300)));
const USABLE = TEXTS.flatMap((text, i) => (text ? [[text, i] as const] : []));

function wide(rowGroupSize: number | number[]): Uint8Array {
  return write({
    rowGroupSize,
    pageSize: 3000,
    columnData: [
      { name: "id", data: TEXTS.map((_, i) => `id-${i}`), type: "STRING" },
      { name: "text", data: TEXTS, type: "STRING" },
      { name: "score", data: TEXTS.map((_, i) => i / 2), type: "DOUBLE" },
    ],
  });
}

test("row groups, pages, extents and batch sizes never show in the rows", async () => {
  const want = USABLE.map(([text, i]) => ({ at: `0:${i}`, text, id: `id-${i}`, score: i / 2 }));
  for (const rowGroupSize of [N, 64, [1, 7, 500], 1]) {
    const file = wide(rowGroupSize);
    for (const extentBytes of [1, 20_000, 1e9]) {
      for (const target of [
        { bytes: 1, rows: 1e6 },
        { bytes: 5000, rows: 1e6 },
        { bytes: 1e9, rows: 37 },
        { bytes: 1e9, rows: 1e6 },
      ]) {
        const context = contextOf({ "a.parquet": file });
        const rows = await readAll(parquetSource(parse({ metadata: ["score"] }), target), context, extentBytes);
        assert.deepEqual(rows, want);
        assert.equal(context.problems.length, TEXTS.length - USABLE.length);
        if (rowGroupSize === 1) break;
      }
    }
  }
});

test("extents cover the rows in order and say how many bytes they read", async () => {
  const file = wide(100);
  const context = contextOf({ "a.parquet": file, "b.parquet": wide(1000) });
  const extents = await parquetSource(parse({})).extents(context.shards, context, 5000);
  assert.ok(extents.length > 4, `${extents.length}`);
  for (const shard of [0, 1]) {
    let row = 0;
    for (const extent of extents.filter((other) => other.shard === shard)) {
      assert.equal(extent.unit, "rows");
      assert.equal(extent.start, row);
      assert.ok(extent.end > extent.start && extent.size_bytes > 0);
      row = extent.end;
    }
    assert.equal(row, N);
  }
  const total = extents.reduce((sum, extent) => sum + extent.size_bytes, 0);
  assert.ok(total < context.shards[0].size_bytes + context.shards[1].size_bytes);
  const operator = parquetSource(parse({}));
  const parts: Row[] = [];
  for (const extent of [...extents].reverse()) parts.unshift(...(await readExtents(operator, [extent], context)));
  assert.deepEqual(parts, await readExtents(operator, extents, context));
});

test("skip and limit count rows of the source; row groups before the window are not read", async () => {
  const files = { "a.parquet": wide(50), "b.parquet": wide(1000) };
  const all = await read(files);
  const rowOf = (row: Row) => Number(String(row.at).split(":")[1]) + N * Number(String(row.at).split(":")[0]);
  for (const [skip, limit] of [
    [0, 10],
    [95, 20],
    [990, 30],
    [1999, 5],
    [2000, 1],
    [0, 0],
    [120, null],
  ] as const) {
    const { rows } = await read(files, { skip, limit }, 1);
    const end = skip + (limit ?? 1e9);
    assert.deepEqual(
      rows,
      all.rows.filter((row) => rowOf(row) >= skip && rowOf(row) < end),
      `${skip} ${limit}`,
    );
  }
  const context = contextOf(files);
  const operator = parquetSource(parse({ skip: 900, limit: 10 }));
  const extents = await operator.extents(context.shards, context, 1e9);
  context.opened.length = 0;
  await readExtents(operator, extents, context);
  assert.equal(context.opened.length, 1);
  const { groups } = await openParquet(new MemorySource("a", files["a.parquet"]), { source: "", shard: "" });
  const first = Math.min(...context.opened[0].reads.slice(1).map(([start]) => start));
  assert.ok(first >= groups[18].chunks.get("id")!.start, "the first 18 groups are passed over");
});

test("columns not asked for are never read", async () => {
  const rows = 2000;
  const file = write({
    rowGroupSize: 500,
    columnData: [
      {
        name: "embeddings",
        data: Array.from({ length: rows }, (_, i) => [[...Array(300).keys()].map((j) => (i * 31 + j * 17) % 1009)]),
      },
      { name: "text", data: Array.from({ length: rows }, (_, i) => `document ${i}`) },
    ].reverse() as WriteOptions["columnData"],
    schema: [
      { name: "root", num_children: 2 },
      { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      { name: "embeddings", repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "INT32", repetition_type: "OPTIONAL" },
    ],
  });
  assert.ok(file.length > 100_000);
  const { opened, rows: found } = await read({ "a.parquet": file });
  assert.equal(found.length, rows);
  const { groups } = await openParquet(new MemorySource("a", file), { source: "", shard: "" });
  const asked = opened.flatMap((source) => source.reads).filter(([, end]) => end < file.length);
  assert.deepEqual(
    asked,
    groups.map(({ chunks }) => [chunks.get("text")!.start, chunks.get("text")!.end]),
  );
  const first = await read({ "a.parquet": file }, { metadata: ["embeddings"], limit: 1 });
  assert.equal(first.rows[0].embeddings, `[[${[...Array(300).keys()].map((j) => (j * 17) % 1009).join(",")}]]`);
});

test("ids of any type become text; without an id column there is none", async () => {
  const column = (name: string, data: unknown[], type: "INT32" | "INT64" | "DOUBLE" | "STRING") => ({
    name,
    data,
    type,
  });
  const text = column("text", ["a", "b"], "STRING");
  const ids = async (data: unknown[], type: "INT32" | "INT64" | "DOUBLE") =>
    (
      await read({ "a.parquet": write({ columnData: [text, column("id", data, type)] as WriteOptions["columnData"] }) })
    ).rows.map((row) => row.id);
  assert.deepEqual(await ids([7, null], "INT32"), ["7", null]);
  assert.deepEqual(await ids([2n ** 62n, -1n], "INT64"), ["4611686018427387904", "-1"]);
  assert.deepEqual(await ids([0.5, 2], "DOUBLE"), ["0.5", "2"]);
  const file = write({ columnData: [text] as WriteOptions["columnData"] });
  assert.deepEqual((await read({ "a.parquet": file })).rows, [
    { at: "0:0", text: "a" },
    { at: "0:1", text: "b" },
  ]);
  assert.deepEqual(Object.keys((await read({ "a.parquet": wide(1000) }, { id: null, limit: 1 })).rows), []);
  await refused(read({ "a.parquet": file }, { id: "uid" }), "data/missing-column", /no column uid/);
});

test("missing columns: what there is, what was meant, and why Stack-Edu has no text", async () => {
  const columns = (...names: string[]) =>
    write({ columnData: names.map((name) => ({ name, data: ["x"], type: "STRING" as const })) });
  const slip = await refused(
    read({ "a.parquet": columns("id", "txet", "url") }),
    "data/missing-column",
    /there are id, txet, url/,
  );
  assert.equal(slip.details.fix, "did you mean txet? set text: txet");
  assert.deepEqual(slip.details.place, { source: "test", shard: "a.parquet" });
  const far = await refused(read({ "a.parquet": columns("content", "url") }), "data/missing-column", /no column text/);
  assert.equal(far.details.fix, "set text to one of the columns there are");
  const blobs = await refused(
    read({ "a.parquet": columns("blob_id", "language", "path") }),
    "data/missing-column",
    /blob_id/,
  );
  assert.match(blobs.details.fix ?? "", /read\/software-heritage/);
  await refused(
    read({ "a.parquet": columns("text") }, { metadata: ["score"] }),
    "data/missing-column",
    /no column score/,
  );
  const numbers = write({ columnData: [{ name: "text", data: [1, 2], type: "INT32" }] });
  await refused(read({ "a.parquet": numbers }), "data/text-not-string", /does not hold strings/);
  await refused(
    read({ "a.parquet": golden("snappy.parquet") }, { text: "langs" }),
    "data/text-not-string",
    /does not hold strings/,
  );
});

test("no rows: an empty file, an empty row group", async () => {
  const empty = write({ columnData: [{ name: "text", data: [], type: "STRING" }] });
  const context = contextOf({ "a.parquet": empty });
  const operator = parquetSource(parse({}));
  assert.deepEqual(await operator.extents(context.shards, context, 100), [
    { shard: 0, unit: "rows", start: 0, end: 0, size_bytes: 0 },
  ]);
  assert.deepEqual(
    (await read({ "a.parquet": empty, "b.parquet": wide(1000) }, { limit: 3 })).rows.map((row) => row.at),
    ["1:1", "1:2"],
  );
});

test("text that is not UTF-8 is a problem of its row, in metadata too", async () => {
  const bad = new Uint8Array([0x61, 0xff]);
  const good = Buffer.from("ok");
  const file = write({
    columnData: [
      { name: "text", data: [good, bad, good, good], type: "BYTE_ARRAY" },
      { name: "url", data: [good, good, bad, good], type: "BYTE_ARRAY" },
    ],
  });
  const { rows, problems } = await read({ "a.parquet": file }, { metadata: ["url"] });
  assert.deepEqual(
    rows.map((row) => row.at),
    ["0:0", "0:3"],
  );
  assert.deepEqual(
    problems.map(({ kind, row, message }) => [kind, row, message]),
    [
      ["invalid_utf8", 1, "text is not valid UTF-8"],
      ["invalid_utf8", 2, "url is not valid UTF-8"],
    ],
  );
});

/** Reads every column of a file through the page layer. */
async function readEveryColumn(name: string, file: Uint8Array): Promise<number> {
  const parquet = await openParquet(new MemorySource(name, file), { source: "test", shard: name });
  let values = 0;
  for (const column of parquet.columns) {
    const found = findColumn(parquet.tree, [column])!;
    const cells = found.cells()!;
    for (const group of parquet.groups) {
      let rows = 0;
      for await (const piece of found.pieces(parquet, group)) {
        rows += piece.length;
        for (let i = 0; i < piece.length; i++) {
          cells.toCell(piece[i]);
          values++;
        }
      }
      assert.equal(rows, group.rows);
    }
  }
  return values;
}

test("Apache's broken files give a named error", async (t) => {
  if (!sample("malformed/parquet-bad_data/README.md")) return t.skip(NO_SAMPLES);
  const folder = "malformed/parquet-bad_data/";
  const names = readdirSync(`../shared/samples/${folder}`).filter((name) => name.endsWith(".parquet"));
  assert.equal(names.length, 8);
  for (const name of names) {
    if (name === "ARROW-GH-43605.parquet") {
      // Unusual, not broken: dictionary indices of no bits. Every value is the one entry of the dictionary.
      assert.equal(await readEveryColumn(name, sample(folder + name)!), 21186);
      continue;
    }
    const error = await refused(readEveryColumn(name, sample(folder + name)!), "data/bad-parquet", /./);
    assert.match(error.details.what, /^(file|footer|row group \d+, column [\w.]+(, page \d+)?): /, name);
  }
});

test("damaged files give a named error or rows, never anything else", async () => {
  const originals = ["none.parquet", "snappy.parquet", "zstd.parquet", "brotli.parquet"].map(golden);
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  let refusedCount = 0;
  for (let round = 0; round < 160; round++) {
    const file = Buffer.from(originals[round % originals.length]);
    const kind = random(4);
    if (kind === 0) file[random(file.length)] ^= 1 << random(8);
    else if (kind === 1) file.fill(0, random(file.length), random(file.length));
    else if (kind === 2) for (let i = 0; i < 20; i++) file[random(file.length)] = random(256);
    const damaged = kind === 3 ? file.subarray(0, random(file.length)) : file;
    try {
      await readEveryColumn("damaged", damaged);
    } catch (error) {
      assert.ok(error instanceof DataError, `round ${round}: ${error instanceof Error ? error.stack : error}`);
      refusedCount++;
    }
  }
  assert.ok(refusedCount > 80, `${refusedCount}`);
});

test("real FineWeb files", async (t) => {
  const scored = sample("fineweb/fineweb-15rows-scored.parquet");
  if (!scored) return t.skip(NO_SAMPLES);
  const metadata = ["dump", "url", "language", "language_score", "token_count"];
  const first = await read({ "a.parquet": scored }, { metadata });
  assert.equal(first.rows.length, 15);
  const second = await read({ "b.parquet": sample("fineweb/fineweb-10rows.parquet")! }, { metadata });
  assert.equal(second.rows.length, 10);
  for (const row of [...first.rows, ...second.rows]) {
    assert.match(String(row.id), /^<urn:uuid:[0-9a-f-]{36}>$/);
    assert.equal(row.language, "en");
    assert.equal(typeof row.language_score, "number");
    assert.equal(typeof row.token_count, "bigint");
  }
  const names = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => `fineweb/sample-10BT-legal-annotated/batch_00000${i}.parquet`);
  const legal = await read(Object.fromEntries(names.map((name) => [name, sample(name)!])), {
    metadata: ["text_length", "score", "timestamp"],
  });
  assert.deepEqual(legal.problems, []);
  assert.equal(legal.rows.length, 800);
  for (const row of legal.rows) assert.equal([...String(row.text)].length, Number(row.text_length));
});
