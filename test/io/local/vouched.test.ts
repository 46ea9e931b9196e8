import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { release } from "../../../batch/memory.ts";
import { BlockSums, checksumOf, checksumOfSums } from "../../../io/local/block-sums.ts";
import { Blocks } from "../../../io/local/blocks.ts";
import { commitBytes, commitIntermediate } from "../../../io/local/commit.ts";
import { seal, unseal } from "../../../io/local/seal.ts";
import { pathOf, readLargeVouched, readVouched } from "../../../io/local/vouched.ts";
import { xxh64 } from "../../../kernels/hash/xxh64.ts";
import { temporaryFolder } from "../temporary.ts";
import { damaged, flipByte, vouchedFor, writeVouched } from "../vouched.ts";

const BLOCK = 16 * 1024;

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * i) >> 3);
}

/** As the head of block-sums.ts says it, with the twin alone. */
function expected(content: Uint8Array): string {
  const out = new Uint32Array(2);
  const sums: number[] = [];
  for (let at = 0; at < content.length; at += BLOCK) {
    xxh64(content, at, Math.min(content.length, at + BLOCK), 0, 0, out);
    sums.push(out[1], out[0]);
  }
  const bytes = new Uint8Array(Uint32Array.from(sums).buffer);
  xxh64(bytes, 0, bytes.length, 0, 0, out);
  return [...out].map((word) => word.toString(16).padStart(8, "0")).join("");
}

test("a checksum is that of the sums of 16 KiB blocks, however the content comes", () => {
  assert.equal(checksumOf(new Uint8Array()), "ef46db3751d8e999", "XXH64 of nothing");
  fc.assert(
    fc.property(
      fc.constantFrom(1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 200 * BLOCK + 77),
      fc.array(fc.oneof(fc.nat(10), fc.nat(5 * BLOCK), fc.constantFrom(BLOCK - 1, BLOCK, BLOCK + 1))),
      (length, steps) => {
        const content = bytesOf(length);
        const sums = new BlockSums();
        let at = 0;
        for (const step of steps) {
          sums.update(content.subarray(at, at + step));
          at = Math.min(length, at + step);
        }
        sums.update(content.subarray(at));
        assert.equal(checksumOfSums(sums.finish()), expected(content));
      },
    ),
    { seed: 4, numRuns: 60 },
  );
});

test("parts of a file with sums are its bytes, whatever blocks they touch", (t) => {
  const content = bytesOf(5 * BLOCK + 123);
  const vouched = writeVouched(path.join(temporaryFolder(t), "file"), (file) => file.write(content));
  assert.equal(vouched.file.size_bytes, content.length + 6 * 8);
  assert.equal(fs.statSync(pathOf(vouched)).size, vouched.file.size_bytes);
  const blocks = new Blocks(vouched);
  assert.equal(blocks.content_bytes, content.length);
  const edge = fc.oneof(fc.nat(content.length), fc.constantFrom(0, BLOCK, 2 * BLOCK, 5 * BLOCK, content.length));
  fc.assert(
    fc.property(edge, edge, (a, b) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      assert.deepEqual(blocks.read(start, end - start), content.slice(start, end));
    }),
    { seed: 5, numRuns: 300 },
  );
  const none = new Blocks(writeVouched(path.join(temporaryFolder(t), "none"), () => {}));
  assert.equal(none.content_bytes, 0);
  assert.equal(none.read().length, 0);
});

test("every flipped byte of a file with sums is found by who reads it", (t) => {
  const vouched = writeVouched(path.join(temporaryFolder(t), "file"), (file) => file.write(bytesOf(2 * BLOCK + 100)));
  const file = pathOf(vouched);
  for (const at of [0, BLOCK - 1, BLOCK, 2 * BLOCK + 99, 2 * BLOCK + 100, -1]) {
    flipByte(file, at);
    assert.throws(() => new Blocks(vouched).read(), damaged(vouched, /damaged/), `byte ${at}`);
    flipByte(file, at);
  }
  new Blocks(vouched).read();
});

test("a file read whole is what was committed, or its damage is named", (t) => {
  const folder = temporaryFolder(t);
  const content = bytesOf(3 * BLOCK + 1);
  const target = path.join(folder, "table");
  const committed = commitIntermediate(target, content);
  assert.deepEqual(Object.keys(committed), ["name", "size_bytes", "checksum"]);
  const vouched = vouchedFor(target, committed);
  assert.deepEqual(readVouched(vouched), content);
  const large = readLargeVouched(vouched);
  assert.deepEqual(Buffer.compare(large, content), 0);
  assert.equal(large.byteOffset % 8, 0, "typed arrays can be laid over it");
  release(large);
  for (const at of [0, 2 * BLOCK, -1]) {
    flipByte(target, at);
    assert.throws(() => readVouched(vouched), damaged(vouched, /has other content than was committed/));
    assert.throws(() => readLargeVouched(vouched), damaged(vouched, /has other content than was committed/));
    flipByte(target, at);
  }
  fs.appendFileSync(target, "x");
  assert.throws(() => readVouched(vouched), damaged(vouched, /has 49154 bytes where 49153 were committed/));
  fs.rmSync(target);
  assert.throws(() => readVouched(vouched), damaged(vouched, /is gone/));
  const final = commitBytes(target, content);
  assert.equal(final.checksum, committed.checksum);
  assert.match(final.sha256, /^[0-9a-f]{64}$/);
});

test("sealed JSON comes back, and not where any bit of it is another", () => {
  for (const value of [{ a: 1 }, { z: [null, "ü"], b: { c: 1.5 } }]) {
    const bytes = seal(value);
    assert.deepEqual(unseal(bytes), value);
    assert.deepEqual(seal(Object.fromEntries(Object.entries(value).reverse())), bytes);
    assert.match(bytes.toString("utf8"), /^\{.*,"checksum":"[0-9a-f]{16}"\}\n$/);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      assert.equal(unseal(flipped), undefined);
    }
    for (let length = 0; length < bytes.length; length++) assert.equal(unseal(bytes.subarray(0, length)), undefined);
  }
  assert.equal(unseal(Buffer.from('{"a":1}\n')), undefined);
});
