import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { MAX_ROW_BYTES } from "../../../batch/batch.ts";
import { createZstdEncoder } from "../../../io/codecs/zstd-encoder.ts";
import stage, { warcSource } from "../../../stages/read/warc.ts";
import wetStage, { wetSource } from "../../../stages/read/wet.ts";
import { http, INFO, members, record } from "./archives.ts";
import { contextOf, NO_SAMPLES, readAll, readExtents, sample } from "./reading.ts";

const zstdEncode = (bytes: Uint8Array): Buffer => Buffer.from(createZstdEncoder().frame(bytes));
const parse = (given: Record<string, unknown> = {}) => stage.options.parse(given);
const SMALL = { bytes: 100, rows: 3 };
const warc = (given: Record<string, unknown> = {}) => warcSource(parse(given), SMALL);
const wet = (given: Record<string, unknown> = {}) => wetSource(wetStage.options.parse(given), SMALL);

/** The rows of one archive of one response each, plain. */
async function pages(...contents: readonly Uint8Array[]) {
  const records = contents.map((content, i) => record({ id: `r${i}`, url: `https://a.example/${i}`, content }));
  const context = contextOf({ "a.warc": Buffer.concat([INFO, ...records]) });
  return { rows: await readAll(warc(), context), problems: context.problems };
}

test("responses are rows; requests, metadata and revisits are none", async () => {
  const page = http("<p>Hello", { "Content-Type": "Text/HTML; charset=UTF-8" });
  const archive = [
    INFO,
    record({ type: "request", id: "q", content: "GET / HTTP/1.1\r\n\r\n" }),
    record({ id: "p", url: "<https://a.example/>", content: page }),
    record({ type: "metadata", id: "m", content: "fetchTimeMs: 7" }),
    record({ type: "revisit", id: "v", headers: { "WARC-Refers-To": "<urn:uuid:p>" }, content: http("") }),
    record({ id: "png", content: http("\x89PNG", { "Content-Type": "image/png" }) }),
    record({ type: "resource", id: "res", headers: { "Content-Type": "text/html" }, content: "<p>File" }),
    record({ id: "t", headers: { "WARC-Truncated": "length" }, content: http("<p>Cu") }),
    record({ id: "i", headers: { "WARC-Identified-Payload-Type": "text/plain" }, content: http("plain") }),
  ];
  const expected = {
    text: "<p>Hello",
    id: "<urn:uuid:p>",
    url: "https://a.example/",
    date: "2024-05-18T01:58:10Z",
    mime: "text/html",
    charset: "utf-8",
    http_status: 200,
    truncated: null,
  };
  for (const [name, bytes] of [
    ["a.warc", Buffer.concat(archive)],
    ["a.warc.gz", gzipSync(Buffer.concat(archive))],
    ["a.warc.zst", zstdEncode(Buffer.concat(archive))],
    ["a.warc.gz", members(archive)],
  ] as const) {
    const context = contextOf({ [name]: bytes }, 100);
    const rows = await readAll(warc(), context);
    assert.deepEqual(context.problems, [], name);
    assert.deepEqual(rows[0], { at: "0:0", ...expected }, name);
    assert.deepEqual(
      rows.map(({ text, mime, http_status, truncated }) => [text, mime, http_status, truncated]),
      [
        ["<p>Hello", "text/html", 200, null],
        ["<p>File", "text/html", null, null],
        ["<p>Cu", "text/html", 200, "length"],
      ],
    );
    const texts = await readAll(warc({ types: ["response"], mime: ["text/*"] }), contextOf({ [name]: bytes }));
    assert.deepEqual(
      texts.map(({ mime }) => mime),
      ["text/html", "text/html", "text/plain"],
    );
    const images = await readAll(warc({ mime: null, skip: 1, limit: 1 }), contextOf({ [name]: bytes }));
    assert.deepEqual(
      images.map(({ mime }) => mime),
      ["image/png"],
    );
  }
});

test("a file with a member for each record has the same rows and places however it is cut", async () => {
  const records = Array.from({ length: 40 }, (_, i) =>
    record({ id: `r${i}`, content: http(`<p>${"word ".repeat((i * i) % 97)}${i}`) }),
  );
  const file = members([INFO, ...records]);
  const places = async (extentBytes: number) => {
    const context = contextOf({ "a.warc.gz": file });
    const found: [number, unknown][] = [];
    const extents = await warc().extents(context.shards, context, extentBytes);
    for (const extent of extents)
      for await (const batch of warc().read([extent], context))
        for (let row = 0; row < batch.rows; row++)
          found.push([
            batch.position(row),
            batch.text.data.subarray(batch.text.offsets[row], batch.text.offsets[row + 1]).length,
          ]);
    assert.deepEqual(context.problems, []);
    return { found, extents: extents.length };
  };
  const whole = await places(Number.MAX_SAFE_INTEGER);
  assert.equal(whole.extents, 1);
  assert.equal(whole.found.length, 40);
  assert.ok(
    whole.found.every(([at]) => file.readUInt16BE(at) === 0x1f8b),
    "a place is where a member begins",
  );
  for (const bytes of [64, 300, 1000, 3000]) assert.deepEqual((await places(bytes)).found, whole.found);
});

test("bodies in chunks and content encodings are taken apart; what is not what it says is told", async () => {
  const html = `<p>${"Grüße ".repeat(50)}`;
  const utf8 = "text/html; charset=utf-8";
  const encoded = (name: string, body: Uint8Array) => http(body, { "Content-Type": utf8, "Content-Encoding": name });
  const chunked = (body: string) => http(body, { "Content-Type": utf8, "Transfer-Encoding": "chunked" });
  const bytes = Buffer.from(html);
  const { rows, problems } = await pages(
    encoded("gzip", gzipSync(html)),
    encoded("deflate", deflateSync(html)),
    encoded("deflate", deflateRawSync(html)),
    encoded("br", brotliCompressSync(html)),
    encoded("zstd", zstdEncode(bytes)),
    encoded("gzip, br", brotliCompressSync(gzipSync(html))),
    encoded("gzip", bytes),
    encoded("br", bytes),
    encoded("utf-8", bytes),
    chunked(`3;ext=1\r\n<p>\r\n5 \r\nHello\r\n0\r\n\r\n`),
    chunked("<p>taken apart before"),
    chunked("5\r\n<p>On"),
    encoded("gzip", gzipSync(html).subarray(0, 30)),
    Buffer.from("no HTTP at all"),
    http(""),
  );
  const texts = rows.map(({ text }) => text);
  assert.deepEqual(texts.slice(0, 9), Array(9).fill(html));
  assert.deepEqual(texts.slice(9), ["<p>Hello", "<p>taken apart before", "<p>On"]);
  assert.equal(rows[11].truncated, "chunk");
  assert.deepEqual(
    problems.map(({ kind, row }) => [kind, row]),
    [
      ["bad_http", 12],
      ["bad_http", 13],
      ["empty_text", 14],
    ],
  );
});

test("the charset is the mark's, the server's, the page's; else UTF-8 or windows-1252", async () => {
  const page = (body: Uint8Array | string, type = "text/html") => http(body, { "Content-Type": type });
  const latin = (text: string) => Buffer.from(text, "latin1");
  const { rows } = await pages(
    page(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from("é")]), "text/html; charset=iso-8859-1"),
    page(Buffer.from("\ufeffé", "utf16le")),
    page(latin("\x93a\x94 \xe9"), 'text/html; charset="ISO-8859-1"'),
    page(latin('<!-- <meta charset=x> --><a title="<meta charset=koi8-r>"><META CHARSET=windows-1251>\xcf')),
    page(latin("<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'>\x83\x65")),
    page(latin("<meta charset=utf-16>\xc3\xa9")),
    page("é"),
    page(latin("\xe9\x80")),
    page(latin("\xc4\xe3"), "text/html; charset=gb2312"),
    page(latin("<meta charset=windows-1251>\xcf"), "text/html; charset=nonsense"),
    page(latin("a\xffb"), "text/html; charset=utf8"),
  );
  assert.deepEqual(
    rows.map(({ text, charset }) => [charset, String(text).replace(/.*>/, "")]),
    [
      ["utf-8", "é"],
      ["utf-16le", "é"],
      ["windows-1252", "“a” é"],
      ["windows-1251", "П"],
      ["shift_jis", "テ"],
      ["utf-8", "é"],
      ["utf-8", "é"],
      ["windows-1252", "é€"],
      ["gbk", "你"],
      ["windows-1251", "П"],
      ["utf-8", "a\ufffdb"],
    ],
  );
});

test("records that are cut or broken are counted with their place, and the next ones are read", async () => {
  const page = record({ id: "p", content: http("<p>a") });
  const long = record({ id: "l", content: http("<p>b"), length: 9999 });
  const short = record({ id: "s", content: http("<p>WARC? no"), length: 50 });
  const headless = Buffer.from("WARC/1.0\r\nWARC-Type: response\r\n\r\n\r\n\r\n");
  const kinds = async (name: string, bytes: Uint8Array) => {
    const context = contextOf({ [name]: bytes }, 64);
    const rows = await readAll(warc(), context);
    return [rows.map(({ text }) => text), context.problems.map(({ kind, byte }) => `${kind} ${byte}`)];
  };
  const files = [INFO, page, long, page, short, headless, page].map((bytes) => gzipSync(bytes));
  const at = (i: number) => files.slice(0, i).reduce((sum, { length }) => sum + length, 0);
  assert.deepEqual(await kinds("a.warc.gz", Buffer.concat(files)), [
    ["<p>a", "<p>a", "<p>a"],
    [`truncated_record ${at(2)}`, `bad_warc ${at(4)}`, `bad_warc ${at(5)}`],
  ]);
  const [head, cut] = [Buffer.concat([INFO, page]), page.subarray(0, page.length - 6)];
  assert.deepEqual(await kinds("a.warc", Buffer.concat([head, cut])), [["<p>a"], [`truncated_record ${head.length}`]]);
  // What follows a record that is not as long as it says is read.
  const lost = await kinds("a.warc", Buffer.concat([INFO, short, page, headless, page]));
  assert.deepEqual(lost[0], ["<p>a", "<p>a"]);
  assert.equal(lost[1].length, 2, "one is longer than it says, one has no id");
});

test("what is damaged, no archive, or cannot be cut is refused by its name", async () => {
  const page = record({ id: "p", content: http("<p>a".repeat(30)) });
  const read = (name: string, bytes: Uint8Array, given = {}, extentBytes?: number) =>
    readAll(warc(given), contextOf({ [name]: bytes }), extentBytes);
  const good = members([INFO, page, page]);
  const damaged = Buffer.from(good);
  damaged[good.length - 6] ^= 1;
  await assert.rejects(read("a.warc.gz", damaged), { code: "data/corrupt-gzip", message: /member at byte \d\d\d/ });
  await assert.rejects(read("a.warc.gz", good.subarray(0, -5)), { code: "data/truncated-gzip" });
  await assert.rejects(read("a.warc.gz", Buffer.concat([good, Buffer.from("junk")])), { code: "data/corrupt-gzip" });
  await assert.rejects(read("a.warc", Buffer.from("<html>")), { code: "data/no-warc" });
  await assert.rejects(read("a.warc.gz", gzipSync("filedesc://x.arc 0.0.0.0")), { code: "data/no-warc" });
  const joined = Buffer.concat([members([INFO]), gzipSync(Buffer.concat([page, page]))]);
  await assert.rejects(read("a.warc.gz", joined), { code: "data/joined-records" });
  assert.equal((await read("a.warc.gz", joined, { split: false })).length, 2);

  // Stored as it is, an archive inside a record looks like members of this one.
  const inner = members(Array.from({ length: 20 }, (_, i) => record({ id: `inner${i}`, content: http(`<p>${i}`) })));
  const nested = members([INFO, page, record({ id: "n", content: http(inner, {}) }), page], 0);
  assert.equal((await read("a.warc.gz", nested)).length, 2);
  await assert.rejects(read("a.warc.gz", nested, {}, 900), { code: "data/nested-archive" });
  assert.equal((await read("a.warc.gz", nested, { split: false }, 900)).length, 2);
});

test("a record larger than any row may be is passed over, in parts and whole", async () => {
  const page = record({ id: "p", content: http("<p>a") });
  const huge = record({ id: "h", content: Buffer.alloc(MAX_ROW_BYTES + (2 << 20), 0x61) });
  const file = members([INFO, page, huge, page]);
  for (const [given, extentBytes] of [
    [{}, 20_000],
    [{ split: false }, 20_000],
  ] as const) {
    const context = contextOf({ "a.warc.gz": file });
    assert.equal((await readAll(warc(given), context, extentBytes)).length, 2);
    assert.deepEqual(
      context.problems.map(({ kind }) => kind),
      ["row_too_large"],
    );
  }
});

test("WET: texts as they are, with languages", async () => {
  const text = (id: string, content: string | Uint8Array, headers = {}) =>
    record({
      type: "conversion",
      id,
      url: `https://${id}.example/`,
      headers: { "Content-Type": "text/plain", ...headers },
      content,
    });
  const language = { "WARC-Identified-Content-Language": "deu,eng" };
  const context = contextOf({
    "a.warc.wet.gz": members([INFO, text("a", "Grüße\n", language), text("b", Buffer.from([0xff])), text("c", "x")]),
  });
  const rows = await readExtents(wet(), await wet().extents(context.shards, context, 100), context);
  assert.deepEqual(
    rows.map(({ text: t, id, url, mime, language: l }) => [t, id, url, mime, l]),
    [
      ["Grüße\n", "<urn:uuid:a>", "https://a.example/", "text/plain", "deu,eng"],
      ["x", "<urn:uuid:c>", "https://c.example/", "text/plain", null],
    ],
  );
  assert.deepEqual(
    context.problems.map(({ kind }) => kind),
    ["invalid_utf8"],
  );
});

test("real archives: Common Crawl and Heritrix, in parts and whole", async (t) => {
  const files = ["dolma-sample-0000.warc.gz", "dolma-sample-0001.warc.gz", "whirlwind.warc.gz", "whirlwind.warc"];
  const counts = [22, 15, 1, 1];
  for (const [i, name] of files.entries()) {
    const bytes = sample(`commoncrawl/${name}`);
    if (bytes === undefined) return t.skip(NO_SAMPLES);
    const parts = await readAll(warc(), contextOf({ [name]: bytes }), 5000);
    const whole = await readAll(warc({ split: false }), contextOf({ [name]: bytes }));
    assert.equal(parts.length, counts[i]);
    assert.deepEqual(
      parts.map(({ id, text }) => [id, text]),
      whole.map(({ id, text }) => [id, text]),
    );
  }
});
