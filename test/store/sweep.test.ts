import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createPending } from "../../io/local/commit.ts";
import { thisProcess } from "../../io/local/process.ts";
import { writerOf } from "../../io/local/temporary-name.ts";
import { FOREIGN_AGE_MS, sweepTemporaries } from "../../store/sweep.ts";
import { temporaryFolder } from "../io/temporary.ts";

const COMMIT = new URL("../../io/local/commit.js", import.meta.url).href;

/** Leaves a temporary file behind, as a killed process does. */
function leave(target: string): string {
  const script = `const { createPending } = await import(${JSON.stringify(COMMIT)});
    createPending(${JSON.stringify(target)}).write(Buffer.from("half"));
    process.kill(process.pid, "SIGKILL");`;
  const { signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
  assert.equal(signal, "SIGKILL");
  const [name] = fs.readdirSync(path.dirname(target)).filter((entry) => entry.startsWith(`.${path.basename(target)}.`));
  return name;
}

test("what a killed process left goes, at any depth; what a living one writes stays", (t) => {
  const root = temporaryFolder(t);
  const left = leave(path.join(root, "store/ingest-1/00000.tokens"));
  const writer = writerOf(left);
  assert.equal(writer?.machine, thisProcess().machine);
  assert.notEqual(writer?.pid, process.pid);
  const deep = leave(path.join(root, "store/ingest-1/more/x.y.z"));
  const pending = createPending(path.join(root, "store/ingest-1/00001.tokens"));
  fs.writeFileSync(path.join(root, "store/ingest-1/.hidden.tmp"), "somebody else's");
  fs.writeFileSync(path.join(root, "store/ingest-1/00002.tokens"), "");
  const removed = sweepTemporaries([path.join(root, "store"), path.join(root, "nothing")]);
  assert.deepEqual(removed.sort(), [
    path.join(root, "store/ingest-1", left),
    path.join(root, "store/ingest-1/more", deep),
  ]);
  assert.deepEqual(
    fs.readdirSync(path.join(root, "store/ingest-1")).sort(),
    [".hidden.tmp", path.basename(pending.temporary), "00002.tokens", "more"].sort(),
  );
  pending.commit();
});

test("of another machine, what is old goes, unless a run of it lives", (t) => {
  const root = temporaryFolder(t);
  const file = (name: string, age_ms: number): string => {
    const target = path.join(root, `.${name}.node-7-deadbeef.12.3456.0123456789ab.tmp`);
    fs.writeFileSync(target, "");
    const touched = new Date(Date.now() - age_ms);
    fs.utimesSync(target, touched, touched);
    return target;
  };
  file("young", FOREIGN_AGE_MS - 60_000);
  const old = file("old", FOREIGN_AGE_MS + 60_000);
  assert.deepEqual(sweepTemporaries([root], { living: new Set(["node-7-deadbeef"]) }), []);
  assert.deepEqual(sweepTemporaries([root], { living: new Set(["node-8-deadbeef"]) }), [old]);
  assert.equal(fs.readdirSync(root).length, 1);
  assert.equal(sweepTemporaries([root], { foreign_age_ms: 0 }).length, 1);
});

test("a process that used the same number before is another one", (t) => {
  const { machine, pid, start } = thisProcess();
  if (start === 0) return t.skip("this system does not tell when a process started");
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, `.a.${machine}.${pid}.${start}.0123456789ab.tmp`), "");
  fs.writeFileSync(path.join(root, `.b.${machine}.${pid}.${start - 1}.0123456789ab.tmp`), "");
  assert.deepEqual(
    sweepTemporaries([root]).map((removed) => path.basename(removed).slice(0, 2)),
    [".b"],
  );
});
