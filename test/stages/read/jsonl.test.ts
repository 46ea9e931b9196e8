import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { DataError, RecipeError } from "../../../batch/errors.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { BATCH_TARGET } from "../../../stages/read/batch-assembler.ts";
import stage, { jsonlSource } from "../../../stages/read/jsonl.ts";
import { contextOf, NO_SAMPLES, type Row, readAll, sample } from "./reading.ts";

const parse = (given: Record<string, unknown>) => stage.options.parse(given);

async function read(
  files: Record<string, Uint8Array | string>,
  given: Record<string, unknown> = {},
  extentBytes?: number,
) {
  const context = contextOf(files);
  const rows = await readAll(jsonlSource(parse(given)), context, extentBytes);
  assert.equal(
    context.opened.length,
    context.opened.reduce((sum, source) => sum + source.closed, 0),
    "every shard is closed",
  );
  return { rows, problems: context.problems };
}

const texts = (rows: readonly Row[]) => rows.map((row) => row.text);
const kinds = (problems: readonly { kind: string; row?: number; byte?: number }[]) =>
  problems.map(({ kind, row, byte }) => `${kind}#${row}@${byte}`);

test("reads text, ids and metadata; ids become strings, nested values JSON", async () => {
  const { rows, problems } = await read(
    {
      "a.jsonl":
        '{"text":"one","id":"x","score":0.5,"metadata":{"url":"u1","w":[1, 2]}}\n' +
        '{"id":12345678901234567890,"text":"two","score":null,"metadata":{"w":{}}}\n' +
        '{"text":"three","n":7}\n',
    },
    {
      metadata: ["metadata.url", "metadata.w", { name: "score", kind: "float64" }, { name: "n", kind: "int64" }],
    },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(rows, [
    { at: "0:0", text: "one", id: "x", "metadata.url": "u1", "metadata.w": "[1, 2]", score: 0.5, n: null },
    {
      at: "0:1",
      text: "two",
      id: "12345678901234567890",
      "metadata.url": null,
      "metadata.w": "{}",
      score: null,
      n: null,
    },
    { at: "0:2", text: "three", id: null, "metadata.url": null, "metadata.w": null, score: null, n: 7n },
  ]);
});

test("typed metadata holds what it says or the row is reported", async () => {
  const given = {
    metadata: [
      { name: "i", kind: "int32" },
      { name: "l", kind: "int64" },
      { name: "f", kind: "float32" },
      { name: "b", kind: "bool" },
    ],
  };
  const { rows, problems } = await read(
    {
      "a.jsonl": [
        '{"text":"a","i":-7,"l":9223372036854775807,"f":1.5,"b":true}',
        '{"text":"b","i":1.5}',
        '{"text":"c","l":9223372036854775808}',
        '{"text":"d","b":0}',
        '{"text":"e","f":"1"}',
        '{"text":"f","b":false}',
      ].join("\n"),
    },
    given,
  );
  assert.deepEqual(rows, [
    { at: "0:0", text: "a", id: null, i: -7, l: 9223372036854775807n, f: 1.5, b: true },
    { at: "0:5", text: "f", id: null, i: null, l: null, f: null, b: false },
  ]);
  assert.deepEqual(
    problems.map(({ kind, row, message }) => [kind, row, message]),
    [
      ["bad_metadata", 1, "i is not int32"],
      ["bad_metadata", 2, "l is not int64"],
      ["bad_metadata", 3, "b is not bool"],
      ["bad_metadata", 4, "f is not float32"],
    ],
  );
});

const HOSTILE = Buffer.concat([
  Buffer.from('\ufeff{"text":"bom"}\r\n'),
  Buffer.from("\r\n   \t\n\n"),
  Buffer.from('{"text":"cut off\n'),
  Buffer.from('{"text":"trailing"} x\n'),
  Buffer.from('{"id":"no text"}\n{"text":null}\n{"text":["a"]}\n{"text":""}\n'),
  Buffer.from('{"text":"\xff"}\n', "latin1"),
  Buffer.from('{"text":"raw\0nul"}\n{"text":"escaped\\u0000nul 😀 \\ud83d"}\n'),
  Buffer.from('123\n"text"\n'),
  Buffer.from('  {"text":"last, no newline"}  '),
]);

test("reports every line it cannot use, by kind, row and byte", async () => {
  const { rows, problems } = await read({ "a.jsonl": HOSTILE });
  assert.deepEqual(rows, [
    { at: "0:0", text: "bom", id: null },
    { at: "0:9", text: "escaped\0nul 😀 \ufffd", id: null },
    { at: "0:12", text: "last, no newline", id: null },
  ]);
  const lines = HOSTILE.toString("latin1");
  assert.deepEqual(kinds(problems), [
    `bad_json#1@${lines.indexOf('{"text":"cut')}`,
    `bad_json#2@${lines.indexOf('{"text":"trailing')}`,
    `missing_text#3@${lines.indexOf('{"id":"no')}`,
    `missing_text#4@${lines.indexOf('{"text":null')}`,
    `text_not_string#5@${lines.indexOf('{"text":["a')}`,
    `empty_text#6@${lines.indexOf('{"text":""')}`,
    `invalid_utf8#7@${lines.indexOf('{"text":"\xff')}`,
    `bad_json#8@${lines.indexOf('{"text":"raw')}`,
    `missing_text#10@${lines.indexOf("123\n")}`,
    `missing_text#11@${lines.indexOf('"text"\n')}`,
  ]);
});

test("any cut into byte ranges gives the lines of the whole file, once", async () => {
  const whole = await read({ "a.jsonl": HOSTILE });
  for (let extentBytes = 1; extentBytes <= HOSTILE.length + 1; extentBytes++) {
    const parts = await read({ "a.jsonl": HOSTILE }, {}, extentBytes);
    assert.deepEqual(texts(parts.rows), texts(whole.rows), `${extentBytes} bytes`);
    assert.deepEqual(
      parts.problems.map(({ kind, byte }) => [kind, byte]),
      whole.problems.map(({ kind, byte }) => [kind, byte]),
    );
  }
});

test("batch size and stream pieces never show in the rows", async () => {
  const files = { "a.jsonl": HOSTILE, "b.jsonl.gz": gzipSync(HOSTILE), "empty.jsonl": "", "blank.jsonl": "\n \n" };
  const whole = await read(files);
  assert.equal(whole.rows.length, 6);
  assert.deepEqual(
    whole.rows.map((row) => row.at),
    ["0:0", "0:9", "0:12", "1:0", "1:9", "1:12"],
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 64 }),
      async (bytes, rows, piece) => {
        const context = contextOf(files, piece);
        assert.deepEqual(await readAll(jsonlSource(parse({}), { bytes, rows }), context), whole.rows);
        assert.deepEqual(context.problems, whole.problems);
      },
    ),
    { numRuns: 30 },
  );
});

test("skip and limit count rows of the source in order, bad ones included", async () => {
  const file = Array.from({ length: 7 }, (_, i) => (i === 3 ? "bad" : `{"text":"${i}"}`)).join("\n\n");
  const files = { "a.jsonl": file, "b.jsonl": '{"text":"b"}' };
  for (const extentBytes of [Number.MAX_SAFE_INTEGER, 5]) {
    const { rows, problems } = await read(files, { skip: 2, limit: 3 }, extentBytes);
    assert.deepEqual(texts(rows), ["2", "4"]);
    assert.equal(problems.length, 1);
    assert.deepEqual(texts((await read(files, { skip: 6 }, extentBytes)).rows), ["6", "b"]);
    assert.deepEqual(texts((await read(files, { skip: 6, limit: 1 }, extentBytes)).rows), ["6"]);
    assert.deepEqual(texts((await read(files, { skip: 9 }, extentBytes)).rows), []);
    assert.deepEqual(texts((await read(files, { limit: 0 }, extentBytes)).rows), []);
  }
});

test("a limit stops reading: later shards are not opened", async () => {
  const context = contextOf({ "a.jsonl": '{"text":"a"}\n', "b.jsonl": "" });
  const rows = await readAll(jsonlSource(parse({ limit: 1 })), context);
  assert.deepEqual(texts(rows), ["a"]);
  assert.equal(context.opened.length, 1);
});

test("a 60 MB line is read, one over 64 MiB is reported, and both in ranges too", async () => {
  const huge = Buffer.concat([Buffer.from('{"text":"'), Buffer.alloc(60e6, "é"), Buffer.from('"}\n')]);
  const tooLarge = Buffer.concat([Buffer.from('{"text":"'), Buffer.alloc(68e6, 0x61), Buffer.from('"}\n')]);
  const file = Buffer.concat([Buffer.from('{"text":"first"}\n'), huge, tooLarge, Buffer.from('{"text":"after"}')]);
  for (const extentBytes of [Number.MAX_SAFE_INTEGER, 20e6]) {
    const context = contextOf({ "a.jsonl": file });
    const operator = jsonlSource(parse({}));
    const found: [number, number][] = [];
    for await (const batch of operator.read(await operator.extents(context.shards, context, extentBytes), context)) {
      for (let row = 0; row < batch.rows; row++) {
        found.push([batch.rowsInShard[row], batch.text.offsets[row + 1] - batch.text.offsets[row]]);
      }
    }
    assert.deepEqual(
      found.map(([, bytes]) => bytes),
      [5, 60e6, 5],
    );
    assert.deepEqual(
      kinds(context.problems).map((kind) => kind.replace(/#\d+/, "")),
      [`row_too_large@${17 + huge.length}`],
    );
    if (extentBytes > file.length)
      assert.deepEqual(
        found.map(([row]) => row),
        [0, 1, 3],
      );
  }
});

test("files that are no JSON lines are refused with the way out", async () => {
  const refused = async (content: Uint8Array | string, code: string, fix: RegExp) => {
    await assert.rejects(read({ "a.jsonl": content }), (error: unknown) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.code, code);
      assert.match(error.details.fix ?? "", fix);
      return true;
    });
  };
  await refused(' \n[{"text":"a"}]', "data/json-array", /jq -c/);
  await refused('\ufeff[{"text":"a"}]', "data/json-array", /jq -c/);
  await refused(Buffer.from('\ufeff{"text":"a"}', "utf16le"), "data/not-utf8", /UTF-16LE/);
  await refused(Buffer.from('{"text":"a"}', "utf16le"), "data/not-utf8", /UTF-16LE/);
  await refused(Buffer.from('\ufeff{"text":"a"}', "utf16le").swap16(), "data/not-utf8", /UTF-16BE/);
});

test("a column cannot be asked for twice", () => {
  assert.throws(() => jsonlSource(parse({ metadata: ["url", "url"] })), RecipeError);
  assert.throws(() => jsonlSource(parse({ text: "content", metadata: ["text"] })), RecipeError);
});

test("an error budget that is spent ends the read", async () => {
  const context = contextOf({ "a.jsonl": "bad\n" });
  const spent = new DataError({ code: "data/too-many-errors", what: "no" });
  await assert.rejects(
    readAll(jsonlSource(parse({})), {
      ...context,
      problem: () => {
        throw spent;
      },
    }),
    spent,
  );
  assert.equal(context.opened[0].closed, 1);
});

test("real files give what JSON.parse gives", async (t) => {
  const names = [
    "dclm/dclm-baseline-2rows.jsonl",
    "dclm/agreement_data.jsonl.gz",
    "c4/c4_demo-300rows.jsonl.gz",
    "c4/c4-sample.01.json.gz",
    "commoncrawl/dolma-cc_en_head-0091.jsonl.gz",
    "redpajama/arxiv-11rows.jsonl",
    "redpajama/stack_exchange-70rows.jsonl",
  ];
  if (!sample(names[0])) return t.skip(NO_SAMPLES);
  const counts: number[] = [];
  for (const name of names) {
    const file = sample(name)!;
    const plain = name.endsWith(".gz") ? gunzipSync(file) : file;
    const want = plain
      .toString()
      .split("\n")
      .filter((line) => line.trim())
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const { rows, problems } = await read({ [name]: file }, { metadata: ["url", "metadata.WARC-Target-URI"] }, 10_000);
    assert.deepEqual(problems, [], name);
    assert.deepEqual(
      texts(rows),
      want.map((row) => row.text),
      name,
    );
    assert.deepEqual(
      rows.map((row) => row.id),
      want.map((row) => (row.id === undefined ? null : String(row.id))),
      name,
    );
    counts.push(rows.length);
    if (name.startsWith("dclm/dclm")) {
      assert.deepEqual(
        rows.map((row) => row["metadata.WARC-Target-URI"]),
        want.map((row) => (row.metadata as Record<string, string>)["WARC-Target-URI"]),
      );
    }
  }
  assert.deepEqual(counts, [3, 281, 300, 10, 10, 11, 70]);
});

test("default batches hold about 4 MiB", async () => {
  const line = `{"text":"${"x".repeat(100_000)}"}\n`;
  const context = contextOf({ "a.jsonl": line.repeat(100) });
  const operator = stage.create(parse({}), NO_RESOURCES);
  assert.equal(operator.kind, "source");
  const sizes: number[] = [];
  for await (const batch of operator.read(await operator.extents(context.shards, context, 1e9), context))
    sizes.push(batch.rows);
  assert.deepEqual(sizes, [42, 42, 16]);
  assert.equal(BATCH_TARGET.bytes, 4 * 1024 * 1024);
});

test("NaN and infinities anywhere are tolerated, or make a row unusable where JSON is to be strict", async () => {
  const file = '{"id":"1","text":"a","score":NaN,"more":[-Infinity]}\n{"id":"2","text":"b","score":0.5}\n';
  assert.deepEqual(texts((await read({ "a.jsonl": file })).rows), ["a", "b"]);
  const { rows, problems } = await read({ "a.jsonl": file }, { strict_json: true });
  assert.deepEqual(texts(rows), ["b"]);
  assert.deepEqual(kinds(problems), ["bad_json#0@0"]);
});

test("a text key that no line of a span has ends the run with the keys there are", async () => {
  const rows = '{"content":"a","n":NaN,"id":"1"}\n{"content":"b"}\n';
  await assert.rejects(read({ "a.jsonl": rows, "b.jsonl": rows }), (error) => {
    assert.ok(error instanceof DataError);
    assert.equal(error.code, "data/missing-column");
    assert.match(error.message, /there is no column text; there are content, n, id/);
    return true;
  });
  await assert.rejects(
    read({ "a.jsonl": '{"messages":[],"id":"1"}\n' }),
    /messages holds the turns of conversations: set text: null/,
  );
  const mixed = await read({ "a.jsonl": rows, "b.jsonl": '{"text":null}\n' });
  assert.deepEqual(
    mixed.problems.map(({ kind }) => kind),
    ["missing_text", "missing_text", "missing_text"],
    "one line that has the key, null though it is, shows that the name is right",
  );
});

test("a file of scalars is refused by name, and what text is instead of a string is said", async () => {
  for (const [file, what] of [
    ['"one"\n"two"\n', /the first line is a string, not an object/],
    ["\n 12.5\n", /the first line is a number/],
  ] as const) {
    await assert.rejects(read({ "a.json": file }), what);
  }
  const { problems } = await read({ "a.jsonl": '{"text":[1]}\n{"text":{}}\n{"text":true}\n{"text":5}\n' });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ["list", "object", "boolean", "number"].map(
      (word) => `text is ${word === "object" ? "an" : "a"} ${word}, not a string`,
    ),
  );
});
