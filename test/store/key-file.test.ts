import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { RunError } from "../../batch/errors.ts";
import { pathOf, type Vouched } from "../../io/local/vouched.ts";
import { KeyFile, type KeyFileShape, KeyFileWriter, RunBuffers } from "../../store/key-file.ts";
import { type KeyInput, type MatchOptions, PartitionMatcher } from "../../store/match-partition.ts";
import { damaged, flipByte, writeVouched } from "../io/vouched.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "key-file-"));
after(() => fs.rmSync(folder, { recursive: true }));
let files = 0;

type Keys = readonly (readonly [document: number, words: readonly number[]])[];

function write(keys: Keys, shape: KeyFileShape, runBytes?: number): Vouched {
  return writeVouched(path.join(folder, `${files++}.keys`), (file) => {
    const writer = new KeyFileWriter(file, shape, new RunBuffers(runBytes));
    for (const [document, words] of keys) writer.add(document, Uint32Array.from(words));
    writer.finish();
  });
}

/** What the writer wrote, without the sums. */
function contentOf(file: Vouched): Buffer {
  const bytes = fs.readFileSync(pathOf(file));
  return bytes.subarray(0, bytes.length - 8 * Math.ceil(bytes.length / (16 * 1024 + 8)));
}

/** All records of one partition of one file. */
function readPartition(target: Vouched, partition: number): number[] {
  const file = new KeyFile(target);
  try {
    const records: number[] = [];
    for (const piece of file.read(partition, new Uint32Array(100))) records.push(...piece);
    return records;
  } finally {
    file.close();
  }
}

/** The groups of one partition, as texts, in the order they come. */
function match(
  inputs: readonly KeyInput[],
  partition: number,
  { key_bytes, ...options }: MatchOptions & { readonly key_bytes: 8 | 16 },
): string[] {
  const found: string[] = [];
  const matcher = new PartitionMatcher(key_bytes);
  matcher.match(inputs, partition, options, (documents, count) => found.push(documents.subarray(0, count).join()));
  return found;
}

/** Well mixed 32-bit words. */
function mixed(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

test("an empty span has empty partitions", () => {
  const target = write([], { key_bytes: 8, partitions: 3 });
  for (const partition of [0, 1, 2]) assert.deepEqual(readPartition(target, partition), []);
  assert.deepEqual(match([{ file: target, firstDocument: 0 }], 2, { key_bytes: 8, memory_bytes: 1 }), []);
  assert.deepEqual(match([], 0, { key_bytes: 8, memory_bytes: 1 }), []);
});

test("the bytes of a file are fixed", () => {
  const target = write(
    [
      [3, [0x80000000, 1, 0x7fffffff, 2]],
      [5, [0x80000001, 4]],
    ],
    { key_bytes: 8, partitions: 2 },
  );
  const words = new Uint32Array(new Uint8Array(contentOf(target)).buffer);
  const magic = Buffer.from("SMKY").readUInt32LE();
  assert.deepEqual([...words], [magic, 1, 8, 2, 0x7fffffff, 2, 3, 0x80000000, 1, 3, 0x80000001, 4, 5, 1, 2, 1, magic]);
  assert.deepEqual(readPartition(target, 1), [0x80000000, 1, 3, 0x80000001, 4, 5]);
});

for (const { key_bytes, partitions } of [
  { key_bytes: 8, partitions: 1 },
  { key_bytes: 8, partitions: 7 },
  { key_bytes: 16, partitions: 64 },
] as const) {
  test(`${partitions} partitions of ${key_bytes}-byte keys in many runs: every record, in its place, documents ascending`, () => {
    const keyWords = key_bytes / 4;
    const keys = Array.from({ length: 20_000 }, (_, document) => {
      const words = Array.from({ length: keyWords * (1 + (document % 3)) }, (_, word) => mixed(document * 16 + word));
      return [document, words] as const;
    });
    const target = write(keys, { key_bytes, partitions }, 64 << 10);
    const file = new KeyFile(target);
    const expected = new Set(
      keys.flatMap(([document, words]) => {
        const parts: string[] = [];
        for (let at = 0; at < words.length; at += keyWords)
          parts.push([...words.slice(at, at + keyWords), document].join());
        return parts;
      }),
    );
    let total = 0;
    for (let partition = 0; partition < partitions; partition++) {
      const records = readPartition(target, partition);
      assert.equal(records.length, file.records(partition) * (keyWords + 1));
      let last = 0;
      for (let at = 0; at < records.length; at += keyWords + 1) {
        assert.equal(Math.floor((records[at] / 2 ** 32) * partitions), partition);
        assert.ok(records[at + keyWords] >= last);
        last = records[at + keyWords];
        assert.ok(expected.delete(records.slice(at, at + keyWords + 1).join()));
        total++;
      }
    }
    file.close();
    assert.equal(expected.size, 0);
    assert.equal(total, 39_999);
  });
}

test("the same groups for any order of files, number of partitions, runs and parts; in the same order in a partition", () => {
  const spanOf = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 })), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(spanOf, { minLength: 1, maxLength: 4 }), fc.constantFrom(1, 3, 7), (spans, partitions) => {
      const all = new Map<string, number[]>();
      const inputs = spans.map((span, number) => {
        const keys = span.map(([a, b], document) => [document, [mixed(a), b]] as const);
        for (const [document, words] of keys) {
          all.set(words.join(), [...(all.get(words.join()) ?? []), number * 100 + document]);
        }
        return { file: write(keys, { key_bytes: 8, partitions }, 120), firstDocument: number * 100 };
      });
      const expected = [...all.values()].filter((group) => group.length > 1).map((group) => group.join());
      const orders: string[][] = [1 << 20, 500, 100, 1].map((memory_bytes) => {
        const found: string[] = [];
        for (let partition = 0; partition < partitions; partition++) {
          found.push(...match(inputs.toReversed(), partition, { key_bytes: 8, memory_bytes }));
        }
        return found;
      });
      assert.deepEqual(orders[0].toSorted(), expected.toSorted());
      for (const order of orders) assert.deepEqual(order, orders[0]);
    }),
    { numRuns: 25 },
  );
});

test("documents must ascend", () => {
  assert.throws(
    () =>
      write(
        [
          [4, [1, 1]],
          [3, [1, 1]],
        ],
        { key_bytes: 8, partitions: 1 },
      ),
    /document 3 after 4/,
  );
});

test("a missing, foreign, cut or unfitting file is an error that says so", () => {
  const whole = contentOf(
    write(
      [
        [0, [1, 2]],
        [1, [3, 4]],
      ],
      { key_bytes: 8, partitions: 2 },
    ),
  );
  const broken = (bytes: Uint8Array): Vouched =>
    writeVouched(path.join(folder, `${files++}.broken`), (file) => file.write(bytes));
  const fails = (target: Vouched, what: RegExp) =>
    assert.throws(
      () => readPartition(target, 0),
      (error) => error instanceof RunError && error.code === "run/broken-key-file" && what.test(error.message),
    );
  const gone = broken(whole);
  fs.rmSync(pathOf(gone));
  assert.throws(() => readPartition(gone, 0), damaged(gone, /is gone/));
  fails(broken(new Uint8Array(0)), /has only 0 bytes/);
  fails(broken(Buffer.from("x".repeat(100))), /does not begin and end/);
  for (let length = 24; length < whole.length; length++) fails(broken(whole.subarray(0, length)), /key file/);
  // Cut in the middle, so that both ends are right.
  fails(broken(Buffer.concat([whole.subarray(0, 16), whole.subarray(28)])), /lacks some of its 2 records/);
  const other = write([[0, [1, 2, 3, 4]]], { key_bytes: 16, partitions: 2 });
  const options = { key_bytes: 8, memory_bytes: 1000 } as const;
  assert.throws(() => match([{ file: other, firstDocument: 0 }], 0, options), /keys of 16 bytes/);
  const three = write([[0, [1, 2]]], { key_bytes: 8, partitions: 3 });
  const two = broken(whole);
  const inputs = [
    { file: three, firstDocument: 0 },
    { file: two, firstDocument: 9 },
  ];
  assert.throws(() => match(inputs, 0, options), /has 2 partitions/);
  assert.throws(() => match([{ file: two, firstDocument: 2 ** 32 - 1 }], 0, options), /at most 4294967295/);
});

test("a flipped byte is found by who reads its block, and by nobody else", () => {
  const keys = Array.from({ length: 20_000 }, (_, document) => [document, [mixed(document), document]] as const);
  const file = write(keys, { key_bytes: 8, partitions: 8 });
  const { length } = contentOf(file);
  const readAll = (): number[] => Array.from({ length: 8 }, (_, partition) => readPartition(file, partition).length);
  const whole = readAll();
  for (const at of [0, 20, 100_000, length - 40, length - 1, -1]) {
    flipByte(pathOf(file), at);
    assert.throws(readAll, damaged(file, /is damaged between|damaged sums/), `byte ${at}`);
    flipByte(pathOf(file), at);
  }
  // In the third of eight partitions.
  flipByte(pathOf(file), Math.floor(length * 0.3));
  assert.equal(readPartition(file, 6).length, whole[6]);
  assert.throws(() => readPartition(file, 2), damaged(file, /is damaged between/));
});
