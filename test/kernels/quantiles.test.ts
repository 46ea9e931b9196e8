/** Borders of quantiles and the documents between them, against sorting all documents. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countedScores, type ScoreRange, selectDocuments, selectionsOverlap } from "../../kernels/pack/select.ts";
import { findBorders, type ScoredShard } from "../../kernels/quantiles.ts";

type Document = readonly [score: number | null, tokens: number];

const shardOf = (documents: readonly Document[]): ScoredShard => ({
  scores: Float64Array.from(documents, ([score]) => score ?? Number.NaN),
  tokens: Int32Array.from(documents, ([, tokens]) => tokens),
});

/** `[shard, document]` of the documents of each bin, by sorting. */
function naive(shards: readonly (readonly Document[])[], bins: number, unscored?: "lowest"): string[][] {
  const all = shards.flatMap((documents, shard) =>
    documents.flatMap(([score, tokens], document) =>
      score === null && unscored === undefined ? [] : [{ score: score ?? -Number.MAX_VALUE, tokens, shard, document }],
    ),
  );
  all.sort((a, b) => a.score - b.score || a.shard - b.shard || a.document - b.document);
  const total = all.reduce((sum, { tokens }) => sum + tokens, 0);
  const found = Array.from({ length: bins }, (): string[] => []);
  let before = 0;
  for (const { tokens, shard, document } of all) {
    const bin = Array.from({ length: bins }, (_, i) => i).findLast((i) => before >= (i / bins) * total) ?? 0;
    found[bin].push(`${shard} ${document}`);
    before += tokens;
  }
  return found.map((bin) => bin.sort());
}

function selected(shards: readonly (readonly Document[])[], bins: number, unscored?: "lowest"): string[][] {
  const at = Array.from({ length: bins + 1 }, (_, bin) => bin / bins);
  const scored = shards.map(shardOf);
  const { borders } = findBorders(at, shards.length, (shard) => {
    return { ...scored[shard], scores: countedScores(scored[shard].scores, unscored) };
  });
  return Array.from({ length: bins }, (_, bin) => {
    const score: ScoreRange = {
      column: "score",
      min_quantile: at[bin],
      max_quantile: at[bin + 1],
      ...(unscored && { unscored }),
      borders: { min: borders[bin] ?? null, max: borders[bin + 1] ?? null },
    };
    return scored
      .flatMap(({ scores, tokens }, shard) => {
        let end = 0;
        const ends = Float64Array.from(tokens, (count) => {
          end += count;
          return end;
        });
        return [...selectDocuments(ends, { score }, { shard, scores }).documents].map((d) => `${shard} ${d}`);
      })
      .sort();
  });
}

const score = fc.oneof(
  fc.constantFrom(0, -0, 0.25, 0.5, 1, -3, null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -5, max: 5 }),
);

test("quantile bins are those of sorted documents: ties by position, no score in no bin, no document twice", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.tuple(score, fc.integer({ min: 1, max: 40 })), { maxLength: 12 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(undefined, "lowest" as const),
      (shards, bins, unscored) => {
        assert.deepEqual(selected(shards, bins, unscored), naive(shards, bins, unscored));
      },
    ),
    { numRuns: 60 },
  );
});

test("a document as long as several bins leaves those behind it empty", () => {
  const shards = [
    [
      [0.1, 10],
      [0.9, 70],
      [0.5, 20],
    ],
  ] as const;
  assert.deepEqual(selected(shards, 4), [["0 0", "0 2"], ["0 1"], [], []]);
});

test("totals count documents without a score beside the others", () => {
  const shards = [
    [
      [1, 5],
      [null, 7],
    ],
    [[2, 3]],
  ] as const;
  const { totals, borders } = findBorders([0, 0.5, 1], 2, (shard) => shardOf(shards[shard]));
  assert.deepEqual(totals, { documents: 3, tokens: 15, unscored_documents: 1, unscored_tokens: 7 });
  assert.deepEqual(borders, [undefined, { score: 1, shard: 0, document: 0 }, { score: 2, shard: 1, document: 0 }]);
});

test("ranges of one column that only meet at a quantile have no document in common", () => {
  const range = (min_quantile: number, max_quantile: number, column = "score") => ({
    score: { column, min_quantile, max_quantile },
  });
  assert.ok(!selectionsOverlap(range(0, 0.5), range(0.5, 1)));
  assert.ok(selectionsOverlap(range(0, 0.6), range(0.5, 1)));
  assert.ok(selectionsOverlap(range(0, 0.5), range(0.5, 1, "other")));
  assert.ok(selectionsOverlap(range(0, 0.5), {}));
  assert.ok(!selectionsOverlap({ score: { column: "score", max: 1 } }, { score: { column: "score", min: 2 } }));
});
