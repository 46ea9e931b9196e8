import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DocumentSet, KeyGroups } from "../../../kernels/dedup/group-keys.ts";

type Row = readonly [words: readonly number[], document: number];

function recordsOf(rows: readonly Row[]): Uint32Array {
  return Uint32Array.from(rows.flatMap(([words, document]) => [...words, document]));
}

/** The groups a Map of key texts gives, as texts, in the order of the texts. */
function oracle(rows: readonly Row[], first: number): string[] {
  const groups = new Map<string, Set<number>>();
  for (const [words, local] of rows) {
    const key = words.join();
    groups.set(key, (groups.get(key) ?? new Set()).add(first + local));
  }
  return [...groups.values()]
    .filter((group) => group.size > 1)
    .map((group) => [...group].join())
    .toSorted();
}

/** The groups in the order they come, of records that come in pieces of `piece`. */
function group(
  keyWords: 2 | 4,
  records: Uint32Array,
  first: number,
  options: { maxRecords?: number; piece?: number; skip?: DocumentSet } = {},
): string[] {
  const { maxRecords = 1 << 20, piece = 1000, skip } = options;
  const found: string[] = [];
  const groups = new KeyGroups(keyWords === 2 ? 8 : 16);
  const words = piece * (keyWords + 1);
  const each = (take: (records: Uint32Array) => void): void => {
    for (let at = 0; at < records.length; at += words) take(records.subarray(at, at + words));
  };
  each((part) => groups.count(part, first, skip));
  for (const part of groups.parts(maxRecords)) {
    groups.open(part);
    each((part) => groups.place(part, first, skip));
    groups.visit((documents, count) => found.push(documents.subarray(0, count).join()));
  }
  return found;
}

/** Well mixed 32-bit words. */
function mixed(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

for (const keyWords of [2, 4] as const) {
  test(`keys of ${keyWords} words: equal to a map, in the same order for any parts and pieces`, () => {
    const word = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom(0xffffffff, 0x80000000));
    const words = fc.array(word, { minLength: keyWords, maxLength: keyWords });
    fc.assert(
      fc.property(fc.array(words, { maxLength: 120 }), fc.integer({ min: 1, max: 4 }), (keys, perDocument) => {
        const records = recordsOf(keys.map((key, i) => [key, Math.floor(i / perDocument)]));
        const rows = keys.map((key, i) => [key, Math.floor(i / perDocument)] as const);
        const found = group(keyWords, records, 4_000_000_000);
        assert.deepEqual(found.toSorted(), oracle(rows, 4_000_000_000));
        for (const maxRecords of [1, 30]) {
          assert.deepEqual(group(keyWords, records, 4_000_000_000, { maxRecords, piece: 7 }), found);
        }
      }),
    );
  });

  test(`40,000 records of ${keyWords} words in many buckets: equal to a map, in any number of parts`, () => {
    const rows = Array.from({ length: 40_000 }, (_, document): Row => {
      const key = document % 3 === 0 ? mixed(document) % 5000 : document;
      return [Array.from({ length: keyWords }, (_, word) => mixed(key * 4 + word)), document];
    });
    const records = recordsOf(rows);
    const found = group(keyWords, records, 7);
    assert.deepEqual(found.toSorted(), oracle(rows, 7));
    assert.ok(found.length > 3000);
    for (const maxRecords of [1000, 9999]) assert.deepEqual(group(keyWords, records, 7, { maxRecords }), found);
  });
}

test("keys that differ in one bit of any word stay apart", () => {
  const rows: Row[] = [[[0, 0, 0, 0], 0]];
  for (let bit = 0; bit < 128; bit++) {
    const words = [0, 0, 0, 0];
    words[bit >> 5] = (1 << (bit & 31)) >>> 0;
    rows.push([words, rows.length]);
  }
  assert.deepEqual(group(4, recordsOf(rows), 0), []);
  assert.deepEqual(group(4, recordsOf([...rows, [[0, 0, 0, 2 ** 31], 500]]), 0), ["128,500"]);
});

test("skipped documents neither match nor hide a match; a document that has a key twice is no group", () => {
  const rows: Row[] = [10, 11, 11, 12, 13].map((document) => [[7, 7], document]);
  const skip = { has: (document: number) => document === 110 || document === 112 };
  assert.deepEqual(group(2, recordsOf(rows), 100, { skip }), ["111,113"]);
  assert.deepEqual(group(2, recordsOf(rows.slice(1, 3)), 0), []);
  assert.deepEqual(group(2, new Uint32Array(0), 0), []);
});

test("parts hold what they may, unless one slot has more, and cover everything", () => {
  const groups = new KeyGroups(8);
  for (let i = 0; i < 50_000; i++) groups.count(Uint32Array.of(mixed(i), mixed(~i), i), 0);
  const parts = groups.parts(4000);
  assert.equal(parts.length, 13);
  assert.ok(parts.every(({ records }) => records <= 4000));
  assert.equal(
    parts.reduce((sum, { records }) => sum + records, 0),
    50_000,
  );
  assert.deepEqual([parts[0].from, parts.at(-1)?.to], [0, 4096]);
  parts.reduce((to, part) => {
    assert.equal(part.from, to);
    return part.to;
  }, 0);
  groups.reset();
  for (let i = 0; i < 10; i++) groups.count(Uint32Array.of(1, 1, i), 0);
  assert.deepEqual(
    groups.parts(3).map(({ records }) => records),
    [10],
  );
  groups.reset();
  assert.deepEqual(groups.parts(3), []);
});

/** A million records, 20 documents of other keys among them. */
function million(key: (document: number) => readonly [number, number]): Uint32Array {
  const records = new Uint32Array(3_000_000);
  for (let document = 0; document < 1_000_000; document++) records.set([...key(document), document], 3 * document);
  return records;
}

function millisecondsOf(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

test("a key that a million documents share, next to others, is one group", () => {
  const records = million((document) => [document % 50_000 === 9 ? document : 0xdeadbeef, 0x12345678]);
  const groups = new KeyGroups(8);
  const sizes: number[] = [];
  const elapsed = millisecondsOf(() => {
    groups.count(records, 0);
    for (const part of groups.parts(1 << 20)) {
      groups.open(part);
      groups.place(records, 0);
      groups.visit((documents, count) => {
        sizes.push(count);
        assert.deepEqual([documents[0], documents[9], documents[count - 1]], [0, 10, 999_999]);
      });
    }
  });
  assert.deepEqual(sizes, [999_980]);
  assert.ok(elapsed < 10_000);
});

test("a million keys that are equal in one word are told apart by the other", () => {
  for (const key of [
    (document: number) => [7, document >> 1] as const,
    (document: number) => [document >> 1, 7] as const,
    (document: number) => [7, (document >> 1) * 4096] as const,
  ]) {
    const records = million(key);
    let pairs = 0;
    const groups = new KeyGroups(8);
    const elapsed = millisecondsOf(() => {
      groups.count(records, 0);
      for (const part of groups.parts(1 << 20)) {
        groups.open(part);
        groups.place(records, 0);
        groups.visit((documents, count) => {
          if (count === 2 && documents[1] === documents[0] + 1 && documents[0] % 2 === 0) pairs++;
        });
      }
    });
    assert.equal(pairs, 500_000);
    assert.ok(elapsed < 10_000);
  }
});

test("keys made to share all of their hash are sorted, not compared with each other", () => {
  // The mixing of a two-word key: w0 * A ^ w1 * B. For any w1 there is a w0 that gives the same.
  const inverse = inverseOf(0x9e3779b1);
  const keys = 100_000;
  const records = new Uint32Array(3 * 2 * keys);
  for (let i = 0; i < 2 * keys; i++) {
    const second = i % keys;
    const first = Math.imul(Math.imul(second, 0x85ebca6b) ^ 0x1234567, inverse) >>> 0;
    records.set([first, second, i], 3 * i);
  }
  let found: string[] = [];
  const elapsed = millisecondsOf(() => {
    found = group(2, records, 0, { piece: 1 << 20 });
  });
  assert.deepEqual(found.toSorted(), Array.from({ length: keys }, (_, i) => `${i},${i + keys}`).toSorted());
  assert.ok(elapsed < 10_000);
});

/** Of an odd number, mod 2^32. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse;
}
