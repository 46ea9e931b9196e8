import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { RecipeError } from "../../batch/errors.ts";
import type { RowRule } from "../../kernels/row-rules.ts";
import { mixRows, type RowOrder, splitRows } from "../../mixtures/rows.ts";

function mix(rule: RowRule, sizes: readonly number[], fractions: readonly number[], seed = 0): RowOrder {
  const sources = sizes.map((size, index) => ({
    name: `source${index}`,
    fraction: fractions[index],
    tokens: new Uint32Array(size).fill(1),
    supervised: new Uint32Array(size).fill(1),
  }));
  return mixRows(rule, sources, seed).order;
}

function pairs({ source, row }: RowOrder): number[][] {
  return Array.from(row, (value, i) => [source[i], value]);
}

function countsOf({ source }: RowOrder, sources: number): number[] {
  const counts = new Array<number>(sources).fill(0);
  for (const index of source) counts[index]++;
  return counts;
}

test("handbook and trl take the rows that the originals take, in their order", () => {
  const golden = JSON.parse(readFileSync("test/golden/rows/numpy.json", "utf8"));
  for (const { sizes, weights, seed, rows } of golden.handbook)
    assert.deepEqual(pairs(mix("handbook", sizes, weights, seed)), rows);
  for (const { sizes, fractions, rows_kept } of golden.trl) {
    const mixed = mix("trl", sizes, fractions);
    assert.deepEqual(countsOf(mixed, sizes.length), rows_kept);
    assert.deepEqual(
      pairs(mixed),
      rows_kept.flatMap((count: number, source: number) => Array.from({ length: count }, (_, row) => [source, row])),
    );
  }
});

test("the shared goldens of row mixtures", (t) => {
  const path = "../shared/golden/mixture-rows.json";
  if (!existsSync(path)) return t.skip("../shared/golden is not here");
  const { handbook_weight, trl_fraction } = JSON.parse(readFileSync(path, "utf8"));
  for (const { sizes, weights, seed, kept, rows, "test_split_0.2": split } of handbook_weight) {
    const mixed = mix("handbook", sizes, weights, seed);
    assert.deepEqual(countsOf(mixed, sizes.length), kept);
    assert.deepEqual(pairs(mixed), rows);
    for (const part of ["train", "test"] as const)
      assert.deepEqual(pairs(splitRows(mixed, { test_size: 0.2, part }, 0)), split[part]);
  }
  for (const { sizes, fractions, rows_kept } of trl_fraction)
    assert.deepEqual(countsOf(mix("trl", sizes, fractions), sizes.length), rows_kept);
});

test("shares of tokens, and of supervised tokens, come out within half a row of what is asked", () => {
  const lengths = (rows: number, length: (row: number) => number) =>
    Uint32Array.from({ length: rows }, (_, i) => length(i));
  const sources = [
    { name: "short", fraction: 1, tokens: lengths(400, (i) => 5 + (i % 7)), supervised: lengths(400, (i) => i % 4) },
    { name: "long", fraction: 3, tokens: lengths(50, (i) => 90 + i), supervised: lengths(50, (i) => 30 + (i % 3)) },
  ];
  for (const rule of ["tokens", "supervised_tokens"] as const) {
    const of = (index: number) => (rule === "tokens" ? sources[index].tokens : sources[index].supervised);
    const total = (index: number) => of(index).reduce((sum, value) => sum + value, 0);
    const unit = Math.min(total(0) / 1, total(1) / 3);
    const { order, requested } = mixRows(rule, sources, 3);
    const { source, row } = order;
    assert.deepEqual(requested, [unit, 3 * unit]);
    const sums = [0, 0];
    row.forEach((value, i) => {
      sums[source[i]] += of(source[i])[value];
    });
    assert.ok(Math.abs(sums[0] - unit) <= 6, `${rule}: ${sums[0]} for ${unit}`);
    assert.ok(Math.abs(sums[1] - 3 * unit) <= 70, `${rule}: ${sums[1]} for ${3 * unit}`);
    assert.equal(new Set(pairs({ source, row }).map(String)).size, row.length, "no row twice");
  }
});

test("a fraction that cannot be is refused by name", () => {
  const refused = (rule: RowRule, fractions: readonly number[], sizes = [4, 4]) =>
    assert.throws(
      () => mix(rule, sizes, fractions),
      (error) => error instanceof RecipeError && error.code === "recipe/bad-fraction" && /source1/.test(error.message),
    );
  refused("handbook", [1, 1.5]);
  refused("tokens", [1, 1], [4, 0]);
});
