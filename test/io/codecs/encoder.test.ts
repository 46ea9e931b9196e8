import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { blockEncoder } from "../../../io/codecs/encoder.ts";
import { unzstd, unzstdBlock } from "../../../io/codecs/zstd.ts";

const CONTENTS = ["", "a", "line of text\n".repeat(30_000), "\u{1f600}".repeat(70)].map((text) => Buffer.from(text));

async function through(bytes: Uint8Array): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const pieces = async function* () {
    yield bytes;
  };
  for await (const part of unzstd(pieces(), "test")) parts.push(part);
  return Buffer.concat(parts);
}

test("zstd frames carry a checksum and are read by every decoder", async () => {
  const encoder = blockEncoder("zstd");
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (frame: Uint8Array) => Uint8Array };
  for (const content of CONTENTS) {
    const frame = encoder.frame(content);
    assert.equal(frame[4] & 4, 4, "the flag");
    assert.deepEqual(await through(frame), content);
    if (zstdDecompressSync !== undefined) assert.deepEqual(Buffer.from(zstdDecompressSync(frame)), content);
    const damaged = Uint8Array.from(frame);
    damaged[frame.length - 1] ^= 1;
    await assert.rejects(through(damaged), /data\/corrupt-zstd/);
  }
  const both = Buffer.concat(CONTENTS.map((content) => encoder.frame(content)));
  assert.deepEqual(await through(both), Buffer.concat(CONTENTS));
});

test("the module called directly gives the bytes that its package gives", async () => {
  const { compress, isLoaded } = await import("@foxglove/wasm-zstd");
  await isLoaded;
  const large = Buffer.from(Array.from({ length: 900_000 }, (_, i) => `${(i * 7919) % 10_007} `).join(""));
  for (const level of [1, 3, 9]) {
    const encoder = blockEncoder("zstd", level);
    for (const content of [...CONTENTS, large, large.subarray(5)]) {
      assert.deepEqual(Buffer.from(encoder.block(content)), compress(content, level));
    }
  }
});

test("a block of each codec is its own memory and holds what was given", () => {
  const decoders = {
    zstd: (block: Uint8Array) => unzstdBlock(block, 1 << 20),
    gzip: zlib.gunzipSync,
    none: (bytes: Uint8Array) => bytes,
  };
  for (const codec of ["zstd", "gzip", "none"] as const) {
    const encoder = blockEncoder(codec);
    const content = Uint8Array.from(CONTENTS[2]);
    const block = encoder.block(content);
    content.fill(0);
    assert.deepEqual(Buffer.from(decoders[codec](block)), CONTENTS[2], codec);
  }
});

test("levels differ, and the same level gives the same bytes", async () => {
  const text = Buffer.from(Array.from({ length: 5000 }, (_, i) => `${i * i} ${i % 7} words\n`).join(""));
  const [fast, fine, again] = [blockEncoder("zstd", 1), blockEncoder("zstd", 9), blockEncoder("zstd", 9)];
  assert.notDeepEqual(fine.block(text), fast.block(text));
  assert.deepEqual(fine.block(text), again.block(text));
});
