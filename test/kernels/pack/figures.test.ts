import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planBestFit } from "../../../kernels/pack/best-fit.ts";
import { planConcat } from "../../../kernels/pack/concat.ts";
import { PackingMeter } from "../../../kernels/pack/figures.ts";
import { fillOutput, fillWindows, laneOf } from "../../../kernels/pack/fill.ts";
import { packingStatistics, planFromPieces } from "../../../kernels/pack/plan.ts";

const endsOf = (lengths: readonly number[]): Float64Array => {
  let end = 0;
  return Float64Array.from(lengths, (length) => {
    end += length;
    return end;
  });
};

test("figures of a small plan, counted by hand", () => {
  const ends = endsOf([4, 2, 7, 6, 2]);
  const plan = planConcat(ends, 8, [1, 1]);
  const meter = new PackingMeter(8);
  meter.add(plan, ends, 0, 3);
  // [4 2 2] [5 3] [3 2 padding 3]
  assert.deepEqual(meter.figures(), {
    windows: 3,
    window_tokens: 8,
    documents: 5,
    tokens: 21,
    padding_tokens: 3,
    fill_ratio: 21 / 24,
    documents_cut_avoidable: 2,
    documents_cut_unavoidable: 0,
    documents_per_window: { mean: 7 / 3, p50: 2, p99: 3, max: 3 },
    effective_context_tokens: (16 + 4 + 4 + 25 + 9 + 9 + 4 + 21) / 2 / 21,
    squared_lengths: { mean: (24 + 34 + 13) / 3, p50: 24, p99: 34, max: 34 },
  });
  assert.equal(new PackingMeter(8).figures().fill_ratio, 1);
});

test("documents longer than a window are cut of need, and counted once", () => {
  const ends = endsOf([21, 3]);
  const meter = new PackingMeter(8);
  const plan = planBestFit(ends, 8, [1, 1], { max_documents: 0 });
  meter.add(plan, ends, 0, plan.windows);
  const { documents, documents_cut_unavoidable, documents_cut_avoidable, squared_lengths } = meter.figures();
  assert.deepEqual([documents, documents_cut_unavoidable, documents_cut_avoidable], [2, 1, 0]);
  assert.equal(squared_lengths.max, 64);
});

test("ranges add up to the whole, the whole is what statistics say, and a pieces table says the same", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 2, max: 70 }),
      fc.boolean(),
      (lengths, window, concat) => {
        const ends = endsOf(lengths);
        const plan = concat
          ? planConcat(ends, window, [3, 4])
          : planBestFit(ends, window, [3, 4], { max_documents: 0 });
        const whole = new PackingMeter(window);
        whole.add(plan, ends, 0, plan.windows);
        const parts = new PackingMeter(window);
        for (let from = 0; from < plan.windows; from += 3)
          parts.add(plan, ends, from, Math.min(from + 3, plan.windows));
        const figures = whole.figures();
        assert.deepEqual(parts.figures(), figures);
        const statistics = packingStatistics(plan, ends, window);
        assert.equal(figures.fill_ratio, statistics.fill_ratio);
        assert.equal(figures.documents, statistics.documents);
        assert.equal(figures.documents_cut_avoidable, statistics.documents_cut_avoidable);
        assert.equal(figures.documents_cut_unavoidable, statistics.documents_cut_unavoidable);
        assert.equal(figures.documents_per_window.max, statistics.documents_per_window_max);
        assert.ok(Math.abs(figures.squared_lengths.mean * plan.windows - statistics.sum_squared_lengths) < 1e-6);

        const tokens = new Uint32Array(ends[ends.length - 1]);
        const input = { plan, tokens: laneOf(tokens), document_ends: ends, window_tokens: window, eos: 0 };
        const out = fillOutput(input, 0, plan.windows);
        fillWindows(input, 0, plan.windows, out);
        assert.deepEqual(planFromPieces(out.pieces, window), plan);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

test("quantiles are exact for small numbers and close for large ones", () => {
  const lengths = Array.from({ length: 400 }, (_, i) => 1000 + 37 * i);
  const window = 40_000;
  const ends = endsOf(lengths);
  const pieces = Uint32Array.from(lengths.flatMap((length, i) => [i, 0, length, 0xffff_ffff, 0, window - length]));
  const meter = new PackingMeter(window);
  meter.add(planFromPieces(pieces, window), ends, 0, 400);
  const { p50, p99, max } = meter.figures().squared_lengths;
  const exact = (rank: number) => lengths[rank - 1] ** 2;
  assert.equal(max, exact(400));
  for (const [found, rank] of [
    [p50, 200],
    [p99, 396],
  ]) {
    assert.ok(found <= exact(rank) && found > exact(rank) * (1 - 1 / 2048), `${found} for ${exact(rank)}`);
  }
  assert.throws(() => planFromPieces(Uint32Array.of(0, 0, 3, 0, 3, 3), 4), /crosses/);
  assert.throws(() => planFromPieces(Uint32Array.of(0, 0, 3), 4), /3 of 4/);
});
