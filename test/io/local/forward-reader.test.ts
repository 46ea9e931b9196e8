import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { allocate, release } from "../../../batch/memory.ts";
import { Blocks } from "../../../io/local/blocks.ts";
import { ForwardReader } from "../../../io/local/forward-reader.ts";
import { pathOf, type Vouched } from "../../../io/local/vouched.ts";
import { temporaryFolder } from "../temporary.ts";
import { damaged, flipByte, writeVouched } from "../vouched.ts";

const KIB = 1024;
/** What the reader reads at once. */
const READ_BYTES = 256 * KIB;
const SIZE = 2_000_003;

const content = Buffer.alloc(SIZE);
for (let i = 0, state = 1; i < SIZE; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  content[i] = state >>> 24;
}

function fileOf(t: TestContext): Vouched {
  return writeVouched(path.join(temporaryFolder(t), "00000.tokens"), (file) => file.write(content));
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

test("pieces in ascending order, gaps and pieces larger than a read among them, are the file's bytes", (t) => {
  const file = new Blocks(fileOf(t));
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
  const file = new Blocks(fileOf(t));
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
  const file = new Blocks(fileOf(t));
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

test("a file that is cut or changed while it is read is said to be, as soon as what changed is read", (t) => {
  const vouched = fileOf(t);
  const file = pathOf(vouched);
  const reader = new ForwardReader(new Blocks(vouched), 0, SIZE);
  assert.ok(content.subarray(0, 100).equals(reader.read(0, 100)));
  flipByte(file, 900_000);
  assert.ok(content.subarray(300_000, 300_010).equals(reader.read(300_000, 10)));
  assert.throws(() => reader.read(700_000, 10), damaged(vouched, /is damaged between byte 884736 and 901120/));
  fs.truncateSync(file, 1_000_000);
  assert.throws(() => reader.read(1_500_000, 500_000), damaged(vouched, /has 1000000 bytes where \d+ were committed/));
  reader.close();
  assertWhole();
});

test("no file stays open between reads", (t) => {
  const vouched = fileOf(t);
  const file = pathOf(vouched);
  const reader = new ForwardReader(new Blocks(vouched), 0, SIZE);
  assert.equal(reader.read(0, 1)[0], content[0]);
  // Put in its place, not written into it: an open file would still have its bytes.
  fs.writeFileSync(`${file}.new`, Buffer.alloc(fs.statSync(file).size, 7));
  fs.renameSync(`${file}.new`, file);
  assert.throws(() => reader.read(READ_BYTES, 2), damaged(vouched, /is damaged between/));
  reader.close();
  assertWhole();
});
