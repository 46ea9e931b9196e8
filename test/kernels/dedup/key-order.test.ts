/** Against a plain sort: the order of keys, then documents, however the records come and however they are parted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyOrder } from "../../../kernels/dedup/key-order.ts";

/** Few words, so that keys are equal in one word and in both; all over the key space, so that there are parts. */
const WORD = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0xffff0000, 0xffffffff);

/** All documents as `order` shows them. `pieces` are records that come together. */
function shown(order: KeyOrder, pieces: readonly Uint32Array[], first: number, most: number, skip: Set<number>) {
  order.reset();
  for (const piece of pieces) order.count(piece, first, skip);
  const documents: number[] = [];
  const parts = order.parts(most);
  for (const part of parts) {
    order.open(part);
    for (const piece of pieces) order.place(piece, first, skip);
    order.visit((found, count) => documents.push(...found.subarray(0, count)));
  }
  return { documents, parts: parts.length };
}

test("documents by key, equal keys by document, in one part or in many, skipped ones left out", () => {
  // One for all: what an earlier use left must not matter.
  const order = new KeyOrder();
  const keys = fc.array(fc.tuple(WORD, WORD, fc.boolean()), { maxLength: 60 });
  fc.assert(
    fc.property(
      keys,
      fc.nat(1000),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 9 }),
      (rows, first, most, cut) => {
        const records = rows.map(([high, low], i) => Uint32Array.of(high, low, i));
        const pieces: Uint32Array[] = [];
        for (let at = 0; at < records.length; at += cut) {
          pieces.push(Uint32Array.from(records.slice(at, at + cut).flatMap((record) => [...record])));
        }
        const skip = new Set(rows.flatMap(([, , skipped], i) => (skipped ? [first + i] : [])));
        const expected = rows
          .map(([high, low], i) => [high, low, first + i])
          .filter(([, , document]) => !skip.has(document))
          .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
          .map(([, , document]) => document);
        assert.deepEqual(shown(order, pieces, first, most, skip).documents, expected);
      },
    ),
  );
});

test("parts hold no more than was asked for, but for keys that share their high bits", () => {
  const records = Uint32Array.from({ length: 3000 }, (_, i) =>
    i % 3 === 2 ? (i - 2) / 3 : Math.imul(i + 1, 0x9e3779b1),
  );
  const order = new KeyOrder();
  const one = shown(order, [records], 0, 1000, new Set());
  const many = shown(order, [records], 0, 10, new Set());
  assert.equal(one.parts, 1);
  assert.ok(many.parts >= 100 && order.parts(10).every((part) => part.records <= 10));
  assert.deepEqual(many.documents, one.documents);
  assert.equal(new Set(one.documents).size, 1000);
});
