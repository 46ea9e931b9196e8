import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bucketStart, DistributionBuilder, mergeDistributions } from "../../../kernels/statistics/distribution.ts";
import { measureText } from "../../../kernels/statistics/text-measures.ts";
import { mergeValueCounts, ValueCounter } from "../../../kernels/statistics/value-counts.ts";

test("a bucket begins at most an eighth below what lies in it, and holds no two powers of two", () => {
  assert.deepEqual([0, 1, 7, 8, 17, 18, 4095, 4096].map(bucketStart), [0, 1, 7, 8, 16, 18, 3840, 4096]);
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const start = bucketStart(value);
      assert.equal(bucketStart(start), start);
      assert.equal(bucketStart(-value) + 0, -start + 0);
      const size = Math.abs(value);
      assert.ok(Math.abs(start) <= size);
      if (size >= 2 ** -1022) assert.ok(Math.abs(start) * 1.125 >= size * (1 - 2 ** -40));
    }),
  );
});

test("distributions of parts add up to that of the whole", () => {
  const numbers = fc.array(fc.oneof(fc.integer({ min: -50, max: 6000 }), fc.constant(0.125), fc.constant(-1e9)));
  fc.assert(
    fc.property(fc.array(numbers), (parts) => {
      const of = (values: readonly number[]) => {
        const builder = new DistributionBuilder();
        for (const value of values) builder.add(value);
        return builder.finish();
      };
      const all = parts.flat();
      const merged = mergeDistributions(parts.map(of));
      assert.deepEqual(merged, of(all));
      assert.equal(merged.count, all.length);
      assert.equal(merged.min, all.length === 0 ? null : Math.min(...all));
      const buckets = new Map<number, number>();
      for (const value of all) buckets.set(bucketStart(value), (buckets.get(bucketStart(value)) ?? 0) + 1);
      assert.deepEqual(new Map(merged.histogram), buckets);
    }),
  );
});

test("counts of values: exact while there is room, else within the error they tell", () => {
  const values = fc.array(fc.integer({ min: 0, max: 12 }).map((value) => `v${Math.floor(value ** 2 / 12)}`));
  fc.assert(
    fc.property(fc.array(values), fc.integer({ min: 1, max: 14 }), (parts, capacity) => {
      const of = (part: readonly string[]) => {
        const counter = new ValueCounter(capacity);
        for (const value of part) counter.add(value);
        return counter.finish();
      };
      const truth = new Map<string, number>();
      for (const value of parts.flat()) truth.set(value, (truth.get(value) ?? 0) + 1);
      const { count, max_error, values: told } = mergeValueCounts(parts.map(of), capacity);
      assert.equal(count, parts.flat().length);
      assert.ok(told.length <= capacity);
      if (truth.size <= capacity) {
        assert.equal(max_error, 0);
        assert.deepEqual(new Map(told), truth);
      }
      const counts = new Map(told);
      for (const [value, times] of truth) {
        const seen = counts.get(value) ?? 0;
        assert.ok(seen <= times && times <= seen + max_error, `${value}: ${seen} of ${times}, error ${max_error}`);
      }
    }),
  );
});

test("characters, words and lines of texts in any script", () => {
  const measures = { characters: 0, words: 0, lines: 0 };
  const of = (text: string) => {
    const data = Buffer.from(`x${text}y`);
    measureText(data, 1, data.length - 1, measures);
    return { ...measures };
  };
  assert.deepEqual(of(""), { characters: 0, words: 0, lines: 0 });
  assert.deepEqual(of("\n"), { characters: 1, words: 0, lines: 1 });
  assert.deepEqual(of("a\u3000b\u00a0c\u0085d\u1680e\u2009f\u2028g\u202fh\u205fi\n\nj"), {
    characters: 20,
    words: 10,
    lines: 3,
  });
  // White_Space is JavaScript's \s but for U+FEFF, which is not, and U+0085, which is.
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom(" ", "\n", "\t", "\u0085", "\u200b", "\ufeff", "é", "日", "🙂"), fc.string()),
  });
  fc.assert(
    fc.property(text, (value) => {
      const whole = Buffer.from(value).toString();
      const words = whole.split(/(?:(?!\ufeff)\s|\u0085)+/u).filter((word) => word !== "").length;
      const lines = whole === "" ? 0 : whole.split("\n").length - (whole.endsWith("\n") ? 1 : 0);
      assert.deepEqual(of(whole), { characters: [...whole].length, words, lines });
    }),
  );
});
