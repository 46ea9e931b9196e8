/** Web archives behind HTTP and in a bucket: the rows of the same files on a disk, in parts and whole, over a connection that breaks. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import type { IoEnvironment } from "../../../io/environment.ts";
import { listShards } from "../../../io/list.ts";
import { openShard } from "../../../io/open.ts";
import warc, { warcSource } from "../../../stages/read/warc.ts";
import wet, { wetSource } from "../../../stages/read/wet.ts";
import { type FakeHub, startFakeHub, strike } from "../../io/fake-hub.ts";
import { FakeS3 } from "../../io/fake-s3.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { http, INFO, members, record } from "./archives.ts";
import { contextOf, type Row, readAll, readExtents, type TestContext } from "./reading.ts";

/** 1.2 MB of archive: words that do not repeat, so that gzip leaves them long. */
function pages(): Buffer {
  let state = 1;
  const noise = (bytes: number): string => {
    const text = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i++) {
      state = Math.imul(state, 0x2c1b3c6d) + 7;
      text[i] = 33 + ((state >>> 16) % 90);
    }
    return text.toString("latin1").replace(/[<&]/g, " ");
  };
  const records = Array.from({ length: 30 }, (_, i) =>
    record({ id: `r${i}`, url: `https://a.example/${i}`, content: http(`<p>${noise(50_000)}`) }),
  );
  return members([INFO, ...records], 1);
}

async function contextAt(pattern: string, environment: IoEnvironment): Promise<TestContext> {
  const shards = await listShards(pattern, environment);
  return { ...contextOf({}), shards, open: (shard) => openShard(shard, environment) };
}

const remote = (hub: FakeHub, name: string): Promise<TestContext> =>
  contextAt(`${hub.url}/web/${name}`, hub.environment());

test("WARC over HTTP: the rows of a local file, each part asked for alone, however often the connection breaks", async (t) => {
  const hub = await startFakeHub(t, path.join(temporaryFolder(t), "hub"));
  const file = pages();
  hub.web.set("a.warc.gz", { body: file, etag: '"1"' });
  const operator = warcSource(warc.options.parse({}));
  const local = await readAll(operator, contextOf({ "a.warc.gz": file }));
  assert.equal(local.length, 30);
  const context = await remote(hub, "a.warc.gz");
  const cut = (row: Row) => ({ ...row, at: undefined });
  const extents = await operator.extents(context.shards, context, 400_000);
  assert.ok(extents.length >= 3, "the file is read in parts");
  // Every third range breaks off after some bytes.
  let requests = 0;
  let broken = 0;
  hub.faults.push((request, response) => {
    if (request.headers.range === undefined || ++requests % 3 !== 0) return false;
    const [, start, end] = /(\d+)-(\d+)/.exec(request.headers.range)?.map(Number) ?? [];
    const whole = { "content-range": `bytes ${start}-${end}/${file.length}`, "content-length": end - start + 1 };
    response.writeHead(206, { ...whole, etag: '"1"' });
    response.write(file.subarray(start, start + Math.min(1000, end - start)), () => response.destroy());
    broken++;
    return true;
  });
  const rows: Row[] = [];
  for (const extent of extents) rows.push(...(await readExtents(operator, [extent], context)));
  assert.deepEqual(rows.map(cut), local.map(cut));
  assert.deepEqual(context.problems, []);
  assert.ok(broken > 1, "it broke more than once");

  hub.log.length = 0;
  hub.faults.length = 0;
  const [, middle] = extents;
  await readExtents(operator, [middle], context);
  const asked = hub.log.map((line) => (/bytes=(\d+)-(\d+)/.exec(line) ?? []).slice(1).map(Number));
  assert.ok(
    asked.every(([from, to]) => from >= middle.start && to <= middle.end + 256 * 1024),
    "a part asks for its bytes, and for the rest of the record that begins in it",
  );
});

test("WARC and WET over HTTP that are read in one piece: plain files, and servers without ranges", async (t) => {
  const hub = await startFakeHub(t, path.join(temporaryFolder(t), "hub"));
  const text = (id: string) =>
    record({ type: "conversion", id, headers: { "Content-Type": "text/plain" }, content: `Text ${id}. `.repeat(9999) });
  const plain = Buffer.concat([INFO, ...["a", "b", "c"].map(text)]);
  hub.web.set("x.warc.wet", { body: plain });
  hub.web.set("y.warc.wet.gz", { body: members([plain]), ranges: false });
  hub.faults.push(strike(1, /GET/, (response) => response.destroy()));
  for (const name of ["x.warc.wet", "y.warc.wet.gz"]) {
    const rows = await readAll(wetSource(wet.options.parse({ split: false })), await remote(hub, name));
    assert.deepEqual(
      rows.map(({ id }) => id),
      ["<urn:uuid:a>", "<urn:uuid:b>", "<urn:uuid:c>"],
    );
  }
});

test("WARC and WET of a bucket: files by a pattern, in parts, over answers that break", async (t) => {
  const store = await new FakeS3().start(t);
  const file = pages();
  store.put("crawl/2024/warc/0.warc.gz", file);
  store.put("crawl/2024/warc/1.warc.gz", members([INFO, record({ id: "last", content: http("<p>Last") })]));
  store.put("crawl/2024/warc/index.txt", "no archive");
  store.fault = (asked, count) =>
    asked.startsWith("GET /crawl/2024/warc/0") && count % 3 === 1 ? { cut: true } : undefined;
  const context = await contextAt("s3://crawl/2024/warc/*.warc.gz", store.environment());
  const operator = warcSource(warc.options.parse({}));
  const rows = await readAll(operator, context, 400_000);
  const local = await readAll(operator, contextOf({ "0.warc.gz": file }));
  assert.deepEqual(
    rows.map(({ id, text }) => [id, text]),
    [...local.map(({ id, text }) => [id, text]), ["<urn:uuid:last>", "<p>Last"]],
  );
  const text = record({ type: "conversion", id: "t", headers: { "Content-Type": "text/plain" }, content: "A text." });
  store.put("crawl/2024/wet/0.warc.wet.gz", members([INFO, text]));
  const texts = await readAll(
    wetSource(wet.options.parse({})),
    await contextAt("s3://crawl/2024/wet/0.warc.wet.gz", store.environment()),
  );
  assert.deepEqual(
    texts.map((row) => row.text),
    ["A text."],
  );
});
