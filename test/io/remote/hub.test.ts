import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { DataError, RecipeError, RunError, type ShardmillError } from "../../../batch/errors.ts";
import { listShards } from "../../../io/list.ts";
import { openShard } from "../../../io/open.ts";
import type { ByteSource, ShardRef } from "../../../io/source.ts";
import { COMMIT, type FakeHub, gitOid, SIGNATURE, sha256, startFakeHub, status, strike, TOKEN } from "../fake-hub.ts";
import { temporaryFolder } from "../temporary.ts";

const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const PATTERN = "hf://datasets/o/r@v1/data/**/*.parquet";

async function hubWithFiles(t: TestContext): Promise<FakeHub> {
  const hub = await startFakeHub(t, path.join(temporaryFolder(t), "hub"));
  hub.files.set("README.md", Buffer.from("# r\n"));
  hub.files.set("data/one.parquet", body);
  hub.files.set("data/sub/two words.parquet", body.subarray(7));
  hub.files.set("data/sub/.hidden.parquet", body.subarray(9));
  hub.files.set("data/sub/three.jsonl", Buffer.from("{}\n"));
  return hub;
}

async function shard(hub: FakeHub, pattern = "hf://datasets/o/r/data/one.parquet"): Promise<ShardRef> {
  const [ref] = await listShards(pattern, hub.environment());
  return ref;
}

async function readAll(source: ByteSource, start?: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source.stream(start)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The error is of `kind` and `code`, matches, and holds no secret in any of its renderings. */
function failure(kind: new (...args: never[]) => ShardmillError, code: string, message = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    const renderings = [error.message, error.stack, JSON.stringify(error.toData()), String(error.cause)].join("\n");
    assert.ok(!renderings.includes(TOKEN) && !renderings.includes("SignedSecret"), renderings);
    return true;
  };
}

test("a listing is paged, pinned to its commit and sorted; keys start at the fixed folder", async (t) => {
  const hub = await hubWithFiles(t);
  hub.pageSize = 2;
  assert.deepEqual(await listShards(PATTERN, hub.environment()), [
    {
      key: "one.parquet",
      location: `hf://datasets/o/r@${COMMIT}/data/one.parquet`,
      size_bytes: 300_000,
      identity: `sha256:${sha256(body)}`,
    },
    {
      key: "sub/two words.parquet",
      location: `hf://datasets/o/r@${COMMIT}/data/sub/two words.parquet`,
      size_bytes: 299_993,
      identity: `sha256:${sha256(body.subarray(7))}`,
    },
  ]);
  assert.equal(hub.log.filter((line) => line.includes("/tree/")).length, 3);
  assert.equal(hub.log.filter((line) => line.includes("/revision/v1")).length, 1);
});

test("small files are named by their git hash; a commit needs no lookup; slashes in revisions work", async (t) => {
  const hub = await hubWithFiles(t);
  const readme = { key: "README.md", location: `hf://datasets/o/r@${COMMIT}/README.md`, size_bytes: 4 };
  for (const revision of ["", "@main", `@${COMMIT}`, "@refs/convert/parquet", "@refs%2Fconvert%2Fparquet"]) {
    assert.deepEqual(await listShards(`hf://datasets/o/r${revision}/README.md`, hub.environment()), [
      { ...readme, identity: `git:${gitOid(Buffer.from("# r\n"))}` },
    ]);
  }
  assert.equal(hub.log.filter((line) => line.includes("/revision/")).length, 4);
});

test("range reads follow the redirect once, and the token stays with the Hub", async (t) => {
  const hub = await hubWithFiles(t);
  const source = await openShard(await shard(hub), hub.environment());
  hub.log.length = 0;
  assert.deepEqual(Buffer.from(await source.read(100, 110)), body.subarray(100, 110));
  assert.deepEqual(Buffer.from(await source.read(299_000, 300_000)), body.subarray(299_000));
  assert.equal((await source.read(5, 5)).length, 0);
  await assert.rejects(source.read(0, 300_001), RangeError);
  const cdn = `cdn GET /cdn/${sha256(body)}?${SIGNATURE}`;
  assert.deepEqual(hub.log, [
    `GET /datasets/o/r/resolve/${COMMIT}/data/one.parquet [auth] bytes=100-109`,
    `${cdn} bytes=100-109`,
    `${cdn} bytes=299000-299999`,
  ]);
  assert.ok(!source.name.includes("Signature"));
  await source.close();
});

test("a signed address that has run out is asked for again", async (t) => {
  const hub = await hubWithFiles(t);
  const source = await openShard(await shard(hub), hub.environment());
  await source.read(0, 10);
  hub.faults.push(strike(1, /\/cdn\//, status(403)));
  assert.deepEqual(Buffer.from(await source.read(10, 20)), body.subarray(10, 20));
  assert.equal(hub.log.filter((line) => line.includes("/resolve/")).length, 2);
});

test("429 is waited out: Retry-After in seconds and as a date, RateLimit without it", async (t) => {
  const hub = await hubWithFiles(t);
  hub.now = Date.parse("2026-01-01T00:00:00Z");
  hub.faults.push(
    strike(1, /revision/, status(429, { "retry-after": "7" })),
    strike(1, /revision/, status(429, { "retry-after": "Thu, 01 Jan 2026 00:00:20 GMT" })),
    strike(1, /revision/, status(429, { ratelimit: '"api";r=0;t=55' })),
  );
  await shard(hub);
  assert.deepEqual(hub.sleeps, [7000, 13_000, 55_000]);
});

test("a budget that is used up stops every worker before the next request", async (t) => {
  const hub = await hubWithFiles(t);
  const first = hub.environment();
  hub.faults.push((_request, response) => {
    response.setHeader("ratelimit", '"api";r=0;t=30');
    return false;
  });
  const ref = (await listShards(`hf://datasets/o/r@${COMMIT}/README.md`, first))[0];
  assert.deepEqual(hub.sleeps, []);
  const other = hub.environment({ rateMemory: first.rateMemory });
  assert.deepEqual(await readAll(await openShard(ref, other)), Buffer.from("# r\n"));
  assert.deepEqual(hub.sleeps, [30_000]);
});

test("a wait of hours is refused, and says how long", async (t) => {
  const hub = await hubWithFiles(t);
  hub.faults.push(strike(9, /./, status(429, { "retry-after": "7200" })));
  await assert.rejects(shard(hub), failure(RunError, "run/rate-limited", /HTTP 429; the server asks to wait 7200 s/));
  assert.deepEqual(hub.sleeps, []);
});

test("500 then an answer; endless 500 ends with a clear error", async (t) => {
  const hub = await hubWithFiles(t);
  hub.faults.push(strike(2, /revision/, status(500)));
  await shard(hub);
  assert.deepEqual(hub.sleeps, [500, 1000]);
  hub.faults.push(strike(1000, /revision/, status(503)));
  await assert.rejects(shard(hub), failure(RunError, "run/network", /failed 6 times: HTTP 503/));
  assert.deepEqual(hub.sleeps.slice(2), [500, 1000, 2000, 4000, 8000]);
});

const rangeFrom = (from: number) => `bytes ${from}-${body.length - 1}/${body.length}`;

test("a stream that is cut goes on at the byte where it was cut", async (t) => {
  const hub = await hubWithFiles(t);
  let cuts = 0;
  hub.faults.push((request, response) => {
    if (!request.url?.startsWith("/cdn/") || cuts >= 3) return false;
    const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": body.length - from,
      ...(from > 0 ? { "content-range": rangeFrom(from) } : {}),
    });
    response.write(body.subarray(from, from + 50_000), () => setTimeout(() => response.destroy(), 30));
    cuts++;
    return true;
  });
  const ref = await shard(hub);
  assert.deepEqual(await readAll(await openShard(ref, hub.environment())), body);
  assert.equal(cuts, 3);
  const ranges = hub.log.filter((line) => line.startsWith("cdn")).map((line) => line.split(" ")[3] ?? "all");
  assert.deepEqual(ranges, ["all", "bytes=50000-299999", "bytes=100000-299999", "bytes=150000-299999"]);
  assert.deepEqual(await readAll(await openShard(ref, hub.environment()), 299_990), body.subarray(299_990));
});

test("a range read that is cut is completed; one that never completes is an error", async (t) => {
  const hub = await hubWithFiles(t);
  const ref = await shard(hub);
  let cuts = 0;
  hub.faults.push((request, response) => {
    if (!request.url?.startsWith("/cdn/") || cuts >= 2) return false;
    const [from, to] = (request.headers.range ?? "").slice(6).split("-").map(Number);
    const range = `bytes ${from}-${to}/${body.length}`;
    response.writeHead(206, { "content-length": to + 1 - from, "content-range": range });
    response.write(body.subarray(from, from + 10), () => setTimeout(() => response.destroy(), 30));
    cuts++;
    return true;
  });
  const source = await openShard(ref, hub.environment());
  assert.deepEqual(Buffer.from(await source.read(1000, 2000)), body.subarray(1000, 2000));
  assert.match(hub.log.at(-1) ?? "", /bytes=1020-1999$/);
  hub.faults.push((request, response) => {
    if (!request.url?.startsWith("/cdn/")) return false;
    response.destroy();
    return true;
  });
  await assert.rejects(source.read(0, 10), failure(RunError, "run/network", /failed 6 times/));
  await assert.rejects(readAll(await openShard(ref, hub.environment())), failure(RunError, "run/network"));
});

test("a file of another length, another content or another encoding is refused", async (t) => {
  const hub = await hubWithFiles(t);
  const ref = await shard(hub);
  const longer = { ...ref, size_bytes: ref.size_bytes + 1 };
  await assert.rejects(
    (await openShard(longer, hub.environment())).read(0, 10),
    failure(DataError, "data/changed", /it has 300000 bytes/),
  );
  await assert.rejects(readAll(await openShard(longer, hub.environment())), failure(DataError, "data/changed"));
  const other = { ...ref, identity: `sha256:${"0".repeat(64)}` };
  await assert.rejects(readAll(await openShard(other, hub.environment())), failure(DataError, "data/hash-mismatch"));
  hub.faults.push(strike(1, /cdn/, status(206, { "content-range": rangeFrom(10) }, "")));
  await assert.rejects((await openShard(ref, hub.environment())).read(0, 10), failure(DataError, "data/changed"));
  hub.faults.push(strike(1, /cdn/, status(200, { "content-encoding": "gzip" }, "")));
  await assert.rejects(
    (await openShard(ref, hub.environment())).read(0, 10),
    failure(DataError, "data/changed", /compresses/),
  );
});

test("gated, private, missing: the repository is named with what to do", async (t) => {
  const hub = await hubWithFiles(t);
  const anonymous = hub.environment({ hubToken: "" });
  await assert.rejects(
    listShards(PATTERN, anonymous),
    failure(
      DataError,
      "data/hub-access",
      /o\/r \(HTTP 401\)(.|\n)*datasets\/o\/r, accept its terms(.|\n)*set HF_TOKEN/,
    ),
  );
  const ref = await shard(hub);
  hub.faults.push(strike(1, /resolve/, status(403, { "x-error-code": "GatedRepo" }, `{"error":"${TOKEN}"}`)));
  await assert.rejects(
    (await openShard(ref, hub.environment())).read(0, 1),
    failure(DataError, "data/hub-access", /HTTP 403/),
  );
  await assert.rejects(
    listShards("hf://datasets/o/r@v9/data/*.parquet", hub.environment()),
    failure(RecipeError, "recipe/no-match", /no revision v9/),
  );
  const gone = { ...ref, location: `hf://datasets/o/r@${COMMIT}/data/gone.parquet` };
  await assert.rejects((await openShard(gone, hub.environment())).read(0, 1), failure(RecipeError, "recipe/no-match"));
});

test("no match says what the nearest folder holds; a folder is no file", async (t) => {
  const hub = await hubWithFiles(t);
  const list = (pattern: string) => listShards(pattern, hub.environment());
  await assert.rejects(
    list("hf://datasets/o/r/data/*.csv"),
    failure(RecipeError, "recipe/no-match", /folder data holds one\.parquet, sub/),
  );
  await assert.rejects(
    list("hf://datasets/o/r/deta/x/*.csv"),
    failure(RecipeError, "recipe/no-match", /its top holds README\.md, data/),
  );
  await assert.rejects(list("hf://datasets/o/r/data/sub"), failure(RecipeError, "recipe/folder"));
});

test("paths that would leave the target folder are refused", async (t) => {
  for (const bad of [
    "data/../../../etc/x.parquet",
    "/data/x.parquet",
    "data/a\\..\\b.parquet",
    "data/x\0.parquet",
    "data//x.parquet",
  ]) {
    const hub = await hubWithFiles(t);
    hub.extraEntries.push({ type: "file", path: bad, size: 1, oid: "1".repeat(40) });
    await assert.rejects(listShards(PATTERN, hub.environment()), failure(DataError, "data/unsafe-path"), bad);
  }
});

test("malformed Hub addresses are refused with the form", async (t) => {
  const hub = await hubWithFiles(t);
  for (const bad of [
    "hf://o/r/x.parquet",
    "hf://models/o/r/x",
    "hf://datasets/o/r",
    "hf://datasets/o/r@/x",
    "hf://datasets/o/r@a%2F..%2Fb/x",
    "hf://datasets/../r/x",
  ]) {
    await assert.rejects(
      listShards(bad, hub.environment()),
      failure(RecipeError, "recipe/hub-path", /hf:\/\/datasets\/ORG/),
      bad,
    );
  }
  assert.deepEqual(hub.log, []);
});

test("a nonsense answer of the Hub is an error, not a crash", async (t) => {
  const hub = await hubWithFiles(t);
  hub.faults.push(strike(1, /revision/, status(200, {}, "<html>")));
  await assert.rejects(shard(hub), failure(RunError, "run/hub-answer"));
  hub.faults.push(strike(1, /revision/, status(200, {}, '{"id":"o/r"}')));
  await assert.rejects(shard(hub), failure(RunError, "run/hub-answer", /which commit/));
  hub.extraEntries.push({ type: "file", path: "data/x.parquet", size: 1, oid: "zzz" });
  await assert.rejects(listShards(PATTERN, hub.environment()), failure(RunError, "run/hub-answer", /no usable hash/));
});

test("whole streams are kept in the Hub's cache layout when asked for, and read from there", async (t) => {
  const hub = await hubWithFiles(t);
  const env = hub.environment({ cacheDownloads: true });
  const [ref] = await listShards("hf://datasets/o/r@v1/data/one.parquet", env);
  const partial = await openShard(ref, env);
  for await (const _ of partial.stream()) break;
  const folder = path.join(env.cacheDir, "datasets--o--r");
  assert.deepEqual(fs.readdirSync(path.join(folder, "blobs")), []);
  assert.deepEqual(await readAll(await openShard(ref, env)), body);
  assert.deepEqual(fs.readdirSync(path.join(folder, "blobs")), [sha256(body)]);
  assert.equal(fs.readFileSync(path.join(folder, "refs/v1"), "utf8"), COMMIT);
  const snapshot = path.join(folder, "snapshots", COMMIT, "data/one.parquet");
  assert.equal(fs.readlinkSync(snapshot), `../../../blobs/${sha256(body)}`);
  assert.deepEqual(fs.readFileSync(snapshot), body);
  hub.log.length = 0;
  const cached = await openShard(ref, hub.environment());
  assert.deepEqual(await readAll(cached), body);
  assert.deepEqual(Buffer.from(await cached.read(3, 9)), body.subarray(3, 9));
  await cached.close();
  assert.deepEqual(hub.log, []);
});

test("damaged downloads never reach the cache", async (t) => {
  const hub = await hubWithFiles(t);
  const env = hub.environment({ cacheDownloads: true });
  const ref = { ...(await shard(hub)), identity: `sha256:${"0".repeat(64)}` };
  await assert.rejects(readAll(await openShard(ref, env)), failure(DataError, "data/hash-mismatch"));
  assert.deepEqual(fs.readdirSync(path.join(env.cacheDir, "datasets--o--r/blobs")), []);
});

test("closing stops a request under way", async (t) => {
  const hub = await hubWithFiles(t);
  const source = await openShard(await shard(hub), hub.environment());
  hub.faults.push((request) => request.url?.startsWith("/cdn/") === true);
  const reading = source.read(0, 10);
  setTimeout(() => source.close(), 50);
  await assert.rejects(reading);
  assert.deepEqual(hub.sleeps, []);
});

test("silence counts as a failed attempt", async (t) => {
  const hub = await hubWithFiles(t);
  const ref = await shard(hub);
  const environment = hub.environment();
  const env = hub.environment({ retry: { ...environment.retry, timeout_ms: 60 } });
  hub.faults.push(strike(2, /cdn/, () => {}));
  assert.deepEqual(Buffer.from(await (await openShard(ref, env)).read(0, 4)), body.subarray(0, 4));
  hub.faults.push(strike(99, /cdn/, () => {}));
  await assert.rejects(
    (await openShard(ref, env)).read(0, 4),
    failure(RunError, "run/network", /no answer for 0\.06 s/),
  );
});
