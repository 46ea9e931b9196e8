import assert from "node:assert/strict";
import { test } from "node:test";
import { DataError } from "../../../batch/errors.ts";
import { metadataColumns, metadataOption, pathsOf, sourceColumns } from "../../../stages/read/columns.ts";
import csv, { csvSource } from "../../../stages/read/csv.ts";
import jsonl, { jsonlSource } from "../../../stages/read/jsonl.ts";
import { contextOf, readAll } from "./reading.ts";

async function readJson(text: string, given: Record<string, unknown>) {
  const context = contextOf({ "a.jsonl": text });
  return { rows: await readAll(jsonlSource(jsonl.options.parse(given)), context), problems: context.problems };
}

async function readCsv(files: Record<string, string>, given: Record<string, unknown>) {
  const context = contextOf(files);
  const rows = await readAll(csvSource(csv.options.parse(given)), context);
  for (const source of context.opened) assert.equal(source.closed, 1);
  return { rows, problems: context.problems };
}

test("a dotted name may be one key, a path, or both in part", () => {
  assert.deepEqual(pathsOf("a"), [["a"]]);
  assert.deepEqual(pathsOf("a.b"), [["a.b"], ["a", "b"]]);
  assert.deepEqual(pathsOf("a.b.c"), [["a.b.c"], ["a.b", "c"], ["a", "b.c"], ["a", "b", "c"]]);
  assert.equal(pathsOf("a.b.c.d.e").length, 16);
  assert.equal(pathsOf("a.b.c.d.e.f").length, 2);
  assert.deepEqual(pathsOf("a..b"), [["a..b"], ["a", "", "b"]]);
  assert.deepEqual(pathsOf("."), [["."], ["", ""]]);
});

test("what a reader declares: the kinds that were asked for, under the names that were given", () => {
  const metadata = metadataOption.parse([
    "url",
    { name: "n", path: "meta.n", kind: "int64" },
    { name: "all", path: ["m"] },
  ]);
  const named = (bare: "any" | "utf8") => sourceColumns(metadata, bare).slice(2);
  assert.deepEqual(named("any"), [
    { name: "url", kind: "any" },
    { name: "n", kind: "int64" },
    { name: "all", kind: "any" },
  ]);
  assert.equal(named("utf8")[2].kind, "utf8");
  assert.throws(() => metadataColumns(["a", { name: "a", path: "b" }]), { code: "recipe/duplicate-column" });
  assert.throws(() => metadataColumns([{ name: "text", path: "b" }]), { code: "recipe/duplicate-column" });
});

test("flat keys with dots are reached, as text and as metadata", async () => {
  const lines = [
    '{"document.text":"flat","id":"1","meta":{"info.score":1}}',
    '{"document":{"text":"nested"},"id":"2","meta":{"info":{"score":2}}}',
    '{"document":{"text":null},"document.text":"both","id":"3","meta.info.score":3,"meta":{"info":{"score":9}}}',
  ];
  const { rows, problems } = await readJson(lines.join("\n"), {
    text: "document.text",
    metadata: [
      { name: "s", path: "meta.info.score", kind: "int32" },
      { name: "nested", path: ["meta", "info", "score"], kind: "int64" },
    ],
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    rows.map(({ text, s, nested }) => [text, s, nested]),
    [
      ["flat", 1, null],
      ["nested", 2, 2n],
      ["both", 3, 9n],
    ],
  );
});

test("JSON columns: text as written, every digit, strings quoted", async () => {
  const { rows } = await readJson(
    '{"text":"t","v":{"n":12345678901234567890.10,"d":[1e400]}}\n{"text":"t","v":"a\\u00e9\\"b"}\n{"text":"t","v":7.50}\n{"text":"t"}\n',
    { metadata: [{ name: "v", kind: "json" }] },
  );
  assert.deepEqual(
    rows.map(({ v }) => v),
    ['{"n":12345678901234567890.10,"d":[1e400]}', '"aé\\"b"', "7.50", null],
  );
});

test("numbers that are not finite: the row is used, and each kind says what it can", async () => {
  const line = '{"text":"t","score":NaN,"low":-Infinity,"v":{"a":[NaN,"NaN, Infinity \\" -Infinity"],"b":Infinity}}';
  const { rows, problems } = await readJson(`${line}\n{"text":"u","score":0.5}`, {
    metadata: [
      { name: "score", kind: "float64" },
      { name: "low", kind: "float32" },
      { name: "written", path: "score" },
      { name: "exact", path: "score", kind: "json" },
      { name: "v", kind: "json" },
      { name: "raw", path: "v" },
    ],
  });
  assert.deepEqual(problems, []);
  const [first, second] = rows;
  assert.ok(Number.isNaN(first.score));
  assert.deepEqual([first.low, first.written, first.exact], [Number.NEGATIVE_INFINITY, "NaN", "null"]);
  assert.equal(first.v, '{"a":[null,"NaN, Infinity \\" -Infinity"],"b":null}');
  assert.equal(first.raw, '{"a":[NaN,"NaN, Infinity \\" -Infinity"],"b":Infinity}');
  assert.equal(second.score, 0.5);
  for (const bad of ["nan", "NaNx", "--Infinity", "-NaN", "Inf", "+Infinity", "Infinit"]) {
    const { problems: found } = await readJson(`{"text":"t","score":${bad}}`, {});
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ["bad_json"],
      bad,
    );
  }
  const integer = await readJson('{"text":"t","n":NaN}', { metadata: [{ name: "n", kind: "int64" }] });
  assert.deepEqual(
    integer.problems.map(({ kind }) => kind),
    ["bad_metadata"],
  );
});

test("CSV: other names, JSON fields, columns that some files lack", async () => {
  const files = { "a.csv": 'text,m.x,j\none,1,"{""a"":1.50}"\ntwo,2,{\nthree,3,\n', "b.csv": "text,lang\nfour,en\n" };
  const { rows, problems } = await readCsv(files, {
    metadata: ["lang", { name: "x", path: "m.x", kind: "int32" }, { name: "j", kind: "json" }],
  });
  assert.deepEqual(
    rows.map(({ at, lang, x, j }) => [at, lang, x, j]),
    [
      ["0:0", null, 1, '{"a":1.50}'],
      ["0:2", null, 3, null],
      ["1:0", "en", null, null],
    ],
  );
  assert.deepEqual(
    problems.map(({ kind, message }) => [kind, message]),
    [["bad_metadata", "j is not json"]],
  );
  await assert.rejects(readCsv(files, { metadata: ["no"] }), (error) => {
    assert.ok(error instanceof DataError && error.code === "data/missing-column");
    return true;
  });
});

test("text: null reads rows without a text: theirs is empty, and nothing is missing", async () => {
  const given = { text: null, metadata: [{ name: "turns", kind: "json" }] };
  const json = await readJson('{"id":"1","turns":[1.0]}\n{"turns":null,"text":"unread"}\n', given);
  assert.deepEqual(json.rows, [
    { at: "0:0", id: "1", turns: "[1.0]", text: "" },
    { at: "0:1", id: null, turns: null, text: "" },
  ]);
  const table = await readCsv({ "a.csv": 'id,turns\n1,"[1,2]"\n' }, given);
  assert.deepEqual(table.rows, [{ at: "0:0", id: "1", turns: "[1,2]", text: "" }]);
  assert.deepEqual([...json.problems, ...table.problems], []);
});
