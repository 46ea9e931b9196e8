import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import exact from "../../../stages/dedup/exact.ts";
import { type ExampleRow, NO_RESOURCES } from "../../../stages/define.ts";
import { batchOfRows } from "../../batch-of.ts";
import { withoutWasm } from "../../without-wasm.ts";
import { cluster, dropping, keysOf } from "./phases.ts";

const SAMPLES = path.resolve("../shared/samples/fineweb");

function operator(options: Record<string, unknown> = {}) {
  return dropping(exact.create(exact.options.parse(options), NO_RESOURCES));
}

test("the key is the text's XXH64 under two seeds, as the reference implementation has it", () => {
  // xxhash.xxh64_hexdigest(text, seed) of Python's xxhash 3.5, seeds 0 and 0x243f6a8885a308d3.
  const cases: [string, string][] = [
    ["", "ef46db3751d8e9995e742a23fb3c2d61"],
    ["a", "d24ec4f1a98c6e5be6f7cffc99e5d270"],
    ["naïve café\r\n\0", "1ab7e711f58d8a89373e3f112b2354c3"],
    ["x".repeat(100_000), "7c37a271025b345b6ba555f7e4467d1f"],
  ];
  const wasm = operator();
  const twin = withoutWasm(() => operator());
  for (const each of [wasm, twin]) {
    for (const [text, key] of cases) {
      const words = keysOf(each, text) ?? [];
      assert.equal(Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(""), key);
    }
    assert.equal(keysOf(each, null), undefined);
  }
});

test("one byte of difference is a difference, malformed bytes included", () => {
  const texts = ["a b", "a b ", "A b", "", "a b", Uint8Array.of(0xff), Uint8Array.of(0xfe), Uint8Array.of(0xff), ""];
  const { roots, sizes } = cluster(operator(), texts, { span: 2, partitions: 3, memory_bytes: 1000 });
  assert.deepEqual([...roots], [0, 1, 2, 3, 0, 5, 6, 5, 3]);
  assert.deepEqual([...sizes], [2, 1, 1, 2, 0, 2, 1, 0, 0]);
});

test("`on: normalized` ignores case, punctuation, numbers, white space and diacritics; what has no words has no duplicate", () => {
  const normalized = operator({ on: "normalized" });
  const texts = ["Naïve café, 1,250!", "…", "naive\tcafe 7", "?!", "naive cafe"];
  const { roots } = cluster(normalized, texts, { span: 9, partitions: 2, memory_bytes: 1000 });
  assert.deepEqual([...roots], [0, 1, 0, 3, 4]);
});

/** Rows by the first one that has the same key; -1 for a row without one. */
function firstsOf(options: Record<string, unknown>, rows: readonly ExampleRow[]): number[] {
  const { sketch } = operator(options);
  const batch = batchOfRows(rows);
  const firsts = new Map<string, number>();
  return rows.map((_, row) => {
    const out = new Uint32Array(4);
    if (!sketch(batch, row, out)) return -1;
    const key = out.join(",");
    if (!firsts.has(key)) firsts.set(key, row);
    return firsts.get(key) ?? -1;
  });
}

test("by URL: datatrove's five rows leave three; spellings of one address leave two, and a row without a URL has no duplicate", () => {
  const [a, b, c] = ["https://example.com", "https://new-site.com", "https://example2.com"];
  const rows = (...urls: (string | null)[]) => urls.map((url) => ({ url }));
  assert.deepEqual(firstsOf({ key: "url" }, rows(a, a, b, a, c)), [0, 0, 2, 0, 4]);
  assert.deepEqual(
    firstsOf({ on: "url" }, rows(a, "http://www.example.com/", b, `${a}/?utm_source=c#d`, `${a}:443`)),
    [0, 0, 2, 0, 0],
  );
  assert.deepEqual(firstsOf({ on: "url" }, rows(null, "", null, "", " ")), [-1, -1, -1, -1, -1]);
});

test("by any column: values are equal that are spelled alike; a path leads into JSON", () => {
  const numbers = [1, 2, 1, null, null].map((n) => ({ n }));
  assert.deepEqual(firstsOf({ key: "n" }, numbers), [0, 1, 0, -1, -1]);
  const metas = ['{"a":1,"b":[1, 2]}', '{"a":1.0,"b":[1,2]}', '{"a":"1"}', "no JSON", '{"a":null}', '{"b":[1,2]}'];
  const rows = metas.map((meta) => ({ meta }));
  assert.deepEqual(firstsOf({ key: "meta.a" }, rows), [0, 0, 0, -1, -1, -1]);
  assert.deepEqual(firstsOf({ key: "meta.b" }, rows), [0, 1, -1, -1, -1, 1]);
  assert.deepEqual(
    firstsOf(
      { key: "t", on: "normalized" },
      ["One, two!", "one  TWO", "?"].map((t) => ({ t })),
    ),
    [0, 0, -1],
  );
});

test("10^6 rows of one text in many spans: one survivor, and fast", () => {
  const texts: string[] = new Array(1_000_000).fill("All rights reserved.");
  const started = performance.now();
  const { roots, sizes } = cluster(operator(), texts, { span: 250_000, partitions: 1, memory_bytes: 1 << 20 });
  assert.ok(performance.now() - started < 20_000);
  assert.equal(sizes[0], 1_000_000);
  assert.ok(roots.every((root) => root === 0));
});

test("real FineWeb rows, every one twice: what survives is what a Map keeps", async (t) => {
  if (!existsSync(SAMPLES)) return t.skip("the sample rows are not here");
  const batches = readdirSync(path.join(SAMPLES, "sample-10BT-legal-annotated")).toSorted();
  const once = await textsOf(batches.map((name) => path.join("sample-10BT-legal-annotated", name)));
  const others = await textsOf(["fineweb-15rows-scored.parquet", "fineweb-10rows.parquet"]);
  assert.equal(once.length, 800);
  assert.equal(others.length, 25);
  const texts = [...once, ...others, ...once.toReversed()];
  const firsts = new Map<string, number>();
  texts.forEach((text, row) => {
    if (!firsts.has(text)) firsts.set(text, row);
  });
  assert.ok(firsts.size < 825, "the 25 rows hold duplicates of their own");
  const { roots, sizes } = cluster(operator(), texts, { span: 100, partitions: 7, memory_bytes: 3000, reversed: true });
  texts.forEach((text, row) => {
    assert.equal(roots[row], firsts.get(text));
  });
  assert.equal(sizes.filter((size) => size > 0).length, firsts.size);
});

async function textsOf(names: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (const name of names) {
    const file = new Uint8Array(readFileSync(path.join(SAMPLES, name))).buffer;
    for (const row of await parquetReadObjects({ file, columns: ["text"], compressors })) texts.push(String(row.text));
  }
  return texts;
}
