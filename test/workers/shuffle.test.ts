import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { type Int32Column, Layout, prepare, run, type Utf8Column, utf8String } from "../../index.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { Blocks } from "../../io/local/blocks.ts";
import { hash64, seedFrom } from "../../kernels/random/shuffle.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { spanFiles, tokenFiles } from "../../store/layout.ts";
import { markerFacts, vouchers } from "../../store/marker.ts";
import { companions, decodeEnds } from "../../store/token-file.ts";
import type { ScatterMarker } from "../../workers/protocol.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "./fixture.ts";

/** Exact duplicates go and nothing else does: the survivors are known without the program. */
const EXACT = RECIPE.replace(/ {4}- \{ use: filter.*\n/, "").replace("    - { use: dedup/minhash }\n", "");
const SEED = 3;

interface Build {
  readonly layout: Layout;
  readonly sources: readonly SourcePlan[];
}

async function build(root: string, name: string, recipe: string): Promise<Build> {
  const file = path.join(root, `${name}.yaml`);
  fs.writeFileSync(file, recipe);
  const out = path.join(root, name);
  const { plan, environment, registry } = await prepare(file, { out, dataRoot: root });
  await run(plan, { root: out, workers: 0, environment, registry, span_bytes: 8_000, keep_intermediates: true });
  return { layout: new Layout(out), sources: plan.sources };
}

interface Origin {
  readonly shard: number;
  readonly row: number;
  /** The byte where its line starts; its row where the shard is compressed. */
  readonly position: number;
}

/** The lowest row of every distinct text, by id, from the files alone. */
function survivors(root: string, source: SourcePlan, id: string, text: string): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  const seen = new Set<string>();
  source.shards.forEach(({ key }, shard) => {
    const bytes = fs.readFileSync(path.join(root, source.name, key));
    const isCompressed = key.endsWith(".gz");
    const lines = (isCompressed ? gunzipSync(bytes) : bytes).toString("utf8").trimEnd().split("\n");
    let byte = 0;
    lines.forEach((line, row) => {
      const document = JSON.parse(line) as Record<string, string>;
      if (!seen.has(document[text])) {
        seen.add(document[text]);
        origins.set(document[id], { shard, row, position: isCompressed ? row : byte });
      }
      byte += Buffer.byteLength(line) + 1;
    });
  });
  return origins;
}

interface Stored {
  readonly id: string;
  readonly shard: number;
  readonly row: number;
  /** Place in the store's shards. */
  readonly storeShard: number;
  readonly tokens: Buffer;
}

/** Documents of a token store in their order. */
function storedDocuments({ layout }: Build, source: SourcePlan): { documents: Stored[]; shards: number } {
  const folder = layout.tokens(source.tokens);
  const documents: Stored[] = [];
  let storeShard = 0;
  for (; ; storeShard++) {
    const file = path.join(folder, tokenFiles.shard(storeShard, source.name));
    if (!fs.existsSync(file)) return { documents, shards: storeShard };
    const bytes = fs.readFileSync(file);
    const ends = decodeEnds(fs.readFileSync(`${file}${companions.index}`), "index");
    const name = tokenFiles.documents(storeShard, source.name);
    const { rows, columns } = decodeArrow(fs.readFileSync(path.join(folder, name)), name);
    assert.equal(rows, ends.length);
    assert.equal(ends[rows - 1] * 2, bytes.length);
    for (let i = 0; i < rows; i++) {
      documents.push({
        id: utf8String(columns.get("id") as Utf8Column, i),
        shard: (columns.get("shard") as Int32Column).values[i],
        row: (columns.get("row") as Int32Column).values[i],
        storeShard,
        tokens: bytes.subarray(i === 0 ? 0 : ends[i - 1] * 2, ends[i] * 2),
      });
    }
  }
}

function shuffleKey(seed: number, source: SourcePlan, { shard, position }: Origin): bigint {
  const [high, low] = seedFrom(seed, "documents", source.shards[shard].key);
  const words = new Uint32Array(2);
  hash64(high, low, position, words);
  return (BigInt(words[0]) << 32n) | BigInt(words[1]);
}

/** Every survivor once, where its key puts it. */
function checkOrder(root: string, built: Build, seed: number): void {
  for (const [source, id, text] of [
    [built.sources[0], "id", "text"],
    [built.sources[1], "path", "content"],
  ] as const) {
    const origins = survivors(root, source, id, text);
    const { documents, shards } = storedDocuments(built, source);
    assert.equal(shards, source.name === "web" ? 11 : 2);
    const expected = [...origins]
      .map(([name, origin]) => ({ name, origin, key: shuffleKey(seed, source, origin) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    assert.deepEqual(
      documents.map((document) => [document.id, document.shard, document.row, document.storeShard]),
      expected.map(({ name, origin: { shard, row }, key }) => [
        name,
        shard,
        row,
        Number(((key >> 32n) * BigInt(shards)) >> 32n),
      ]),
    );
  }
}

/** What the scatter pass wrote: tables of facts, and nothing beside them. */
function checkScattered(built: Build): void {
  const source = built.sources[0];
  const folder = built.layout.tokens(source.tokens);
  let scattered = 0;
  let documents = 0;
  let part = 0;
  for (; fs.existsSync(path.join(folder, tokenFiles.scatterMarker(part))); part++) {
    const marker = markerFacts<ScatterMarker>(folder, tokenFiles.scatterMarker(part));
    assert.ok(marker);
    const bytes = new Blocks(vouchers(folder, tokenFiles.scatterMarker(part))(tokenFiles.scattered(part))).read();
    let end = 0;
    for (const chunk of marker.chunks) {
      assert.equal(chunk.at, end);
      end += chunk.size_bytes;
      const { rows, columns } = decodeArrow(bytes.subarray(chunk.at, end), "chunk");
      assert.equal(rows, chunk.documents);
      documents += rows;
      for (const [name, column] of columns) {
        assert.ok(!("values" in column) || column.values.length === rows, `${name} has one value a document`);
        if (column.kind === "utf8") scattered += column.data.length + column.offsets.byteLength;
        else if (column.kind !== "dictionary") scattered += column.values.byteLength;
      }
    }
    assert.equal(end, bytes.length);
  }
  assert.ok(part > 0);
  assert.equal(documents, storedDocuments(built, source).documents.length);
  const ingested = built.layout.ingest(source.ingest);
  let tokenBytes = 0;
  let span = 0;
  for (; fs.existsSync(path.join(ingested, spanFiles.tokens(span))); span++) {
    tokenBytes += fs.statSync(path.join(ingested, spanFiles.tokens(span))).size;
  }
  assert.ok(span > 10, `${span} spans`);
  assert.ok(tokenBytes > 50_000);
  assert.ok(scattered < 100 * documents, `${scattered} bytes for ${documents} documents`);
  assert.ok(scattered < tokenBytes / 4, `${scattered} bytes scattered of ${tokenBytes} bytes of tokens`);
}

test("documents lie in the order of their keys, each once; the seed alone moves them; tokens are not scattered", async (t: TestContext) => {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const built = await build(root, "one", EXACT);
  checkOrder(root, built, SEED);
  checkScattered(built);

  const other = await build(root, "other", EXACT.replace(`seed: ${SEED}`, "seed: 4"));
  checkOrder(root, other, 4);
  const before = storedDocuments(built, built.sources[0]).documents;
  const after = storedDocuments(other, other.sources[0]).documents;
  const tokens = new Map(before.map((document) => [document.id, document.tokens]));
  assert.equal(tokens.size, after.length);
  for (const document of after) assert.ok(tokens.get(document.id)?.equals(document.tokens), document.id);
  // Two shuffles of n documents agree on one place, as a rule.
  const agree = before.filter(({ id }, i) => after[i].id === id).length;
  assert.ok(agree < 10, `${agree} of ${before.length} documents have stayed`);
});
