import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bitmap } from "../../../batch/bitmap.ts";
import { Utf8Builder } from "../../../batch/builder.ts";
import type { Utf8Column } from "../../../batch/column.ts";
import { wasmModule } from "../../../io/wasm.ts";
import { PlainRowHasher, type RowHasher, type Xxh64Seed } from "../../../kernels/hash/xxh64-rows.ts";
import { WasmRowHasher } from "../../../kernels/wasm/xxh64.ts";

const module = wasmModule("hash");
const skip = module === undefined ? "WebAssembly with SIMD is not there" : false;
const SEED: readonly Xxh64Seed[] = [{ high: 0, low: 0 }];
const SEEDS: readonly Xxh64Seed[] = [
  { high: 0xffffffff, low: 0xffffffff },
  { high: 0, low: 0x80000000 },
  { high: 0x12345678, low: 0 },
];
/** What `out` holds before: a row that is not hashed must keep it. */
const UNTOUCHED = 0xabababab;

const wasm = skip ? [] : [new WasmRowHasher(module!, SEED), new WasmRowHasher(module!, SEEDS)];
const plain = [new PlainRowHasher(SEED), new PlainRowHasher(SEEDS)];

function columnOf(rows: readonly (Uint8Array | null)[]): Utf8Column {
  const builder = new Utf8Builder();
  for (const row of rows) {
    if (row === null) builder.appendNull();
    else builder.append(row);
  }
  return builder.finish();
}

function noise(length: number): Uint8Array {
  let state = length + 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 0x9e3779b1) + 0x7f4a7c15;
    return state >>> 24;
  });
}

function hashes(hasher: RowHasher, column: Utf8Column, alive: Bitmap): string {
  const out = new Uint32Array(hasher.words * alive.length + 1).fill(UNTOUCHED);
  hasher.hashRows(column, alive, out);
  return Buffer.from(out.buffer).toString("hex");
}

function agrees(column: Utf8Column, alive = Bitmap.full(column.offsets.length - 1)): void {
  for (const [i, hasher] of wasm.entries()) {
    assert.ok(hashes(hasher, column, alive) === hashes(plain[i], column, alive));
  }
}

test("a column's rows: high and low word for every seed, dead rows untouched, a null as an empty text", () => {
  const column = columnOf([Buffer.from("a"), null, Buffer.from("abc"), new Uint8Array(0)]);
  const alive = Bitmap.full(4);
  alive.clear(2);
  const empty = [0xef46db37, 0x51d8e999];
  const untouched = [UNTOUCHED, UNTOUCHED];
  for (const hasher of [plain[0], ...wasm.slice(0, 1)]) {
    const out = new Uint32Array(8).fill(UNTOUCHED);
    hasher.hashRows(column, alive, out);
    assert.deepEqual([...out], [0xd24ec4f1, 0xa98c6e5b, ...empty, ...untouched, ...empty]);
  }
  for (const hasher of [plain[1], ...wasm.slice(1)]) {
    const out = new Uint32Array(7).fill(UNTOUCHED);
    hasher.hash(Buffer.from("--abc"), 2, 5, out);
    for (const [seed, given] of SEEDS.entries()) {
      const alone = new Uint32Array(2);
      new PlainRowHasher([given]).hash(Buffer.from("abc"), 0, 3, alone);
      assert.deepEqual([...out.subarray(2 * seed, 2 * seed + 2)], [...alone]);
    }
    assert.equal(out[6], UNTOUCHED);
  }
});

test("WebAssembly agrees at every length from 0 to 300, alone and in a column", { skip }, () => {
  const rows = Array.from({ length: 301 }, (_, length) => noise(length));
  agrees(columnOf(rows));
  for (const [i, hasher] of wasm.entries()) {
    for (const row of rows) {
      const [out, expected] = [new Uint32Array(hasher.words), new Uint32Array(hasher.words)];
      hasher.hash(row, 0, row.length, out);
      plain[i].hash(row, 0, row.length, expected);
      assert.deepEqual(out, expected);
    }
  }
});

test("WebAssembly agrees where slices end: many rows, rows longer than a slice, longer than it takes", { skip }, () => {
  const [slice, longest] = [256 * 1024, 4 * 1024 * 1024];
  agrees(columnOf(Array.from({ length: 3 * 4096 + 1 }, (_, row) => noise(row % 5))));
  agrees(columnOf([slice - 1, 1, 1, slice, slice + 1, 0, 1].map(noise)));
  agrees(columnOf([1, longest, longest + 1, 1].map(noise)));
  // After the memory has grown, small rows go through the new views.
  agrees(columnOf([7, 0, 40].map(noise)));
});

test("WebAssembly agrees for any rows, any of them dead", { skip }, () => {
  const row = fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ maxLength: 80 }) },
    { weight: 1, arbitrary: fc.nat(200_000).map(noise) },
  );
  const rows = fc.array(fc.record({ bytes: row, alive: fc.boolean() }), { maxLength: 20 });
  fc.assert(
    fc.property(rows, (drawn) => {
      const alive = Bitmap.full(drawn.length);
      for (const [i, { alive: keep }] of drawn.entries()) if (!keep) alive.clear(i);
      agrees(columnOf(drawn.map(({ bytes }) => bytes)), alive);
    }),
    { numRuns: 60, seed: 64 },
  );
});

test("a column that is a view, and no rows at all", { skip }, () => {
  const { data, offsets } = columnOf([noise(10), noise(50), noise(33)]);
  const moved = new Uint8Array(data.length + 5);
  moved.set(data, 3);
  const view: Utf8Column = { kind: "utf8", data: moved.subarray(3, 3 + data.length), offsets };
  const whole = columnOf([noise(10), noise(50), noise(33)]);
  for (const hasher of wasm) {
    assert.equal(hashes(hasher, view, Bitmap.full(3)), hashes(hasher, whole, Bitmap.full(3)));
  }
  agrees(columnOf([]));
  agrees(columnOf([noise(9), noise(9)]), new Bitmap(2));
});

test("blocks: the hash of each, the last one shorter, wherever they start", () => {
  const bytes = noise(1_000_000);
  for (const [start, end, blockBytes] of [
    [0, 0, 16],
    [3, 4, 16],
    [5, 5 + 16 * 7, 16],
    [1, 700_001, 16 * 1024],
    [0, 1_000_000, 300_000],
    [9, 100_000, 7],
  ] as const) {
    for (const hasher of [...plain, ...wasm]) {
      const blocks = Math.ceil((end - start) / blockBytes);
      const out = new Uint32Array(hasher.words * blocks + 1).fill(UNTOUCHED);
      hasher.hashBlocks(bytes, start, end, blockBytes, out);
      const one = new Uint32Array(hasher.words);
      for (let block = 0; block < blocks; block++) {
        const from = start + block * blockBytes;
        hasher.hash(bytes, from, Math.min(end, from + blockBytes), one);
        assert.deepEqual(out.subarray(block * hasher.words, (block + 1) * hasher.words), one);
      }
      assert.equal(out.at(-1), UNTOUCHED);
    }
  }
});
