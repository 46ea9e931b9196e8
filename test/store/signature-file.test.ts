import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { Vouched } from "../../io/local/vouched.ts";
import { SignatureReader, SignatureWriter } from "../../store/signature-file.ts";
import { damaged, flipByte, writeVouched } from "../io/vouched.ts";
import { temporaryFolder } from "../workers/fixture.ts";

function write(target: string, slots: number, signatures: readonly (readonly [number, readonly number[]])[]): Vouched {
  return writeVouched(target, (file) => {
    const writer = new SignatureWriter(file, slots);
    for (const [document, signature] of signatures) writer.add(document, Uint16Array.from(signature));
    writer.finish();
  });
}

test("signatures are dense by document; documents without one are zeros", (t) => {
  const target = path.join(temporaryFolder(t), "a.signatures");
  const file = write(target, 2, [
    [1, [0x0102, 3]],
    [3, [65535, 0]],
  ]);
  const written = fs.readFileSync(target).subarray(0, -8).toString("hex");
  assert.equal(written, "00000000020103000000 0000ffff0000".replace(" ", ""));
  const reader = new SignatureReader([{ file, firstDocument: 10 }], 2);
  const out = new Uint16Array(6).fill(7);
  reader.read(13, out, 2);
  assert.deepEqual([...out], [7, 7, 65535, 0, 7, 7]);
  reader.close();
  write(target, 2, []);
  assert.equal(fs.statSync(target).size, 0);
});

test("more files than are kept open, more documents than a buffer: each its own", (t) => {
  const folder = temporaryFolder(t);
  const inputs = Array.from({ length: 140 }, (_, span) => {
    const target = path.join(folder, `${span}.signatures`);
    const file = write(target, 1, [
      [0, [span]],
      [2, [span + 1000]],
    ]);
    return { file, firstDocument: 3 * span };
  });
  const long = path.join(folder, "long");
  const documents = 100_000;
  const longFile = write(
    long,
    1,
    Array.from({ length: documents }, (_, i) => [i, [i % 65_000]]),
  );
  const reader = new SignatureReader([{ file: longFile, firstDocument: 420 }, ...inputs.toReversed()], 1);
  const out = new Uint16Array(1);
  const read = (document: number): number => {
    reader.read(document, out, 0);
    return out[0];
  };
  for (let span = 0; span < 140; span++) {
    assert.deepEqual([read(3 * span), read(3 * span + 1), read(3 * span + 2)], [span, 0, span + 1000]);
  }
  assert.deepEqual([read(0), read(420), read(420 + 64_999), read(420 + documents - 1)], [0, 0, 64_999, 34_999]);
  reader.close();
});

test("documents must ascend; a missing or cut file is an error that says so", (t) => {
  const folder = temporaryFolder(t);
  const target = path.join(folder, "a");
  const twice = [
    [1, [1]],
    [1, [1]],
  ] as const;
  assert.throws(() => write(target, 1, twice), /document 1 after 1/);
  const file = write(
    target,
    4,
    Array.from({ length: 5000 }, (_, i) => [i, [i, 1, 2, 3]]),
  );
  const read = (document: number): number => {
    const reader = new SignatureReader([{ file, firstDocument: 0 }], 4);
    const out = new Uint16Array(4);
    try {
      reader.read(document, out, 0);
      return out[0];
    } finally {
      reader.close();
    }
  };
  flipByte(target, 3000 * 8);
  assert.throws(() => read(3000), damaged(file, /is damaged between byte 16384 and 32768/));
  assert.equal(read(0), 0);
  flipByte(target, 3000 * 8);
  assert.equal(read(3000), 3000);
  assert.throws(() => read(5000), damaged(file, /has no byte 40008: it has 40000/));
  fs.rmSync(target);
  assert.throws(() => read(1), damaged(file, /is gone/));
});
