import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { MAX_ROW_BYTES } from "../../../batch/batch.ts";
import { FILE_LANGUAGES, fileLanguage } from "../../../kernels/file-language.ts";
import stage, { filesSource } from "../../../stages/read/files.ts";
import { contextOf, readAll } from "./reading.ts";

const parse = (given: Record<string, unknown>) => stage.options.parse(given);

test("a file is a document: bytes as they are, key as id, language by name", async () => {
  const files = {
    "src/a.py": "print('é')\r\n",
    "src/b.ts.gz": gzipSync("let x = 1;\n"),
    README: "\ufeffno extension\0",
    "empty.rs": "",
    "bad.c": new Uint8Array([0x61, 0xff]),
    "wide.ts": Buffer.from("\ufefflet y;", "utf16le"),
    "z.MD": "# Title",
  };
  const context = contextOf(files);
  const rows = await readAll(filesSource(parse({})), context);
  assert.deepEqual(rows, [
    { at: "0:0", text: "print('é')\r\n", id: "src/a.py", path: "src/a.py", language: "Python" },
    { at: "1:0", text: "let x = 1;\n", id: "src/b.ts.gz", path: "src/b.ts.gz", language: "TypeScript" },
    { at: "2:0", text: "\ufeffno extension\0", id: "README", path: "README", language: null },
    { at: "6:0", text: "# Title", id: "z.MD", path: "z.MD", language: "Markdown" },
  ]);
  assert.deepEqual(
    context.problems.map(({ kind, shard, message }) => [kind, shard, message]),
    [
      ["empty_text", 3, "file is empty"],
      ["invalid_utf8", 4, "file is not valid UTF-8"],
      ["invalid_utf8", 5, "file is UTF-16 (little-endian)"],
    ],
  );
  for (const opened of context.opened) assert.equal(opened.closed, 1);
});

test("many files share batches, in order, and batch sizes never show", async () => {
  const files = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}.txt`, `text ${i}`]));
  const context = contextOf(files);
  const operator = filesSource(parse({}), { bytes: 1e6, rows: 40 });
  const sizes: number[] = [];
  for await (const batch of operator.read(await operator.extents(context.shards, context, 1), context))
    sizes.push(batch.rows);
  assert.deepEqual(sizes, [40, 40, 20]);
  const all = await readAll(operator, context);
  assert.deepEqual(
    all.map((row) => row.text),
    Object.values(files),
  );
  assert.deepEqual(await readAll(filesSource(parse({}), { bytes: 10, rows: 3 }), context), all);
  assert.deepEqual(await readAll(filesSource(parse({ skip: 3, limit: 4 })), context), all.slice(3, 7));
});

test("files over the limit are reported, compressed ones too", async () => {
  const huge = Buffer.alloc(MAX_ROW_BYTES + 1, 0x61);
  const context = contextOf({ "a.txt": huge, "b.txt.gz": gzipSync(huge, { level: 1 }), "c.txt": "fits" });
  assert.deepEqual(
    (await readAll(filesSource(parse({})), context)).map((row) => row.text),
    ["fits"],
  );
  assert.deepEqual(
    context.problems.map(({ kind, shard }) => [kind, shard]),
    [
      ["row_too_large", 0],
      ["row_too_large", 1],
    ],
  );
});

test("languages by extension", () => {
  const stackEdu = "C CSharp Cpp Go Java JavaScript Markdown PHP Python Ruby Rust SQL Shell Swift TypeScript".split(
    " ",
  );
  for (const language of stackEdu) assert.ok(FILE_LANGUAGES.includes(language), language);
  const name = (path: string) => FILE_LANGUAGES[fileLanguage(path)];
  assert.equal(name("a/b.tar/x.CPP"), "Cpp");
  assert.equal(name("x.d.ts"), "TypeScript");
  assert.equal(name("dir.py/file"), undefined);
  assert.equal(name("a.gz"), undefined);
  assert.equal(name("constructor.toString"), undefined);
});
