/** A finished run, and other plans of its name: what stands there stays until what replaces it is whole. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import {
  describePlan,
  openRun,
  prepare,
  type RunEvent,
  type RunResult,
  run,
  runStatus,
  verifyRun,
} from "../../index.ts";
import { Layout } from "../../store/layout.ts";
import { RECIPE, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

interface Project {
  readonly root: string;
  readonly out: string;
  readonly write: (recipe: string) => void;
  readonly attempt: (stop?: AbortSignal) => Promise<{ result: RunResult; events: readonly RunEvent[] }>;
}

function project(t: Parameters<typeof temporaryFolder>[0]): Project {
  const root = temporaryFolder(t);
  const out = path.join(root, "out");
  const recipe = path.join(root, "tiny.yaml");
  writeCorpus(root, 60);
  return {
    root,
    out,
    write: (text) => fs.writeFileSync(recipe, text),
    attempt: async (stop) => {
      const { plan, environment, registry } = await prepare(recipe, { out, dataRoot: root });
      const events: RunEvent[] = [];
      const report = (event: RunEvent): void => void events.push(event);
      const options = { root: out, workers: 0, environment, registry, report, ...(stop && { stop }) };
      return { result: await run(plan, options), events };
    },
  };
}

const SMALL = RECIPE.replace(/tokens: 12K/, "tokens: 2K")
  .replace(/tokens: 6K/, "tokens: 1K")
  .replace("4K", "1K");

/** Not what planning learned of the input. */
const isKept = (file: string): boolean => !file.endsWith("identities.jsonl");

function changed(events: readonly RunEvent[]): Extract<RunEvent, { type: "run_changed" }> | undefined {
  return events.find((event) => event.type === "run_changed");
}

test("a changed plan that fails leaves a finished run as it is; one that is finished takes its place", async (t) => {
  const at = project(t);
  at.write(SMALL);
  await at.attempt();
  const folder = path.join(at.out, "runs", "tiny");
  const before = treeDigests(folder);

  // More than there is, in whatever many epochs.
  at.write(SMALL.replace("tokens: 2K", "tokens: 900M"));
  const { plan } = await prepare(path.join(at.root, "tiny.yaml"), { out: at.out, dataRoot: at.root });
  const [finish] = describePlan(plan, new Layout(at.out)).segments.slice(-1);
  assert.deepEqual([finish.kind, finish.state], ["finish", "todo"]);
  assert.match(finish.why, /training_stages\.stage1\.tokens 2000 → 900000000/);
  await assert.rejects(at.attempt(), { code: "run/source-exhausted" });
  assert.deepEqual(
    treeDigests(folder, (file) => !file.startsWith("next")),
    before,
  );
  const status = runStatus(openRun("tiny", at.out));
  assert.equal(status.done, true);
  assert.equal(status.next?.done, false);
  assert.match(status.next?.failure ?? "", /run\/source-exhausted/);
  assert.deepEqual(await verifyRun(openRun("tiny", at.out)), []);

  at.write(SMALL.replace("web: 0.9, code: 0.1", "web: 0.8, code: 0.2"));
  const { result, events } = await at.attempt();
  assert.deepEqual(changed(events)?.reasons, [
    "training_stages.stage1.weights.code 0.1 → 0.2",
    "training_stages.stage1.weights.web 0.9 → 0.8",
  ]);
  assert.equal(changed(events)?.finished, true);
  assert.equal(result.training_stages[0].sources.length, 2);
  assert.equal(fs.existsSync(path.join(folder, "next")), false);
  for (const file of [...result.manifests, ...result.exports]) assert.ok(fs.existsSync(file), file);
  const named = (file: string): boolean => !file.startsWith("exports");
  assert.deepEqual(Object.keys(treeDigests(folder, named)), Object.keys(before).filter(named));
  assert.deepEqual(await verifyRun(openRun("tiny", at.out)), []);
});

test("an unfinished run makes way for another plan, and that is said", async (t) => {
  const at = project(t);
  at.write(SMALL);
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(at.attempt(stop.signal), { code: "run/interrupted" });
  at.write(SMALL.replace("min_words: 20", "min_words: 30"));
  const { events, result } = await at.attempt();
  assert.equal(changed(events)?.finished, false);
  assert.deepEqual(changed(events)?.reasons, ["pipelines.web.gopher-quality.options.min_words 20 → 30"]);
  assert.equal(result.already_done, false);
});

test("a finished run that is run again does nothing and says so; what is missing of it is written again", async (t) => {
  const at = project(t);
  at.write(SMALL);
  await at.attempt();
  const whole = treeDigests(at.out, isKept);
  const { result, events } = await at.attempt();
  assert.equal(result.already_done, true);
  assert.equal(changed(events), undefined);
  assert.deepEqual(treeDigests(at.out, isKept), whole);
  fs.rmSync(path.join(at.out, "runs/tiny/exports"), { recursive: true });
  fs.rmSync(path.join(at.out, "runs/tiny/manifests/stage2.json"));
  assert.equal((await at.attempt()).result.already_done, false);
  assert.deepEqual(treeDigests(at.out, isKept), whole);
});

test("a move that was cut short is ended by the next attempt", async (t) => {
  const at = project(t);
  at.write(SMALL);
  await at.attempt();
  const folder = path.join(at.out, "runs", "tiny");
  const whole = treeDigests(folder);
  // As if a finished `next/` had been moved in part: the plan and the manifests are over, the rest is not.
  const next = path.join(folder, "next");
  fs.mkdirSync(next);
  fs.renameSync(path.join(folder, "exports"), path.join(next, "exports"));
  fs.renameSync(path.join(folder, "finished.json"), path.join(next, "finished.json"));
  const { result } = await at.attempt();
  assert.equal(result.already_done, true);
  assert.deepEqual(treeDigests(folder), whole);
});
