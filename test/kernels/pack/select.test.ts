import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planConcat } from "../../../kernels/pack/concat.ts";
import { planProblem } from "../../../kernels/pack/plan.ts";
import { planInShard, selectDocuments, selectionsOverlap } from "../../../kernels/pack/select.ts";

const ends = (...lengths: readonly number[]): Float64Array => {
  let at = 0;
  return Float64Array.from(lengths, (length) => {
    at += length;
    return at;
  });
};

test("documents by length, both ends included, what is skipped counted", () => {
  const { documents, ends: own, ...skipped } = selectDocuments(ends(3, 10, 4, 1, 9), { min_tokens: 4, max_tokens: 9 });
  assert.deepEqual(
    [[...documents], [...own]],
    [
      [2, 4],
      [4, 13],
    ],
  );
  assert.deepEqual(skipped, { documents_skipped: 3, tokens_skipped: 14 });
});

test("a part is the start of a shard, as near to its share as documents allow, and never nothing", () => {
  const part = (part_ratio: number) => [...selectDocuments(ends(5, 5, 5, 5), { part_ratio }).documents];
  assert.deepEqual(part(0.5), [0, 1]);
  assert.deepEqual(part(0.62), [0, 1]);
  assert.deepEqual(part(0.63), [0, 1, 2]);
  assert.deepEqual(part(1e-9), [0]);
  assert.deepEqual(part(1), [0, 1, 2, 3]);
  assert.deepEqual([...selectDocuments(new Float64Array(), { part_ratio: 0.5 }).documents], []);
});

test("selections meet where one document can be in both", () => {
  assert.ok(!selectionsOverlap({ max_tokens: 4095 }, { min_tokens: 4096 }));
  assert.ok(selectionsOverlap({ max_tokens: 4096 }, { min_tokens: 4096 }));
  assert.ok(selectionsOverlap({}, { min_tokens: 9, max_tokens: 10 }));
  assert.ok(selectionsOverlap({ part_ratio: 0.1 }, { part_ratio: 0.2 }));
});

test("a plan of a selection places exactly the selected documents of the shard", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 15 }),
      fc.integer({ min: 10, max: 30 }),
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      (lengths, min_tokens, max_tokens, part_ratio) => {
        const selected = selectDocuments(ends(...lengths), { min_tokens, max_tokens, part_ratio });
        const plan = planConcat(selected.ends, 8, [1, 2]);
        assert.equal(planProblem(plan, selected.ends, 8), undefined);
        const placed = new Map<number, number>();
        planInShard(plan, selected.documents).piece_document.forEach((document, piece) => {
          if (document >= 0) placed.set(document, (placed.get(document) ?? 0) + plan.piece_length[piece]);
        });
        assert.deepEqual(
          [...placed].sort((a, b) => a[0] - b[0]),
          [...selected.documents].map((document) => [document, lengths[document]]),
        );
        assert.equal(selected.documents.length + selected.documents_skipped, lengths.length);
      },
    ),
    { numRuns: 100 },
  );
});
