import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { RunError } from "../../batch/errors.ts";
import { createPending } from "../../io/local/commit.ts";
import { SignatureReader, SignatureWriter } from "../../store/signature-file.ts";
import { temporaryFolder } from "../workers/fixture.ts";

function write(target: string, slots: number, signatures: readonly (readonly [number, readonly number[]])[]): void {
  const file = createPending(target);
  const writer = new SignatureWriter(file, slots);
  for (const [document, signature] of signatures) writer.add(document, Uint16Array.from(signature));
  writer.finish();
  file.commit();
}

test("signatures are dense by document; documents without one are zeros", (t) => {
  const target = path.join(temporaryFolder(t), "a.signatures");
  write(target, 2, [
    [1, [0x0102, 3]],
    [3, [65535, 0]],
  ]);
  assert.equal(fs.readFileSync(target).toString("hex"), "00000000020103000000 0000ffff0000".replace(" ", ""));
  const reader = new SignatureReader([{ path: target, firstDocument: 10 }], 2);
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
    write(target, 1, [
      [0, [span]],
      [2, [span + 1000]],
    ]);
    return { path: target, firstDocument: 3 * span };
  });
  const long = path.join(folder, "long");
  const documents = 100_000;
  write(
    long,
    1,
    Array.from({ length: documents }, (_, i) => [i, [i % 65_000]]),
  );
  const reader = new SignatureReader([{ path: long, firstDocument: 420 }, ...inputs.toReversed()], 1);
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
  const fails = (file: string, what: RegExp): void => {
    const reader = new SignatureReader([{ path: file, firstDocument: 0 }], 4);
    assert.throws(
      () => reader.read(1, new Uint16Array(4), 0),
      (error) => error instanceof RunError && error.code === "run/broken-signature-file" && what.test(error.message),
    );
    reader.close();
  };
  fails(path.join(folder, "absent"), /cannot be opened \(ENOENT\)/);
  fs.writeFileSync(target, new Uint8Array(15));
  fails(target, /ends before document 1/);
});
