import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { DataError, RecipeError } from "../../batch/errors.ts";
import { createIoEnvironment, type IoEnvironment } from "../../io/environment.ts";
import { listShards } from "../../io/list.ts";
import { compareCodePoints } from "../../io/local/glob.ts";
import { openShard } from "../../io/open.ts";
import { temporaryFolder, writeTree } from "./temporary.ts";

function tree(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): IoEnvironment {
  const root = temporaryFolder(t);
  writeTree(root, files);
  return createIoEnvironment({ root });
}

const keys = async (from: string | readonly string[], env: IoEnvironment) =>
  (await listShards(from, env)).map((shard) => shard.key);

const failure =
  (kind: typeof RecipeError | typeof DataError, code: string, message = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };

test("a shard is its key, place, size, sha256 and stamp", async (t) => {
  const env = tree(t, { "data/a.jsonl": "hello\n", "data/empty.jsonl": "" });
  const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
  const shard = (key: string, text: string) => {
    const location = path.join(env.root, "data", key);
    const stat = fs.statSync(location, { bigint: true });
    const [mtime_ns, ctime_ns, inode] = [stat.mtimeNs, stat.ctimeNs, stat.ino].map(String);
    const stamp = { size_bytes: text.length, mtime_ns, ctime_ns, inode };
    return { key, location, size_bytes: text.length, identity: sha256(text), stamp };
  };
  const expected = [shard("a.jsonl", "hello\n"), shard("empty.jsonl", "")];
  assert.deepEqual(await listShards("data/*.jsonl", env), expected);
  assert.deepEqual(
    await listShards(path.join(env.root, "data/*.jsonl"), createIoEnvironment({ root: "/" })),
    await listShards("data/*.jsonl", env),
  );
});

test("globs: depth, braces, hidden files, literal brackets", async (t) => {
  const env = tree(t, {
    "d/1.jsonl": "1",
    "d/2.txt": "2",
    "d/.h.jsonl": "h",
    "d/s/3.jsonl": "3",
    "d/s/t/4.jsonl": "4",
    "d/.g/5.jsonl": "5",
    "d/[x].jsonl": "x",
  });
  const cases: [string, string[]][] = [
    ["d/*.jsonl", ["1.jsonl", "[x].jsonl"]],
    ["d/**/*.jsonl", ["1.jsonl", "[x].jsonl", "s/3.jsonl", "s/t/4.jsonl"]],
    ["d/*/*.jsonl", ["s/3.jsonl"]],
    ["d/**", ["1.jsonl", "2.txt", "[x].jsonl", "s/3.jsonl", "s/t/4.jsonl"]],
    ["d/{1,2}.*", ["1.jsonl", "2.txt"]],
    ["d/{s,s/t}/*.jsonl", ["s/3.jsonl", "s/t/4.jsonl"]],
    ["d/.*.jsonl", [".h.jsonl"]],
    ["d/.g/*", ["5.jsonl"]],
    ["d/*.csv", []],
    ["d/[x].jsonl", ["[x].jsonl"]],
    ["d/[12].*", ["1.jsonl", "2.txt"]],
    ["./d/1.jsonl", ["1.jsonl"]],
  ];
  for (const [pattern, expected] of cases) {
    if (expected.length === 0) await assert.rejects(keys(pattern, env), failure(RecipeError, "recipe/no-match"));
    else assert.deepEqual(await keys(pattern, env), expected, pattern);
  }
});

test("order is by code point: astral characters come last, case counts, no locale", async (t) => {
  const names = ["\u{1f600}.x", "\uffee.x", "\ue000.x", "é.x", "z.x", "a.x", "B.x", "a-1.x", "a/1.x", "a.x.x"];
  const env = tree(t, Object.fromEntries(names.map((name) => [name, name])));
  assert.deepEqual(await keys("**", env), [
    "B.x",
    "a-1.x",
    "a.x",
    "a.x.x",
    "a/1.x",
    "z.x",
    "é.x",
    "\ue000.x",
    "\uffee.x",
    "\u{1f600}.x",
  ]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
      assert.equal(Math.sign(compareCodePoints(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

test("patterns keep their order; a file is kept once; equal keys get the folders that tell them apart", async (t) => {
  const env = tree(t, { "p/a/x/0.jsonl": "0", "p/b/x/0.jsonl": "1", "p/b/x/1.jsonl": "2" });
  assert.deepEqual(await keys(["p/b/x/1.jsonl", "p/b/x/*.jsonl", "p/b/**"], env), ["1.jsonl", "0.jsonl"]);
  assert.deepEqual(await keys(["p/b/x/*", "p/a/x/*"], env), ["b/x/0.jsonl", "b/x/1.jsonl", "a/x/0.jsonl"]);
});

test("links are followed, loops end, a dangling link is not lost", async (t) => {
  const env = tree(t, { "d/sub/1.jsonl": "1", "elsewhere/2.jsonl": "2" });
  fs.symlinkSync("..", path.join(env.root, "d/sub/loop"));
  fs.symlinkSync("../elsewhere", path.join(env.root, "d/link"));
  fs.symlinkSync("../elsewhere/2.jsonl", path.join(env.root, "d/3.jsonl"));
  assert.deepEqual(await keys("d/**", env), ["3.jsonl", "link/2.jsonl", "sub/1.jsonl"]);
  fs.symlinkSync("nothing", path.join(env.root, "d/4.jsonl"));
  await assert.rejects(keys("d/**", env), failure(DataError, "data/unreadable", /4\.jsonl.*link to nothing/));
});

test("what does not match is told with what is there", async (t) => {
  const env = tree(t, { "data/one.txt": "1", "data/two.txt": "2" });
  await assert.rejects(
    keys("data/*.parquet", env),
    failure(RecipeError, "recipe/no-match", /data exists, and it holds one\.txt, two\.txt/),
  );
  await assert.rejects(
    keys("data/x/y/*.parquet", env),
    failure(RecipeError, "recipe/no-match", /nearest folder that exists is .*data, and/),
  );
  await assert.rejects(
    keys("data/one.tx", env),
    failure(RecipeError, "recipe/no-match", /no file matches data\/one\.tx\n/),
  );
  for (const folder of ["data", "data/"]) {
    await assert.rejects(keys(folder, env), failure(RecipeError, "recipe/folder", /data\/\*\.parquet, or data\/\*\*/));
  }
  await assert.rejects(keys("gs://bucket/x", env), failure(RecipeError, "recipe/scheme", /gs:\/\//));
});

test("a local shard is read exactly, and a changed one is refused", async (t) => {
  const bytes = Buffer.from(Array.from({ length: 2_500_000 }, (_, i) => (i * 7) & 255));
  const env = tree(t, { "a.bin": bytes });
  const [ref] = await listShards("a.bin", env);
  const source = await openShard(ref, env);
  assert.equal(source.byteLength, 2_500_000);
  assert.deepEqual(Buffer.from(await source.read(10, 1_500_010)), bytes.subarray(10, 1_500_010));
  assert.equal((await source.read(7, 7)).length, 0);
  await assert.rejects(source.read(0, 2_500_001), RangeError);
  const pieces: Uint8Array[] = [];
  for await (const piece of source.stream(1_000_001)) pieces.push(piece);
  assert.deepEqual(Buffer.concat(pieces), bytes.subarray(1_000_001));
  assert.ok(pieces.length === 2 && pieces[0].buffer !== pieces[1].buffer);
  fs.truncateSync(ref.location, 100);
  await assert.rejects(source.read(0, 200), failure(DataError, "data/changed", /ends at byte 100/));
  await assert.rejects(source.close(), failure(DataError, "data/changed", /changed or replaced while it was read/));
  await source.close();
  await assert.rejects(openShard(ref, env), failure(DataError, "data/changed", /has 100 bytes/));
  fs.rmSync(ref.location);
  await assert.rejects(openShard(ref, env), failure(DataError, "data/unreadable"));
});

test("a file that changes while it is open is found out when it is closed, however it changes", async (t) => {
  const ways: readonly (readonly [string, (file: string) => void])[] = [
    ["written at equal size", (file) => fs.writeFileSync(file, "twotwo")],
    [
      "written, and its time set back",
      (file) => {
        const { atime, mtime } = fs.statSync(file);
        fs.writeFileSync(file, "twotwo");
        fs.utimesSync(file, atime, mtime);
      },
    ],
    [
      "replaced",
      (file) => {
        fs.writeFileSync(`${file}.new`, "twotwo");
        fs.renameSync(`${file}.new`, file);
      },
    ],
    ["removed", (file) => fs.rmSync(file)],
  ];
  for (const [way, change] of ways) {
    const env = tree(t, { "a.txt": "oneone" });
    const [ref] = await listShards("a.txt", env);
    const source = await openShard(ref, env);
    await source.read(0, 3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    change(ref.location);
    await assert.rejects(source.close(), failure(DataError, "data/changed", /while it was read/), way);
  }
});

test("between plan and opening: other content is refused, a touched or copied file goes on", async (t) => {
  const env = tree(t, { "a.txt": "oneone" });
  const [ref] = await listShards("a.txt", env);
  const change = async (run: () => void) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    run();
  };
  const readAll = async () => {
    const source = await openShard(ref, env);
    const bytes = await source.read(0, 6);
    await source.close();
    return Buffer.from(bytes).toString();
  };
  await change(() => fs.utimesSync(ref.location, 1_700_000_000, 1_700_000_000));
  assert.equal(await readAll(), "oneone");
  await change(() => {
    fs.copyFileSync(ref.location, `${ref.location}.copy`);
    fs.renameSync(`${ref.location}.copy`, ref.location);
  });
  assert.equal(await readAll(), "oneone");
  assert.equal(await readAll(), "oneone");
  await change(() => fs.writeFileSync(ref.location, "twotwo"));
  await assert.rejects(openShard(ref, env), failure(DataError, "data/changed", /its content is another/));
  const { stamp: _, ...unstamped } = ref;
  await (await openShard(unstamped, env)).close();
});

test("hashes are remembered while size, times and inode stay, and not for fresh files", async (t) => {
  const folder = temporaryFolder(t);
  const identityCacheFile = path.join(folder, "cache/identities.jsonl");
  const env = createIoEnvironment({ root: folder, identityCacheFile });
  const target = path.join(folder, "a.txt");
  const past = () => fs.utimesSync(target, 1_700_000_000, 1_700_000_000);
  const identity = async () => (await listShards("a.txt", env))[0].identity;
  const settle = () => new Promise((resolve) => setTimeout(resolve, 2_100));
  const lines = () =>
    fs
      .readFileSync(identityCacheFile, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  fs.writeFileSync(target, "one");
  const fresh = await identity();
  assert.equal(fs.existsSync(identityCacheFile), false, "a file of this very second may change without a trace");
  past();
  assert.equal(await identity(), fresh);
  assert.equal(fs.existsSync(identityCacheFile), false, "its time was set a moment ago");
  await settle();
  assert.equal(await identity(), fresh);
  assert.equal(lines().length, 1);
  // Proof that the cache answers: it says something else.
  fs.appendFileSync(
    identityCacheFile,
    `${lines()[0].replace(/"sha256":"[0-9a-f]{64}"/, `"sha256":"${"0".repeat(64)}"`)}\n`,
  );
  assert.equal(await identity(), `sha256:${"0".repeat(64)}`);
  // The same size, and the time of modification set back: the time of the change tells.
  fs.writeFileSync(target, "two");
  past();
  const changed = await identity();
  assert.ok(changed !== fresh && !/0{64}/.test(changed));
  fs.appendFileSync(identityCacheFile, '{"path":"cut sho');
  await settle();
  assert.equal(await identity(), changed);
  assert.equal(await identity(), changed);
  assert.equal(lines().length, 4);
});

test("a name in another Unicode form is no match, and is told of: as written, below a folder, through a glob", async (t) => {
  const file = "donn\u0065\u0301es/caf\u0065\u0301.jsonl";
  const env = tree(t, { [file]: "{}\n" });
  if (fs.existsSync(path.join(env.root, file.normalize("NFC")))) {
    t.skip("the file system compares names without regard to their form");
    return;
  }
  for (const pattern of [
    "donn\u00e9es/caf\u00e9.jsonl",
    "donn\u00e9es/*.jsonl",
    "*/caf\u00e9*",
    "**/{caf\u00e9,x}.jsonl",
  ]) {
    await assert.rejects(
      keys(pattern, env),
      failure(RecipeError, "recipe/no-match", /looks the same.*decomposed \(NFD[\s\S]*put `\*` for/),
    );
  }
  await assert.rejects(
    keys("donn\u00e9es/cafe.jsonl", env),
    failure(RecipeError, "recipe/no-match", /correct the pattern/),
  );
  assert.deepEqual(await keys("donn*/caf*", env), [file]);
  await assert.rejects(
    keys("caf\u0065\u0301.txt", tree(t, { "caf\u00e9.txt": "" })),
    failure(RecipeError, "recipe/no-match", /composed \(NFC\)/),
  );
});
