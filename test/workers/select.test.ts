/** Barriers that keep a number of rows: against sorting all rows by their keys, over spans, workers, kills and damage. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { openRun, type Plan, peekRun, prepare, type RunEvent, type RunResult, run, verifyRun } from "../../index.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { KeyOrder } from "../../kernels/dedup/key-order.ts";
import { NO_SURVIVOR } from "../../kernels/dedup/union-find.ts";
import { NO_RESOURCES } from "../../stages/define.ts";
import sample from "../../stages/filter/sample.ts";
import { KeyFileWriter } from "../../store/key-file.ts";
import { Layout, matchFiles, spanFiles } from "../../store/layout.ts";
import { PartitionMatcher } from "../../store/match-partition.ts";
import { selectStretch, writeOrdered } from "../../workers/tasks/select.ts";
import { flipByte, writeVouched } from "../io/vouched.ts";
import { randomizer, sentence, TOKENIZER, temporaryFolder, treeDigests } from "./fixture.ts";

interface Row {
  readonly n: number;
  readonly id: string | null;
  readonly text: string;
}

/** A row where it lies. */
interface PlacedRow extends Row {
  readonly shard: number;
  readonly position: number;
}

type By = "position" | "id" | "text";

const SHARDS = 3;
const MIN_WORDS = 6;

/** Rows with copies, without ids, and with too few words. */
function rowsOf(count: number, seed = 4): Row[] {
  const random = randomizer(seed);
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const text = i > 9 && i % 7 === 0 ? rows[random(i)].text : sentence(random, i % 13 === 0 ? 3 : 6 + random(9));
    rows.push({ n: i, id: i % 19 === 0 ? null : `r${random(count)}`, text });
  }
  return rows;
}

function recipeOf(stages: string, more = ""): string {
  return `schema: 1
name: drawn
seed: 5
pipelines:
  all: [ ${stages} ]
sources:
  web: { from: "web/*.jsonl", metadata: [{ name: n, kind: int32 }], pipeline: all }
${more || `outputs:\n  - { name: rows, sources: [web], format: { use: jsonl, codec: none }, shard_bytes: 4K, keep_dropped: true }\n`}`;
}

const JUDGED = `{ use: filter/length, unit: words, min: ${MIN_WORDS} }, { use: dedup/exact }`;

/** Writes shards of `folder` and the recipe; returns the rows with their places. */
function write(root: string, rows: readonly Row[], recipe: string, folder = "web"): PlacedRow[] {
  fs.mkdirSync(path.join(root, folder), { recursive: true });
  const placed: PlacedRow[] = [];
  const size = Math.ceil(rows.length / SHARDS);
  for (let shard = 0; shard < SHARDS; shard++) {
    let position = 0;
    let text = "";
    for (const row of rows.slice(shard * size, (shard + 1) * size)) {
      placed.push({ ...row, shard, position });
      const line = `${JSON.stringify(row)}\n`;
      text += line;
      position += Buffer.byteLength(line);
    }
    fs.writeFileSync(path.join(root, folder, `${shard}.jsonl`), text);
  }
  fs.writeFileSync(path.join(root, "drawn.yaml"), recipe);
  return placed;
}

interface Variant {
  readonly workers: number;
  readonly span_bytes: number;
  readonly match_memory_bytes?: number;
  readonly report?: (event: RunEvent) => void;
  readonly keep_intermediates?: boolean;
}

interface Built {
  readonly plan: Plan;
  readonly result: RunResult;
  readonly out: string;
}

async function build(root: string, out: string, variant: Variant = { workers: 0, span_bytes: 900 }): Promise<Built> {
  const { plan, environment, registry } = await prepare(path.join(root, "drawn.yaml"), { out, dataRoot: root });
  const result = await run(plan, { root: out, environment, registry, ...variant });
  return { plan, result, out };
}

function linesIn(out: string, folder: string): Record<string, unknown>[] {
  const at = path.join(out, "runs/drawn/outputs/rows", folder);
  return fs
    .readdirSync(at)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .flatMap((name) => fs.readFileSync(path.join(at, name), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The key of each row, as the stage draws it; undefined where it has none. */
function keysOf(rows: readonly PlacedRow[], by: By, plan: Plan): (readonly [number, number] | undefined)[] {
  const [web] = plan.sources;
  const stage = web.stages.find(({ use }) => use === "filter/sample");
  assert.ok(stage !== undefined);
  const operator = sample.create(sample.options.parse({ count: 1, by }), { ...NO_RESOURCES, seed: stage.seed });
  assert.ok(operator.kind === "barrier" && operator.verdict === "select");
  const [ids, texts] = [new Utf8Builder(), new Utf8Builder()];
  for (const { id, text } of rows) {
    if (id === null) ids.appendNull();
    else ids.appendString(id);
    texts.appendString(text);
  }
  const batch = new Batch({
    source: "web",
    shards: Int32Array.from(rows, ({ shard }) => shard),
    rowsInShard: new Int32Array(rows.length),
    positions: Float64Array.from(rows, ({ position }) => position),
    columns: [
      ["id", ids.finish()],
      ["text", texts.finish()],
    ],
  });
  batch.nameShards(web.shards.map(({ key }) => key));
  const keyOf = operator.draw(batch);
  const out = new Uint32Array(2);
  return rows.map((_, row) => (keyOf(row, out) ? ([out[0], out[1]] as const) : undefined));
}

/** What the recipe means: short rows fall, then texts seen before, then all but the `count` with the lowest keys. */
function expected(
  rows: readonly PlacedRow[],
  by: By,
  count: number,
  plan: Plan,
): { kept: Set<number>; fell: string[] } {
  const seen = new Set<string>();
  const keys = keysOf(rows, by, plan);
  const fell = rows.map(({ text }, row): string => {
    if (text.split(" ").length < MIN_WORDS) return "too_short";
    // Both barriers sketch before either judges, so a row without a key falls for that, and still is the first of its text.
    const isCopy = seen.has(text);
    seen.add(text);
    if (keys[row] === undefined) return "no_id";
    return isCopy ? "duplicate" : "";
  });
  const drawn = rows.flatMap((_, row) => (fell[row] === "" ? [{ row, key: keys[row] ?? [0, 0] }] : []));
  drawn.sort((a, b) => a.key[0] - b.key[0] || a.key[1] - b.key[1] || a.row - b.row);
  for (const { row } of drawn.slice(count)) fell[row] = "not_sampled";
  return { kept: new Set(drawn.slice(0, count).map(({ row }) => row)), fell };
}

for (const by of ["position", "id", "text"] as const) {
  test(`by ${by}: those with the lowest keys of the rows that are alive there, and every other with its reason`, async (t) => {
    const root = temporaryFolder(t);
    let smaller = new Set<number>();
    for (const count of [1, 60, 5000]) {
      const recipe = recipeOf(`${JUDGED}, { use: filter/sample, count: ${count}, by: ${by} }`);
      const rows = write(root, rowsOf(160), recipe);
      const { plan, result, out } = await build(root, path.join(root, "out"));
      const { kept, fell } = expected(rows, by, count, plan);
      assert.ok(count > 100 || kept.size === count, "there are more rows than that");
      assert.ok(
        [...smaller].every((row) => kept.has(row)),
        "a larger count keeps what a smaller one does",
      );
      smaller = kept;
      assert.deepEqual(
        linesIn(out, "").map(({ n, id, text }) => ({ n, id, text })),
        rows.filter((_, row) => kept.has(row)).map(({ n, id, text }) => ({ n, id, text })),
      );
      assert.deepEqual(
        new Map(linesIn(out, "dropped").map(({ n, reason }) => [Number(n), reason])),
        new Map(rows.flatMap(({ n }, row) => (fell[row] === "" ? [] : [[n, fell[row]]]))),
      );
      const [web] = result.sources;
      assert.deepEqual([web.rows_in, web.kept], [rows.length, kept.size]);
      assert.deepEqual(await verifyRun(openRun("drawn", out)), []);
    }
  });
}

test("rows of equal keys are taken by address", async (t) => {
  const root = temporaryFolder(t);
  const rows = Array.from({ length: 60 }, (_, i) => ({ n: i, id: `r${i}`, text: `the same text ${i % 2}` }));
  write(root, rows, recipeOf("{ use: filter/sample, count: 40, by: text }"));
  const { out } = await build(root, path.join(root, "out"), { workers: 0, span_bytes: 300 });
  const kept = linesIn(out, "").map(({ id }) => Number(String(id).slice(1)));
  const whole = kept[0] === 0 && kept[1] !== 1 ? 0 : kept.filter((row) => row % 2 === 0).length === 30 ? 0 : 1;
  const others = rows.map((_, row) => row).filter((row) => row % 2 !== whole);
  assert.deepEqual(
    kept.filter((row) => row % 2 !== whole),
    others.slice(0, 10),
  );
  assert.equal(kept.length, 40);
});

test("workers, spans and memory change no byte; what comes behind sees the rows that stay alone", async (t) => {
  const root = temporaryFolder(t);
  const recipe = recipeOf(
    `${JUDGED}, { use: filter/sample, count: 70 }, { use: dedup/lines, min_bytes: 8 }, { use: dedup/minhash }, { use: filter/sample, count: 30, id: again }`,
  );
  write(root, rowsOf(160), recipe);
  const digests: Record<string, string>[] = [];
  for (const [i, variant] of [
    { workers: 1, span_bytes: 1e9 },
    { workers: 2, span_bytes: 700, match_memory_bytes: 400 },
    { workers: 5, span_bytes: 2_000 },
  ].entries()) {
    const { out, result } = await build(root, path.join(root, `out${i}`), variant);
    assert.equal(result.sources[0].kept, 30);
    digests.push(treeDigests(path.join(out, "runs/drawn/outputs")));
  }
  assert.ok(Object.keys(digests[0]).length > 3);
  assert.deepEqual(digests[1], digests[0]);
  assert.deepEqual(digests[2], digests[0]);
});

test("a sample of another id draws others, in a store that knows the first one too", async (t) => {
  const root = temporaryFolder(t);
  for (const amount of ["count: 30", "share: 0.3"]) {
    const drawn: string[] = [];
    for (const id of ["one", "other"]) {
      write(root, rowsOf(120), recipeOf(`{ use: filter/sample, ${amount}, id: ${id} }`));
      const { out } = await build(root, path.join(root, "out"));
      assert.ok(linesIn(out, "dropped").every((row) => row.dropped_by === id));
      drawn.push(
        linesIn(out, "")
          .map(({ n }) => n)
          .join(),
      );
    }
    assert.notEqual(drawn[0], drawn[1]);
  }
});

test("by pipeline: the rows of all its sources are counted together", async (t) => {
  const root = temporaryFolder(t);
  for (const scope of ["source", "pipeline"]) {
    const recipe = recipeOf(`{ use: filter/sample, count: 50, scope: ${scope}, by: text }`).replace(
      "outputs:\n  - { name: rows, sources: [web],",
      "outputs:\n  - { name: rows, sources: [web, news],",
    );
    const both = recipe.replace(
      "outputs:",
      '  news: { from: "news/*.jsonl", metadata: [{ name: n, kind: int32 }], pipeline: all }\noutputs:',
    );
    write(root, rowsOf(90), both);
    write(root, rowsOf(120, 9), both, "news");
    const { result } = await build(root, path.join(root, "out"));
    const kept = result.sources.map((source) => source.kept);
    if (scope === "source") assert.deepEqual(kept, [50, 50]);
    else assert.ok(kept[0] + kept[1] === 50 && kept[0] > 5 && kept[1] > 5, kept.join());
  }
});

const TOKENS = `tokenizer: ${TOKENIZER}
shard_tokens: 400
training_stages: [ { name: stage1, tokens: 300, sequence_length: 32, pack: concat, weights: { web: 1 } } ]
limits: { max_epochs: 4 }
`;

test("a token store holds the rows that stay; peek shows the others, and verify counts them", async (t) => {
  const root = temporaryFolder(t);
  const rows = write(root, rowsOf(200), recipeOf(`${JUDGED}, { use: filter/sample, count: 60, by: id }`, TOKENS));
  const { plan, result, out } = await build(root, path.join(root, "out"));
  const { kept, fell } = expected(rows, "id", 60, plan);
  assert.equal(result.sources[0].kept, 60);
  const tokens = new Layout(out).tokens(plan.sources[0].tokens);
  const tables = fs.readdirSync(tokens).filter((name) => name.endsWith(".documents.arrow"));
  const columns = tables.map((name) => decodeArrow(fs.readFileSync(path.join(tokens, name)), name).columns);
  assert.ok(columns.every((table) => table.has("exact_cluster_size") && !table.has("sample_cluster_size")));
  const opened = openRun("drawn", out);
  assert.deepEqual(await verifyRun(opened), []);
  const shown = await peekRun(opened, { count: 1000, dropped: "sample:not_sampled", dataRoot: root });
  assert.deepEqual(
    new Set(shown.map(({ text }) => text)),
    new Set(rows.filter((_, row) => fell[row] === "not_sampled").map(({ text }) => text)),
  );
  assert.equal(kept.size, 60);
});

test("peek shows the rows that fell of a source without a token store too", async (t) => {
  const root = temporaryFolder(t);
  write(root, rowsOf(60), recipeOf("{ use: dedup/exact }, { use: filter/sample, count: 20 }"));
  const { out, result } = await build(root, path.join(root, "out"));
  const shown = await peekRun(openRun("drawn", out), { count: 1000, dropped: "all", dataRoot: root });
  assert.equal(shown.length, 60 - result.sources[0].kept);
  assert.deepEqual([...new Set(shown.map(({ verdict }) => verdict?.reason))].sort(), ["duplicate", "not_sampled"]);
});

/** Everything below `out` but for what names hosts and times. */
function resultsOf(out: string): Record<string, string> {
  return treeDigests(path.join(out, "runs/drawn/outputs"));
}

test("flipped bytes in keys, ordered documents, roots and markers: named, and made again to the same bytes", async (t: TestContext) => {
  const root = temporaryFolder(t);
  write(root, rowsOf(200), recipeOf(`${JUDGED}, { use: filter/sample, count: 30 }`));
  const out = path.join(root, "out");
  const variant = { workers: 0, span_bytes: 900, keep_intermediates: true };
  const { plan } = await build(root, out, variant);
  const whole = resultsOf(out);
  const layout = new Layout(out);
  const [web] = plan.sources;
  const ingest = layout.ingest(web.ingest);
  const group = layout.match(plan.groups[web.barriers[1].group].fingerprint);
  const forget = (...folders: readonly string[]): void => {
    for (const folder of folders)
      for (const name of fs.readdirSync(folder)) if (name.endsWith(".done.json")) fs.rmSync(path.join(folder, name));
  };
  const later = [layout.verdicts(web.verdicts), layout.output(plan.outputs[0].fingerprint), layout.tokens(web.tokens)];
  const united = path.join(group, matchFiles.united);
  const rounds: readonly { readonly damaged: string; readonly again: () => void }[] = [
    { damaged: path.join(ingest, spanFiles.keys(2, 1)), again: () => forget(group, ...later) },
    {
      damaged: path.join(group, matchFiles.ordered(0)),
      again: () => {
        forget(...later);
        fs.rmSync(united);
      },
    },
    { damaged: path.join(group, matchFiles.roots), again: () => forget(...later) },
    { damaged: path.join(group, matchFiles.marker(0)), again: () => forget(...later) },
    { damaged: united, again: () => forget(...later) },
  ];
  for (const { damaged, again } of rounds) {
    again();
    fs.rmSync(path.join(out, "runs/drawn"), { recursive: true });
    flipByte(damaged, Math.floor(fs.statSync(damaged).size / 2));
    const named: string[] = [];
    const report = (event: RunEvent): void => {
      if (event.type === "repair") named.push(path.basename(event.file));
    };
    await build(root, out, { ...variant, report });
    // A damaged marker that is asked for is met by who looks for it, before any task; one that nothing asks for is removed at the end.
    assert.deepEqual([...new Set(named)], damaged === united ? [] : [path.basename(damaged)]);
    assert.deepEqual(resultsOf(out), whole);
  }
});

test("keys of many spans in any number of partitions, with any memory: a stretch of all of them by key", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const key = fc.tuple(fc.oneof(word, fc.constantFrom(5, 0xfffffff0)), fc.oneof(word, fc.constantFrom(7, 8)));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "select-"));
  let files = 0;
  try {
    fc.assert(
      fc.property(
        fc.array(fc.option(key, { freq: 8 }), { maxLength: 80 }),
        fc.constantFrom(1, 2, 7, 64),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(20, 200, 1e6),
        fc.oneof(
          fc.record({ count: fc.nat(90) }),
          fc.record({
            min_quantile: fc.double({ min: 0, max: 0.7, noNaN: true }),
            max_quantile: fc.double({ min: 0.3, max: 1, noNaN: true }),
          }),
        ),
        (keys, partitions, span, memory_bytes, stretch) => {
          const inputs: { file: ReturnType<typeof writeVouched>; firstDocument: number }[] = [];
          for (let first = 0; first < keys.length; first += span) {
            const file = writeVouched(path.join(folder, `${files++}.keys`), (sink) => {
              const writer = new KeyFileWriter(sink, { key_bytes: 8, partitions });
              keys.slice(first, first + span).forEach((words, row) => {
                if (words !== null) writer.add(row, Uint32Array.from(words));
              });
              writer.finish();
            });
            inputs.unshift({ file, firstDocument: first });
          }
          const skip = new Set(keys.map((_, document) => document).filter((document) => document % 5 === 3));
          const orderer = new PartitionMatcher(8, () => new KeyOrder());
          const ordered = Array.from({ length: partitions }, (_, partition) =>
            writeVouched(path.join(folder, `${files++}.ordered`), (sink) => {
              writeOrdered({ inputs, partition, options: { memory_bytes, skip } }, orderer, sink);
            }),
          );
          const stay = new Set(
            keys
              .flatMap((words, document) => (words === null || skip.has(document) ? [] : [[...words, document]]))
              .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
              .filter((_, rank, { length }) =>
                "count" in stretch
                  ? rank < stretch.count
                  : rank >= stretch.min_quantile * length && rank < stretch.max_quantile * length,
              )
              .map(([, , document]) => document),
          );
          const roots = selectStretch(keys.length, ordered, stretch);
          keys.forEach((words, document) => {
            const falls = words !== null && !skip.has(document) && !stay.has(document);
            assert.equal(roots[document], falls ? NO_SURVIVOR : document);
          });
        },
      ),
      { numRuns: 30 },
    );
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
