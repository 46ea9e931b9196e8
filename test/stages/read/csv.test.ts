import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { DataError } from "../../../batch/errors.ts";
import stage, { csvSource } from "../../../stages/read/csv.ts";
import { contextOf, NO_SAMPLES, type Row, readAll, sample } from "./reading.ts";

const parse = (given: Record<string, unknown>) => stage.options.parse(given);
const texts = (rows: readonly Row[]) => rows.map((row) => row.text);

async function read(files: Record<string, Uint8Array | string>, given: Record<string, unknown> = {}, piece?: number) {
  const context = contextOf(files, piece);
  const rows = await readAll(csvSource(parse(given)), context);
  for (const opened of context.opened) assert.equal(opened.closed, 1);
  return { rows, problems: context.problems };
}

test("quoted fields hold delimiters, quotes and lines", async () => {
  const file = '\ufeffid,text,n\r\n1,"a, ""b""\r\nc é😀",7\r\n\r\n,plain,\r\n3,"last",-1';
  for (const piece of [1, 2, 3, 7, 1000]) {
    const { rows, problems } = await read({ "a.csv": file }, { metadata: [{ name: "n", kind: "int32" }] }, piece);
    assert.deepEqual(problems, []);
    assert.deepEqual(rows, [
      { at: "0:0", text: 'a, "b"\r\nc é😀', id: "1", n: 7 },
      { at: "0:1", text: "plain", id: null, n: null },
      { at: "0:2", text: "last", id: "3", n: -1 },
    ]);
  }
});

test("reports rows it cannot use, in order, and reads on", async () => {
  const file = Buffer.concat([
    Buffer.from('text,b,n\nok,1,true\ntoo,few\n,2,\nx"y,1,\nfine,3,FALSE\n'),
    Buffer.from("\xff,1,\n", "latin1"),
    Buffer.from("odd,1,maybe\nend,4,\n"),
  ]);
  const { rows, problems } = await read({ "a.csv": file }, { metadata: ["b", { name: "n", kind: "bool" }] });
  assert.deepEqual(rows, [
    { at: "0:0", text: "ok", b: "1", n: true },
    { at: "0:4", text: "fine", b: "3", n: false },
    { at: "0:7", text: "end", b: "4", n: null },
  ]);
  assert.deepEqual(
    problems.map(({ kind, row }) => [kind, row]),
    [
      ["bad_csv", 1],
      ["empty_text", 2],
      ["bad_csv", 3],
      ["invalid_utf8", 5],
      ["bad_metadata", 6],
    ],
  );
});

test("delimiter, quote and header can be given", async () => {
  const tabs = await read({ "a.tsv": 'x\t"1"\ny\t2\n' }, { delimiter: "\t", quote: null, header: ["text", "id"] });
  assert.deepEqual(tabs.rows, [
    { at: "0:0", text: "x", id: '"1"' },
    { at: "0:1", text: "y", id: "2" },
  ]);
  const quotes = await read({ "a.csv": "text\n'it''s; a'\n" }, { delimiter: ";", quote: "'" });
  assert.deepEqual(texts(quotes.rows), ["it's; a"]);
});

test("skip and limit over several files", async () => {
  const files = { "a.csv": "text\na\nb\nc\n", "b.csv": "text\nd\n", "c.csv.gz": gzipSync("text\ne\nf\n") };
  assert.deepEqual(texts((await read(files)).rows), ["a", "b", "c", "d", "e", "f"]);
  assert.deepEqual(texts((await read(files, { skip: 2, limit: 3 })).rows), ["c", "d", "e"]);
});

test("files that cannot be read to their end", async () => {
  const refused = async (file: Uint8Array | string, code: string, given = {}) =>
    assert.rejects(read({ "a.csv": file }, given), (error) => error instanceof DataError && error.code === code);
  await refused('text\na\n"never closed\nb\n', "data/bad-csv");
  await refused("body\na\n", "data/missing-column");
  await refused("text\na\n", "data/missing-column", { metadata: ["url"] });
  await refused(Buffer.from("\ufefftext\na\n", "utf16le"), "data/not-utf8");
  assert.deepEqual((await read({ "a.csv": "", "b.csv": "text\n", "c.csv": "\n" })).rows, []);
});

test("a thousand Danish pages with fields over many lines", async (t) => {
  const file = sample("fineweb/fineweb-c-dan_Latn-1000rows.csv.gz");
  if (!file) return t.skip(NO_SAMPLES);
  const { rows, problems } = await read(
    { "a.csv.gz": file },
    { metadata: ["language_code", "educational_value_labels"] },
  );
  assert.deepEqual(problems, []);
  assert.equal(rows.length, 1000);
  assert.equal(rows[0].id, "c293383d-cffc-4244-9e75-1cf1a25eb0cc");
  assert.ok(texts(rows).some((text) => String(text).includes("\n")));
  // Quotes doubled and lines kept: every text is in the file when its quotes are doubled again.
  const plain = gunzipSync(file).toString();
  for (const row of rows) {
    assert.ok(plain.includes(String(row.text).replaceAll('"', '""')));
    assert.equal(row.language_code, "dan_Latn");
  }
});

test("a tab separates .tsv files, and a quote in them is a character; a recipe may say otherwise", async () => {
  const prose = 'id\ttext\n1\tHe said "no" and left\n2\t"Quoted start only, then more\n3\tthird row\n';
  for (const [name, given] of [
    ["a.tsv", {}],
    ["a.tsv", { delimiter: "\t" }],
    ["a.TSV", {}],
  ] as const) {
    const { rows, problems } = await read({ [name]: prose }, given);
    assert.deepEqual(problems, []);
    assert.deepEqual(texts(rows), ['He said "no" and left', '"Quoted start only, then more', "third row"]);
  }
  const zipped = await read({ "a.tsv.gz": gzipSync(prose) });
  assert.equal(zipped.rows.length, 3);
  const quoted = await read({ "a.tsv": 'id\ttext\n1\t"a\tb"\n' }, { quote: '"' });
  assert.deepEqual(texts(quoted.rows), ["a\tb"]);
  const commas = await read({ "a.tsv": "id,text\n1,x\n" }, { delimiter: "," });
  assert.deepEqual(texts(commas.rows), ["x"]);
});

test("a header of one column tells of the delimiter it seems to have", async () => {
  await assert.rejects(read({ "a.csv": "id; text\n1; good row\n" }), (error) => {
    assert.ok(error instanceof DataError);
    assert.equal(error.code, "data/missing-column");
    assert.match(error.message, /set delimiter: ";"; the columns are then "id", " text"/);
    return true;
  });
  await assert.rejects(read({ "a.csv": "id\ttext\n1\tx\n" }), /set delimiter: "\\t"/);
  await assert.rejects(read({ "a.csv": "word\nx\n" }), /there is no column text; there are word/);
});

test("two columns of one name are an error, columns without a name are not", async () => {
  await assert.rejects(read({ "a.csv": "text,id,text\na,1,b\n" }), /two columns are called "text"/);
  await assert.rejects(read({ "a.csv": "a,1,b\n" }, { header: ["text", "n", "n"] }), /two columns are called "n"/);
  const { rows } = await read({ "a.csv": ",text,\n0,x,\n" });
  assert.deepEqual(texts(rows), ["x"]);
});

test("what is said of broken quotes shows no bytes of fields", async () => {
  const { problems } = await read({ "a.csv": 'id,text\n1,x"y\n2,fine\n3,one\n4\n' });
  assert.deepEqual(
    problems.map(({ row, message }) => [row, message]),
    [
      [0, "a quote stands inside a field that does not begin with one"],
      [3, "the row has 1 field, the header 2"],
    ],
  );
  await assert.rejects(read({ "a.csv": 'id,text\n1,x\n4,"unclosed\n5,after\n' }), (error) => {
    assert.ok(error instanceof DataError);
    assert.match(error.message, /row 2: a quote that opens here never closes/);
    assert.doesNotMatch(error.message, /Buffer|\[\d+,/);
    return true;
  });
});
