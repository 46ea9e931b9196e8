import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ARENA, allocate, allocateWords, HEAP, release } from "../../batch/memory.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const PAGE = 4096;

// First of all: nothing has been lent, so there is no arena yet.
test("release before anything was lent does nothing", () => {
  release(new Uint8Array(8));
  release(new DataView(new ArrayBuffer(0)));
});

const first = allocate(64 * KIB);
const arena = first.buffer;
release(first);

/** Everything is back: one block takes the whole arena. Nothing of it becomes resident. */
function assertWhole(): void {
  const whole = allocate(arena.byteLength);
  assert.equal(whole.buffer, arena);
  assert.equal(whole.byteOffset, 0);
  release(whole);
}

test("the arena is one buffer that holds 150 MiB", () => {
  const large = allocate(150 * MIB);
  assert.equal(large.buffer, arena);
  assert.equal(large.byteOffset, 0);
  assert.equal(large.length, 150 * MIB);
  release(large);
  assertWhole();
});

interface Lent {
  readonly view: Uint8Array<ArrayBuffer>;
  readonly from: number;
  /** End of its last page. */
  readonly to: number;
  readonly tag: number;
}

/** Marks every page of a block and its last byte. */
function mark({ view, tag }: Lent): void {
  for (let at = 0; at < view.length; at += PAGE) view[at] = tag;
  view[view.length - 1] = tag;
}

function assertMarked({ view, tag }: Lent): void {
  for (let at = 0; at < view.length; at += PAGE) {
    if (view[at] !== tag) assert.fail(`byte ${at} of a block of ${view.length} was overwritten`);
  }
  assert.equal(view[view.length - 1], tag);
}

/** Where a first fit must put `pages`: the lowest gap that holds them, by what is lent and nothing else. */
function lowestGap(lent: readonly Lent[], bytes: number): number | undefined {
  let at = 0;
  for (const block of [...lent].sort((a, b) => a.from - b.from)) {
    if (block.from - at >= bytes) return at;
    at = block.to;
  }
  return arena.byteLength - at >= bytes ? at : undefined;
}

/** The ways to name a block, all of them as good. */
const NAMES: readonly ((view: Uint8Array<ArrayBuffer>) => ArrayBufferView)[] = [
  (view) => view,
  (view) => view.subarray(0, 1),
  (view) => view.subarray(0, 0),
  (view) => new Uint32Array(view.buffer, view.byteOffset, view.length >> 2),
  (view) => Buffer.from(view.buffer, view.byteOffset, view.length),
  (view) => new DataView(view.buffer, view.byteOffset),
];

const size = fc.oneof(
  fc.nat(63 * KIB),
  fc.integer({ min: 63 * KIB, max: 70 * KIB }),
  fc.integer({ min: 64 * KIB, max: 6 * MIB }),
  fc.integer({ min: 16 * MIB, max: 90 * MIB }),
  fc.integer({ min: 16, max: 64 }).map((pages) => pages * PAGE),
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ bytes: size }) },
  { weight: 2, arbitrary: fc.record({ which: fc.nat(), name: fc.nat(NAMES.length - 1) }) },
);

test("blocks never overlap, lie in the lowest gap, and all come back, in any order of allocate and release", () => {
  let fallbacks = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const lent: Lent[] = [];
      const others: Lent[] = [];
      const give = (block: Lent, name: number): void => {
        assertMarked(block);
        release(NAMES[name](block.view));
        // Again: the block is nobody's now.
        release(block.view);
      };
      for (const [tag, given] of steps.entries()) {
        if ("bytes" in given) {
          const { bytes } = given;
          const view = allocate(bytes);
          assert.equal(view.length, bytes);
          const from = bytes < 64 * KIB ? undefined : lowestGap(lent, Math.ceil(bytes / PAGE) * PAGE);
          if (from === undefined) {
            assert.notEqual(view.buffer, arena);
            assert.equal(view.buffer.byteLength, bytes);
            if (bytes >= 64 * KIB) fallbacks++;
            if (bytes > 0 && bytes < MIB) others.push({ view, from: 0, to: bytes, tag: tag + 1 });
            others.slice(-1).forEach(mark);
            continue;
          }
          assert.equal(view.buffer, arena);
          assert.equal(view.byteOffset, from);
          const block = { view, from, to: from + Math.ceil(bytes / PAGE) * PAGE, tag: tag + 1 };
          mark(block);
          lent.push(block);
        } else if (lent.length > 0) {
          const [block] = lent.splice(given.which % lent.length, 1);
          give(block, given.name);
        }
      }
      others.forEach((other) => {
        assertMarked(other);
        // Its view begins at 0, as a block of the arena may.
        release(other.view);
      });
      lent.forEach((block, index) => {
        give(block, index % NAMES.length);
      });
      assertWhole();
    }),
    { seed: 20, numRuns: 60 },
  );
  assert.ok(fallbacks > 10, `the arena was full ${fallbacks} times`);
});

test("a gap between two blocks joins with both sides, whichever is released last", () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const order of orders) {
    const blocks = [allocate(100 * KIB), allocate(1 * MIB), allocate(64 * KIB)];
    assert.deepEqual(
      blocks.map((block) => block.byteOffset),
      [0, 100 * KIB, 100 * KIB + MIB],
    );
    for (const index of order) release(blocks[index]);
    assertWhole();
  }
});

test("views that begin inside a block, and foreign views, release nothing", () => {
  const block = allocate(1 * MIB);
  assert.equal(block.byteOffset, 0);
  release(block.subarray(1));
  release(block.subarray(PAGE));
  release(new DataView(arena, 2 * MIB));
  release(new Uint8Array(arena, arena.byteLength));
  release(new Uint8Array(1 * MIB));
  const next = allocate(64 * KIB);
  assert.equal(next.byteOffset, 1 * MIB);
  release(block);
  release(next);
  assertWhole();
});

test("a block takes whole pages and says how long it was asked to be", () => {
  const odd = allocate(64 * KIB + 1);
  const next = allocate(64 * KIB);
  assert.equal(odd.length, 64 * KIB + 1);
  assert.equal(next.byteOffset, 64 * KIB + PAGE);
  release(odd);
  const again = allocate(64 * KIB + PAGE);
  assert.equal(again.byteOffset, 0);
  release(again);
  release(next);
  assertWhole();
});

test("small requests have memory of their own, zeroed", () => {
  for (const bytes of [0, 1, PAGE, 64 * KIB - 1]) {
    const small = allocate(bytes);
    assert.equal(small.length, bytes);
    assert.equal(small.buffer.byteLength, bytes);
    assert.ok(small.every((byte) => byte === 0));
    release(small);
  }
  assertWhole();
});

test("what the arena cannot hold is allocated as usual", () => {
  const most = allocate(arena.byteLength - 64 * KIB);
  const tooLarge = allocate(64 * KIB + 1);
  assert.equal(tooLarge.length, 64 * KIB + 1);
  assert.equal(tooLarge.buffer.byteLength, 64 * KIB + 1);
  const exact = allocate(64 * KIB);
  assert.equal(exact.buffer, arena);
  assert.equal(exact.byteOffset + exact.length, arena.byteLength);
  assert.notEqual(allocate(64 * KIB).buffer, arena);
  release(tooLarge);
  release(most);
  release(exact);
  const beyond = allocate(arena.byteLength + 1);
  assert.equal(beyond.length, arena.byteLength + 1);
  assert.notEqual(beyond.buffer, arena);
  release(beyond);
  assertWhole();
});

test("words are bytes by four, and are released as they are", () => {
  const words = allocateWords(100_000);
  assert.equal(words.buffer, arena);
  assert.equal(words.length, 100_000);
  assert.equal(allocateWords(3).length, 3);
  const behind = allocate(64 * KIB);
  assert.equal(behind.byteOffset, Math.ceil(400_000 / PAGE) * PAGE);
  release(words.subarray(0, 10));
  release(behind);
  assertWhole();
});

test("ARENA is this arena; HEAP is no part of it and releases nothing", () => {
  const block = ARENA.allocate(64 * KIB);
  assert.equal(block.buffer, arena);
  HEAP.release(block);
  const next = ARENA.allocate(64 * KIB);
  assert.equal(next.byteOffset, 64 * KIB);
  ARENA.release(block);
  ARENA.release(next);
  assertWhole();
  for (const bytes of [0, 1, 100, 64 * KIB, 2 * MIB]) {
    const own = HEAP.allocate(bytes);
    assert.equal(own.length, bytes);
    assert.equal(own.byteOffset, 0);
    // No pool behind it, which a transfer would take along.
    assert.equal(own.buffer.byteLength, bytes);
    assert.notEqual(own.buffer, arena);
  }
});
