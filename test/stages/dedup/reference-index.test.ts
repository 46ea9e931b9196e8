/** Keys that one data set has saved, and rows of another that meet them. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { prepare, run } from "../../../index.ts";
import { AssetLibrary } from "../../../io/assets.ts";
import { decodeIndex, KeyTable, keyTableBytes } from "../../../kernels/minhash/index-file.ts";
import minhash from "../../../stages/dedup/minhash.ts";
import { type Assets, NO_RESOURCES } from "../../../stages/define.ts";
import minhashIndex from "../../../stages/write/minhash-index.ts";
import { article, randomizer, temporaryFolder } from "../../workers/fixture.ts";
import { batchOf, dropping, keysOf } from "./phases.ts";

/** An index of `texts`. */
function indexOf(texts: readonly string[], options: Record<string, unknown> = {}): Buffer {
  const operator = minhashIndex.create(minhashIndex.options.parse(options), NO_RESOURCES);
  assert.equal(operator.kind, "sink");
  const pieces: Buffer[] = [];
  const file = operator.open(
    [],
    (bytes) => pieces.push(Buffer.from(bytes)),
    () => ({ source: "test", shard: "test" }),
  );
  file.append(batchOf(texts));
  file.finish();
  return Buffer.concat(pieces);
}

function assetsOf(...files: readonly Uint8Array[]): Assets {
  const library = new AssetLibrary();
  return {
    bytes: ({ asset }) => files[Number(asset)],
    name: ({ asset }) => `index-${asset}`,
    tables: (size_bytes, fill) => library.tables("test", "test", size_bytes, fill),
  };
}

const random = randomizer(9);
const reference = Array.from({ length: 40 }, () => article(random, 12));
const others = Array.from({ length: 40 }, () => article(random, 12));

for (const family of ["datatrove", "fast"]) {
  test(`a row is known that shares a band with one of a saved index: ${family}`, () => {
    const halves = [indexOf(reference.slice(0, 20), { family }), indexOf(reference.slice(20), { family })];
    const options = minhash.options.parse({ family, against: ["0", "1"] });
    const operator = dropping(minhash.create(options, { ...NO_RESOURCES, assets: assetsOf(...halves) }));
    const judged = (text: string) => operator.judge?.(keysOf(operator, text) ?? new Uint32Array(28));
    reference.forEach((text, row) => {
      assert.deepEqual(judged(`${text} And more.`), { reason: "near_reference", value: row % 20 });
    });
    for (const text of others) assert.equal(judged(text), undefined);
  });
}

test("an index of another sketch is refused, and so is what is none", () => {
  const judge = (file: Uint8Array, options: Record<string, unknown>) => {
    const parsed = minhash.options.parse({ against: "0", ...options });
    const operator = dropping(minhash.create(parsed, { ...NO_RESOURCES, assets: assetsOf(file) }));
    operator.judge?.(keysOf(operator, reference[0]) ?? new Uint32Array());
  };
  const file = indexOf(reference);
  assert.throws(() => judge(file, { rows: 4 }), { code: "recipe/other-index" });
  assert.throws(() => judge(file, { family: "fast" }), { code: "recipe/other-index" });
  assert.throws(() => judge(file.subarray(0, file.length - 4), {}), { code: "recipe/broken-index" });
  assert.throws(() => judge(Buffer.from("none of that"), {}), { code: "recipe/broken-index" });
  assert.match(String(decodeIndex(Uint8Array.from(file).subarray(0, 20))), /ends in its header/);
});

test("a table of keys finds what it was given, the first row of each key, and nothing else", () => {
  const next = randomizer(3);
  const keys = Array.from({ length: 2000 }, (_, i) => [i % 7 === 0 ? 5 : next(2 ** 32), next(2 ** 32), i] as const);
  const buffer = new ArrayBuffer(keyTableBytes(keys.length));
  const table = new KeyTable(buffer, 0, keys.length);
  for (const [high, low, row] of keys) table.add(high, low, row);
  for (const [high, low] of keys) table.add(high, low, 1);
  for (const [high, low, row] of keys) assert.equal(table.rowOf(high, low), row);
  for (let i = 0; i < 2000; i++) assert.equal(table.rowOf(next(2 ** 32), 2 ** 32 - 1 - i), -1);
});

test("what one run saves, another drops what is near to", async (t) => {
  const root = temporaryFolder(t);
  const write = (name: string, texts: readonly string[]): void => {
    const lines = texts.map((text, i) => `${JSON.stringify({ id: `${name}-${i}`, text })}\n`);
    fs.writeFileSync(path.join(root, `${name}.jsonl`), lines.join(""));
  };
  write("reference", reference);
  write("fresh", [...others.slice(0, 3), `${reference[7]} More.`, `${reference[30]} More.`]);
  const make = async (name: string, stages: string, source: string, format: string) => {
    const recipe = `schema: 1
name: ${name}
pipelines: { all: [ ${stages} ] }
sources: { rows: { from: ${source}.jsonl, pipeline: all } }
outputs: [ { name: rows, format: ${format} } ]
`;
    fs.writeFileSync(path.join(root, "recipe.yaml"), recipe);
    const { plan, environment, registry } = await prepare(path.join(root, "recipe.yaml"), {
      out: root,
      dataRoot: root,
    });
    return run(plan, { root, environment, registry, workers: 0 });
  };
  await make("saved", "{ use: dedup/exact }", "reference", "{ use: minhash-index, family: fast }");
  const [index] = fs
    .readdirSync(path.join(root, "runs/saved/outputs/rows"))
    .filter((name) => name.endsWith(".minhash"));
  const against = `{ use: dedup/minhash, family: fast, against: runs/saved/outputs/rows/${index} }`;
  const { sources } = await make("fresh", against, "fresh", "{ use: jsonl, codec: none }");
  assert.equal(sources[0]?.kept, 3);
  assert.deepEqual(sources[0]?.dropped, { "minhash:near_reference": 2 });
});
