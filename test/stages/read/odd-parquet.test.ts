/** Parquet as few writers make it: read, or refused by its true name. The files are put together by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DataError } from "../../../batch/errors.ts";
import stage, { parquetSource } from "../../../stages/read/parquet.ts";
import {
  BYTE_ARRAY,
  INT32,
  INT96,
  int96,
  levels,
  numbers,
  type OddFile,
  OPTIONAL,
  oddFile,
  REPEATED,
  REQUIRED,
  texts,
} from "../../io/formats/odd-parquet.ts";
import { contextOf, readAll } from "./reading.ts";

async function read(file: Uint8Array, given: object = {}) {
  const context = contextOf({ "a.parquet": file });
  const rows = await readAll(parquetSource(stage.options.parse(given)), context);
  return { rows, problems: context.problems.map(({ kind, message }) => `${kind}: ${message}`) };
}

async function refused(file: Uint8Array, code: string, what: RegExp, given: object = {}): Promise<DataError> {
  const error = await read(file, given).then(
    () => assert.fail("it was read"),
    (found: unknown) => found,
  );
  assert.ok(error instanceof DataError, String(error));
  assert.equal(error.code, code);
  assert.match(error.details.what, what);
  return error;
}

const TEXT = { name: "text", type: BYTE_ARRAY, isText: true } as const;
const textColumn = (...values: string[]) => ({
  path: ["text"],
  type: BYTE_ARRAY,
  values: values.length,
  body: texts(...values),
});
const plainFile: OddFile = {
  schema: [{ name: "root", children: 1 }, TEXT],
  rows: 2,
  columns: [textColumn("a", "b")],
};

test("a column and a root without a repetition: the column is required", async () => {
  const { rows } = await read(oddFile(plainFile));
  assert.deepEqual(
    rows.map(({ text }) => text),
    ["a", "b"],
  );
  for (const repetition of [REQUIRED, REPEATED]) {
    const [root, ...others] = plainFile.schema;
    const file = oddFile({ ...plainFile, schema: [{ ...root, repetition }, ...others] });
    assert.equal((await read(file)).rows.length, 2, "what the root says of itself means nothing");
  }
});

test("a footer that does not count the rows of the file is read, one that counts others is refused", async () => {
  assert.equal((await read(oddFile({ ...plainFile, saidRows: 0 }))).rows.length, 2);
  await refused(oddFile({ ...plainFile, saidRows: 3 }), "data/bad-parquet", /the file has 3 rows, its row groups 2/);
});

test("repeated fields that no list is around, of values and of groups, empty ones among them", async () => {
  const file = oddFile({
    schema: [
      { name: "root", children: 4 },
      TEXT,
      { name: "tags", type: BYTE_ARRAY, isText: true, repetition: REPEATED },
      { name: "pairs", repetition: REPEATED, children: 2 },
      { name: "n", type: INT32, repetition: REQUIRED },
      { name: "m", type: INT32, repetition: OPTIONAL },
      { name: "meta", repetition: OPTIONAL, children: 1 },
      { name: "marks", type: INT32, repetition: REPEATED },
    ],
    rows: 3,
    columns: [
      textColumn("a", "b", "c"),
      // ["x", "y"], [], ["z"]
      {
        path: ["tags"],
        type: BYTE_ARRAY,
        values: 4,
        body: Buffer.concat([levels([0, 1], [1, 1], [0, 2]), levels([1, 2], [0, 1], [1, 1]), texts("x", "y", "z")]),
      },
      // [{1, null}, {2, 20}], [], [{3, 30}]
      {
        path: ["pairs", "n"],
        type: INT32,
        values: 4,
        body: Buffer.concat([levels([0, 1], [1, 1], [0, 2]), levels([1, 2], [0, 1], [1, 1]), numbers(1, 2, 3)]),
      },
      {
        path: ["pairs", "m"],
        type: INT32,
        values: 4,
        body: Buffer.concat([levels([0, 1], [1, 1], [0, 2]), levels([1, 1], [2, 1], [0, 1], [2, 1]), numbers(20, 30)]),
      },
      // { marks: [] }, null, { marks: [7] }
      {
        path: ["meta", "marks"],
        type: INT32,
        values: 3,
        body: Buffer.concat([levels([0, 3]), levels([1, 1], [0, 1], [2, 1]), numbers(7)]),
      },
    ],
  });
  const { rows } = await read(file, { metadata: ["tags", "pairs", "meta", "meta.marks"] });
  assert.deepEqual(
    rows.map(({ tags, pairs, meta, "meta.marks": marks }) => [tags, pairs, meta, marks]),
    [
      ['["x","y"]', '[{"n":1,"m":null},{"n":2,"m":20}]', '{"marks":[]}', "[]"],
      ["[]", "[]", null, null],
      ['["z"]', '[{"n":3,"m":30}]', '{"marks":[7]}', "[7]"],
    ],
  );
});

test("INT96: days are counted from Julian day 0, and what lies outside the calendar is no instant", async () => {
  const instants = (...values: Uint8Array[]) =>
    oddFile({
      schema: [{ name: "root", children: 2 }, TEXT, { name: "seen", type: INT96, repetition: REQUIRED }],
      rows: values.length,
      columns: [
        textColumn(...values.map((_, i) => `row ${i}`)),
        { path: ["seen"], type: INT96, values: values.length, body: Buffer.concat(values) },
      ],
    });
  const epoch = 2_440_588;
  const yearEnd = 5_373_484;
  const { rows, problems } = await read(
    instants(int96(epoch, 1n), int96(yearEnd, 86_399_999_999_999n), int96(yearEnd + 1, 0n), int96(-5_000_000, 0n)),
    { metadata: ["seen"] },
  );
  assert.deepEqual(
    rows.map(({ seen }) => seen),
    ["1970-01-01T00:00:00.000000001", "9999-12-31T23:59:59.999999999"],
  );
  const problem = "bad_metadata: seen is an instant outside the years 1 to 9999";
  assert.deepEqual(problems, [problem, problem]);
});

test("a nested string that is not UTF-8 is a problem of its row, not a changed value", async () => {
  const file = oddFile({
    schema: [
      { name: "root", children: 2 },
      TEXT,
      { name: "tags", type: BYTE_ARRAY, isText: true, repetition: REPEATED },
    ],
    rows: 2,
    columns: [
      textColumn("a", "b"),
      {
        path: ["tags"],
        type: BYTE_ARRAY,
        values: 2,
        body: Buffer.concat([levels([0, 2]), levels([1, 2]), texts("x"), Uint8Array.of(1, 0, 0, 0, 0xff)]),
      },
    ],
  });
  const { rows, problems } = await read(file, { metadata: ["tags"] });
  assert.deepEqual(
    rows.map(({ tags }) => tags),
    ['["x"]'],
  );
  assert.deepEqual(problems, ["invalid_utf8: tags is not valid UTF-8"]);
});

test("encryption is said to be encryption, of the file and of a column", async () => {
  const whole = await refused(
    oddFile({ ...plainFile, magic: "PARE" }),
    "data/encrypted-parquet",
    /^the file is encrypted/,
  );
  assert.match(whole.details.fix ?? "", /without encryption/);
  for (const encrypted of ["pages", "metadata"] as const) {
    const file = oddFile({ ...plainFile, columns: [{ ...textColumn("a", "b"), encrypted }] });
    await refused(file, "data/encrypted-parquet", /^column text is encrypted$/);
  }
  // Other columns of such a file are there to be read.
  const file = oddFile({
    schema: [{ name: "root", children: 2 }, TEXT, { name: "secret", type: INT32 }],
    rows: 2,
    columns: [
      textColumn("a", "b"),
      { path: ["secret"], type: INT32, values: 2, body: numbers(1, 2), encrypted: "metadata" },
    ],
  });
  assert.equal((await read(file)).rows.length, 2);
  await refused(file, "data/encrypted-parquet", /^column secret is encrypted$/, { metadata: ["secret"] });
});

test("parquet-mr before 1.2.9 forgets bytes of a chunk; a writer that does not is not forgiven", async () => {
  const columns = [{ ...textColumn("a", "b"), forgotten: 9 }];
  for (const writer of ["parquet-mr", "parquet-mr version 1.2.8 (build abc)"]) {
    assert.equal((await read(oddFile({ ...plainFile, columns, writer }))).rows.length, 2, writer);
  }
  for (const writer of ["parquet-mr version 1.2.9", "parquet-mr version 1.12.0", "odd"]) {
    await refused(oddFile({ ...plainFile, columns, writer }), "data/bad-parquet", /page of 10 bytes does not fit/);
  }
});

test("footers and pages that contradict themselves are refused in words about the file", async () => {
  const column = textColumn("a", "b");
  const cases: readonly (readonly [Partial<OddFile>, RegExp])[] = [
    [{ schema: [] }, /footer: the schema is empty/],
    [{ schema: [{ name: "root", children: 2 }, TEXT] }, /footer: the schema ends before its groups do/],
    [{ schema: [{ name: "root", children: 0 }, TEXT] }, /footer: the schema has 1 elements too many/],
    [{ schema: [{ name: "root", children: 1 }, { name: "text" }] }, /column text has neither a type nor members/],
    [
      {
        schema: [
          { name: "root", children: 1 },
          { ...TEXT, type: 11 },
        ],
      },
      /type 11 is not known/,
    ],
    [{ columns: [] }, /row group 0 has 0 columns, the schema 1/],
    [{ columns: [column, column] }, /row group 0 has 2 columns, the schema 1/],
    [{ columns: [{ ...column, path: ["other"] }] }, /column text says it is other/],
    [{ columns: [{ ...column, type: INT32 }] }, /column text holds INT32, the schema says BYTE_ARRAY/],
    [{ columns: [{ ...column, values: 3 }] }, /12 bytes|10 bytes are too few for 3 values/],
    [{ columns: [{ ...column, encoding: 8 }] }, /refers to a dictionary that is not there/],
    [{ columns: [{ ...column, encoding: 77 }] }, /values in encoding 77, which the format does not know/],
    [{ rows: 0, columns: [column], saidRows: 0 }, /column text has values, its row group no rows/],
    [{ rows: 3 }, /column has 2 rows, its row group 3/],
    [
      {
        schema: [
          { name: "root", children: 1 },
          { ...TEXT, repetition: OPTIONAL },
        ],
      },
      /levels of \d+ bytes do not fit|page has levels for|run does not fit/,
    ],
  ];
  for (const [change, what] of cases) await refused(oddFile({ ...plainFile, ...change }), "data/bad-parquet", what);
});

test("what no reader here can do is said to be that, not damage; damaged types never speak of the engine", async () => {
  const column = textColumn("a", "b");
  const levelled: OddFile = {
    ...plainFile,
    schema: [
      { name: "root", children: 1 },
      { ...TEXT, repetition: OPTIONAL },
    ],
  };
  const bitPacked = await refused(
    oddFile({ ...levelled, columns: [{ ...column, levelEncoding: 4 }] }),
    "data/bad-parquet",
    /levels are BIT_PACKED/,
  );
  assert.match(bitPacked.details.why ?? "", /not read/);
  const lzo = await refused(oddFile({ ...plainFile, columns: [{ ...column, codec: 3 }] }), "data/bad-parquet", /LZO/);
  assert.match(lzo.details.why ?? "", /not read/);
  await refused(
    oddFile({
      ...plainFile,
      schema: [
        { name: "root", children: 1 },
        { ...TEXT, scale: 2 ** 30 },
      ],
    }),
    "data/bad-parquet",
    /a decimal of scale 1073741824/,
  );
});
