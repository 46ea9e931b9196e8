import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { RunError } from "../../../batch/errors.ts";
import { checksumOf } from "../../../io/local/block-sums.ts";
import { commitBytes, commitMarker, createPending } from "../../../io/local/commit.ts";
import { temporaryFolder } from "../temporary.ts";

const commitModule = new URL("../../../io/local/commit.js", import.meta.url).href;

const runError = (code: string) => (error: unknown) => error instanceof RunError && error.code === code;

test("a committed file is whole, measured and hashed, and was invisible before", (t) => {
  const target = path.join(temporaryFolder(t), "a/b/out.bin");
  const pending = createPending(target);
  pending.write(new Uint8Array(0));
  pending.write(Uint8Array.of(1, 2, 3));
  pending.write(Buffer.alloc(3_000_000, 7));
  assert.equal(fs.existsSync(target), false);
  assert.match(path.basename(pending.temporary), /^\.out\.bin\.[A-Za-z0-9-]+\.\d+\.\d+\.[0-9a-f]{12}\.tmp$/);
  const done = pending.commit();
  const bytes = fs.readFileSync(target);
  assert.equal(bytes.length, 3_000_003);
  assert.deepEqual(done, {
    name: "out.bin",
    size_bytes: 3_000_003,
    checksum: checksumOf(bytes),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  assert.deepEqual(fs.readdirSync(path.dirname(target)), ["out.bin"]);
  assert.throws(() => pending.write(Uint8Array.of(1)), /after commit/);
  assert.throws(() => pending.commit(), /committed twice/);
});

test("an aborted file leaves nothing, and an earlier version stays", (t) => {
  const target = path.join(temporaryFolder(t), "out.bin");
  commitBytes(target, Buffer.from("first"));
  const pending = createPending(target);
  pending.write(Buffer.from("second"));
  pending.abort();
  pending.abort();
  assert.equal(fs.readFileSync(target, "utf8"), "first");
  assert.deepEqual(fs.readdirSync(path.dirname(target)), ["out.bin"]);
});

test("the first marker wins, an equal one agrees, another one is an error", (t) => {
  const target = path.join(temporaryFolder(t), "markers/0.json");
  assert.equal(commitMarker(target, { b: 1, a: [true, null] }), "created");
  const written = fs.readFileSync(target, "utf8");
  assert.match(written, /^\{"a":\[true,null\],"b":1,"checksum":"[0-9a-f]{16}"\}\n$/);
  assert.equal(commitMarker(target, { a: [true, null], b: 1 }), "already");
  assert.throws(() => commitMarker(target, { a: [true, null], b: 2 }), runError("run/not-deterministic"));
  assert.equal(fs.readFileSync(target, "utf8"), written);
  assert.deepEqual(fs.readdirSync(path.dirname(target)), ["0.json"]);
});

test("racing processes: exactly one creates the marker", async (t) => {
  const target = path.join(temporaryFolder(t), "0.json");
  const script = `const { commitMarker } = await import(${JSON.stringify(commitModule)});
    while (Date.now() < ${Date.now() + 700});
    console.log(commitMarker(${JSON.stringify(target)}, { n: 1 }));`;
  const said = await Promise.all(
    Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
      let out = "";
      child.stdout.on("data", (piece) => {
        out += piece;
      });
      return new Promise<string>((resolve) => child.on("close", () => resolve(out.trim())));
    }),
  );
  assert.deepEqual(said.sort(), ["already", "already", "already", "created"]);
});

/** Runs `script` in a process of its own that dies at write boundary `step` (`main:N`, `worker:N`); returns the signal that ended it. */
function killedAt(step: string, script: string): Promise<string | null> {
  const env = { ...process.env, SHARDMILL_FAULT: step };
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { env, stdio: "inherit" });
  return new Promise((resolve) => child.on("close", (_code, signal) => resolve(signal)));
}

test("killed at every boundary, nothing half-written has a final name", async (t) => {
  const root = temporaryFolder(t);
  // 3 writes, fsync and after, rename, folder; then write, fsync and after, link, unlink of the marker.
  const steps = Array.from({ length: 13 }, (_, i) => i + 1);
  const seen = await Promise.all(
    steps.map(async (step) => {
      const folder = path.join(root, String(step));
      const script = `const { createPending, commitMarker } = await import(${JSON.stringify(commitModule)});
        const file = createPending(${JSON.stringify(path.join(folder, "data.bin"))});
        for (let i = 0; i < 3; i++) file.write(Buffer.alloc(1000, i));
        const files = [file.commit()];
        commitMarker(${JSON.stringify(path.join(folder, "done.json"))}, { files });`;
      const signal = await killedAt(`main:${step}`, script);
      const names = fs.readdirSync(folder).filter((name) => !name.startsWith("."));
      if (names.includes("data.bin")) assert.equal(fs.statSync(path.join(folder, "data.bin")).size, 3000);
      if (names.includes("done.json")) {
        assert.ok(names.includes("data.bin"), "a marker without its file");
        const marker = JSON.parse(fs.readFileSync(path.join(folder, "done.json"), "utf8"));
        const bytes = fs.readFileSync(path.join(folder, "data.bin"));
        assert.equal(marker.files[0].sha256, createHash("sha256").update(bytes).digest("hex"));
      }
      return `${signal ?? "lived"}: ${names.join(" ")}`;
    }),
  );
  assert.deepEqual(seen, [
    ...Array(5).fill("SIGKILL: "),
    ...Array(5).fill("SIGKILL: data.bin"),
    ...Array(2).fill("SIGKILL: data.bin done.json"),
    "lived: data.bin done.json",
  ]);
});

test("boundaries of workers are counted apart from those of the main thread", async (t) => {
  const root = temporaryFolder(t);
  const commit = (name: string) => `const { commitBytes } = await import(${JSON.stringify(commitModule)});
    commitBytes(${JSON.stringify(path.join(root, name))}, Buffer.from("x"));`;
  const script = `${commit("main")}
    const { Worker } = await import("node:worker_threads");
    new Worker(new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(commit("worker"))})));`;
  assert.equal(await killedAt("worker:4", script), "SIGKILL");
  assert.deepEqual(fs.readdirSync(root).sort(), ["main", "worker"]);
});

test("a full disk is reported with the folder, and leaves no file", (t) => {
  const folder = temporaryFolder(t);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  if (mounted.status !== 0) {
    t.skip("needs root and mount(8) for a small tmpfs");
    return;
  }
  try {
    const target = path.join(folder, "run/out.bin");
    assert.throws(
      () => commitBytes(target, Buffer.alloc(3_000_000)),
      (error) =>
        error instanceof RunError &&
        error.code === "run/disk-full" &&
        error.message.includes(path.dirname(target)) &&
        /free space/.test(error.message),
    );
    assert.deepEqual(fs.readdirSync(path.dirname(target)), []);
    commitBytes(target, Buffer.alloc(500_000));
    assert.equal(fs.statSync(target).size, 500_000);
  } finally {
    spawnSync("umount", [folder]);
  }
});

test("a folder that cannot be written to is named", (t) => {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "file"), "");
  assert.throws(() => createPending(path.join(root, "file/out")), runError("run/write-failed"));
  if (process.getuid?.() === 0) {
    t.diagnostic("root may write everywhere: the permission case needs an ordinary user");
    return;
  }
  fs.mkdirSync(path.join(root, "locked"), { mode: 0o555 });
  assert.throws(() => createPending(path.join(root, "locked/out")), runError("run/not-writable"));
});
