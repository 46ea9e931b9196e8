import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { RunError } from "../../batch/errors.ts";
import { Layout } from "../../store/layout.ts";
import { livingRuns, lockRun, type Owner, STALE_MS } from "../../store/lock.ts";
import { temporaryFolder } from "../io/temporary.ts";

const LOCK = new URL("../../store/lock.js", import.meta.url).href;
const LAYOUT = new URL("../../store/layout.js", import.meta.url).href;

const owned = (what: RegExp) => (error: unknown) =>
  error instanceof RunError && error.code === "run/owned" && error.exitCode === 75 && what.test(error.message);

interface Child {
  /** What it has said so far. */
  readonly said: () => string;
  readonly ended: Promise<string>;
  readonly end: () => void;
}

/** A process that takes the run, says `won` or the error's code, and then does `after`. */
function taker(root: string, after: string, env: NodeJS.ProcessEnv = {}): Child {
  const script = `const { lockRun } = await import(${JSON.stringify(LOCK)});
    const { Layout } = await import(${JSON.stringify(LAYOUT)});
    try {
      lockRun(new Layout(${JSON.stringify(root)}), "tiny", "abc");
      process.stdout.write("won");
    } catch (error) { process.stdout.write(String(error.code ?? error)); }
    ${after}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { env: { ...process.env, ...env } });
  let said = "";
  child.stdout.on("data", (piece) => {
    said += piece;
  });
  let complaint = "";
  child.stderr.on("data", (piece) => {
    complaint += piece;
  });
  const ended = new Promise<string>((resolve) => child.on("close", () => resolve(said + complaint)));
  return { said: () => said, ended, end: () => child.kill("SIGKILL") };
}

const DIE = 'process.kill(process.pid, "SIGKILL");';
const STAY = "setInterval(() => {}, 1000);";

function writeLock(layout: Layout, change: Partial<Owner>, age_ms = 0): void {
  const owner: Owner = {
    id: "00ff",
    host: "elsewhere",
    process: { machine: "elsewhere-12345678", pid: 1, start: 1 },
    since: "2026-01-01T00:00:00.000Z",
    plan: "abc",
    ...change,
  };
  const file = layout.lockFile("tiny");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(owner));
  const touched = new Date(Date.now() - age_ms);
  fs.utimesSync(file, touched, touched);
}

function namesIn(layout: Layout): string[] {
  return fs.readdirSync(layout.run("tiny")).sort();
}

test("a run has one owner at a time; other runs have their own", async (t) => {
  const layout = new Layout(temporaryFolder(t));
  const lock = lockRun(layout, "tiny", "abc");
  assert.throws(() => lockRun(layout, "tiny", "abc"), owned(new RegExp(`process ${process.pid} on .+, since 20`)));
  const other = lockRun(layout, "other", "def");
  assert.deepEqual(
    livingRuns(layout).map(({ name, owner }) => [name, owner.plan, owner.process.pid]),
    [
      ["other", "def", process.pid],
      ["tiny", "abc", process.pid],
    ],
  );
  lock.assertHeld();
  await lock.release();
  assert.deepEqual(namesIn(layout), []);
  assert.deepEqual(
    livingRuns(layout).map(({ name }) => name),
    ["other"],
  );
  await other.release();
  await lockRun(layout, "tiny", "abc").release();
  assert.deepEqual(livingRuns(layout), []);
});

test("a living process keeps others out, whichever they are", async (t) => {
  const root = temporaryFolder(t);
  const child = taker(root, STAY);
  while (child.said() !== "won") await new Promise((resolve) => setTimeout(resolve, 20));
  assert.throws(() => lockRun(new Layout(root), "tiny", "abc"), owned(/is being worked on by process \d+/));
  assert.equal(livingRuns(new Layout(root)).length, 1);
  child.end();
  await child.ended;
  assert.deepEqual(livingRuns(new Layout(root)), []);
  await lockRun(new Layout(root), "tiny", "abc").release();
});

test("of many that find an owner dead, one takes over", async (t) => {
  const root = temporaryFolder(t);
  assert.equal(await taker(root, DIE).ended, "won");
  const takers = Array.from({ length: 5 }, () => taker(root, STAY));
  while (takers.some(({ said }) => said() === "")) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const { end } of takers) end();
  const said = await Promise.all(takers.map(({ ended }) => ended));
  assert.deepEqual(said.sort(), [...Array(4).fill("run/owned"), "won"]);
  const lock = lockRun(new Layout(root), "tiny", "abc");
  assert.deepEqual(namesIn(new Layout(root)), ["lock.json"], "nothing of the take-over is left");
  await lock.release();
});

test("killed at any step of taking over, the next one takes over", async (t) => {
  const root = temporaryFolder(t);
  const layout = new Layout(root);
  assert.equal(await taker(root, DIE).ended, "won");
  for (let step = 1; ; step++) {
    const said = await taker(root, DIE, { SHARDMILL_FAULT: `main:${step}` }).ended;
    assert.ok(step < 40);
    if (said === "won") {
      assert.ok(step > 8, `only ${step} steps`);
      break;
    }
    assert.equal(said, "");
  }
  const lock = lockRun(layout, "tiny", "abc");
  assert.deepEqual(
    namesIn(layout).filter((name) => !name.endsWith(".tmp")),
    ["lock.json"],
  );
  lock.assertHeld();
  await lock.release();
});

test("an owner elsewhere is dead when its lock was not touched for a minute", async (t) => {
  const layout = new Layout(temporaryFolder(t));
  writeLock(layout, {}, STALE_MS - 10_000);
  assert.throws(() => lockRun(layout, "tiny", "abc"), owned(/process 1 on elsewhere, since 2026-01-01T00:00:00.000Z/));
  assert.equal(livingRuns(layout).length, 1);
  writeLock(layout, {}, STALE_MS + 1_000);
  assert.deepEqual(livingRuns(layout), []);
  const lock = lockRun(layout, "tiny", "abc");
  assert.deepEqual(namesIn(layout), ["lock.json"]);
  await lock.release();
});

test("a number that another process has now is no sign of life", async (t) => {
  const layout = new Layout(temporaryFolder(t));
  const probe = lockRun(layout, "probe", "abc");
  const { machine, start } = probe.owner.process;
  await probe.release();
  if (start === 0) return t.skip("this system does not tell when a process started");
  writeLock(layout, { process: { machine, pid: process.pid, start: start + 1 } });
  await lockRun(layout, "tiny", "abc").release();
});

test("a busy main thread does not lose its run, and one that lost it finds out", async (t) => {
  const layout = new Layout(temporaryFolder(t));
  const lock = lockRun(layout, "tiny", "abc");
  const file = layout.lockFile("tiny");
  lock.beatAlone();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const old = new Date(Date.now() - 50_000);
  fs.utimesSync(file, old, old);
  for (const end = Date.now() + 7_000; Date.now() < end; );
  assert.ok(Date.now() - fs.statSync(file).mtimeMs < 10_000, "touched meanwhile");
  lock.assertHeld();
  writeLock(layout, {});
  assert.throws(
    () => lock.assertHeld(),
    (error) => error instanceof RunError && error.code === "run/lock-lost" && /elsewhere/.test(error.message),
  );
  await lock.release();
  assert.deepEqual(namesIn(layout), ["lock.json"], "the other one's stays");
});
