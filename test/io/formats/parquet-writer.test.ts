import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { readColumnIndex, readOffsetIndex } from "hyparquet/src/indexes.js";
import type { ColumnIndex, OffsetIndex } from "hyparquet/src/types.js";
import { compressors } from "hyparquet-compressors";
import { Bitmap } from "../../../batch/bitmap.ts";
import type { Column } from "../../../batch/column.ts";
import { DataError, RecipeError } from "../../../batch/errors.ts";
import { blockEncoder } from "../../../io/codecs/encoder.ts";
import { ParquetWriter } from "../../../io/formats/parquet-writer.ts";
import type { OutputField, OutputType } from "../../../kernels/output-schema.ts";
import { ROOT } from "../../project-root.ts";
import { columnsFrom, FIELDS, goldenOutputs, parquetOf, type Row, sampleRow } from "./output-samples.ts";

const TEXT: OutputType = { kind: "utf8" };
const samples = (count: number): Row[] => Array.from({ length: count }, (_, i) => sampleRow(i));

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

async function read(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: arrayBuffer(bytes), compressors });
}

/** Rows with typed arrays as lists and floats as the file holds them. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as Int32Array, plain);
  if (value === null || value === undefined) return null;
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  }
  return value;
}

test("every type, null and empty list is read back", async () => {
  for (const count of [0, 1, 7, 300]) {
    const rows = samples(count);
    for (const codec of ["zstd", "gzip", "none"] as const) {
      const { bytes, summary } = await parquetOf(FIELDS, [columnsFrom(FIELDS, rows)], { codec, page_bytes: 3000 });
      assert.equal(summary.rows, count);
      assert.equal(summary.size_bytes, bytes.length);
      assert.deepEqual((await read(bytes)).map(plain), rows.map(plain));
    }
  }
});

test("bytes follow from the rows: not from batches, selections or the kind of a string column", async () => {
  const rows = samples(400);
  const options = { row_group_bytes: 20_000, page_bytes: 1500 };
  const want = (await parquetOf(FIELDS, [columnsFrom(FIELDS, rows)], options)).bytes;
  for (const size of [1, 3, 64, 399]) {
    const batches: Map<string, Column>[] = [];
    for (let at = 0; at < rows.length; at += size) batches.push(columnsFrom(FIELDS, rows.slice(at, at + size)));
    assert.deepEqual((await parquetOf(FIELDS, batches, options)).bytes, want, `batches of ${size}`);
  }
  const parts: Uint8Array[] = [];
  const encoder = blockEncoder("zstd");
  const writer = new ParquetWriter(FIELDS, (bytes) => parts.push(bytes.slice()), { ...options, encoder });
  const doubled = columnsFrom(
    FIELDS,
    rows.flatMap((row) => [row, sampleRow(9999)]),
  );
  const languages = rows.flatMap((row) => [row.language, "xx"]);
  const values = ["de", "en", "ja", "xx"];
  const validity = Bitmap.full(languages.length);
  for (const [i, language] of languages.entries()) if (language === null) validity.clear(i);
  const codes = Int32Array.from(languages, (language) => values.indexOf(String(language)));
  doubled.set("language", { kind: "dictionary", codes, values, validity: validity.bytes });
  const even = new Bitmap(doubled.size === 0 ? 0 : 2 * rows.length);
  for (let row = 0; row < 200; row += 2) even.set(row);
  writer.append(doubled, even);
  writer.append(
    doubled,
    Int32Array.from({ length: 300 }, (_, i) => 200 + 2 * i),
  );
  writer.finish();
  assert.deepEqual(Buffer.concat(parts), want, "selected rows");
});

test("the golden file's bytes", async () => {
  for (const [name, bytes] of await goldenOutputs()) {
    assert.deepEqual(bytes, readFileSync(path.join(ROOT, "test/golden/outputs", name)), name);
  }
});

test("row groups are bounded by bytes, and a larger row is a group of its own", async () => {
  const fields = [{ name: "text", type: TEXT }];
  const lengths = [10, 1000, 90, 5, 5, 300, 50, 50, 50];
  const rows = lengths.map((length, i) => ({ text: String(i).repeat(length) }));
  const { bytes, summary } = await parquetOf(fields, [columnsFrom(fields, rows)], { row_group_bytes: 112 });
  const groups = parquetMetadata(arrayBuffer(bytes)).row_groups;
  // A string takes four bytes more than its own.
  assert.deepEqual(
    groups.map((group) => Number(group.num_rows)),
    [1, 1, 3, 1, 2, 1],
  );
  assert.equal(summary.row_groups, 6);
  assert.deepEqual(await read(bytes), rows);
});

test("a very long string, and pages that it does not share", async () => {
  const fields = [{ name: "text", type: TEXT }];
  const long = "Länge ".repeat(1_000_000);
  const rows = ["a", long, "b", `${long}!`].map((text) => ({ text }));
  const { bytes } = await parquetOf(fields, [columnsFrom(fields, rows)]);
  assert.ok(bytes.length < 100_000);
  assert.deepEqual(await read(bytes), rows);
  const [index] = indexes(bytes).get("0 text") ?? [];
  assert.equal(index?.min_values.length, 4);
});

/** Column and offset index by row group and path. */
function indexes(bytes: Uint8Array): Map<string, [ColumnIndex, OffsetIndex]> {
  const metadata = parquetMetadata(arrayBuffer(bytes));
  const found = new Map<string, [ColumnIndex, OffsetIndex]>();
  const reader = (offset: bigint | undefined, length: number | undefined) => ({
    view: new DataView(arrayBuffer(bytes.subarray(Number(offset), Number(offset) + Number(length)))),
    offset: 0,
  });
  for (const [i, group] of metadata.row_groups.entries()) {
    for (const column of group.columns) {
      const leaf = column.meta_data?.path_in_schema ?? [];
      let node = parquetSchema(metadata);
      for (const name of leaf) node = node.children.find((child) => child.element.name === name) ?? node;
      found.set(`${i} ${leaf.join(".")}`, [
        readColumnIndex(reader(column.column_index_offset, column.column_index_length), node.element),
        readOffsetIndex(reader(column.offset_index_offset, column.offset_index_length)),
      ]);
    }
  }
  return found;
}

test("page indexes: every page is where they say, and holds nothing outside its bounds", async () => {
  const rows = samples(500);
  const { bytes } = await parquetOf(FIELDS, [columnsFrom(FIELDS, rows)], { row_group_bytes: 40_000, page_bytes: 2000 });
  const metadata = parquetMetadata(arrayBuffer(bytes));
  let firstRow = 0;
  let pages = 0;
  for (const [i, group] of metadata.row_groups.entries()) {
    for (const name of ["id", "text", "language", "score", "tokens", "size_bytes"]) {
      const [columns, offsets] = indexes(bytes).get(`${i} ${name}`) ?? assert.fail();
      const chunk = group.columns.find((column) => column.meta_data?.path_in_schema[0] === name)?.meta_data;
      const starts = offsets.page_locations.map((page) => Number(page.first_row_index));
      assert.equal(offsets.page_locations[0].offset, chunk?.data_page_offset);
      for (const [page, start] of starts.entries()) {
        const end = starts[page + 1] ?? Number(group.num_rows);
        const values = rows.slice(firstRow + start, firstRow + end).map((row) => row[name]);
        const present = values.filter((value) => value !== null) as (string | number | bigint)[];
        assert.equal(Number(columns.null_counts?.[page]), values.length - present.length);
        assert.equal(columns.null_pages[page], present.length === 0);
        for (const value of present) {
          assert.ok(compare(value, columns.min_values[page]) >= 0, `${name} ${value}`);
          assert.ok(compare(value, columns.max_values[page]) <= 0, `${name} ${value}`);
        }
        const location = offsets.page_locations[page];
        const next = offsets.page_locations[page + 1];
        if (next) assert.equal(next.offset, location.offset + BigInt(location.compressed_page_size));
        pages++;
      }
    }
    firstRow += Number(group.num_rows);
  }
  assert.ok(metadata.row_groups.length > 3 && pages > 50, `${metadata.row_groups.length} groups, ${pages} pages`);
  const orders = new Set(
    [...indexes(bytes)].filter(([key]) => key.endsWith(" id")).map(([, [{ boundary_order }]]) => boundary_order),
  );
  assert.deepEqual([...orders], ["ASCENDING"]);
});

function compare(a: string | number | bigint, b: unknown): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  const bound = typeof a === "bigint" ? BigInt(String(b)) : Number(b);
  return a < bound ? -1 : a > bound ? 1 : 0;
}

test("statistics: counts of nulls, exact where short, cut where long, no NaN", async () => {
  const fields: OutputField[] = [
    { name: "s", type: TEXT },
    { name: "f", type: { kind: "float64" } },
  ];
  const statistics = async (rows: Row[]) => {
    const { bytes } = await parquetOf(fields, [columnsFrom(fields, rows)]);
    const [group] = parquetMetadata(arrayBuffer(bytes)).row_groups;
    return group.columns.map((column) => column.meta_data?.statistics);
  };
  const [short, floats] = await statistics([
    { s: "b", f: Number.NaN },
    { s: null, f: -0 },
    { s: "é", f: 0 },
    { s: "a", f: null },
  ]);
  assert.deepEqual(
    [
      short?.min_value,
      short?.max_value,
      short?.is_min_value_exact,
      short?.is_max_value_exact,
      Number(short?.null_count),
    ],
    ["a", "é", true, true, 1],
  );
  assert.ok(Object.is(floats?.min_value, -0) && Object.is(floats?.max_value, 0));
  const prefix = "é".repeat(31);
  const [long] = await statistics([
    { s: `${prefix}日x`, f: 1 },
    { s: `${prefix}日本`, f: 1 },
  ]);
  // 62 bytes and a character of three: the bound has no room for it.
  assert.deepEqual([long?.min_value, long?.is_min_value_exact], [prefix, false]);
  assert.deepEqual([long?.max_value, long?.is_max_value_exact], [`${"é".repeat(30)}ê`, false]);
  const [last] = await statistics([{ s: "\u{10ffff}".repeat(20), f: Number.NaN }]);
  assert.equal(last?.max_value, undefined);
});

const flat = fc.constantFrom(...(["utf8", "int32", "int64", "float32", "float64", "bool"] as const));
const { type } = fc.letrec<{ type: OutputType; field: OutputField[] }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    flat.map((kind): OutputType => ({ kind })),
    tie("type").map((of): OutputType => ({ kind: "list", of })),
    tie("field").map((fields): OutputType => ({ kind: "struct", fields })),
  ),
  field: fc
    .array(tie("type"), { minLength: 1, maxLength: 3 })
    .map((types) => types.map((inner, i) => ({ name: `f"${i}`, type: inner }))),
}));

function cellOf(of: OutputType): fc.Arbitrary<unknown> {
  switch (of.kind) {
    case "utf8":
      return fc.option(fc.oneof(fc.string({ unit: "grapheme", maxLength: 90 }), fc.constantFrom("x", "y", "z")));
    case "int32":
      return fc.option(fc.integer());
    case "int64":
      return fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    case "float32":
      return fc.option(fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
    case "float64":
      return fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
    case "bool":
      return fc.option(fc.boolean());
    case "list":
      return fc.option(fc.array(cellOf(of.of), { maxLength: 5 }));
    case "struct":
      return fc.option(
        fc
          .tuple(...of.fields.map((field) => cellOf(field.type)))
          .map((values) => Object.fromEntries(of.fields.map(({ name }, i) => [name, values[i]]))),
      );
  }
}

test("any rows of any schema in any pages and groups are read back", async () => {
  const table = fc.array(type, { minLength: 1, maxLength: 3 }).chain((types) => {
    const fields = types.map((of, i): OutputField => ({ name: `c${i}`, type: of }));
    const row = fc.record(Object.fromEntries(fields.map((field) => [field.name, cellOf(field.type)])));
    return fc.tuple(
      fc.constant(fields),
      fc.array(row, { maxLength: 40 }),
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: 900 }),
    );
  });
  await fc.assert(
    fc.asyncProperty(table, async ([fields, rows, pageBytes, groupBytes]) => {
      const options = { page_bytes: pageBytes, row_group_bytes: groupBytes };
      const half = rows.length >> 1;
      const whole = await parquetOf(fields, [columnsFrom(fields, rows)], options);
      const halves = [rows.slice(0, half), rows.slice(half)].map((part) => columnsFrom(fields, part));
      assert.deepEqual((await parquetOf(fields, halves, options)).bytes, whole.bytes);
      assert.deepEqual((await read(whole.bytes)).map(plain), rows.map(plain));
    }),
    { numRuns: 300, seed: 8 },
  );
});

test("a dictionary is given up when it is full, also inside a row", async () => {
  const list: OutputField[] = [
    { name: "tags", type: { kind: "list", of: TEXT } },
    { name: "tag", type: TEXT },
  ];
  const tag = (i: number) => (i < 40_000 ? `tag ${i % 50}` : `tag ${i} ${"x".repeat(20)}`);
  const rows = Array.from({ length: 70_000 }, (_, i) => ({ tags: [tag(i), tag(i), null, tag(i + 1)], tag: tag(i) }));
  const { bytes } = await parquetOf(list, [columnsFrom(list, rows)]);
  const columns = parquetMetadata(arrayBuffer(bytes)).row_groups[0].columns;
  for (const column of columns) assert.ok(column.meta_data?.encodings.includes("RLE_DICTIONARY"));
  assert.deepEqual((await read(bytes)).map(plain), rows);
});

const NESTED: OutputField[] = [
  {
    name: "m",
    type: {
      kind: "list",
      of: {
        kind: "struct",
        fields: [
          { name: "a", type: TEXT },
          { name: "n", type: { kind: "int64" } },
        ],
      },
    },
  },
];

function nestedColumn(...texts: string[]): Map<string, Column> {
  return columnsFrom(
    [{ name: "m", type: TEXT }],
    texts.map((m) => ({ m })),
  );
}

test("JSON text of any spelling is taken apart exactly", async () => {
  const { bytes } = await parquetOf(NESTED, [
    nestedColumn(
      ' [ {"n" : -9223372036854775808,\r\n "\\u0061":"\\ud83d\\ude00\\"\\n"} , null, {} ] ',
      "null",
      '[{"a":null,"n":9007199254740993}]',
    ),
  ]);
  assert.deepEqual((await read(bytes)).map(plain), [
    { m: [{ a: '\u{1f600}"\n', n: -(2n ** 63n) }, null, { a: null, n: null }] },
    { m: null },
    { m: [{ a: null, n: 9007199254740993n }] },
  ]);
});

test("a value that does not fit the schema is refused with its row and place", async () => {
  const encoder = blockEncoder("none");
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['[{"a":"x","b":1}]', /there is no field `b` in struct<a, n>/],
    ['[{"a":1}]', /a number stands where string is declared/],
    ['[{"n":1.5}]', /1\.5 is no int64/],
    ['[{"n":9223372036854775808}]', /9223372036854775808 is no int64/],
    ['[{"n":"1"}]', /a string stands where int64/],
    ['{"a":"x"}', /an object stands where a list/],
    ['[{"a":"x","a":"y"}]', /`a` is there twice/],
    ['[{"a":"x"}', /cut off/],
    ["", /cut off/],
    ['[{"a":"x\ny"}]', /not JSON/],
    ["[] []", /something follows/],
    ["[,]", /not JSON/],
    ['[{"a":"x",}]', /a key is missing/],
  ];
  for (const [text, problem] of refusals) {
    const writer = new ParquetWriter(NESTED, () => {}, { encoder });
    const place = (row: number) => ({ source: "chat", shard: "a.jsonl", row: 10 + row });
    assert.throws(
      () => writer.append(nestedColumn("[]", text), undefined, place),
      (error) => {
        assert.ok(error instanceof DataError, String(error));
        assert.equal(error.code, "data/output-type");
        assert.match(error.message, problem);
        assert.match(error.message, /row 1 of its batch/);
        assert.match(error.message, /at: chat\/a\.jsonl#11/);
        return true;
      },
      text,
    );
  }
});

test("a column of another kind is refused, unless all its values are null", async () => {
  const fields: OutputField[] = [{ name: "n", type: { kind: "int64" } }];
  const text = [{ name: "n", type: TEXT }];
  await assert.rejects(parquetOf(fields, [columnsFrom(text, [{ n: "1" }])]), /written as int64.*kind utf8/);
  const { bytes } = await parquetOf(fields, [columnsFrom(text, [{ n: null }]), columnsFrom(fields, [{ n: 5n }])]);
  assert.deepEqual(await read(bytes), [{ n: null }, { n: 5n }]);
});

test("token lists are lists of int32", async () => {
  const fields: OutputField[] = [{ name: "ids", type: { kind: "list", of: { kind: "int32" } } }];
  const ids: Column = { kind: "token_list", values: Uint32Array.of(5, 6, 128_001), offsets: Int32Array.of(0, 2, 2, 3) };
  const { bytes } = await parquetOf(fields, [new Map([["ids", ids]])]);
  assert.deepEqual((await read(bytes)).map(plain), [{ ids: [5, 6] }, { ids: [] }, { ids: [128_001] }]);
});

test("a schema that is none is a recipe error", async () => {
  const encoder = blockEncoder("none");
  const refuse = (fields: OutputField[], problem: RegExp) =>
    assert.throws(
      () => new ParquetWriter(fields, () => {}, { encoder }),
      (error) => error instanceof RecipeError && problem.test(error.message),
    );
  refuse([], /needs a column/);
  refuse(
    [
      { name: "a", type: TEXT },
      { name: "a", type: TEXT },
    ],
    /`a` is there twice/,
  );
  refuse([{ name: "a", type: { kind: "list", of: { kind: "struct", fields: [] } } }], /`a` has no fields/);
});
