import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { isResult, temporaryFolder, treeDigests } from "../workers/fixture.ts";
import { attempt, heldProject, until, verb } from "../workers/held-run.ts";

test("USR1 commits what is in flight and exits 75; it opens no debugger; the next attempt ends in the same bytes", async (t) => {
  const root = temporaryFolder(t);
  const { hold, letGo, isHeld } = heldProject(root);
  const whole = await attempt(root, "one.yaml", "whole").ended;
  assert.equal(whole.status, 0, whole.stderr);
  hold();
  const { child, ended } = attempt(root, "one.yaml", "out");
  await until(isHeld);
  child.kill("SIGUSR1");
  setTimeout(letGo, 500);
  const { status, stderr } = await ended;
  assert.equal(status, 75, stderr);
  assert.match(stderr, /time is nearly up/);
  assert.doesNotMatch(stderr, /debugger/i);
  const markers = Object.keys(treeDigests(path.join(root, "out"))).filter((name) => /ingest-.*done\.json$/.test(name));
  assert.equal(markers.length, 1, "what was in flight is not committed");
  const again = await attempt(root, "one.yaml", "out").ended;
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(treeDigests(path.join(root, "out"), isResult), treeDigests(path.join(root, "whole"), isResult));
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} once commits, twice stops at once; both exit 130 and blame nobody`, async (t) => {
    const root = temporaryFolder(t);
    const { hold, letGo, isHeld } = heldProject(root);
    hold();
    const once = attempt(root, "one.yaml", "out");
    await until(isHeld);
    once.child.kill(signal);
    setTimeout(letGo, 500);
    const first = await once.ended;
    assert.equal(first.status, 130, first.stderr);
    assert.match(first.stderr, /stopping: what is in flight is committed first[\s\S]*run\/interrupted/);
    // The same command goes on.
    if (signal === "SIGINT") assert.equal((await attempt(root, "one.yaml", "out").ended).status, 0);

    hold();
    const twice = attempt(root, "one.yaml", "other");
    await until(isHeld);
    twice.child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
    twice.child.kill(signal);
    // The task never ends by itself.
    const second = await twice.ended;
    assert.equal(second.status, 130, second.stderr);
    assert.match(second.stderr, /stopping at once/);
    assert.doesNotMatch(second.stderr, /memory|worker-died|bug/);
  });
}

test("SIGINT while input is hashed says so and exits 130, and so does a plan; USR1 exits 75", async (t) => {
  const root = temporaryFolder(t);
  heldProject(root);
  // A file of holes: half a minute to hash.
  fs.writeFileSync(path.join(root, "web", "large.jsonl"), "");
  fs.truncateSync(path.join(root, "web", "large.jsonl"), 2 ** 36);
  const begun = path.join(root, "begun");
  const plugin = path.join(root, "wait.js");
  fs.appendFileSync(plugin, `writeFileSync(${JSON.stringify(begun)}, "");\n`);
  for (const args of [
    ["run", "one.yaml"],
    ["plan", "one.yaml"],
  ]) {
    fs.rmSync(begun, { force: true });
    const { child, ended } = verb(root, [...args, "--out", "out"]);
    await until(() => fs.existsSync(begun));
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGINT");
    const { status, stderr } = await ended;
    assert.equal(status, 130, stderr);
    assert.match(stderr, /^stopping: files are being listed and hashed, nothing is begun\n[\s\S]*run\/interrupted/);
    assert.ok(!fs.existsSync(path.join(root, "out", "runs")));
  }
  const { child, ended } = verb(root, ["run", "one.yaml", "--out", "out"]);
  fs.rmSync(begun);
  await until(() => fs.existsSync(begun));
  child.kill("SIGUSR1");
  assert.equal((await ended).status, 75);
});
