import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { filledMemory, reserveMemory } from "../../io/asset-memory.ts";
import { assetName, findAsset, resolveLocation } from "../../io/asset-sources.ts";
import { AssetLibrary, readChecked } from "../../io/assets.ts";
import { createIoEnvironment, environmentData } from "../../io/environment.ts";
import { COMMIT, startFakeHub, status, strike, TOKEN } from "./fake-hub.ts";
import { temporaryFolder, writeTree } from "./temporary.ts";

const digest = (text: string | Uint8Array) => createHash("sha256").update(text).digest("hex");
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const USER = "filter/words";

test("references: what is relative, and what messages call them", () => {
  assert.equal(resolveLocation("lists/a.txt", "/recipes"), "/recipes/lists/a.txt");
  assert.equal(resolveLocation("/abs/a.txt", "/recipes"), "/abs/a.txt");
  for (const fixed of ["https://x.org/a", "hf://datasets/o/r/a", "tiktoken:gpt2", "data:,x", "s3://b/k"]) {
    assert.equal(resolveLocation(fixed, "/recipes"), fixed);
  }
  assert.deepEqual(
    ["/a/b/words.txt", "https://u:p@x.org/d/list.txt?sig=secret", "tiktoken:gpt2", "data:,secret"].map(assetName),
    ["words.txt", "list.txt", "gpt2", "text in the recipe"],
  );
});

test("local files, text, encodings, folders", async (t) => {
  const root = temporaryFolder(t);
  writeTree(root, { "words.txt": "a\nb\n", "model/tokenizer.json": "{}", "other/readme": "" });
  const env = createIoEnvironment({ root });
  const words = await findAsset(path.join(root, "words.txt"), USER, env);
  assert.deepEqual(words, { name: "words.txt", sha256: digest("a\nb\n"), size_bytes: 4 });
  assert.equal(textOf(env.assets.bytes(words, USER)), "a\nb\n");
  const text = await findAsset("data:,a%0Ab%0A", USER, env);
  assert.deepEqual(text, { ...words, name: "text in the recipe" });
  const folder = await findAsset(path.join(root, "model"), USER, env);
  assert.deepEqual(folder, { name: "model", sha256: digest("{}"), size_bytes: 2 });
  const gpt2 = await findAsset("tiktoken:gpt2", USER, env);
  assert.equal(gpt2.name, "gpt2");
  for (const [location, what] of [
    [path.join(root, "gone.txt"), /filter\/words needs the file .*gone\.txt, which cannot be read: .*does not exist/],
    [path.join(root, "other"), /a folder without a tokenizer\.json/],
    ["tiktoken:gpt9", /tiktoken:gpt9/],
  ] as const) {
    await assert.rejects(findAsset(location, USER, env), { code: "recipe/missing-asset", message: what });
  }
  await assert.rejects(findAsset("gs://bucket/key", USER, env), { code: "recipe/scheme" });
});

test("web servers and the Hub: retried, pinned, checked, without their secrets", async (t) => {
  const hub = await startFakeHub(t, temporaryFolder(t));
  const env = hub.environment();
  hub.web.set("list.txt", { body: Buffer.from("from the web"), etag: '"1"' });
  hub.faults.push(strike(2, /GET \/web\/list/, status(503)));
  const web = await findAsset(`${hub.url}/web/list.txt`, USER, env);
  assert.deepEqual(web, { name: "list.txt", sha256: digest("from the web"), size_bytes: 12 });
  assert.equal(hub.sleeps.length, 2);
  assert.equal(textOf(env.assets.bytes(web, USER)), "from the web");
  await assert.rejects(findAsset(`${hub.url}/web/gone.txt`, USER, env), /404/);
  await assert.rejects(findAsset(`${hub.url}/web/list.txt?token=secret`, USER, env), (error: Error) => {
    assert.doesNotMatch(error.message, /token=secret/);
    return true;
  });

  hub.files.set("model.bin", Buffer.from("a large file"));
  hub.files.set("small.txt", Buffer.from("a small file"));
  hub.log.length = 0;
  const large = await findAsset("hf://datasets/o/r@v1/model.bin", USER, env);
  const location = `hf://datasets/o/r@${COMMIT}/model.bin`;
  assert.deepEqual(large, { name: "model.bin", sha256: digest("a large file"), size_bytes: 12, location });
  assert.deepEqual(
    hub.log.filter((line) => line.startsWith("cdn")),
    [],
    "the listing says its hash",
  );
  const small = await findAsset("hf://datasets/o/r@v1/small.txt", USER, env);
  assert.equal(textOf(env.assets.bytes(small, USER)), "a small file");
  assert.equal(textOf(await env.assets.fetch(large, USER)), "a large file");
  assert.ok(hub.log.every((line) => !line.includes("@v1") && (!line.includes("resolve") || line.includes(COMMIT))));
  await assert.rejects(findAsset("hf://datasets/o/r@v1/*", USER, env), { code: "recipe/asset-pattern" });

  const target = path.join(temporaryFolder(t), "assets", large.sha256);
  const fresh = hub.environment();
  await findAsset("hf://datasets/o/r@v1/model.bin", USER, fresh);
  await fresh.assets.publish(large, target, USER);
  assert.equal(fs.readFileSync(target, "utf8"), "a large file");
});

test("a file of a model: by the Hub's own form or with models/, small or large, gated ones with HF_TOKEN", async (t) => {
  const hub = await startFakeHub(t, temporaryFolder(t));
  hub.model.set("tokenizer.json", Buffer.from('{"of":"a model"}'));
  hub.model.set("weights/model.bin", Buffer.from("large"));
  hub.files.set("tokenizer.json", Buffer.from("of a data set"));
  const env = hub.environment({ cacheDownloads: true, cacheDir: path.join(temporaryFolder(t), "hub") });
  for (const location of ["hf://o/m@v1/tokenizer.json", "hf://models/o/m/tokenizer.json"]) {
    const found = await findAsset(location, USER, env);
    assert.equal(textOf(await env.assets.fetch(found, USER)), '{"of":"a model"}');
  }
  const large = await findAsset("hf://o/m@v1/weights/model.bin", USER, env);
  assert.equal(textOf(await env.assets.fetch(large, USER)), "large");
  assert.ok(hub.log.some((line) => line.startsWith(`GET /o/m/resolve/${COMMIT}/weights/model.bin [auth]`)));
  assert.ok(hub.log.every((line) => !line.includes("/datasets/")));
  const cached = path.join(env.cacheDir, "models--o--m");
  assert.deepEqual(fs.readdirSync(path.join(cached, "snapshots", COMMIT)).sort(), ["tokenizer.json", "weights"]);
  assert.equal(fs.readFileSync(path.join(cached, "refs/v1"), "utf8"), COMMIT);
  assert.equal(
    textOf(env.assets.bytes(await findAsset("hf://datasets/o/r/tokenizer.json", USER, env), USER)),
    "of a data set",
  );

  const { HF_TOKEN, HF_TOKEN_PATH } = process.env;
  t.after(() => {
    for (const [name, value] of Object.entries({ HF_TOKEN, HF_TOKEN_PATH })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  delete process.env.HF_TOKEN;
  process.env.HF_TOKEN_PATH = path.join(env.cacheDir, "no-token");
  const { hubUrl, cacheDir } = env;
  const refused = findAsset("hf://o/m@v1/tokenizer.json", USER, createIoEnvironment({ hubUrl, cacheDir }));
  await assert.rejects(refused, {
    code: "data/hub-access",
    message: /\/o\/m, accept its terms.*set HF_TOKEN.*for a data set write hf:\/\/datasets\/o\/m/,
  });
  process.env.HF_TOKEN = TOKEN;
  const gated = createIoEnvironment({ hubUrl, cacheDir });
  assert.equal((await findAsset("hf://o/m@v1/tokenizer.json", USER, gated)).sha256, digest('{"of":"a model"}'));
  await assert.rejects(findAsset("hf://spaces/o/s/app.py", USER, gated), { code: "recipe/hub-path" });
});

test("the store's copy: made once, made anew where it is damaged, refused where the file has changed", async (t) => {
  const root = temporaryFolder(t);
  writeTree(root, { "a.txt": "content" });
  const env = createIoEnvironment({ root });
  const asset = await findAsset(path.join(root, "a.txt"), USER, env);
  const target = path.join(root, "store/assets", asset.sha256);
  await env.assets.publish(asset, target, USER);
  assert.equal(fs.readFileSync(target, "utf8"), "content");
  fs.writeFileSync(target, "CONTENT");
  await assert.rejects(async () => env.assets.bytes(asset, USER), {
    code: "run/damaged-asset",
    message: /a\.txt, which filter\/words needs/,
  });
  const again = createIoEnvironment({ root });
  await findAsset(path.join(root, "a.txt"), USER, again);
  await again.assets.publish(asset, target, USER);
  assert.equal(textOf(again.assets.bytes(asset, USER)), "content");

  const late = createIoEnvironment({ root });
  await findAsset(path.join(root, "a.txt"), USER, late);
  fs.writeFileSync(path.join(root, "a.txt"), "changed");
  fs.rmSync(target);
  await assert.rejects(late.assets.publish(asset, target, USER), { code: "run/changed-asset" });
  assert.throws(() => late.assets.bytes(asset, USER), { code: "run/changed-asset" });
  assert.deepEqual(fs.readdirSync(path.dirname(target)), []);
  assert.throws(() => new AssetLibrary().bytes(asset, USER), { code: "run/missing-asset" });
});

test("the store's copy is not hashed again while its stamp is the one that it was hashed with", async (t) => {
  const root = temporaryFolder(t);
  writeTree(root, { "a.txt": "content" });
  const cache = path.join(root, "identities.jsonl");
  const publish = async (): Promise<string> => {
    const env = createIoEnvironment({ root });
    const asset = await findAsset(path.join(root, "a.txt"), USER, env);
    const target = path.join(root, "store/assets", asset.sha256);
    await env.assets.publish(asset, target, USER, cache);
    return target;
  };
  const target = await publish();
  // A file that was written a moment ago is not remembered.
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await publish();
  const [known = ""] = fs.readFileSync(cache, "utf8").split("\n").filter(Boolean);
  assert.equal((JSON.parse(known) as { path: string }).path, target);
  // What is remembered is not read: the cache says of other content that it is the planned one.
  fs.writeFileSync(target, "CONTENT");
  const { size, mtimeNs, ctimeNs, ino } = fs.statSync(target, { bigint: true });
  const stamp = { size_bytes: Number(size), mtime_ns: String(mtimeNs), ctime_ns: String(ctimeNs), inode: String(ino) };
  fs.appendFileSync(cache, `${JSON.stringify({ ...JSON.parse(known), ...stamp })}\n`);
  await publish();
  assert.equal(fs.readFileSync(target, "utf8"), "CONTENT");
  // Another stamp, and it is read and made anew.
  fs.utimesSync(target, 1_700_000_000, 1_700_000_000);
  await publish();
  assert.equal(fs.readFileSync(target, "utf8"), "content");
});

test("threads share one memory, and the first that needs it fills it", async (t) => {
  const root = temporaryFolder(t);
  const content = Buffer.alloc(300_000, "0123456789");
  writeTree(root, { "a.bin": content });
  const env = createIoEnvironment({ root });
  const asset = await findAsset(path.join(root, "a.bin"), USER, env);
  assert.deepEqual(environmentData(env).sharedAssets, [], "what is not in the store yet is not for workers");
  await env.assets.publish(asset, path.join(root, "store/assets", asset.sha256), USER);
  const module = new URL("../../io/environment.js", import.meta.url).href;
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(${JSON.stringify(module)}).then(({ createIoEnvironment }) => {
      const { assets } = createIoEnvironment(workerData.environment);
      const bytes = assets.bytes(workerData.asset, "filter/words");
      if (workerData.mark) bytes[0] = 33;
      parentPort.postMessage([bytes.length, bytes[0], bytes.buffer instanceof SharedArrayBuffer]);
    });`;
  const environment = environmentData(env);
  const ask = (mark: boolean) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(code, { eval: true, workerData: { environment, asset, mark } });
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  assert.deepEqual(await ask(true), [content.length, 33, true]);
  // Seen by the next thread and by this one: nobody read the file again.
  assert.deepEqual(await ask(false), [content.length, 33, true]);
  assert.equal(env.assets.bytes(asset, USER)[0], 33);
});

test("memory: a failure is told to everyone, a thread that died is not waited for", () => {
  const memory = reserveMemory("x", 3);
  const fail = () => {
    throw new Error("no disk");
  };
  assert.throws(() => filledMemory(memory, fail), /no disk/);
  assert.throws(() => filledMemory(memory, fail), /no disk/);
  Atomics.store(new Int32Array(memory.state), 0, 1);
  const bytes = filledMemory(memory, (out) => out.fill(7), 10);
  assert.deepEqual([...bytes], [7, 7, 7]);
  assert.deepEqual([...filledMemory(memory, fail)], [7, 7, 7]);
});

test("files are read in pieces, whatever their size", (t) => {
  const file = path.join(temporaryFolder(t), "a");
  const content = Buffer.from("abcdefghijklmnopq");
  fs.writeFileSync(file, content);
  for (const piece of [1, 5, 16, 17, 100]) {
    const bytes = new Uint8Array(new SharedArrayBuffer(content.length));
    let progress = 0;
    assert.ok(readChecked(file, digest(content), bytes, () => progress++, piece));
    assert.equal(progress, Math.ceil(content.length / piece));
    assert.deepEqual(Buffer.from(bytes), content);
  }
  assert.equal(readChecked(file, digest("x"), new Uint8Array(content.length)), false);
  assert.equal(readChecked(file, digest(content), new Uint8Array(3)), false);
});
