/** Several processes over one folder: a run has one owner, a store has as many users as there are. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { isResult, temporaryFolder, treeDigests } from "./fixture.ts";
import { attempt, heldProject, until } from "./held-run.ts";

test("the second process on a run is told who has it and exits 75; the first is none the worse for it", async (t) => {
  const root = temporaryFolder(t);
  const { hold, letGo } = heldProject(root);
  const alone = await attempt(root, "one.yaml", "alone").ended;
  assert.equal(alone.status, 0, alone.stderr);
  hold();
  const first = attempt(root, "one.yaml", "out");
  await until(() => fs.existsSync(path.join(root, "out/runs/one/lock.json")));
  const second = await attempt(root, "one.yaml", "out").ended;
  assert.equal(second.status, 75, second.stderr);
  assert.match(
    second.stderr,
    new RegExp(`run/owned.*the run one is being worked on by process ${first.child.pid} on `),
  );
  letGo();
  const done = await first.ended;
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(treeDigests(path.join(root, "out"), isResult), treeDigests(path.join(root, "alone"), isResult));
});

test("two runs over one store at once: both succeed, with the bytes each has alone, and leave nothing behind", async (t) => {
  const root = temporaryFolder(t);
  const { hold, letGo } = heldProject(root);
  const expected: Record<string, string> = {};
  for (const name of ["one", "two"]) {
    const alone = await attempt(root, `${name}.yaml`, `alone-${name}`).ended;
    assert.equal(alone.status, 0, alone.stderr);
    Object.assign(expected, treeDigests(path.join(root, `alone-${name}`), isResult));
  }
  hold();
  const both = [attempt(root, "one.yaml", "out"), attempt(root, "two.yaml", "out")];
  await until(() => ["one", "two"].every((name) => fs.existsSync(path.join(root, "out/runs", name, "plan.json"))));
  letGo();
  for (const { ended } of both) {
    const { status, stderr } = await ended;
    assert.equal(status, 0, stderr);
  }
  assert.deepEqual(treeDigests(path.join(root, "out"), isResult), expected);
  const names = Object.keys(treeDigests(path.join(root, "out")));
  assert.deepEqual(
    names.filter((name) => /\.tmp$|\.next$|lock\.json$/.test(name)),
    [],
  );
});

test("a killed run's temporary files go with the next attempt", async (t) => {
  const root = temporaryFolder(t);
  const { hold, letGo } = heldProject(root);
  hold();
  const killed = attempt(root, "one.yaml", "out");
  const leftovers = (): string[] =>
    fs.existsSync(path.join(root, "out"))
      ? Object.keys(treeDigests(path.join(root, "out"))).filter((name) => name.endsWith(".tmp"))
      : [];
  await until(() => leftovers().length > 0 && fs.existsSync(path.join(root, "out/runs/one/plan.json")));
  killed.child.kill("SIGKILL");
  await killed.ended;
  assert.ok(leftovers().length > 0);
  letGo();
  const done = await attempt(root, "one.yaml", "out").ended;
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(leftovers(), []);
});
