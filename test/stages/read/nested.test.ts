/** Nested values and kinds of metadata, by an independent writer: test/golden/scripts/nested.py. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DataError } from "../../../batch/errors.ts";
import arrow, { arrowSource } from "../../../stages/read/arrow.ts";
import parquet, { parquetSource } from "../../../stages/read/parquet.ts";
import { golden } from "./golden.ts";
import { contextOf, type Row, readAll } from "./reading.ts";

const EXPECTED = golden("nested.jsonl")
  .toString()
  .trimEnd()
  .split("\n")
  .map((line): (string | null)[] => JSON.parse(line));

const FORMATS = {
  parquet: (given: Record<string, unknown>) => parquetSource(parquet.options.parse(given)),
  arrows: (given: Record<string, unknown>) => arrowSource(arrow.options.parse(given)),
};
type Format = keyof typeof FORMATS;
const BOTH = ["parquet", "arrows"] as const;

async function read(format: Format, metadata: readonly unknown[], files?: Record<string, Uint8Array>) {
  const context = contextOf(files ?? { [`nested.${format}`]: golden(`nested.${format}`) });
  const rows = await readAll(FORMATS[format]({ metadata }), context);
  for (const source of context.opened) assert.equal(source.closed, 1, "every shard is closed");
  return { rows, problems: context.problems, opened: context.opened };
}

const column = (rows: readonly Row[], name: string) => rows.map((row) => row[name]);

for (const [i, format] of BOTH.entries()) {
  test(`${format}: a struct as metadata keeps every digit and the order of its schema`, async () => {
    const want = EXPECTED.map((texts) => texts[i]);
    const bare = await read(format, ["meta"]);
    assert.deepEqual(column(bare.rows, "meta"), want);
    for (const kind of ["json", "utf8"]) {
      const { rows } = await read(format, [{ name: "meta", kind }]);
      assert.deepEqual(column(rows, "meta"), want, kind);
    }
    for (const text of want) if (text !== null) JSON.parse(text);
  });

  test(`${format}: members of structs are columns, lists among them; a key that has a dot comes before a path`, async () => {
    const { rows } = await read(format, [
      "meta.z_first",
      "meta.inner.a.b",
      { name: "tags", path: "deep.info.tags" },
      { name: "flat", path: "deep.info.score", kind: "int32" },
      { name: "below", path: ["deep", "info", "score"], kind: "int64" },
      { name: "money", path: ["meta", "small_price"], kind: "utf8" },
      { name: "instant", path: "meta.micro" },
    ]);
    const nearest = Number("12345678901234567.890");
    assert.deepEqual(column(rows, "meta.z_first"), [2n ** 63n - 1n, null, -(2n ** 63n), null, 2n ** 63n - 1n]);
    assert.deepEqual(column(rows, "meta.inner.a.b"), [nearest, null, null, null, nearest]);
    assert.deepEqual(column(rows, "tags"), [null, '["t1"]', '["t2"]', '["t3"]', '["t4"]']);
    assert.deepEqual(column(rows, "flat"), [null, 1, 2, 3, 4]);
    assert.deepEqual(column(rows, "below"), [null, 2n, 4n, 6n, 8n]);
    assert.deepEqual(column(rows, "money"), ["-0.50", null, null, null, "-0.50"]);
    assert.equal(rows[0].instant, "2024-02-29T23:59:59.123456Z");
  });

  test(`${format}: flat columns of a kind, and kinds that a type can never give`, async () => {
    const { rows } = await read(format, [
      { name: "price", kind: "utf8" },
      { name: "exact", path: "price", kind: "json" },
      { name: "micro", path: "meta.micro", kind: "json" },
      { name: "bytes", path: "meta.bytes", kind: "json" },
      { name: "day", path: "meta.day", kind: "utf8" },
      { name: "word", path: "meta.word", kind: "json" },
    ]);
    assert.deepEqual(column(rows, "price"), ["1.50", null, "0.00", "-12345678901234567.89", "2.00"]);
    assert.deepEqual(column(rows, "exact"), ["1.50", null, "0.00", "-12345678901234567.89", "2.00"]);
    assert.deepEqual(
      [rows[0].micro, rows[0].bytes, rows[0].day, rows[0].word],
      ['"2024-02-29T23:59:59.123456Z"', '"AP8Q"', "1969-12-31", '"quote \\" and é\\n"'],
    );
    for (const [path, kind, has] of [
      ["price", "float64", "decimal"],
      ["price", "int64", "decimal"],
      ["text", "int32", "string"],
      ["meta", "bool", "struct"],
      ["meta.double", "int64", "float64"],
      ["meta.micro", "int64", "instant"],
      ["meta.parts", "float32", "list"],
    ]) {
      await assert.rejects(read(format, [{ name: "x", path, kind }]), (error) => {
        assert.ok(error instanceof DataError);
        assert.equal(error.code, "data/column-kind");
        assert.equal(error.details.what, `the column x is to be ${kind}, and the file has ${has} there`);
        assert.deepEqual(error.details.place, { source: "test", shard: `nested.${format}` });
        return true;
      });
    }
  });

  test(`${format}: what depends on the value ends its row, not the file`, async () => {
    const small = await read(format, [{ name: "n", path: "meta.z_first", kind: "int32" }]);
    assert.deepEqual(column(small.rows, "n"), [null, null]);
    assert.deepEqual(
      small.problems.map(({ kind, row, message }) => [kind, row, message]),
      [0, 2, 4].map((row) => ["bad_metadata", row, "n is not int32"]),
    );
    const wide = await read(format, [
      { name: "small", path: "meta.2", kind: "float32" },
      { name: "single", path: "meta.single", kind: "float64" },
      { name: "huge", path: "meta.10", kind: "utf8" },
    ]);
    assert.deepEqual(wide.problems, []);
    assert.deepEqual(column(wide.rows, "single"), [
      Math.fround(0.1),
      null,
      Number.POSITIVE_INFINITY,
      null,
      Math.fround(0.1),
    ]);
    assert.deepEqual([wide.rows[0].small, wide.rows[0].huge], [-7, String(2n ** 64n - 1n)]);
    const unsigned = await read(format, [{ name: "huge", path: "meta.10", kind: "int64" }]);
    assert.deepEqual(
      unsigned.problems.map(({ row }) => row),
      [0, 4],
    );
    const rounded = await read(format, [{ name: "r", path: "meta.double", kind: "float32" }]);
    assert.deepEqual(
      rounded.problems.map(({ row }) => row),
      [0, 4],
    );
    assert.ok(Number.isNaN(rounded.rows[1].r));
  });

  test(`${format}: a column that some files lack is null there, of the kind it has elsewhere`, async () => {
    const large = { parquet: "zstd.parquet", arrows: "large.arrow" }[format];
    const files = { "a.x": golden(`nested.${format}`), "b.x": golden(large), "c.x": golden(`nested.${format}`) };
    const { rows } = await read(format, ["small", { name: "flag", kind: "bool" }, "deep"], files);
    const first = rows.filter((row) => String(row.at).startsWith("0:"));
    assert.deepEqual(column(first, "small"), [null, null, null, null, null]);
    assert.deepEqual(column(first, "flag"), [null, null, null, null, null]);
    const second = rows.find((row) => row.at === "1:2");
    assert.deepEqual([second?.small, second?.flag, second?.deep], [-98, true, null]);
    await assert.rejects(read(format, ["no_such"], files), (error) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.code, "data/missing-column");
      assert.deepEqual(error.details.place, { source: "test", shard: "a.x" });
      return true;
    });
  });
}

test("parquet: a member of a struct is read without the rest", async () => {
  const { opened } = await read("parquet", ["meta.flag"]);
  const bytes = opened.flatMap((source) => source.reads).reduce((sum, [start, end]) => sum + end - start, 0);
  const all = (await read("parquet", ["meta"])).opened.flatMap((source) => source.reads);
  assert.ok(bytes < all.reduce((sum, [start, end]) => sum + end - start, 0) - 1000);
});

test("one kind over files of several types", async () => {
  const files = { "a.x": golden("nested.parquet"), "b.x": golden("zstd.parquet") };
  const { rows, problems } = await read("parquet", [{ name: "price", kind: "utf8" }], files);
  assert.equal(rows[0].price, "1.50");
  assert.equal(rows.find((row) => row.at === "1:3")?.price, "0.75");
  assert.deepEqual(new Set(problems.map(({ kind }) => kind)), new Set(["missing_text"]));
});
