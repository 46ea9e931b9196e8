/** What is kept depends on seed, key and share alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../../../batch/batch.ts";
import type { Seed } from "../../../kernels/random/shuffle.ts";
import { declarationOf, NO_RESOURCES } from "../../../stages/define.ts";
import stage from "../../../stages/filter/sample.ts";
import { batchOf } from "../../batch-of.ts";
import { applyFilter } from "./run.ts";

const PINNED = {
  position: [149, 188, 286, 736, 1060, 1143],
  id: [93, 147, 267, 417, 608, 624],
  text: [42, 170, 326, 431, 563, 791],
};
const TEXTS = Array.from({ length: 4000 }, (_, i) => `document ${i % 3000}`);

function kept(options: Readonly<Record<string, unknown>>, batch: Batch, seed: Seed = [1, 2]): Set<number> {
  const dropped = applyFilter(stage, options, batch, { ...NO_RESOURCES, seed });
  return new Set(Array.from({ length: batch.rows }, (_, row) => row).filter((row) => !dropped.has(row)));
}

test("the share is kept, and a larger share keeps all that a smaller one does", () => {
  for (const by of ["position", "id", "text"]) {
    const tenth = kept({ share: 0.1, by }, batchOf(TEXTS));
    const half = kept({ share: 0.5, by }, batchOf(TEXTS));
    assert.ok(Math.abs(tenth.size - 400) < 100, `${by}: ${tenth.size}`);
    assert.ok(Math.abs(half.size - 2000) < 200, `${by}: ${half.size}`);
    assert.ok(
      [...tenth].every((row) => half.has(row)),
      by,
    );
    assert.equal(kept({ share: 1, by }, batchOf(TEXTS)).size, TEXTS.length);
  }
});

test("draws are pinned: a changed one changes every recipe that samples", () => {
  const first = (by: string) => [...kept({ share: 0.01, by }, batchOf(TEXTS))].slice(0, 6);
  assert.deepEqual({ position: first("position"), id: first("id"), text: first("text") }, PINNED);
});

test("by position: rows that are cut into other batches are drawn alike, other shards otherwise", () => {
  const whole = batchOf(TEXTS);
  const wanted = kept({ share: 0.3 }, whole);
  const rows = TEXTS.map((_, row) => row).filter((row) => row % 3 === 0);
  const part = (key: string) => {
    const batch = new Batch({
      source: "other",
      shards: new Int32Array(rows.length),
      rowsInShard: new Int32Array(rows.length),
      positions: Float64Array.from(rows),
      columns: [["text", batchOf(rows.map((row) => TEXTS[row])).text]],
    });
    batch.nameShards([key]);
    return kept({ share: 0.3 }, batch);
  };
  assert.deepEqual(
    [...part("shard")].map((i) => rows[i]),
    rows.filter((row) => wanted.has(row)),
  );
  assert.notDeepEqual(
    [...part("another")].map((i) => rows[i]),
    rows.filter((row) => wanted.has(row)),
  );
});

test("by text: equal texts are kept or dropped together; another seed draws otherwise", () => {
  const rows = kept({ share: 0.3, by: "text" }, batchOf(TEXTS));
  for (let row = 3000; row < 4000; row++) assert.equal(rows.has(row), rows.has(row - 3000));
  assert.notDeepEqual(kept({ share: 0.3, by: "text" }, batchOf(TEXTS), [1, 3]), rows);
});

test("a verdict carries the draw", () => {
  const dropped = applyFilter(stage, { share: 0.5 }, batchOf(TEXTS), { ...NO_RESOURCES, seed: [1, 2] });
  for (const { value } of dropped.values()) assert.ok(value >= 0.5 && value < 1);
});

test("a count takes the rows that the share of as many rows keeps", () => {
  for (const by of ["position", "id", "text"]) {
    const batch = batchOf(TEXTS.slice(0, 3000));
    const operator = stage.create(stage.options.parse({ count: 1, by }), { ...NO_RESOURCES, seed: [1, 2] });
    assert.ok(operator.kind === "barrier" && operator.verdict === "select");
    const keyOf = operator.draw(batch);
    const out = new Uint32Array(2);
    const drawn = Array.from({ length: batch.rows }, (_, row) => {
      assert.ok(keyOf(row, out));
      return { row, key: [...out] };
    }).sort((a, b) => a.key[0] - b.key[0] || a.key[1] - b.key[1]);
    const shared = kept({ share: 0.2, by }, batchOf(TEXTS.slice(0, 3000)));
    assert.deepEqual(new Set(drawn.slice(0, shared.size).map(({ row }) => row)), shared, by);
  }
});

test("a share is a filter, a count a barrier; a sample says one of them", () => {
  const declared = (options: object) => declarationOf(stage, stage.options.parse(options));
  assert.deepEqual([declared({ share: 0.5 }).kind, declared({ share: 0.5 }).exchange], ["filter", undefined]);
  assert.equal(declared({ count: 3 }).kind, "barrier");
  assert.deepEqual(declared({ count: 3, scope: "pipeline" }).exchange, {
    scope: "pipeline",
    verdict: "select",
    count: 3,
    reason: "not_sampled",
  });
  const problem = (options: object) =>
    stage.options
      .safeParse(options)
      .error?.issues.map(({ message }) => message)
      .join();
  assert.match(problem({}) ?? "", /give it `share` or `count`/);
  assert.match(problem({ share: 0.5, count: 3 }) ?? "", /leave out `share` or `count`/);
  assert.match(problem({ share: 0.5, scope: "source" }) ?? "", /leave `scope` out/);
  assert.ok(problem({ count: 0 }) !== undefined && problem({ count: 1.5 }) !== undefined);
});
