/** What other writers make of tables beyond plain ones: test/golden/scripts/writers.py, and parquetjs-lite as it is installed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { DataError } from "../../../batch/errors.ts";
import arrow, { arrowSource } from "../../../stages/read/arrow.ts";
import csv, { csvSource } from "../../../stages/read/csv.ts";
import parquet, { parquetSource } from "../../../stages/read/parquet.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { contextOf, type Row, readAll } from "./reading.ts";

const file = (name: string): Buffer => readFileSync(`test/golden/writers/${name}`);
const FORMATS = {
  parquet: (given: unknown) => parquetSource(parquet.options.parse(given)),
  arrow: (given: unknown) => arrowSource(arrow.options.parse(given)),
  csv: (given: unknown) => csvSource(csv.options.parse(given)),
} as const;

async function read(format: keyof typeof FORMATS, files: Record<string, Uint8Array | string>, given: object = {}) {
  const context = contextOf(files);
  const rows = await readAll(FORMATS[format](given), context);
  return { rows, kinds: context.problems.map(({ kind }) => kind) };
}

const column = (rows: readonly Row[], name: string) => rows.map((row) => row[name]);

test("Parquet files and row groups without rows, as pyarrow writes them", async () => {
  for (const name of ["empty.parquet", "no_groups.parquet"]) {
    const { rows, kinds } = await read("parquet", { [name]: file(name) }, { metadata: ["n"] });
    assert.deepEqual([rows, kinds], [[], []], name);
  }
  const { rows } = await read("parquet", {
    "a.parquet": file("empty.parquet"),
    "b.parquet": file("empty_group.parquet"),
  });
  assert.deepEqual(column(rows, "text"), ["first", "second"]);
  assert.deepEqual(column(rows, "at"), ["1:0", "1:1"]);
});

test("a text column of null type: every row is counted as missing its text", async () => {
  for (const format of ["parquet", "arrow"] as const) {
    const name = `nulls.${format}`;
    const { rows, kinds } = await read(format, { [name]: file(name) });
    assert.deepEqual(rows, []);
    assert.deepEqual(kinds, ["missing_text", "missing_text", "missing_text"], format);
  }
});

test("Feather's default: LZ4 bodies of many blocks", async () => {
  const { rows } = await read("arrow", { "a.feather": file("lz4.feather") }, { metadata: ["n"] });
  assert.equal(rows.length, 600);
  const text = (i: number): string =>
    `row ${i} ${Array.from({ length: 90 }, (_, j) => (i * 7919 + j * 104729) % 1000).join(" ")}`;
  rows.forEach((row, i) => {
    assert.equal(row.text, text(i));
    assert.equal(row.n, BigInt(i));
  });
});

test("views of strings and bytes, large types, compressed, as file and as stream", async () => {
  for (const name of ["views_lz4.arrow", "views_lz4.arrows", "views_zstd.arrow", "views_zstd.arrows"]) {
    const { rows } = await read("arrow", { [name]: file(name) }, { metadata: ["bytes", "large", "blob", "tags"] });
    assert.equal(rows.length, 40);
    rows.forEach((row, i) => {
      assert.deepEqual(
        row,
        {
          at: `0:${i}`,
          text: `text ${i} ${"long enough to lie in a buffer".repeat(i % 3)}`,
          bytes: i % 7 === 0 ? null : `bytes ${i} of a view`,
          large: `large ${i}`,
          blob: `blob ${i}`,
          tags: JSON.stringify(Array.from({ length: i % 3 }, (_, j) => `t${j}`)),
        },
        `${name} row ${i}`,
      );
    });
  }
});

test("dictionaries that grow and that are replaced", async () => {
  const want = ["a", "b", "a", "b", "c", "a", "b", "c", "d"];
  for (const name of ["deltas_plain.arrows", "deltas_lz4.arrows", "deltas_zstd.arrows", "deltas.arrow"]) {
    const { rows, kinds } = await read("arrow", { [name]: file(name) });
    assert.deepEqual(column(rows, "text"), want, name);
    assert.deepEqual(kinds, ["missing_text"], name);
  }
  const { rows } = await read("arrow", { "a.arrows": file("replaced.arrows") });
  assert.deepEqual(column(rows, "text"), ["a", "b", "x", "y", "x"]);
});

test("what follows a stream, a footer of another file, a record batch that is missing", async () => {
  const refused = (bytes: Uint8Array, what: RegExp) =>
    assert.rejects(read("arrow", { "a.arrow": bytes }), (error) => {
      assert.ok(error instanceof DataError && error.code === "data/bad-arrow");
      assert.match(error.details.what, what);
      return true;
    });
  const stream = file("deltas_plain.arrows");
  await refused(Buffer.concat([stream, stream]), /something follows the end of the stream/);
  const one = tableToIPC(tableFromArrays({ text: ["a"] }), "file");
  const two = tableToIPC(tableFromArrays({ text: ["a"], other: ["b"] }), "file");
  const footerOf = (bytes: Uint8Array): number =>
    bytes.length - 10 - Buffer.from(bytes).readUInt32LE(bytes.length - 10);
  await refused(Buffer.concat([one.subarray(0, footerOf(one)), two.subarray(footerOf(two))]), /./);
  await refused(Buffer.concat([one.subarray(0, 8), one.subarray(footerOf(one))]), /record batches|ends inside/);
});

/** A table with and one without the column `lang`, in each format that has columns. */
const LACKING = {
  parquet: async () => {
    const { ByteWriter, parquetWrite } = await import("hyparquet-writer");
    const write = (...names: string[]): Uint8Array => {
      const writer = new ByteWriter();
      parquetWrite({
        writer,
        columnData: names.map((name) => ({ name, data: [`a ${name}`], type: "STRING" as const })),
      });
      return writer.getBytes();
    };
    return { "a.parquet": write("text", "lang"), "b.parquet": write("text") };
  },
  arrow: async () => ({
    "a.arrow": tableToIPC(tableFromArrays({ text: ["a text"], lang: ["a lang"] }), "file"),
    "b.arrow": tableToIPC(tableFromArrays({ text: ["a text"] }), "stream"),
  }),
  csv: async () => ({ "a.csv": "text,lang\na text,a lang\n", "b.csv": "text\na text\n" }),
} as const;

test("a metadata column that a shard lacks is null there, or with strict_columns an error; a text column always is", async () => {
  for (const format of ["parquet", "arrow", "csv"] as const) {
    const files: Record<string, Uint8Array | string> = await LACKING[format]();
    const { rows } = await read(format, files, { metadata: ["lang"] });
    assert.deepEqual(column(rows, "lang"), ["a lang", null], format);
    const failed = (given: object, what: RegExp, why: RegExp) =>
      assert.rejects(read(format, files, given), (error) => {
        assert.ok(error instanceof DataError && error.code === "data/missing-column", format);
        assert.match(error.details.what, what);
        assert.match(error.details.why ?? "", why);
        assert.deepEqual(error.details.place, { source: "test", shard: `b.${format}` });
        return true;
      });
    await failed({ metadata: ["lang"], strict_columns: true }, /no column lang; there are text$/, /strict_columns/);
    await failed({ text: "lang" }, /no column lang; there are text$/, /without text/);
  }
});

interface Parquetjs {
  readonly ParquetSchema: new (fields: object) => object;
  readonly ParquetWriter: {
    openFile(
      schema: object,
      path: string,
      options: object,
    ): Promise<{ appendRow(row: object): Promise<void>; close(): Promise<void> }>;
  };
}

test("files of parquetjs-lite: every type, optional and repeated fields, both forms of pages", async (t) => {
  const { ParquetSchema, ParquetWriter } = createRequire(import.meta.url)("parquetjs-lite") as Parquetjs;
  const schema = new ParquetSchema({
    id: { type: "INT64" },
    text: { type: "UTF8", optional: true, compression: "SNAPPY" },
    url: { type: "UTF8", compression: "GZIP" },
    score: { type: "DOUBLE", optional: true },
    count: { type: "UINT_32" },
    seen: { type: "TIMESTAMP_MILLIS" },
    flag: { type: "BOOLEAN" },
    tags: { type: "UTF8", repeated: true },
    turns: { repeated: true, fields: { role: { type: "UTF8" }, n: { type: "INT32", optional: true } } },
    meta: { optional: true, fields: { tags: { type: "UTF8", repeated: true } } },
  });
  const tagsOf = (i: number): string[] => Array.from({ length: i % 3 }, (_, j) => `t${j}`);
  const folder = temporaryFolder(t);
  for (const useDataPageV2 of [false, true]) {
    const target = path.join(folder, "a.parquet");
    const writer = await ParquetWriter.openFile(schema, target, { rowGroupSize: 7, pageSize: 3, useDataPageV2 });
    for (let i = 0; i < 20; i++) {
      await writer.appendRow({
        id: i,
        ...(i % 5 === 3 ? {} : { text: `row ${i} é` }),
        url: `u${i}`,
        ...(i % 2 === 0 ? {} : { score: i / 2 }),
        count: i,
        seen: new Date(1e12 + i),
        flag: i % 3 === 0,
        tags: tagsOf(i),
        turns: i % 2 === 0 ? [] : [{ role: "user", n: i }, { role: "bot" }],
        ...(i % 4 === 0 ? {} : { meta: { tags: tagsOf(i) } }),
      });
    }
    await writer.close();
    const metadata = ["url", "score", "count", "seen", "flag", "tags", "turns", "meta", "meta.tags"];
    const { rows, kinds } = await read("parquet", { "a.parquet": readFileSync(target) }, { metadata });
    assert.deepEqual(kinds, new Array(4).fill("missing_text"));
    const want = [...Array(20).keys()]
      .filter((i) => i % 5 !== 3)
      .map((i) => ({
        at: `0:${i}`,
        text: `row ${i} é`,
        id: String(i),
        url: `u${i}`,
        score: i % 2 === 0 ? null : i / 2,
        count: BigInt(i),
        seen: `2001-09-09T01:46:40.${String(i).padStart(3, "0")}Z`,
        flag: i % 3 === 0,
        tags: JSON.stringify(tagsOf(i)),
        turns: i % 2 === 0 ? "[]" : `[{"role":"user","n":${i}},{"role":"bot","n":null}]`,
        meta: i % 4 === 0 ? null : `{"tags":${JSON.stringify(tagsOf(i))}}`,
        "meta.tags": i % 4 === 0 ? null : JSON.stringify(tagsOf(i)),
      }));
    assert.deepEqual(rows, want, `pages of form ${useDataPageV2 ? 2 : 1}`);
  }
});
