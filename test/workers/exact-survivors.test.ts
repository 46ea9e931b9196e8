/** Who survives of rows that are equal: datatrove's cases of exact deduplication with priorities, over spans and sources. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { dedupTable } from "../../cli/reporters/dedup.ts";
import { openRun, peekRun, prepare, type RunResult, run, runStatus } from "../../index.ts";
import exact from "../../stages/dedup/exact.ts";
import { temporaryFolder } from "./fixture.ts";

interface Row {
  readonly id: string;
  readonly url: string | null;
  readonly text: string;
  readonly rank?: number | null;
}

/** datatrove's five documents: their numbers are their ranks. */
const FIVE = ["example.com", "example.com", "new-site.com", "example.com", "example2.com"].map((host, i): Row => {
  return { id: String(i + 1), url: `https://${host}`, text: `Text ${i + 1}.`, rank: i + 1 };
});

interface Made {
  readonly out: string;
  readonly result: RunResult;
  /** Ids of the rows that are left, sorted. */
  readonly left: readonly string[];
  /** How many rows each of them stands for. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** Runs `stage` over rows of sources, in spans of some bytes. */
async function make(
  t: TestContext,
  stage: string,
  sources: Readonly<Record<string, readonly Row[]>>,
  span_bytes = 10_000,
): Promise<Made> {
  const root = temporaryFolder(t);
  const names = Object.keys(sources);
  for (const [name, rows] of Object.entries(sources)) {
    fs.mkdirSync(path.join(root, name));
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    fs.writeFileSync(path.join(root, name, "0.jsonl"), lines.join(""));
  }
  const metadata = "[{ name: url, kind: utf8 }, { name: rank, kind: int64 }]";
  const recipe = [
    "schema: 1\nname: exact\nseed: 2",
    `pipelines: { all: [ { use: dedup/exact, ${stage} } ] }`,
    "sources:",
    ...names.map((name) => `  ${name}: { from: "${name}/*.jsonl", metadata: ${metadata}, pipeline: all }`),
    `outputs: [ { name: rows, sources: [${names}], format: { use: jsonl, codec: none }, columns: [id, exact_cluster_size] } ]\n`,
  ];
  const file = path.join(root, "recipe.yaml");
  fs.writeFileSync(file, recipe.join("\n"));
  const { plan, environment, registry } = await prepare(file, { out: root, dataRoot: root });
  const result = await run(plan, { root, environment, registry, workers: 0, span_bytes });
  const folder = path.join(root, "runs/exact/outputs/rows");
  const rows = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as { id: string; exact_cluster_size: number });
  const sizes = Object.fromEntries(rows.map(({ id, exact_cluster_size }) => [id, exact_cluster_size]));
  return { out: root, result, left: Object.keys(sizes).sort(), sizes };
}

const HIGHEST = "on: url, survivor: { column: rank }";
const LOWEST = "on: url, survivor: { column: rank, order: smallest }";

test("datatrove's five documents: the highest rank leaves 3, 4 and 5, the lowest 1, 3 and 5, in any order and division", async (t) => {
  for (const rows of [FIVE, FIVE.toReversed()]) {
    for (const span_bytes of [10_000, 100]) {
      const highest = await make(t, HIGHEST, { a: rows }, span_bytes);
      assert.deepEqual(highest.left, ["3", "4", "5"]);
      assert.deepEqual(highest.sizes, { 3: 1, 4: 3, 5: 1 });
      assert.deepEqual((await make(t, LOWEST, { a: rows }, span_bytes)).left, ["1", "3", "5"]);
    }
  }
  assert.deepEqual((await make(t, "key: url", { a: FIVE })).left, ["1", "3", "5"]);
  assert.deepEqual((await make(t, "key: url", { a: FIVE.toReversed() })).left, ["3", "4", "5"]);
  // Two ranks of datatrove: two files there, two sources here.
  const two = { a: FIVE.slice(0, 3), b: FIVE.slice(3) };
  assert.deepEqual((await make(t, `${HIGHEST}, scope: pipeline`, two)).left, ["3", "4", "5"]);
  assert.deepEqual((await make(t, `${LOWEST}, scope: pipeline`, two)).left, ["1", "3", "5"]);
});

test("sources by rank come before the rule; the longest text; a row without a number comes last", async (t) => {
  const two = { a: FIVE.slice(0, 3), b: FIVE.slice(3) };
  const ranked = "on: url, scope: pipeline, precedence: [b]";
  assert.deepEqual((await make(t, ranked, two)).left, ["3", "4", "5"]);
  assert.deepEqual((await make(t, `${ranked}, survivor: { column: rank, order: smallest }`, two)).left, [
    "3",
    "4",
    "5",
  ]);
  const a = { ...FIVE[1], text: "The longest text of all." } as Row;
  const uneven = FIVE.map((row) => (row.id === "2" ? a : row));
  assert.deepEqual((await make(t, "on: url, survivor: longest", { a: uneven })).left, ["2", "3", "5"]);
  const unranked = FIVE.map((row) => (row.id === "2" ? row : { ...row, rank: null }));
  for (const order of ["largest", "smallest"]) {
    const stage = `key: url, survivor: { column: rank, order: ${order} }`;
    assert.deepEqual((await make(t, stage, { a: unranked })).left, ["2", "3", "5"]);
  }
  // Texts that are equal may be told apart by a column.
  const same = FIVE.map((row) => ({ ...row, text: "One text." }));
  assert.deepEqual((await make(t, "survivor: { column: rank }", { a: same })).left, ["5"]);
});

test("groups of equal rows are in the report, in `dedup.json` and in `status`, with and without an election", async (t) => {
  for (const [stage, survivor] of [
    ["on: url", "a/0.jsonl#0"],
    [HIGHEST, "a/0.jsonl#3"],
  ] as const) {
    const { out, result } = await make(t, stage, { a: FIVE });
    const [report] = result.dedup ?? [];
    assert.deepEqual(report?.sources, [{ name: "a", rows: 5, dropped: 2 }]);
    assert.deepEqual([report?.use, report?.dropped, report?.clusters, report?.members], ["dedup/exact", 2, 1, 3]);
    assert.deepEqual(report?.largest, [{ size: 3, survivor }]);
    const kept = JSON.parse(fs.readFileSync(path.join(out, "runs/exact/dedup.json"), "utf8"));
    assert.deepEqual(kept.barriers, result.dedup);
    const opened = openRun("exact", out);
    const { dedup = [] } = runStatus(opened);
    assert.deepEqual(dedup, result.dedup);
    assert.ok(dedupTable(dedup).includes(`3 ${survivor}`));
    const [peeked] = await peekRun(opened, { count: 1, id: "2", dataRoot: out });
    assert.equal(peeked?.verdict?.survivor?.id, survivor === "a/0.jsonl#0" ? "1" : "4");
  }
});

test("who survives may not be said where it chooses nothing; unsaid, the exchange is what it was", () => {
  const refused = (given: Record<string, unknown>, why: RegExp): void => {
    const { error } = exact.options.safeParse(given);
    assert.match(error?.message ?? "", why, JSON.stringify(given));
  };
  refused({ survivor: "longest" }, /equal texts have one length/);
  refused({ key: "text", survivor: "longest" }, /equal texts have one length/);
  refused({ key: "n", survivor: { column: "n" } }, /equal in the column that is compared/);
  refused({ precedence: ["a"] }, /one rank/);
  refused({ scope: "pipeline", precedence: [] }, /precedence/);
  refused({ survivor: { column: "n", order: "middle" } }, /survivor/);
  const exchangeOf = (given: Record<string, unknown>) => {
    assert.ok(typeof exact.exchange === "function");
    return exact.exchange(exact.options.parse(given));
  };
  const plain = { scope: "source", verdict: "drop", reason: "duplicate" };
  assert.deepEqual(exchangeOf({}), plain);
  assert.deepEqual(exchangeOf({ survivor: "first" }), plain);
  assert.deepEqual(exchangeOf({ on: "normalized", survivor: "longest" }), {
    ...plain,
    election: { survivor: "longest", text: false },
  });
  assert.ok(typeof exact.reads === "function");
  assert.deepEqual(exact.reads(exact.options.parse({ on: "url", survivor: { column: "n" } })), ["url", "n"]);
});
