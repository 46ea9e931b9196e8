import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { DataError, RecipeError, RunError } from "../../../batch/errors.ts";
import { createIoEnvironment, environmentData } from "../../../io/environment.ts";
import { listShards } from "../../../io/list.ts";
import { openShard } from "../../../io/open.ts";
import { parseRetryAfter } from "../../../io/remote/fetch.ts";
import { redact, redactUrl } from "../../../io/remote/redact.ts";
import { type FakeHub, startFakeHub, strike, TOKEN } from "../fake-hub.ts";
import { temporaryFolder } from "../temporary.ts";

const body = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 13) & 255));

const start = (t: TestContext): Promise<FakeHub> => startFakeHub(t, path.join(temporaryFolder(t), "hub"));

async function readAll(hub: FakeHub, name: string, from = 0): Promise<Buffer> {
  const env = hub.environment();
  const [ref] = await listShards(`${hub.url}/web/${name}`, env);
  const pieces: Uint8Array[] = [];
  for await (const piece of (await openShard(ref, env)).stream(from)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const failure = (kind: typeof RecipeError | typeof DataError | typeof RunError, code: string, message = /./) => {
  return (error: unknown) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.ok(
      !/secret/i.test(error.message.replaceAll("recipe/secret-in-url", "").replace(/carries a secret/, "")),
      error.message,
    );
    return true;
  };
};

test("identity is the strong ETag, else the date, else the length; each with the length", async (t) => {
  const hub = await start(t);
  const modified = "Thu, 01 Jan 2026 00:00:20 GMT";
  hub.web.set("a b.txt", { body, etag: '"v:1"', modified });
  hub.web.set("weak.txt", { body, etag: 'W/"v1"', modified });
  hub.web.set("bare.txt", { body, head: false });
  hub.web.set("empty.txt", { body: Buffer.alloc(0), head: false });
  const urls = ["a%20b.txt", "weak.txt", "bare.txt", "empty.txt"].map((name) => `${hub.url}/web/${name}`);
  assert.deepEqual(await listShards(urls, hub.environment()), [
    { key: "a b.txt", location: urls[0], size_bytes: 200_000, identity: 'etag:"v:1":200000' },
    { key: "weak.txt", location: urls[1], size_bytes: 200_000, identity: "modified:2026-01-01T00:00:20.000Z:200000" },
    { key: "bare.txt", location: urls[2], size_bytes: 200_000, identity: "length:200000" },
    { key: "empty.txt", location: urls[3], size_bytes: 0, identity: "length:0" },
  ]);
  assert.deepEqual(await readAll(hub, "empty.txt"), Buffer.alloc(0));
});

test("the Hub's token is not sent to another server", async (t) => {
  const hub = await start(t);
  hub.web.set("x.txt", { body });
  const env = hub.environment({ hubUrl: "https://hub.example" });
  const [ref] = await listShards(`${hub.url}/web/x.txt`, env);
  await (await openShard(ref, env)).read(0, 5);
  assert.equal(hub.log.length, 2);
  assert.ok(hub.log.every((line) => !line.includes("[auth]")));
});

test("a redirect to another origin takes no token along", async (t) => {
  const hub = await start(t);
  hub.web.set("x.txt", { body });
  hub.faults.push(
    strike(1, /web/, (response) => {
      response.writeHead(302, { location: `${hub.cdnUrl}/cdn/0?sig=secret` });
      response.end();
    }),
  );
  await listShards(`${hub.url}/web/x.txt`, hub.environment());
  assert.deepEqual(hub.log, ["HEAD /web/x.txt [auth]", "cdn HEAD /cdn/0?sig=secret"]);
});

test("an ETag that changes between two reads ends the run", async (t) => {
  const hub = await start(t);
  hub.web.set("x.txt", { body, etag: '"1"' });
  const [ref] = await listShards(`${hub.url}/web/x.txt`, hub.environment());
  const source = await openShard(ref, hub.environment());
  assert.deepEqual(Buffer.from(await source.read(1, 3)), body.subarray(1, 3));
  hub.web.set("x.txt", { body, etag: '"2"' });
  await assert.rejects(source.read(1, 3), failure(DataError, "data/changed", /ETag/));
});

test("a server without ranges can be streamed from anywhere, but not read in pieces", async (t) => {
  const hub = await start(t);
  hub.web.set("x.txt", { body, ranges: false });
  assert.deepEqual(await readAll(hub, "x.txt"), body);
  assert.deepEqual(await readAll(hub, "x.txt", 150_000), body.subarray(150_000));
  const [ref] = await listShards(`${hub.url}/web/x.txt`, hub.environment());
  const source = await openShard(ref, hub.environment());
  await assert.rejects(source.read(5, 10), failure(RunError, "run/no-ranges"));
  assert.deepEqual(Buffer.from(await source.read(0, body.length)), body);
});

test("patterns, secrets and missing files are refused by name", async (t) => {
  const hub = await start(t);
  const list = (url: string) => listShards(url, hub.environment());
  await assert.rejects(list("https://user:secret@h.example/x"), failure(RecipeError, "recipe/secret-in-url"));
  await assert.rejects(
    list("https://h.example/x?X-Amz-Signature=secret"),
    failure(RecipeError, "recipe/secret-in-url"),
  );
  await assert.rejects(list("https://h.example/*.parquet"), failure(RecipeError, "recipe/http-glob"));
  await assert.rejects(list("https://h.example/folder/"), failure(RecipeError, "recipe/no-match"));
  await assert.rejects(
    list(`${hub.url}/web/none?download=secret`),
    failure(RecipeError, "recipe/no-match", /HTTP 404/),
  );
  hub.faults.push(strike(9, /./, (response) => response.writeHead(200, { "transfer-encoding": "chunked" }).end("abc")));
  await assert.rejects(list(`${hub.url}/web/none`), failure(DataError, "data/no-length"));
});

test("a server that is not there is named after all attempts", async (t) => {
  const hub = await start(t);
  await assert.rejects(
    listShards("http://127.0.0.1:9/x?token_less=secret", hub.environment()),
    failure(RunError, "run/network", /HEAD http:\/\/127\.0\.0\.1:9\/x\?… failed 6 times/),
  );
  assert.equal(hub.sleeps.length, 5);
});

test("endless redirects end", async (t) => {
  const hub = await start(t);
  hub.faults.push((request, response) => {
    response.writeHead(302, { location: `${request.url}1` });
    response.end();
    return true;
  });
  await assert.rejects(listShards(`${hub.url}/web/x`, hub.environment()), failure(RunError, "run/redirects"));
});

test("at most max_per_host requests are under way", async (t) => {
  const hub = await start(t);
  hub.web.set("x.txt", { body });
  const retry = { ...hub.environment().retry, max_per_host: 3 };
  const env = hub.environment({ retry });
  const [ref] = await listShards(`${hub.url}/web/x.txt`, env);
  let [underWay, most] = [0, 0];
  hub.faults.push((_request, response) => {
    most = Math.max(most, ++underWay);
    setTimeout(() => {
      underWay--;
      response.writeHead(206, { "content-range": `bytes 0-3/${body.length}` });
      response.end(body.subarray(0, 4));
    }, 10);
    return true;
  });
  await Promise.all(Array.from({ length: 10 }, async () => (await openShard(ref, env)).read(0, 4)));
  assert.equal(most, 3);
});

test("Retry-After: seconds, dates, nonsense", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(parseRetryAfter("120", now), 120_000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2026 00:01:00 GMT", now), 60_000);
  assert.equal(parseRetryAfter("Thu, 01 Jan 2025 00:01:00 GMT", now), 0);
  for (const nothing of [undefined, "", "soon", "-5"]) assert.equal(parseRetryAfter(nothing, now), 0);
});

test("redaction takes queries, users and tokens out of any text", () => {
  assert.equal(redactUrl("https://u:p@h.example:8/a/b?x=1&y=2#z"), "https://h.example:8/a/b?…");
  assert.equal(redactUrl("https://h.example/a@b"), "https://h.example/a@b");
  assert.equal(
    redact(`GET "https://u@h.example/a?sig=1" Authorization: Bearer ${TOKEN}, and ${TOKEN}; s3://k:s@b/x`),
    'GET "https://h.example/a?…" Authorization: Bearer …, and hf_…; s3://b/x',
  );
  assert.equal(redact("hf://datasets/o/r@main/x is kept"), "hf://datasets/o/r@main/x is kept");
});

test("the environment comes from the process, crosses to a worker and shares the rate budget", async (t) => {
  const folder = temporaryFolder(t);
  const saved = { ...process.env };
  t.after(() => {
    process.env = saved;
  });
  process.env = { ...saved, HF_TOKEN: TOKEN, HF_HOME: folder, HF_ENDPOINT: "https://mirror.example/" };
  delete process.env.HF_HUB_CACHE;
  const env = createIoEnvironment({ root: "data" });
  assert.equal(env.hubToken, TOKEN);
  assert.equal(env.hubUrl, "https://mirror.example");
  assert.equal(env.cacheDir, path.join(folder, "hub"));
  assert.equal(env.root, path.resolve("data"));
  const script = `import { parentPort, workerData } from "node:worker_threads";
    const { createIoEnvironment } = await import(workerData.module);
    const { RateBudget } = await import(workerData.budget);
    const env = createIoEnvironment(workerData.data);
    new RateBudget(env.rateMemory).postpone("https://h.example", 12345);
    parentPort.postMessage([env.hubUrl, env.root, typeof env.client.send]);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    workerData: {
      data: environmentData(env),
      module: new URL("../../../io/environment.js", import.meta.url).href,
      budget: new URL("../../../io/remote/rate-budget.js", import.meta.url).href,
    },
  });
  const said = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await worker.terminate();
  assert.deepEqual(said, ["https://mirror.example", path.resolve("data"), "function"]);
  const { RateBudget } = await import("../../../io/remote/rate-budget.ts");
  const budget = new RateBudget(env.rateMemory);
  assert.equal(budget.notBefore("https://h.example"), 12345);
  budget.postpone("https://h.example", 12);
  assert.equal(budget.notBefore("https://h.example"), 12345);
});

test("HF_ENDPOINT that is empty is not set; without a scheme it is named, and only by who asks the Hub", async (t) => {
  const folder = temporaryFolder(t);
  const saved = { ...process.env };
  t.after(() => {
    process.env = saved;
  });
  process.env = { ...saved, HF_ENDPOINT: " ", HF_HOME: "", HF_TOKEN: "", HF_TOKEN_PATH: path.join(folder, "none") };
  const unset = createIoEnvironment({ root: folder });
  assert.equal(unset.hubUrl, "https://huggingface.co");
  assert.equal(unset.hubToken, undefined);
  assert.ok(path.isAbsolute(unset.cacheDir));
  for (const endpoint of ["hub.example", "user:secret@hub.example", "ftp://hub.example", "https://"]) {
    process.env.HF_ENDPOINT = endpoint;
    const env = createIoEnvironment({ root: folder });
    await assert.rejects(listShards("hf://datasets/a/b@main/x.jsonl", env), (error) => {
      failure(RecipeError, "flag/hub-endpoint", /HF_ENDPOINT is ".*", which is no address[\s\S]*https:\/\/HOST/)(error);
      assert.doesNotMatch(String(error), /secret/);
      return true;
    });
    await assert.rejects(listShards("none.jsonl", env), failure(RecipeError, "recipe/no-match"));
  }
});

test("told to stop while a server keeps silent, a listing ends at once, on the web and on the Hub", async (t) => {
  const server = http.createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const pattern of [`${hubUrl}/x.jsonl`, "hf://datasets/a/b@main/x.jsonl"]) {
    const stop = new AbortController();
    const listing = listShards(pattern, createIoEnvironment({ hubUrl, hubToken: "x", stop: stop.signal }));
    setTimeout(() => stop.abort(), 100);
    const from = performance.now();
    await assert.rejects(listing, failure(RunError, "run/interrupted"));
    assert.ok(performance.now() - from < 5_000);
  }
});
