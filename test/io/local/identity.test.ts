import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { DataError } from "../../../batch/errors.ts";
import { identifyLocal } from "../../../io/local/identity.ts";
import { temporaryFolder, writeTree } from "../temporary.ts";

/** Everything, and nothing, is too much for one thread. */
const WAYS = [
  ["threads", -1],
  ["one thread", Number.POSITIVE_INFINITY],
] as const;

const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  empty: new Uint8Array(0),
  "a b\u00e9日.txt": Buffer.from("one\r\n\0two"),
  whole: new Uint8Array(1 << 20).fill(7),
  "more/large": Uint8Array.from({ length: (1 << 21) + 1 }, (_, i) => i * i),
  "more/copy": new Uint8Array(1 << 20).fill(7),
};

for (const [way, parallelBytes] of WAYS) {
  test(`by ${way}: identities are the sha256 of content, in the order asked for, and are remembered`, async (t) => {
    const root = temporaryFolder(t);
    writeTree(root, CONTENTS);
    const names = Object.keys(CONTENTS);
    const paths = names.map((name) => path.join(root, name));
    for (const file of paths) fs.utimesSync(file, 1_700_000_000, 1_700_000_000);
    // Files that changed a moment ago are not remembered.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const expected = names.map((name) => ({
      size_bytes: CONTENTS[name].length,
      identity: `sha256:${createHash("sha256").update(CONTENTS[name]).digest("hex")}`,
    }));
    const cache = path.join(root, "cache.jsonl");
    const identify = async (files: readonly string[], cacheFile?: string) =>
      (await identifyLocal(files, cacheFile, { parallelBytes })).map(({ size_bytes, identity }) => ({
        size_bytes,
        identity,
      }));
    assert.deepEqual(await identify(paths, cache), expected);
    assert.deepEqual(await identify([...paths].reverse()), [...expected].reverse());
    const lines = fs.readFileSync(cache, "utf8").split("\n").filter(Boolean);
    const learned = lines.map((line) => JSON.parse(line) as { path: string; sha256: string });
    assert.deepEqual(learned.map((entry) => entry.path).sort(), [...paths].sort());
    // What is remembered is not read again: the cache says something else.
    const lie = { ...learned[0], sha256: "0".repeat(64) };
    fs.appendFileSync(cache, `${JSON.stringify(lie)}\n`);
    const [found] = await identify([lie.path], cache);
    assert.equal(found.identity, `sha256:${lie.sha256}`);
    // But for a change at the same size and time.
    fs.writeFileSync(paths[1], "two\r\n\0one");
    fs.utimesSync(paths[1], 1_700_000_000, 1_700_000_000);
    const [changed] = await identify([paths[1]], cache);
    assert.equal(changed.size_bytes, expected[1].size_bytes);
    assert.equal(changed.identity, `sha256:${createHash("sha256").update("two\r\n\0one").digest("hex")}`);
    assert.deepEqual(await identifyLocal([], cache, { parallelBytes }), []);
  });

  test(`by ${way}: what cannot be read is a DataError that names it`, async (t) => {
    const root = temporaryFolder(t);
    writeTree(root, { a: "a", b: "b" });
    const [a, b, absent] = ["a", "b", "absent"].map((name) => path.join(root, name));
    for (const [bad, reason] of [
      [absent, /absent: it does not exist/],
      [root, /EISDIR/],
    ] as const) {
      await assert.rejects(identifyLocal([a, bad, b], undefined, { parallelBytes }), (error) => {
        assert.ok(error instanceof DataError && error.code === "data/unreadable", String(error));
        assert.match(error.message, reason);
        return true;
      });
    }
  });

  test(`by ${way}: a file that grows while it is hashed is refused`, async (t) => {
    const root = temporaryFolder(t);
    writeTree(root, { a: new Uint8Array(1 << 24), b: "b" });
    const [a, b] = ["a", "b"].map((name) => path.join(root, name));
    const hashing = identifyLocal([a, b], undefined, { parallelBytes });
    fs.appendFileSync(a, "x");
    await assert.rejects(hashing, (error) => error instanceof DataError && error.code === "data/changed");
  });

  test(`by ${way}: told to stop, it stops in the middle of a file and remembers the files it has hashed`, async (t) => {
    const root = temporaryFolder(t);
    writeTree(root, { small: "a" });
    const [small, large, other] = ["small", "large", "other"].map((name) => path.join(root, name));
    // Files of holes take no room, and half a minute to hash.
    for (const file of [large, other]) {
      fs.writeFileSync(file, "");
      fs.truncateSync(file, 2 ** 36);
    }
    fs.utimesSync(small, 1_700_000_000, 1_700_000_000);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const cache = path.join(root, "cache.jsonl");
    const stop = new AbortController();
    const hashing = identifyLocal([small, large, other], cache, { parallelBytes, stop: stop.signal });
    setTimeout(() => stop.abort(), 1_000);
    const from = performance.now();
    await assert.rejects(hashing, { code: "run/interrupted" });
    assert.ok(performance.now() - from < 10_000);
    const lines = fs.readFileSync(cache, "utf8").split("\n").filter(Boolean);
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { path: string }).path),
      [small],
    );
    await assert.rejects(identifyLocal([small], cache, { stop: stop.signal }), { code: "run/interrupted" });
  });
}
