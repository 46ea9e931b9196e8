/** Looking back at runs: what is told of one document, one step, two runs, a root, each held against another way to know it. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import {
  accountRows,
  collectGarbage,
  compareRuns,
  diffRuns,
  explainDocument,
  listRuns,
  peekDocuments,
  peekRun,
  peekWindows,
  replayMixture,
  ShardmillError,
  type TracedSequence,
  type TraceStepsOptions,
  traceSteps,
  traceWindow,
  verifyRun,
  writeSteps,
} from "../../../index.ts";
import { runFiles } from "../../../store/layout.ts";
import { lockRun } from "../../../store/lock.ts";
import { twoRuns } from "./two-runs.ts";

const { root, tiny, strict } = await twoRuns();
const BATCH = { global_batch_size: 8, data_parallel: 2, micro_batch_size: 2 };

async function traced(options: Partial<TraceStepsOptions>): Promise<readonly TracedSequence[]> {
  const sequences: TracedSequence[] = [];
  for await (const sequence of traceSteps(tiny, { ...BATCH, step: 1, ...options })) sequences.push(sequence);
  return sequences;
}

const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ShardmillError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test("a trace of all steps is the replay: windows of each source, in order, through both stages", async () => {
  const replays = await replayMixture("tiny", { out: root, global_batch_size: BATCH.global_batch_size });
  const all = await traced({ count: sum(replays.map(({ step }) => step)) });
  for (const { stage, samples, step, sources } of replays) {
    const own = all.filter(({ training_stage }) => training_stage === stage);
    assert.deepEqual([own.length, own.at(-1)?.step], [samples, step]);
    for (const { name, start_window, next_window } of sources) {
      const windows = own.filter(({ source }) => source === name).map(({ window }) => window?.number);
      assert.deepEqual(
        windows,
        Array.from({ length: next_window - start_window }, (_, i) => start_window + i),
      );
    }
    for (const { pieces, padding_tokens } of own)
      assert.equal(sum(pieces.map((piece) => piece.tokens)) + padding_tokens, 65);
  }
  assert.ok(
    all.some(({ pieces }) => pieces.some(({ epoch }) => epoch > 0)),
    "a second epoch",
  );
  // nanotron deals samples in turns, two ranks of four each, in two micro-batches.
  assert.deepEqual(
    all.slice(0, 8).map(({ data_parallel }) => [data_parallel?.rank, data_parallel?.micro_batch]),
    [0, 1, 0, 1, 0, 1, 0, 1].map((rank, i) => [rank, i < 4 ? 0 : 1]),
  );
  const far = traced({ step: 10_000 });
  await assert.rejects(far, refused("flag/step-out-of-range", /beyond stage1, stage2/));
  await assert.rejects(traced({ trainer: "megatorn" }), refused("flag/no-such-trainer", /did you mean `megatron`/));
  await assert.rejects(traced({ data_parallel: 3 }), refused("flag/bad-batch", /not dealt evenly to 3 ranks/));
});

test("the rows of a window hold its text, and the steps that read it are those that hand it out", async () => {
  const window = await traceWindow(tiny, { window: 3, source: "web", global_batch_size: 8 });
  const [shown] = peekWindows(tiny, { count: 1, source: "web", window: 3 });
  const texts = (shown?.text ?? "").split("‖").map((text) => text.replace("<|endoftext|>", "").trim());
  assert.equal(texts.length, window.pieces.length);
  for (const [i, { address }] of window.pieces.entries()) {
    const [document] = await peekRun(tiny, { count: 1, address, dataRoot: root });
    assert.ok(document?.text.includes(texts[i] ?? "?"), address);
  }
  assert.ok(window.read_by.length > 0);
  for (const { training_stage, step, sample } of window.read_by) {
    const sequences = await traced({ stage: training_stage, step });
    const found = sequences.find((sequence) => sequence.sample === sample);
    assert.deepEqual(found?.pieces, window.pieces);
  }
  await assert.rejects(traceWindow(tiny, { window: 3 }), refused("flag/source-needed", /--source: code, web|--source/));
  await assert.rejects(
    traceWindow(tiny, { window: 1e6, source: "web" }),
    refused("run/no-such-window", /there are \d+/),
  );
});

test("Megatron's steps: every sample whole, other rows under another seed, ranks in runs", async () => {
  const options = { trainer: "megatron", stage: "stage1", count: 20 };
  const all = await traced(options);
  for (const { pieces, window } of all) {
    assert.equal(sum(pieces.map(({ tokens }) => tokens)), 65);
    assert.equal(window, undefined);
  }
  assert.deepEqual(
    all.slice(0, 8).map(({ data_parallel }) => [data_parallel?.rank, data_parallel?.micro_batch]),
    [0, 0, 1, 1, 0, 0, 1, 1].map((rank, i) => [rank, i < 4 ? 0 : 1]),
  );
  const addresses = (sequences: readonly TracedSequence[]) =>
    sequences.flatMap(({ pieces }) => pieces.map((p) => p.address));
  const other = await traced({ ...options, seed: 99 });
  assert.notDeepEqual(addresses(other), addresses(all));
  assert.deepEqual(await traced(options), all);
  await assert.rejects(traced({ ...options, split: "0,1,0" }), refused("flag/bad-split", /leaves nothing/));
});

test("steps as Parquet: a row a piece, which our own reader reads", async () => {
  const file = path.join(root, "steps.parquet");
  const expected = await traced({ step: 2, count: 3 });
  const written = await writeSteps(file, traceSteps(tiny, { ...BATCH, step: 2, count: 3 }));
  const pieces = expected.flatMap((sequence) => sequence.pieces);
  assert.deepEqual(written, { sequences: 24, rows: pieces.length });
  const paths = await peekDocuments(file, { count: 1000, dataRoot: root, column: "path" });
  assert.deepEqual(
    paths.map(({ text }) => text),
    pieces.map((piece) => piece.path),
  );
});

for (const trainer of ["nanotron", "megatron"]) {
  test(`explain names the steps whose trace holds the document: ${trainer}`, async () => {
    const all = [
      ...(await traced({ trainer, stage: "stage1", count: 23 })),
      ...(await traced({ trainer, stage: "stage2", count: 23 })),
      ...(await traced({ trainer, stage: "long", count: 1 })),
    ];
    const addresses = [...new Set(all.flatMap(({ pieces }) => pieces.map(({ address }) => address)))].sort();
    for (const address of [addresses[0], addresses.at(-1), addresses[20]]) {
      const [explanation] = await explainDocument(tiny, address ?? "", { ...BATCH, trainer, data_root: root });
      const holding = all.filter(({ pieces }) => pieces.some((piece) => piece.address === address));
      assert.deepEqual(
        explanation?.sequences
          .filter(({ step }) => step !== undefined)
          .map((s) => [s.training_stage, s.step, s.sample, s.window]),
        holding.map((s) => [s.training_stage, s.step, s.sample, s.window?.number]),
        address,
      );
    }
  });
}

test("explain: what a filter keeps is measured as the ledger of a stricter run has it", async () => {
  const dropped = await peekRun(strict, { count: 500, dropped: "gopher-quality:too_few_words", dataRoot: root });
  const [kept] = await peekRun(tiny, { count: 1, source: "web", dataRoot: root });
  const there = dropped.filter(({ verdict }) => (verdict?.value ?? 0) >= 20);
  assert.ok(there.length > 3 && kept !== undefined);
  for (const { address, verdict } of there.slice(0, 2)) {
    const [explanation] = await explainDocument(tiny, address, { data_root: root });
    const [gopher] = explanation?.stages ?? [];
    assert.deepEqual(
      gopher?.measures.find(({ reason }) => reason === "too_few_words"),
      {
        reason: "too_few_words",
        option: "min_words",
        bound: 20,
        value: verdict?.value,
      },
    );
    assert.deepEqual([gopher?.verdict, gopher?.values_from], ["kept", "run_again"]);
    assert.equal(gopher?.measures.length, 10);
    const [strictly] = await explainDocument(strict, address, { data_root: root });
    const [first, ...others] = strictly?.stages ?? [];
    assert.deepEqual([first?.verdict, first?.values_from, first?.measures[0]?.bound], ["dropped", "ledger", 200]);
    assert.ok(others.every((stage) => stage.verdict === "not_reached"));
  }
});

test("explain: a duplicate names its survivor, whose cluster counts it; a held-out row is in no window; by id as by address", async () => {
  const [copy] = await peekRun(tiny, { count: 1, source: "web", dropped: "exact", dataRoot: root });
  const [explanation] = await explainDocument(tiny, copy?.address ?? "", { data_root: root });
  const stage = explanation?.stages.find(({ verdict }) => verdict === "dropped");
  assert.deepEqual([stage?.stage, stage?.survivor], ["exact", copy?.verdict?.survivor]);
  assert.deepEqual(explanation?.sequences, []);
  const [survivor] = await explainDocument(tiny, stage?.survivor?.id ?? "", { data_root: root });
  assert.equal(survivor?.address, stage?.survivor?.address);
  assert.ok((survivor?.stages.find(({ stage: id }) => id === "exact")?.cluster_documents ?? 0) >= 2);
  const [aside] = await peekRun(tiny, { count: 1, held_out: true, dataRoot: root });
  const [held] = await explainDocument(tiny, aside?.address ?? "", { data_root: root });
  assert.deepEqual([held?.fate, held?.stored?.held_out, held?.sequences], ["held_out", true, []]);
  await assert.rejects(explainDocument(tiny, "web/none.jsonl#1"), refused("run/no-such-address", /a\.jsonl/));
});

test("diff: counts are the accounts', every changed fate is counted once, with the option that did it", async () => {
  const diff = await diffRuns(tiny, strict, { count: 2 });
  assert.deepEqual(diff.changes, [
    "pipelines.web.gopher-quality.options.min_words 20 → 200",
    "training_stages.stage1.weights.code 0.1 → 0.3",
  ]);
  const [web] = diff.fates;
  const [before, after] = [tiny, strict].map((opened) => accountRows(opened.plan, opened.layout)[0]);
  assert.deepEqual([web?.compared, web?.only, web?.unread], [120, [0, 0], [0, 0]]);
  const lost = web?.changes.filter(({ from }) => from === "kept") ?? [];
  const won = web?.changes.filter(({ to }) => to === "kept") ?? [];
  const moved = sum(lost.map(({ documents }) => documents)) - sum(won.map(({ documents }) => documents));
  assert.equal(moved, (before?.kept ?? 0) - (after?.kept ?? 0));
  assert.ok(moved > 0);
  const [most] = lost;
  assert.equal(most?.to, "gopher-quality:too_few_words");
  assert.deepEqual(most?.why, ["gopher-quality: min_words 20 → 200"]);
  assert.equal(most?.examples.length, 2);
  const [example] = most?.examples ?? [];
  assert.ok((example?.after.verdict?.value ?? 1000) < 200);
  const code = diff.mixtures[0]?.sources.find(({ name }) => name === "code");
  assert.ok((code?.weight_b ?? 0) > (code?.weight_a ?? 1) && (code?.offset_points ?? 0) > 0);
  const none = await diffRuns(tiny, tiny);
  assert.deepEqual([none.changes, none.fates.flatMap(({ changes }) => changes)], [[], []]);
});

test("same: a copy elsewhere is equal; where a store differs, the document and the cause are told", async () => {
  const itself = await compareRuns(tiny, tiny);
  assert.ok(itself.same && itself.parts.length > 6 && itself.roots[0] === itself.roots[1]);
  const { same, difference, parts } = await compareRuns(tiny, strict);
  assert.ok(!same);
  assert.deepEqual(
    parts.filter(({ kind }) => kind === "token_store").map(({ name, same: equal }) => [name, equal]),
    [
      ["code", true],
      ["web", false],
    ],
  );
  assert.equal(difference?.part, "token_store web");
  assert.deepEqual(difference?.cause, ["web: min_words 20 → 200"]);
  assert.match(difference?.documents?.[0] ?? "", /^web\/.*#\d+$/);
  assert.notEqual(difference?.documents?.[0], difference?.documents?.[1]);
});

test("list: states, sizes, what a changed recipe waits to do", () => {
  const runs = listRuns(root);
  assert.deepEqual(
    runs.map(({ name, state, sources }) => [name, state, sources]),
    [
      ["strict", "done", ["web", "code"]],
      ["tiny", "done", ["web", "code"]],
    ],
  );
  for (const { size_bytes, store_bytes, store_bytes_own } of runs) {
    assert.ok(size_bytes > 0 && store_bytes > store_bytes_own && store_bytes_own > 0);
  }
  const next = tiny.layout.next("tiny");
  fs.mkdirSync(next);
  fs.copyFileSync(strict.layout.planFile("strict"), path.join(next, runFiles.plan));
  fs.mkdirSync(path.join(root, "runs", "bad"));
  fs.writeFileSync(path.join(root, "runs", "bad", runFiles.plan), "{");
  const finished = path.join(strict.layout.run("strict"), runFiles.finished);
  fs.renameSync(finished, `${finished}.aside`);
  const [bad, stopped, changed] = listRuns(root);
  assert.deepEqual([bad?.state, stopped?.state, changed?.state], ["broken", "stopped", "done"]);
  assert.match(changed?.recipe_changes?.join() ?? "", /min_words 20 → 200/);
  fs.renameSync(`${finished}.aside`, finished);
  fs.rmSync(path.join(root, "runs", "bad"), { recursive: true });
  fs.rmSync(next, { recursive: true });
});

test("gc: what no run asks for goes, and only that; a run that begins is waited for", async (t) => {
  assert.deepEqual((await collectGarbage(root)).entries, []);
  const plan = fs.readFileSync(strict.layout.planFile("strict"));
  fs.rmSync(strict.layout.run("strict"), { recursive: true });
  fs.mkdirSync(path.join(root, "store", "mine"));
  const journal = path.join(root, "store", "ingest-00ff");
  fs.mkdirSync(journal);
  fs.writeFileSync(path.join(journal, "00000.journal.jsonl"), "{}\n");
  const dry = await collectGarbage(root);
  assert.ok(dry.entries.length > 4 && dry.freed_bytes === 0 && dry.unasked_bytes > 0);
  assert.deepEqual(dry.unknown, ["mine"]);
  const shared = path.basename(tiny.layout.tokens(tiny.plan.sources[1]?.tokens ?? ""));
  assert.ok(!dry.entries.some(({ path: entry }) => entry === shared), "a store that both asked for");
  assert.ok(dry.entries.every(({ path: entry }) => fs.existsSync(path.join(root, "store", entry))));

  const starting = lockRun(tiny.layout, "starting", "no-plan-yet");
  await assert.rejects(collectGarbage(root, { delete: true }), refused("run/owned", /not written its plan/));
  await starting.release();

  // A run begins after the store was looked through: what it asks for is given back.
  const move = fs.renameSync;
  const renames = t.mock.method(fs, "renameSync", (from: string, to: string) => {
    move(from, to);
    if (!to.includes(".gc-") || fs.existsSync(strict.layout.run("strict"))) return;
    fs.mkdirSync(strict.layout.run("strict"));
    fs.writeFileSync(strict.layout.planFile("strict"), plan);
  });
  const late = await collectGarbage(root, { delete: true });
  renames.mock.restore();
  assert.deepEqual(
    late.entries.map(({ kept }) => /began meanwhile|answers/.test(kept ?? "")),
    [true, true],
  );
  assert.ok(late.entries.every(({ path: entry }) => fs.existsSync(path.join(root, "store", entry))));
  fs.rmSync(strict.layout.run("strict"), { recursive: true });

  const done = await collectGarbage(root, { delete: true });
  assert.deepEqual(
    done.entries.filter(({ deleted }) => !deleted).map(({ path: entry }) => entry),
    ["ingest-00ff"],
  );
  assert.ok(done.freed_bytes > 0 && fs.existsSync(path.join(root, "store", "mine")));
  assert.ok(!fs.existsSync(path.join(root, "runs", ".gc")));
  const all = await collectGarbage(root, { delete: true, with_answers: true });
  assert.deepEqual(
    all.entries.map(({ path: entry, deleted }) => [entry, deleted]),
    [["ingest-00ff", true]],
  );
  assert.deepEqual(await verifyRun(tiny), []);
  assert.deepEqual((await collectGarbage(root)).entries, []);
});
