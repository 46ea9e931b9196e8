import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { prepare, run } from "../../../index.ts";
import { StoreBusy } from "../../../io/object-store.ts";
import { NO_RESOURCES, RetryLater } from "../../../stages/define.ts";
import stage from "../../../stages/read/software-heritage.ts";
import { batchOfRows, valueAt } from "../../batch-of.ts";
import { startFakeStore } from "../../io/fake-store.ts";
import { temporaryFolder } from "../../workers/fixture.ts";

type Rows = Parameters<typeof batchOfRows>[0];
type Answered = Awaited<ReturnType<(typeof NO_RESOURCES)["objects"]["get"]>>;

const sha1 = (bytes: Uint8Array | string): string => createHash("sha1").update(bytes).digest("hex");

/** Asks for every row as the engine does, and makes texts of the answers. */
async function fetched(rows: Rows, objects: Record<string, Answered>, options: Record<string, unknown> = {}) {
  const asked: string[] = [];
  const get = async (place: string, key: string): Promise<Answered> => {
    asked.push(`${place}/${key}`);
    return objects[key] ?? { missing: 404 };
  };
  const operator = stage.create(stage.options.parse(options), { ...NO_RESOURCES, objects: { get } });
  assert.ok(operator.kind === "request");
  await operator.prepare?.();
  const batch = batchOfRows(rows);
  const answers = new Map<number, unknown>();
  for (let row = 0; row < batch.rows; row++) {
    const question = operator.question(batch, row);
    if (question === undefined) continue;
    // As it comes out of a journal.
    answers.set(row, JSON.parse(JSON.stringify(await operator.ask(question, new AbortController().signal))));
  }
  const drops: Record<number, string> = {};
  const columns = operator.apply(
    batch,
    (row) => answers.get(row) as never,
    (row, reason) => {
      drops[row] = reason;
    },
  );
  const text = columns.get("text")!;
  return { asked, drops, texts: rows.map((_, row) => valueAt(text, row)), state: operator.finish?.() };
}

const object = (bytes: Uint8Array | string): Answered => ({ bytes: gzipSync(bytes) });
const latin = (text: string): Buffer => Buffer.from(text, "latin1");

test("contents by the encoding of their row", async () => {
  const contents: [string | null, Uint8Array | string, string?][] = [
    ["UTF-8", "x = 'é'\n"],
    [null, "\ufeffbom stays"],
    ["ISO-8859-1", latin("\x93\xe9"), "\u0093é"],
    ["windows-1252", latin("\x93\xe9"), "“é"],
    ["GB18030", latin("\xc4\xe3"), "你"],
    ["EUC_JP", latin("\xa4\xa2"), "あ"],
    ["UTF-16", Buffer.from("\ufeffa", "utf16le").swap16(), "a"],
    ["ascii", "plain"],
  ];
  const rows = contents.map(([src_encoding, bytes]) => ({ blob_id: sha1(bytes), src_encoding }));
  const found = await fetched(rows, Object.fromEntries(contents.map(([, bytes]) => [sha1(bytes), object(bytes)])));
  assert.deepEqual(found.drops, {});
  assert.deepEqual(
    found.texts,
    contents.map(([, bytes, text]) => text ?? String(bytes)),
  );
  assert.equal(found.asked[0], `s3://softwareheritage/content/${rows[0].blob_id}`);
  const size = contents.reduce((sum, [, bytes]) => sum + Buffer.from(bytes).length, 0);
  assert.deepEqual(found.state, { contents: 8, content_bytes: size, unverified: 0 });
});

test("or as UTF-8 without what is none, as Python leaves it out", async () => {
  const bytes = latin("a\xff\xc3\xa9\xe2\x82\xed\xa0\x80\xf4\x90\x80\x80\xc0\xafb\xf0\x9f\x98");
  const { texts } = await fetched([{ blob_id: "k" }], { k: object(bytes) }, { decode: "utf-8" });
  assert.deepEqual(texts, ["aéb"]);
});

test("what cannot be had falls by name, and what is not its id is counted", async () => {
  const git = "blob 3\0git";
  const rows = ["gone", "plain", "cut", "long", "empty", "bad", "odd", "huge", sha1(git), "other", ""].map(
    (blob_id) => ({
      blob_id,
      src_encoding: blob_id === "bad" ? "ascii" : blob_id === "odd" ? "klingon" : "UTF-8",
    }),
  );
  const { drops, texts, state } = await fetched(
    rows,
    {
      plain: { bytes: Buffer.from("not compressed") },
      cut: { bytes: gzipSync("some text").subarray(0, 12) },
      long: object("x".repeat(101)),
      empty: object(""),
      bad: object("é"),
      odd: object("a"),
      huge: { tooLarge: true },
      [sha1(git)]: object("git"),
      other: object("other"),
    },
    { max_bytes: 100 },
  );
  assert.deepEqual(drops, {
    0: "missing_content",
    1: "damaged_content",
    2: "damaged_content",
    3: "too_large",
    4: "empty_content",
    5: "not_decodable",
    6: "unknown_encoding",
    7: "too_large",
    10: "no_id",
  });
  assert.deepEqual(texts.slice(8, 10), ["git", "other"]);
  assert.deepEqual(state, { contents: 2, content_bytes: 8, unverified: 1 });
});

test("a store that is busy is asked again later", async () => {
  const get = () => Promise.reject(new StoreBusy("s3://bucket: HTTP 503 SlowDown"));
  const operator = stage.create(stage.options.parse({}), { ...NO_RESOURCES, objects: { get } });
  assert.ok(operator.kind === "request");
  await assert.rejects(
    operator.ask({ from: "s3://bucket", id: "a" }, new AbortController().signal),
    (error) => error instanceof RetryLater,
  );
});

test("a run that is broken off asks for no content twice, and ends as one that was not", async (t) => {
  const texts = Array.from({ length: 30 }, (_, i) => `print(${i})\n`);
  const contents = new Map(texts.map((text) => [sha1(text), gzipSync(text)]));
  const server = await startFakeStore(t, (url, count) => {
    if (count % 7 === 3) return { status: 503 };
    const body = contents.get(url.split("/").at(-1)!);
    return body && { body };
  });
  const folder = temporaryFolder(t);
  const ids = [...contents.keys(), "0".repeat(40)];
  const rows = ids.map((blob_id, i) => `${JSON.stringify({ blob_id, src_encoding: "UTF-8", path: `${i}.py` })}\n`);
  fs.writeFileSync(path.join(folder, "ids.jsonl"), rows.join(""));
  fs.writeFileSync(
    path.join(folder, "recipe.yaml"),
    `schema: 1
name: contents
pipelines:
  fetched:
    - { use: read/software-heritage, from: "${server.url}/content", concurrency: 4, retry_ms: 1 }
    - { use: filter/length, unit: characters, min: 9 }
sources: { code: { from: ids.jsonl, text: null, id: blob_id, metadata: [blob_id, src_encoding, path], pipeline: fetched } }
outputs: [ { name: code, sources: [code], format: { use: jsonl, codec: none }, columns: [id, text, path] } ]
`,
  );
  const build = async (max_requests?: number): Promise<void> => {
    const root = path.join(folder, "out");
    const { plan, environment, registry } = await prepare(path.join(folder, "recipe.yaml"), {
      out: root,
      dataRoot: folder,
    });
    await run(plan, { workers: 0, root, environment, registry, ...(max_requests && { max_requests }) });
  };
  await assert.rejects(build(10), { code: "run/request-budget" });
  const before = server.asked.length;
  assert.ok(before >= 10 && before < 20);
  await build();
  const retried = Math.floor((server.asked.length + 4) / 7);
  assert.equal(server.asked.length - retried, ids.length, "every id is answered once");
  const files = fs.readdirSync(path.join(folder, "out"), { recursive: true, encoding: "utf8" });
  const output = files.find((file) => /output-.*\.jsonl$/.test(file))!;
  const lines = fs
    .readFileSync(path.join(folder, "out", output), "utf8")
    .trim()
    .split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { text: string }).text),
    texts.filter((text) => text.length >= 9),
  );
});
