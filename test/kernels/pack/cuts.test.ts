import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planBestFit } from "../../../kernels/pack/best-fit.ts";
import { planConcat } from "../../../kernels/pack/concat.ts";
import { cutsOf, type PackedShard } from "../../../kernels/pack/cuts.ts";
import type { PackPlan } from "../../../kernels/pack/plan.ts";
import { documentBounds, handOver, shardRanges } from "../../../kernels/pack/ranges.ts";

function endsOf(lengths: readonly number[]): Float64Array {
  let end = 0;
  return Float64Array.from(lengths, (length) => {
    end += length;
    return end;
  });
}

function documentsIn(plan: PackPlan, from: number, to: number): Set<number> {
  const pieces = plan.piece_document.subarray(plan.window_pieces[from], plan.window_pieces[to]);
  return new Set([...pieces].filter((document) => document >= 0));
}

const packed = (plan: PackPlan): PackedShard => ({ windows: plan.windows, cuts: cutsOf(plan) });

test("a cut has documents below it before, and others behind it, whatever packs", () => {
  const length = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 30 }) }, fc.integer({ min: 1, max: 400 }));
  fc.assert(
    fc.property(
      fc.array(length, { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 5, max: 60 }),
      fc.boolean(),
      (lengths, window, fits) => {
        const ends = endsOf(lengths);
        const plan = fits ? planBestFit(ends, window, [1, 2], { max_documents: 0 }) : planConcat(ends, window, [1, 2]);
        const { document, before, after } = cutsOf(plan) ?? { document: [], before: [], after: [] };
        document.forEach((cut, i) => {
          assert.ok([...documentsIn(plan, 0, before[i])].every((held) => held < cut));
          assert.ok([...documentsIn(plan, after[i], plan.windows)].every((held) => held >= cut));
          assert.ok(before[i] <= after[i] && after[i] < plan.windows);
        });
      },
    ),
    { numRuns: 150 },
  );
});

test("windows of another length go on inside the shard, and hold no document that was read", () => {
  const shards = [700, 900].map((count, shard) =>
    endsOf(Array.from({ length: count }, (_, i) => 3 + ((i * 37 + shard * 11) % 90))),
  );
  const plans = [33, 129].map((window) => shards.map((ends, shard) => planConcat(ends, window, [shard, window])));
  plans.push(shards.map((ends, shard) => planBestFit(ends, 97, [shard, 7], { max_documents: 0 })));
  const stores = plans.map((store) => store.map(packed));
  for (const [from, to] of [
    [0, 1],
    [1, 0],
    [0, 2],
    [2, 0],
  ]) {
    const total = stores[from].reduce((sum, { windows }) => sum + windows, 0);
    const nextTotal = stores[to].reduce((sum, { windows }) => sum + windows, 0);
    for (let position = 1; position < total; position += 17) {
      const next = handOver(stores[from], position, stores[to]);
      const read = shardRanges(
        stores[from].map(({ windows }) => windows),
        0,
        position,
      );
      const left = shardRanges(
        stores[to].map(({ windows }) => windows),
        next,
        nextTotal,
      );
      for (const a of read) {
        const seen = documentsIn(plans[from][a.shard], a.start, a.end);
        for (const b of left.filter(({ shard }) => shard === a.shard)) {
          for (const document of documentsIn(plans[to][b.shard], b.start, b.end)) assert.ok(!seen.has(document));
        }
      }
      const passed = next / nextTotal - position / total;
      const most = from === 2 || to === 2 ? 0.25 : 0.1;
      assert.ok(passed > -0.02 && passed < most, `${from} ${position}: ${passed} of an epoch passed over`);
    }
  }
});

test("bounds say which documents the ends of a range may hold", () => {
  const ends = endsOf(Array.from({ length: 500 }, (_, i) => 5 + ((i * 13) % 40)));
  const plan = planConcat(ends, 20, [3, 4]);
  const shard = packed(plan);
  for (let start = 0; start < plan.windows; start += 23) {
    const end = Math.min(plan.windows, start + 60);
    const { first_document = 0, end_document = 500 } = documentBounds([shard], start, end);
    const held = [...documentsIn(plan, start, end)];
    assert.ok(held.every((document) => document >= first_document && document < end_document));
  }
  assert.deepEqual(documentBounds([shard], 0, plan.windows), {});
});
