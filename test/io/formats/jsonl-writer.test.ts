import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Column } from "../../../batch/column.ts";
import { DataError } from "../../../batch/errors.ts";
import { decode } from "../../../io/codecs/codec.ts";
import { blockEncoder } from "../../../io/codecs/encoder.ts";
import { JsonlWriter } from "../../../io/formats/jsonl-writer.ts";
import type { OutputField } from "../../../kernels/output-schema.ts";
import { ROOT } from "../../project-root.ts";
import { columnsFrom, FIELDS, jsonlOf, type Row, sampleRow } from "./output-samples.ts";

const TEXT: OutputField[] = [{ name: "text", type: { kind: "utf8" } }];
const lines = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString().split("\n").slice(0, -1);

async function decoded(codec: "gzip" | "zstd", bytes: Uint8Array): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const pieces = async function* () {
    yield bytes;
  };
  for await (const part of decode(codec, pieces(), "test")) parts.push(part);
  return Buffer.concat(parts);
}

test("every type and null, in the order of the schema", async () => {
  const rows = Array.from({ length: 200 }, (_, i) => sampleRow(i));
  const found = lines(await jsonlOf(FIELDS, [columnsFrom(FIELDS, rows)]));
  assert.equal(found.length, rows.length);
  const exact = FIELDS.filter(({ name }) => name !== "size_bytes" && name !== "grid");
  for (const [i, line] of found.entries()) {
    const row = JSON.parse(line) as Row;
    assert.deepEqual(
      Object.keys(row),
      FIELDS.map(({ name }) => name),
    );
    for (const { name } of exact) assert.deepEqual(row[name], rows[i][name], `${name} of row ${i}`);
    assert.ok(line.includes(`"size_bytes":${rows[i].size_bytes},`), "all digits");
  }
});

test("numbers: exact, floats stay floats, what JSON cannot say is null and counted", async () => {
  const fields: OutputField[] = [{ name: "f", type: { kind: "float64" } }];
  const values = Float64Array.of(1, -0, 0.1, 1e21, 2 ** 53, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, -7);
  const parts: Uint8Array[] = [];
  const writer = new JsonlWriter(fields, (bytes) => parts.push(bytes.slice()), { encoder: blockEncoder("none") });
  writer.append(new Map([["f", { kind: "float64", values }]]));
  assert.equal(writer.finish().non_finite, 2);
  const texts = lines(Buffer.concat(parts)).map((line) => line.slice(5, -1));
  const want = ["1.0", "-0.0", "0.1", "1e+21", "9007199254740992.0", "5e-324", "null", "null", "-7.0"];
  assert.deepEqual(texts, want);
});

test("any string and any int64 comes back through JSON", async () => {
  const fields: OutputField[] = [...TEXT, { name: "n", type: { kind: "int64" } }];
  const row = fc.record({
    text: fc.string({ unit: "binary", maxLength: 80 }).map((text) => Buffer.from(text).toString()),
    n: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
      const found = lines(await jsonlOf(fields, [columnsFrom(fields, rows)]));
      assert.deepEqual(
        found.map((line) => (JSON.parse(line) as Row).text),
        rows.map(({ text }) => text),
      );
      assert.deepEqual(
        found.map((line) => BigInt(line.slice(line.lastIndexOf(":") + 1, -1))),
        rows.map(({ n }) => n),
      );
    }),
    { numRuns: 200, seed: 3 },
  );
});

test("control characters, quotes and long runs at any offset are escaped as JSON.stringify does", async () => {
  for (let padding = 0; padding < 20; padding++) {
    const rows = ['"', "\\", "\n", "\u0000", "\u001f", "\u007f", "é", "\u2028"].map((special) => ({
      text: `${"x".repeat(padding)}${special}${"y".repeat(padding * 3)}${special}`,
    }));
    const want = rows.map((row) => JSON.stringify(row));
    assert.deepEqual(lines(await jsonlOf(TEXT, [columnsFrom(TEXT, rows)])), want);
  }
});

const NESTED: OutputField[] = [{ name: "m", type: { kind: "list", of: { kind: "utf8" } } }];
const jsonTexts = (...texts: string[]) =>
  columnsFrom(
    [{ name: "m", type: { kind: "utf8" } }],
    texts.map((m) => ({ m })),
  );

test("nested values stay as they are spelled; line breaks between tokens become spaces", async () => {
  const texts = ['["a",\r\n  "b \\n \\" c\\\\"\n]', "[1.50, 10000000000000000001]", "null"];
  const found = lines(await jsonlOf(NESTED, [jsonTexts(...texts)]));
  assert.deepEqual(found, ['{"m":["a",    "b \\n \\" c\\\\" ]}', '{"m":[1.50, 10000000000000000001]}', '{"m":null}']);
});

test("a nested value that is no JSON is refused with its row", async () => {
  for (const text of ['["a\nb"]', "[", "", "[] []", '{"a":1']) {
    await assert.rejects(jsonlOf(NESTED, [jsonTexts("[]", text)]), (error) => {
      assert.ok(error instanceof DataError, text);
      assert.match(error.message, /column `m`.*row 1.*not JSON/);
      return true;
    });
  }
});

test("frames end at lines, are equal for any batches, and every decoder reads them", async () => {
  const rows = Array.from({ length: 500 }, (_, i) => sampleRow(i));
  const want = await jsonlOf(FIELDS, [columnsFrom(FIELDS, rows)]);
  for (const codec of ["zstd", "gzip"] as const) {
    const whole = await jsonlOf(FIELDS, [columnsFrom(FIELDS, rows)], codec, 10_000);
    const batches: Map<string, Column>[] = [];
    for (let at = 0; at < rows.length; at += 7) batches.push(columnsFrom(FIELDS, rows.slice(at, at + 7)));
    assert.deepEqual(await jsonlOf(FIELDS, batches, codec, 10_000), whole);
    assert.deepEqual(await decoded(codec, whole), want);
    assert.deepEqual(await decoded(codec, await jsonlOf(FIELDS, [], codec)), Buffer.alloc(0));
  }
  const golden = readFileSync(path.join(ROOT, "test/golden/outputs/sample.jsonl.zst"));
  assert.deepEqual(lines(await decoded("zstd", golden)), lines(want).slice(0, 300));
});
