import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { RunError } from "../../../batch/errors.ts";
import { allocate, release } from "../../../batch/memory.ts";
import { ForwardReader, readLarge, readPart } from "../../../io/local/read-part.ts";
import { temporaryFolder } from "../temporary.ts";

const KIB = 1024;
/** What the reader reads at once. */
const READ_BYTES = 256 * KIB;
const SIZE = 2_000_003;

const content = Buffer.alloc(SIZE);
for (let i = 0, state = 1; i < SIZE; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  content[i] = state >>> 24;
}

function fileOf(t: TestContext, bytes: Uint8Array = content): string {
  const file = path.join(temporaryFolder(t), "00000.tokens");
  fs.writeFileSync(file, bytes);
  return file;
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

function assertShort(run: () => unknown, file: string, wanted: number, there: number): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RunError, `${error}`);
    assert.equal(error.code, "run/short-file");
    assert.ok(error.message.includes(`${file} has ${there} bytes where ${wanted} were committed`), error.message);
    return true;
  });
}

test("readPart and readLarge give exactly the bytes there are", (t) => {
  const file = fileOf(t);
  assert.ok(content.equals(readPart(file)));
  assert.ok(content.subarray(SIZE - 9).equals(readPart(file, SIZE - 9)));
  assert.ok(content.subarray(17, 1_000_017).equals(readPart(file, 17, 1_000_000)));
  assert.equal(readPart(file, SIZE, 0).length, 0);
  const large = readLarge(file);
  assert.ok(content.equals(large));
  assert.equal(large.byteOffset % 4096, 0, "typed arrays can be laid over it");
  release(large);
  assertWhole();
  const small = fileOf(t, content.subarray(0, 5));
  assert.deepEqual([...readLarge(small)], [...content.subarray(0, 5)]);
  assert.equal(readLarge(fileOf(t, Buffer.alloc(0))).length, 0);
  assertShort(() => readPart(file, SIZE - 5, 6), file, SIZE + 1, SIZE);
  assertShort(() => readPart(file, SIZE + 5, 6), file, SIZE + 11, SIZE);
});

test("pieces in ascending order, gaps and pieces larger than a read among them, are the file's bytes", (t) => {
  const file = fileOf(t);
  const span = fc.oneof(fc.nat(40), fc.nat(20 * KIB), fc.integer({ min: READ_BYTES - 2, max: READ_BYTES + 2 }));
  fc.assert(
    fc.property(
      fc.nat(300_000),
      fc.array(fc.tuple(fc.constantFrom(0, 0, 1), span, fc.oneof(span, fc.nat(600 * KIB))), {
        maxLength: 40,
        size: "max",
      }),
      (start, steps) => {
        const pieces: [number, number][] = [];
        let end = start;
        for (const [isGap, gap, length] of steps) {
          const from = end + isGap * gap;
          if (from + length > SIZE) break;
          pieces.push([from, length]);
          end = from + length;
        }
        const reader = new ForwardReader(file, start, end);
        for (const [from, length] of pieces) {
          const piece = reader.read(from, length);
          assert.equal(piece.length, length);
          assert.ok(content.subarray(from, from + length).equals(piece), `${length} bytes from ${from}`);
        }
        reader.close();
      },
    ),
    { seed: 9, numRuns: 100 },
  );
  assertWhole();
});

test("a range may end inside a read, at the end of the file, or where it starts", (t) => {
  const file = fileOf(t);
  const reader = new ForwardReader(file, 10, 20);
  assert.deepEqual([...reader.read(10, 4)], [...content.subarray(10, 14)]);
  assert.deepEqual([...reader.read(14, 6)], [...content.subarray(14, 20)]);
  assert.equal(reader.read(20, 0).length, 0);
  reader.close();
  const last = new ForwardReader(file, SIZE - 300 * KIB, SIZE);
  assert.ok(content.subarray(SIZE - 200 * KIB, SIZE - 10).equals(last.read(SIZE - 200 * KIB, 200 * KIB - 10)));
  assert.ok(content.subarray(SIZE - 10).equals(last.read(SIZE - 10, 10)));
  last.close();
  const none = new ForwardReader(file, 7, 7);
  assert.equal(none.read(7, 0).length, 0);
  none.close();
  assertWhole();
});

test("a piece larger than the buffer grows it, and what follows is right", (t) => {
  const file = fileOf(t);
  const reader = new ForwardReader(file, 0, SIZE);
  for (const [from, length] of [
    [0, 3],
    [3, 1_000_000],
    [1_000_003, 5],
    [1_000_100, 900_000],
    [1_900_100, SIZE - 1_900_100],
  ]) {
    assert.ok(content.subarray(from, from + length).equals(reader.read(from, length)), `${length} bytes from ${from}`);
  }
  reader.close();
  assertWhole();
});

test("a file cut short is said to be, as soon as what was committed is read", (t) => {
  const file = fileOf(t, content.subarray(0, 1_000_000));
  const reader = new ForwardReader(file, 0, SIZE);
  assert.ok(content.subarray(0, 100).equals(reader.read(0, 100)));
  assertShort(() => reader.read(900_000, 10), file, 900_000 + READ_BYTES, 1_000_000);
  assertShort(() => reader.read(1_500_000, 500_000), file, 2_000_000, 1_000_000);
  reader.close();
  assertWhole();
});

test("no file stays open between reads", (t) => {
  const file = fileOf(t);
  const reader = new ForwardReader(file, 0, SIZE);
  assert.equal(reader.read(0, 1)[0], content[0]);
  // Put in its place, not written into it: an open file would still have its bytes.
  fs.writeFileSync(`${file}.new`, Buffer.alloc(SIZE, 7));
  fs.renameSync(`${file}.new`, file);
  assert.deepEqual([...reader.read(READ_BYTES, 2)], [7, 7]);
  reader.close();
});
