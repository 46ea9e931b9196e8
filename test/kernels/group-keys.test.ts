import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EdgeList, KeyTable, keyTableBytes } from "../../kernels/group-keys.ts";

type Row = readonly [words: readonly number[], document: number];

function recordsOf(rows: readonly Row[]): Uint32Array {
  return Uint32Array.from(rows.flatMap(([words, document]) => [...words, document]));
}

/** The pairs a Map of key texts gives, ascending by document, then by smallest. */
function oracle(rows: readonly Row[], first: number): number[] {
  const seen = new Map<string, number>();
  const pairs = new Map<string, [number, number]>();
  for (const [words, local] of rows) {
    const key = words.join();
    const document = first + local;
    const smallest = seen.get(key);
    if (smallest === undefined) seen.set(key, document);
    else if (smallest !== document) pairs.set(`${smallest},${document}`, [smallest, document]);
  }
  return [...pairs.values()].toSorted((a, b) => a[1] - b[1] || a[0] - b[0]).flat();
}

function match(keyWords: 2 | 4, rows: readonly Row[], first: number, passes: number, keys: number): number[] {
  const edges = new EdgeList();
  for (let pass = 0; pass < passes; pass++) {
    new KeyTable(keyWords, keys, pass, passes).match(recordsOf(rows), first, edges);
  }
  return [...edges.finish()];
}

for (const keyWords of [2, 4] as const) {
  test(`keys of ${keyWords} words: equal to a map, in any number of passes, also where the table must grow`, () => {
    const word = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom(0xffffffff, 0x80000000));
    const words = fc.array(word, { minLength: keyWords, maxLength: keyWords });
    fc.assert(
      fc.property(fc.array(words, { maxLength: 120 }), fc.integer({ min: 1, max: 4 }), (keys, perDocument) => {
        const rows = keys.map((key, i) => [key, Math.floor(i / perDocument)] as const);
        const expected = oracle(rows, 4_000_000_000);
        for (const passes of [1, 3, 7]) assert.deepEqual(match(keyWords, rows, 4_000_000_000, passes, 1), expected);
      }),
    );
  });
}

test("keys that differ in one bit of any word stay apart", () => {
  const rows: Row[] = [[[0, 0, 0, 0], 0]];
  for (let bit = 0; bit < 128; bit++) {
    const words = [0, 0, 0, 0];
    words[bit >> 5] = (1 << (bit & 31)) >>> 0;
    rows.push([words, rows.length]);
  }
  assert.deepEqual(match(4, rows, 0, 1, rows.length), []);
  assert.deepEqual(match(4, [...rows, [[0, 0, 0, 2 ** 31], 500]], 0, 1, rows.length), [oneBit(127), 500]);
});

/** Document of the row above whose key has `bit` set. */
function oneBit(bit: number): number {
  return bit + 1;
}

test("skipped documents neither match nor hide a match", () => {
  const edges = new EdgeList();
  const rows: Row[] = [10, 11, 12, 13].map((document) => [[7, 7], document]);
  new KeyTable(2, 4).match(recordsOf(rows), 0, edges, { has: (document) => document === 10 || document === 12 });
  assert.deepEqual([...edges.finish()], [11, 13]);
});

test("a million documents with one key: linear, every pair with the first", () => {
  const documents = 1_000_000;
  const records = new Uint32Array(3 * documents);
  for (let document = 0; document < documents; document++)
    records.set([0xdeadbeef, 0x12345678, document], 3 * document);
  const edges = new EdgeList();
  const started = performance.now();
  new KeyTable(2, documents).match(records, 0, edges);
  const pairs = edges.finish();
  assert.ok(performance.now() - started < 10_000);
  assert.equal(pairs.length, 2 * (documents - 1));
  assert.deepEqual([...pairs.subarray(0, 4)], [0, 1, 0, 2]);
  assert.deepEqual([...pairs.subarray(-2)], [0, documents - 1]);
});

test("the stated size of a table", () => {
  assert.equal(keyTableBytes(2, 600_000), 12_000_000);
  assert.equal(keyTableBytes(4, 600_000), 20_000_000);
  assert.equal(keyTableBytes(2, 0), 192);
});
