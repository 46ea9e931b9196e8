import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { xxh32 } from "../../../kernels/hash/xxh32.ts";
import { decompressFrame } from "../../../kernels/lz4/frame.ts";

/** What the frames of test/golden/scripts/lz4.sh hold. */
const frameContent = Buffer.from(
  Array.from({ length: 1800 }, (_, i) => `line ${i} of some text that comes again ${i % 97}\n`).join(""),
);
const NAMES = ["checked", "linked", "large"] as const;
const frameOf = (name: string): Buffer => readFileSync(`test/golden/writers/${name}.lz4`);

function decompress(frame: Uint8Array, bytes = frameContent.length): Uint8Array {
  const content = new Uint8Array(bytes);
  decompressFrame(frame, content);
  return content;
}

test("frames of the lz4 tool: blocks that refer back, blocks of their own, every checksum", () => {
  assert.ok(frameContent.length > 1 << 16, "more than one block of 64 KiB");
  for (const name of NAMES) assert.deepEqual(Buffer.from(decompress(frameOf(name))), frameContent, name);
});

test("a changed bit in a frame with checksums is found wherever it is", () => {
  const frame = frameOf("checked");
  for (let at = 0; at < frame.length; at += 13) {
    const damaged = Uint8Array.from(frame);
    damaged[at] ^= 1 << (at % 8);
    assert.throws(() => decompress(damaged), /LZ4/, `byte ${at}`);
  }
});

test("cut frames, other lengths, what follows a frame, frames that need a dictionary", () => {
  for (const name of NAMES) {
    const frame = frameOf(name);
    for (let at = 0; at < frame.length; at += 101) assert.throws(() => decompress(frame.subarray(0, at)), /LZ4/);
    assert.throws(() => decompress(frame, frameContent.length - 1), /LZ4/);
    assert.throws(() => decompress(frame, frameContent.length + 1), /LZ4/);
    assert.throws(() => decompress(Buffer.concat([frame, Buffer.alloc(1)])), /something follows/);
  }
  const frame = frameOf("linked");
  frame[4] |= 1;
  assert.throws(() => decompress(frame), /dictionary/);
});

test("XXH32 has the reference implementation's values", () => {
  // The examples of its documentation and of the tool's own test.
  assert.equal(xxh32(new Uint8Array(0)), 0x02cc5d05);
  assert.equal(xxh32(new Uint8Array(0), 2654435761), 0x36b78ae7);
  assert.equal(xxh32(Buffer.from("a")), 0x550d7456);
  assert.equal(xxh32(Buffer.from("abc")), 0x32d153ff);
  assert.equal(xxh32(Buffer.from("Nobody inspects the spammish repetition")), 0xe2293b2f);
});
