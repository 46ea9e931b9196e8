import assert from "node:assert/strict";
import test from "node:test";
import type { Phase } from "../../../workers/frontier/frontier.ts";
import type {
  ElectTask,
  IngestTask,
  MatchTask,
  RootsSlice,
  ScatterTask,
  SettleTask,
  WritePart,
  WriteTask,
} from "../../../workers/protocol.ts";
import { TOKENIZER } from "../fixture.ts";
import { doAll, doPhase, keptOf, look, MemoryMarkers, planOf, type World } from "./memory.ts";

const RECIPE = `schema: 1
name: rows
seed: 3
pipelines:
  all: [ { use: dedup/lines }, { use: dedup/exact, scope: pipeline } ]
  plain: [ { use: filter/gopher-quality } ]
sources:
  web: { from: "web/*.jsonl", pipeline: all }
  code: { from: "code/*.jsonl", pipeline: all }
outputs:
  - { name: curated, sources: [code, web], format: jsonl, shard_bytes: 1000, keep_dropped: true }
`;

async function world(t: Parameters<typeof planOf>[0], spans: number, recipe = RECIPE): Promise<World> {
  return { plan: await planOf(t, recipe), markers: new MemoryMarkers(), spans };
}

function phaseOf(at: World, id: string): Phase {
  const phase = look(at).phases.find((candidate) => candidate.id === id);
  assert.ok(phase !== undefined, id);
  return phase;
}

test("a pass that makes cuts waits for the verdict on them, and knows where its parts stand", async (t) => {
  const at = await world(t, 3);
  for (const id of ["cut:web", "cut:code", "ingest:web", "ingest:code"]) doPhase(at, id);
  const [match] = look(at).ready;
  assert.equal(match.id, "match:lines@web");
  const { inputs, members } = match.task(0) as MatchTask;
  assert.deepEqual(
    inputs.map(({ firstDocument }) => firstDocument),
    [0, 30, 60],
  );
  assert.deepEqual(
    members[0].parts?.map(({ firstPart, firstDocument }) => [firstPart, firstDocument]),
    [
      [0, 0],
      [30, 10],
      [60, 20],
    ],
  );
  assert.equal(members[0].documents, 90);
  doPhase(at, "match:lines@web");
  assert.ok(!look(at).ready.some(({ id }) => id === "ingest:web:1"));
  doPhase(at, "unite:lines@web");
  const second = phaseOf(at, "ingest:web:1");
  assert.equal(second.state, "ready");
  assert.equal(((second.task(2) as IngestTask).edits as RootsSlice).first, 60);
  doPhase(at, "ingest:web:1");
  const done = doAll(at);
  assert.ok(done.indexOf("match:exact@web,code") > done.indexOf("ingest:code:1"));
  assert.ok(done.indexOf("settle:web") > done.indexOf("unite:exact@web,code"));
  assert.equal(done.at(-1), "write:curated");
  assert.equal(look(at).complete, true);
});

test("a spool that went is made again only for the spans that are read", async (t) => {
  const at = await world(t, 5);
  doAll(at);
  at.markers.remove(/\.spool$/);
  assert.equal(look(at).complete, true);
  at.markers.remove(/output-.*\/00003\.(done\.json|jsonl)$/);
  const left = look(at);
  const asked = left.phases.flatMap(({ id, undone, removed }) => (undone.length > 0 ? [[id, undone, removed]] : []));
  assert.deepEqual(
    asked.map(([id]) => id),
    ["ingest:web", "ingest:code", "ingest:web:1", "ingest:code:1", "write:curated"].filter((id) =>
      asked.some(([other]) => other === id),
    ),
  );
  for (const [id, undone] of asked) if (id !== "write:curated") assert.ok((undone as number[]).length < 5, String(id));
  doAll(at);
  assert.equal(look(at).complete, true);
});

test("settled rows: documents are numbered by the first pass, whatever the second one met", async (t) => {
  const at = await world(t, 3);
  doAll(at, (ready) => ready.find((id) => !id.startsWith("settle")) ?? ready[0]);
  const settle = phaseOf(at, "settle:code").task(0) as SettleTask;
  assert.deepEqual(
    settle.spans.map(({ firstDocument, documents }) => [firstDocument, documents]),
    [
      [0, 10],
      [10, 10],
      [20, 10],
    ],
  );
  assert.deepEqual(
    settle.barriers.map(({ roots }) => roots.first),
    [30],
  );
});

for (const spans of [1, 9, 40]) {
  test(`${spans} spans: every surviving row is in one file of an output, in order, and every span's dropped rows too`, async (t) => {
    const at = await world(t, spans);
    doAll(at);
    const phase = phaseOf(at, "write:curated");
    const files = Array.from({ length: phase.tasks ?? 0 }, (_, shard) => (phase.task(shard) as WriteTask).parts);
    const rows = 2 * Array.from({ length: spans }, (_, span) => keptOf(span)).reduce((sum, kept) => sum + kept, 0);
    assert.equal(files.length, Math.ceil((rows * 100) / 1000));
    files.forEach((parts, k) => {
      const taken = parts.reduce((sum, { take }) => sum + take, 0);
      assert.equal(
        taken,
        Math.floor((rows * (k + 1)) / files.length) - Math.floor((rows * k) / files.length),
        `file ${k}`,
      );
    });
    const all = files.flat();
    const named = (part: WritePart): string => `${part.source}/${part.span}`;
    // In order: code first, as the output names it.
    assert.deepEqual([...new Set(all.map(({ source }) => source))], [1, 0]);
    for (const key of new Set(all.map(named))) {
      const parts = all.filter((part) => named(part) === key);
      const kept = keptOf(parts[0].span);
      let passed = 0;
      let aside = 0;
      for (const part of parts) {
        assert.equal(part.skip, passed, key);
        passed += part.take;
        if (part.aside === undefined) continue;
        assert.equal(part.aside.from, aside, key);
        aside = part.aside.to;
      }
      assert.equal(passed, kept, key);
      // Dropped rows have from none to all of the surviving ones before them.
      assert.equal(aside, kept + 1, key);
    }
    assert.equal(new Set(all.map(named)).size, 2 * spans);
  });
}

test("a barrier that selects says how many rows stay, and leaves verdicts without clusters", async (t) => {
  const drawn = RECIPE.replace(
    "{ use: filter/gopher-quality }",
    "{ use: dedup/exact }, { use: filter/sample, count: 7 }",
  )
    .replace(/pipeline: all/g, "pipeline: plain")
    .replace(
      "outputs:",
      `tokenizer: ${TOKENIZER}
training_stages: [ { name: s, tokens: 128, sequence_length: 64, weights: { web: 1 } } ]
outputs:`,
    );
  const at = await world(t, 3, drawn);
  assert.deepEqual(phaseOf(at, "match:sample@web").stages, ["filter/sample", "keep 7"]);
  const done = doAll(at, (ready) => ready.find((id) => !id.startsWith("scatter")) ?? ready[0]);
  assert.ok(done.indexOf("match:sample@web") > done.indexOf("unite:exact@web"), "copies are not drawn");
  assert.ok(done.indexOf("settle:web") > done.indexOf("unite:sample@web"));
  const { barriers, counts } = phaseOf(at, "scatter:web").task(0) as ScatterTask;
  assert.equal(barriers.length, 2);
  assert.deepEqual(
    counts.map(({ file }) => file.name),
    ["sizes.u32"],
  );
});

test("an election waits for all rows and their texts, and decides before anything is taken", async (t) => {
  for (const tokenized of [false, true]) {
    const training = `tokenizer: ${TOKENIZER}\ntraining_stages: [ { name: s, tokens: 128, sequence_length: 64, weights: { web: 1 } } ]\n`;
    const recipe = RECIPE.replace(
      /all: .*/,
      "all: [ { use: dedup/minhash, scope: pipeline, verify: text, precedence: [code] } ]",
    );
    const at = await world(t, 3, tokenized ? recipe.replace("outputs:", `${training}outputs:`) : recipe);
    for (const id of ["cut:web", "cut:code", "ingest:web", "ingest:code"]) doPhase(at, id);
    // Ranks say who is numbered first.
    for (const kind of ["match", "unite"]) doPhase(at, `${kind}:minhash@code,web`);
    const ready = () => look(at).ready.map(({ id }) => id);
    assert.deepEqual(ready(), ["elect:minhash@code,web"]);
    const [elect] = look(at).ready;
    const task = elect.task(0) as ElectTask;
    assert.deepEqual(
      task.spans.map(({ member, span, firstDocument }) => [member, span, firstDocument]),
      [0, 1].flatMap((member) => [0, 1, 2].map((span) => [member, span, 30 * member + 10 * span])),
    );
    // Of a source with tokens, tokens are read; of the other its texts.
    const removed = at.markers.remove(tokenized ? /00001\.tokens$/ : /00001\.texts$/);
    assert.equal(removed, tokenized ? 1 : 2);
    assert.deepEqual(ready(), tokenized ? ["ingest:web"] : ["ingest:web", "ingest:code"]);
    for (const id of ready()) doPhase(at, id);
    doPhase(at, "elect:minhash@code,web");
    assert.ok(!ready().some((id) => /^(scatter|settle)/.test(id)));
    doPhase(at, "decide:minhash@code,web");
    assert.ok(ready().includes("settle:web"));
    doAll(at);
    assert.deepEqual(
      look(at)
        .phases.filter(({ state }) => state !== "done")
        .map(({ id }) => id),
      [],
    );
  }
});
