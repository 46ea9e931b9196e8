import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { blockEncoder } from "../../../io/codecs/encoder.ts";
import { pageDecoder } from "../../../io/formats/parquet-codecs.ts";

const CONTENT = Buffer.from("a page that is small enough for a pool of memory");

test("a page lies in memory of its own, whatever a codec hands over: what is read past its end must fail", async () => {
  const blocks = {
    UNCOMPRESSED: CONTENT,
    GZIP: zlib.gzipSync(CONTENT),
    BROTLI: zlib.brotliCompressSync(CONTENT),
    ZSTD: Buffer.from(blockEncoder("zstd").block(CONTENT)),
  } as const;
  for (const [codec, block] of Object.entries(blocks)) {
    const decode = await pageDecoder(codec as keyof typeof blocks);
    assert.ok(decode);
    // As a source gives it: in the middle of other bytes.
    const pooled = Buffer.concat([Buffer.from("before"), block, Buffer.from("behind")]).subarray(6, 6 + block.length);
    const page = decode(pooled, CONTENT.length);
    assert.deepEqual(Buffer.from(page), CONTENT, codec);
    assert.equal(page.buffer.byteLength, CONTENT.length, codec);
    assert.throws(() => decode(pooled, CONTENT.length + 1), Error, codec);
  }
});

test("a zstd frame that says it holds more than its page costs no memory", async () => {
  const decode = await pageDecoder("ZSTD");
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x7f, 1, 0, 0, 0, 0);
  assert.throws(() => decode?.(frame, 40), /zstd frame of 2130706432 bytes, not 40/);
});
