/** Survivors that are elected: by length, column and rank, and by texts; over spans, workers and roads to the text; gates before anything is taken. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { openRun, peekRun, prepare, type RunEvent, type RunResult, run, runStatus } from "../../index.ts";
import { environmentData } from "../../io/environment.ts";
import { Layout, matchFiles } from "../../store/layout.ts";
import { WorkerContext } from "../../workers/context.ts";
import { frontier } from "../../workers/frontier/frontier.ts";
import { MarkerPlaces } from "../../workers/marker-places.ts";
import { createProgress } from "../../workers/progress.ts";
import { RequestBudget } from "../../workers/request-budget.ts";
import { readMarkerOf, StoreMarkers } from "../../workers/store-markers.ts";
import { elect } from "../../workers/tasks/elect/elect.ts";
import { article, randomizer, TOKENIZER, temporaryFolder, treeDigests } from "./fixture.ts";

interface Row {
  readonly id: string;
  readonly text: string;
  readonly score: number | null;
}

/** Clusters: a text, a copy with a line less, one with a line of its own, one longer, one in capitals. */
function clusters(count: number, seed = 5): Row[] {
  const random = randomizer(seed);
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const lines = article(random, 24).split("\n");
    const text = lines.join("\n");
    rows.push({ id: `base-${i}`, text, score: i % 3 === 0 ? null : 0.5 });
    rows.push({ id: `less-${i}`, text: [...lines.slice(0, 9), ...lines.slice(10)].join("\n"), score: 0.9 });
    rows.push({ id: `own-${i}`, text: `${text}\nonly${i} here said.`, score: 0.1 });
    rows.push({ id: `loud-${i}`, text: text.toUpperCase(), score: 0.2 });
    rows.push({ id: `alone-${i}`, text: article(random, 12), score: 0.3 });
  }
  return rows;
}

function recipeOf(stage: string, more: string): string {
  return `schema: 1
name: elected
seed: 2
tokenizer: ${TOKENIZER}
pipelines: { all: [ { use: dedup/minhash, ${stage} } ] }
sources:
  a: { from: "a/*.jsonl", metadata: [{ name: score, kind: float64 }], pipeline: all }
  b: { from: "b/*.jsonl", metadata: [{ name: score, kind: float64 }], pipeline: all }
${more}`;
}
const ROWS =
  "outputs:\n  - { name: rows, sources: [a, b], format: { use: jsonl, codec: none }, shard_bytes: 40K, columns: [id, minhash_cluster_size], keep_dropped: true }\n";
const STAGES =
  "training_stages:\n  - { name: s, tokens: 2K, sequence_length: 64, weights: { a: 0.5, b: 0.5 } }\nlimits: { max_epochs: 9 }\n";

function write(root: string, rows: readonly Row[], recipe: string): void {
  const half = Math.ceil(rows.length / 2);
  for (const [folder, part] of [
    ["a", rows.slice(0, half)],
    ["b", rows.slice(half)],
  ] as const) {
    fs.mkdirSync(path.join(root, folder), { recursive: true });
    fs.writeFileSync(path.join(root, folder, "0.jsonl"), part.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  fs.writeFileSync(path.join(root, "recipe.yaml"), recipe);
}

interface Made {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
}

async function make(
  root: string,
  out = root,
  workers = 0,
  span_bytes = 9000,
  keep_intermediates = false,
): Promise<Made> {
  const { plan, environment, registry } = await prepare(path.join(root, "recipe.yaml"), { out, dataRoot: root });
  const events: RunEvent[] = [];
  const report = (event: RunEvent): void => {
    events.push(event);
  };
  const options = { root: out, environment, registry, workers, span_bytes, report, keep_intermediates };
  return { result: await run(plan, options), events };
}

/** Ids of the rows that the output has, with the sizes of their clusters, and of those that it keeps aside. */
function idsIn(out: string, folder = ""): Map<string, number | null> {
  const at = path.join(out, "runs/elected/outputs/rows", folder);
  const lines = fs
    .readdirSync(at)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .flatMap((name) => fs.readFileSync(path.join(at, name), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as { id: string; minhash_cluster_size: number | null });
  return new Map(lines.map((row) => [row.id, row.minhash_cluster_size]));
}

const kept = (out: string, kind: string): number => [...idsIn(out).keys()].filter((id) => id.startsWith(kind)).length;

test("a row falls by its text where one that stays says all of it, and no other, whatever the road to the text", async (t) => {
  const root = temporaryFolder(t);
  write(root, clusters(8), recipeOf("verify: text", ROWS));
  const { result, events } = await make(root);
  // `own` is the longest and says all that the others say.
  assert.deepEqual(
    ["base", "less", "loud", "own", "alone"].map((kind) => kept(root, kind)),
    [0, 0, 0, 8, 8],
  );
  const [report] = result.dedup ?? [];
  assert.deepEqual(report?.sources, [{ name: "a", rows: 20, dropped: 12 }]);
  assert.deepEqual([report?.candidates, report?.dropped, report?.chain_depth], [12, 12, 1]);
  assert.deepEqual(report?.clusters_by_size, { 2: 0, 4: 4 });
  assert.equal(report?.largest[0]?.size, 4);
  assert.match(report?.largest[0]?.survivor ?? "", /^[ab]\/.*#\d+$/);
  assert.deepEqual([...idsIn(root).values()].sort(), [...Array(8).fill(1), ...Array(8).fill(4)]);
  const decided = events.findIndex(({ type }) => type === "dedup_decided");
  const taken = events.findIndex((event) => event.type === "phase_started" && event.phase === "settle");
  assert.ok(decided >= 0 && decided < taken, "what falls is told before it is taken");
  assert.deepEqual(runStatus(openRun("elected", root)).dedup, result.dedup);
  assert.deepEqual(
    JSON.parse(fs.readFileSync(path.join(root, "runs/elected/dedup.json"), "utf8")).barriers,
    result.dedup,
  );
  const [peeked] = await peekRun(openRun("elected", root), { count: 1, id: "base-0", dataRoot: root });
  assert.equal(peeked?.verdict?.survivor?.id, "own-0");

  // From tokens, beside which there are no texts: the same rows, in any number of spans and threads.
  const tokens = path.join(root, "tokens");
  fs.writeFileSync(path.join(root, "recipe.yaml"), recipeOf("verify: text", ROWS + STAGES));
  for (const [name, workers, span] of [
    ["one", 0, 1e9],
    ["many", 2, 3000],
  ] as const) {
    const out = path.join(tokens, name);
    await make(root, out, workers, span);
    assert.deepEqual(idsIn(out), idsIn(root));
    assert.deepEqual(idsIn(out, "dropped"), idsIn(root, "dropped"));
  }
  const results = (name: string) =>
    treeDigests(path.join(tokens, name), (file) =>
      /runs\/elected\/(outputs|dedup)|roots\.u32|sizes\.u32|\.ds$/.test(file),
    );
  assert.deepEqual(results("one"), results("many"));
});

test("survivors by length and by column; a row without a number comes last; ranks come before the rule", async (t) => {
  const survivors = async (stage: string, rows: readonly Row[] = clusters(6)): Promise<string[]> => {
    const root = temporaryFolder(t);
    write(root, rows, recipeOf(stage, ROWS));
    await make(root);
    return [...idsIn(root).keys()].filter((id) => !id.startsWith("alone"));
  };
  const named = (kind: string): string[] => Array.from({ length: 6 }, (_, i) => `${kind}-${i}`);
  assert.deepEqual(await survivors("survivor: { column: score }"), named("less"));
  assert.deepEqual(await survivors("survivor: { column: score, order: smallest }"), named("own"));
  // The same rows in both sources: a rank says which of them stay.
  const both = [...clusters(3), ...clusters(3).map((row) => ({ ...row, id: `b-${row.id}` }))];
  const three = (prefix: string, kind: string) => [0, 1, 2].map((i) => `${prefix}${kind}-${i}`);
  const ranked = "scope: pipeline, precedence: [b], survivor: longest";
  assert.deepEqual(
    (await survivors(ranked, both)).filter((id) => !id.startsWith("b-alone")),
    three("b-", "own"),
  );
});

test("gates are held before anything is taken: nothing is replaced, and a change of the gate reads nothing again", async (t) => {
  const root = temporaryFolder(t);
  const gated = (gate: string) => recipeOf("verify: 0.5", `${ROWS}gates: { ${gate} }\n`);
  write(root, clusters(8), recipeOf("verify: 0.5", ROWS));
  await make(root);
  const before = treeDigests(path.join(root, "runs/elected"));
  const stored = () => treeDigests(path.join(root, "store"), (file) => file !== "identities.jsonl");
  const store = stored();
  const failing = ["max_source_dropped_ratio: 0.5", "max_cluster_size: 3"];
  for (const gate of failing) {
    fs.writeFileSync(path.join(root, "recipe.yaml"), gated(gate));
    // What is there of an earlier run is held to it too; so is what would be made anew.
    for (const out of [root, path.join(root, "fresh")]) {
      await assert.rejects(make(root, out), { code: "run/dedup-gate", exitCode: 3 });
    }
  }
  const after = treeDigests(path.join(root, "runs/elected"), (file) => !file.startsWith("next"));
  assert.deepEqual(after, before);
  assert.deepEqual(stored(), store);
  assert.ok(!fs.readdirSync(path.join(root, "fresh/store")).some((name) => name.startsWith("verdicts")));
  assert.match(runStatus(openRun("elected", path.join(root, "fresh"))).failure ?? "", /max_cluster_size is 3/);
  fs.writeFileSync(path.join(root, "recipe.yaml"), gated("max_source_dropped_ratio: 0.7, max_cluster_size: 4"));
  const { result } = await make(root, path.join(root, "fresh"));
  assert.deepEqual(
    result.gates.map(({ name, ok, value }) => ({ name, ok, value })),
    [
      { name: "max_source_dropped_ratio", ok: true, value: 0.6 },
      { name: "max_cluster_size", ok: true, value: 4 },
    ],
  );
  assert.equal(result.dedup?.[0]?.candidates, 12);
});

test("a cluster that is read in pieces has the survivors that it has as a whole", async (t) => {
  for (const stage of ["verify: text", "survivor: longest", "survivor: { column: score }"]) {
    const root = temporaryFolder(t);
    // One cluster of all that is not alone.
    const [first] = clusters(1);
    const lines = first.text.split("\n");
    const rows = Array.from({ length: 12 }, (_, i): Row => {
      const text = i % 3 === 0 ? lines : [...lines.slice(0, i), ...lines.slice(i + 1)];
      return { id: `r${i}`, text: `${text.join("\n")}${i % 4 === 0 ? `\nown${i} line.` : ""}`, score: (i * 7) % 11 };
    });
    write(root, rows, recipeOf(`scope: pipeline, ${stage}`, ROWS));
    await make(root, root, 0, 9000, true);
    const { plan, environment } = await prepare(path.join(root, "recipe.yaml"), { out: root, dataRoot: root });
    const layout = new Layout(root);
    const context = await WorkerContext.create({
      plan,
      root,
      environment: environmentData(environment),
      max_errors: 0,
      progress: createProgress(2),
      match_memory_bytes: 1 << 20,
      span_bytes: 9000,
      request_budget: RequestBudget.memory({}),
    });
    const left = frontier(plan, new StoreMarkers(plan, layout), { layout });
    const task = left.find("elect:minhash@a,b")?.spec.task(0);
    assert.ok(task?.kind === "elect" && task.words === 13, "one cluster of 12");
    const folder = layout.match(plan.groups[0].fingerprint);
    const whole = fs.readFileSync(path.join(folder, matchFiles.elected(0)));
    const { counts } = readMarkerOf(new MarkerPlaces(plan, layout).elect(0, 0)) ?? {};
    // A marker of other content would be refused.
    for (const piece_words of [1, 5]) assert.deepEqual(elect({ ...task, piece_words }, context).counts, counts);
    assert.deepEqual(fs.readFileSync(path.join(folder, matchFiles.elected(0))), whole);
    assert.ok((counts?.fallen ?? 0) >= 8);
  }
});

test("what cannot be is refused when it is planned", async (t: TestContext) => {
  const root = temporaryFolder(t);
  const refused = async (stages: string, code: string, more = ROWS): Promise<void> => {
    write(root, clusters(1), recipeOf("verify: text", more).replace(/all: .*/, `all: [ ${stages} ] }`));
    await assert.rejects(prepare(path.join(root, "recipe.yaml"), { out: root, dataRoot: root }), (error: Error) =>
      JSON.stringify(error, Object.getOwnPropertyNames(error)).includes(code),
    );
  };
  await refused("{ use: dedup/minhash, verify: text }, { use: dedup/paragraphs }", "recipe/election-before-pass");
  await refused("{ use: dedup/minhash, scope: pipeline, precedence: [c] }", "recipe/unknown-source");
  await refused("{ use: dedup/minhash, precedence: [a] }", "rows of one source have one rank");
});
