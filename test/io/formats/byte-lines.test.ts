import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { allocate, release } from "../../../batch/memory.ts";
import { chunksFrom, lineBlocks } from "../../../io/formats/byte-lines.ts";
import { openCached } from "../../../io/local/open-local.ts";
import type { ByteSource } from "../../../io/source.ts";
import { temporaryFolder } from "../temporary.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const WINDOW_BYTES = 4 * MIB;
const FIRST_OVERSHOOT_BYTES = 256 * KIB;

const content = Buffer.alloc(11 * MIB + 7);
for (let i = 0, state = 3; i < content.length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  content[i] = state >>> 24;
}

function openFile(t: TestContext, bytes: Uint8Array): ByteSource {
  const file = path.join(temporaryFolder(t), "a.jsonl");
  fs.writeFileSync(file, bytes);
  const source = openCached({ key: "a.jsonl", location: file, size_bytes: bytes.length, identity: "" });
  // A test that changes the file has said what comes of it.
  t.after(() => source.close().catch(() => {}));
  assert.ok(source.readInto !== undefined);
  return source;
}

/** The same bytes, from where reading takes time. */
function remote(source: ByteSource): ByteSource {
  return {
    name: source.name,
    byteLength: source.byteLength,
    identity: source.identity,
    read: (start, end) => source.read(start, end),
    stream: (start) => source.stream(start),
    close: () => source.close(),
  };
}

/** Nothing of the arena is lent. */
function assertWhole(): void {
  const block = allocate(64 * KIB);
  const whole = allocate(block.buffer.byteLength - 64 * KIB);
  assert.equal(block.byteOffset, 0);
  assert.equal(whole.buffer, block.buffer);
  release(block);
  release(whole);
}

/** Checks every piece against the file while it holds; gives their sizes. */
async function sizesOf(source: ByteSource, start: number, wanted: number): Promise<number[]> {
  const sizes: number[] = [];
  let at = start;
  for await (const piece of chunksFrom(source, start, wanted)) {
    assert.ok(content.subarray(at, at + piece.length).equals(piece), `${piece.length} bytes from ${at}`);
    at += piece.length;
    sizes.push(piece.length);
  }
  assert.equal(at, source.byteLength, "to the end of the file");
  return sizes;
}

function expectedSizes(start: number, wanted: number): number[] {
  const sizes: number[] = [];
  let overshoot = FIRST_OVERSHOOT_BYTES;
  for (let at = start; at < content.length; ) {
    const isWanted = at < wanted;
    const size = isWanted ? Math.min(WINDOW_BYTES, wanted - at) : Math.min(overshoot, content.length - at);
    if (!isWanted) overshoot = Math.min(overshoot * 2, WINDOW_BYTES);
    sizes.push(size);
    at += size;
  }
  return sizes;
}

test("files at hand and files far away give the same pieces: large ones up to what is wanted, then growing ones", async (t) => {
  const local = openFile(t, content);
  const place = fc.oneof(fc.nat(content.length), fc.constantFrom(0, 1, WINDOW_BYTES, content.length));
  await fc.assert(
    fc.asyncProperty(place, place, async (a, b) => {
      const [start, wanted] = a < b ? [a, b] : [b, a];
      const sizes = expectedSizes(start, wanted);
      assert.deepEqual(await sizesOf(local, start, wanted), sizes);
      assert.deepEqual(await sizesOf(remote(local), start, wanted), sizes);
    }),
    {
      seed: 4,
      numRuns: 25,
      examples: [
        [0, 0],
        [0, content.length],
        [content.length, content.length],
      ],
    },
  );
  assertWhole();
});

test("a consumer that stops early, fails or never starts leaves no memory lent", async (t) => {
  const local = openFile(t, content);
  for (const source of [local, remote(local)]) {
    for await (const piece of chunksFrom(source, 0, source.byteLength)) {
      assert.equal(piece.length, WINDOW_BYTES);
      break;
    }
    assertWhole();
    await assert.rejects(async () => {
      for await (const piece of chunksFrom(source, 5, 10)) throw new Error(`stopped at ${piece.length}`);
    }, /stopped at 5/);
    assertWhole();
    await chunksFrom(source, 0, 10).return(undefined);
    for await (const _ of chunksFrom(source, source.byteLength, source.byteLength)) assert.fail("there is nothing");
    assertWhole();
  }
});

test("a read that fails is the consumer's error, and memory comes back", async (t) => {
  const local = openFile(t, content);
  fs.truncateSync(local.name, 5 * MIB);
  for (const source of [local, remote(local)]) {
    const sizes: number[] = [];
    await assert.rejects(
      async () => {
        for await (const piece of chunksFrom(source, 0, source.byteLength)) sizes.push(piece.length);
      },
      { code: "data/changed" },
    );
    assert.deepEqual(sizes, [WINDOW_BYTES]);
    assertWhole();
  }
});

/** Lines of many sizes, one larger than any piece, the last without a newline. */
const lines = [
  ...Array.from({ length: 3000 }, (_, i) => `${i}:${"x".repeat((i * 37) % 2000)}`),
  "y".repeat(2 * WINDOW_BYTES + 100),
  "",
  "\r",
  "naïve 😀 \0",
  ...Array.from({ length: 200 }, (_, i) => "z".repeat(i * 91)),
  "no newline at the end",
];

/** As deepEqual, without MiB of text in the message. */
function assertLines(found: readonly string[], wanted: readonly string[]): void {
  const differs = wanted.findIndex((line, i) => line !== found[i]);
  assert.equal(differs, -1, `line ${differs} is ${found[differs]?.slice(0, 100)}`);
  assert.equal(found.length, wanted.length);
}

async function linesOf(source: ByteSource, wanted: number, maxLineBytes: number, limit = Number.POSITIVE_INFINITY) {
  const found: string[] = [];
  for await (const window of lineBlocks(chunksFrom(source, 0, wanted), 0, maxLineBytes)) {
    if (window.tooLarge) {
      found.push(`too large at ${window.base}`);
      continue;
    }
    assert.equal(window.bytes[window.end - 1], 0x0a);
    assert.ok(window.bytes.length >= window.end, "room behind the last line");
    found.push(...window.bytes.toString("utf8", window.start, window.end - 1).split("\n"));
    if (found.length >= limit) break;
  }
  return found;
}

test("windows of lines: all of them, in order, near and far; memory comes back at the end and before it", async (t) => {
  const local = openFile(t, Buffer.from(lines.join("\n")));
  const large = lines.findIndex((line) => line.length > WINDOW_BYTES);
  const before = Buffer.byteLength(`${lines.slice(0, large).join("\n")}\n`);
  for (const source of [local, remote(local)]) {
    for (const wanted of [0, 1_000_000, source.byteLength]) {
      assertLines(await linesOf(source, wanted, 64 * MIB), lines);
      assertWhole();
    }
    const cut = await linesOf(source, source.byteLength, 2 * MIB);
    assertLines(
      cut,
      lines.map((line, i) => (i === large ? `too large at ${before}` : line)),
    );
    assertWhole();
    const some = await linesOf(source, source.byteLength, 64 * MIB, 1);
    assertLines(some, lines.slice(0, some.length));
    assert.ok(some.length >= 1 && some.length < lines.length);
    assertWhole();
  }
});
