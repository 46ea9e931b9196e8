import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BloomFilter, bloomShape, falsePositiveRatio } from "../../../kernels/dedup/bloom.ts";
import { NgramKeys } from "../../../kernels/dedup/ngram-keys.ts";
import { WordRanges } from "../../../kernels/words/types.ts";
import { segmentWordBounds } from "../../../kernels/words/word-bounds.ts";

/** A shape that must be there. */
function shapeOf(keys: number, ratio: number) {
  const shape = bloomShape(keys, ratio);
  assert.ok(shape !== undefined);
  return shape;
}

test("sizes are the smallest for what they promise: textbook figures, and DCLM's example", () => {
  // 9.585 bits a key and 7 hashes for one in a hundred.
  const { bits, hashes } = shapeOf(1e9, 0.01);
  assert.equal(hashes, 7);
  assert.ok(Math.abs(bits / 1e9 - 9.59) < 0.02, `${bits}`);
  for (const [keys, ratio] of [
    [1e5, 0.01],
    [1e7, 0.2],
    [3e9, 1e-9],
  ] as const) {
    const shape = shapeOf(keys, ratio);
    assert.ok(falsePositiveRatio(shape, keys) <= ratio);
    assert.ok(falsePositiveRatio({ ...shape, bits: shape.bits * 0.99 - 512 }, keys) > ratio);
  }
  // datatrove's test: 1,023 bytes and 7 hashes for 866 shingles are one in a hundred.
  assert.ok(Math.abs(falsePositiveRatio({ bits: 8 * 1023, hashes: 7 }, 866) - 0.0107) < 1e-4);
  assert.equal(bloomShape(1e15, 0.01), undefined);
});

test("what was put in is there; of the rest about as many as promised are", () => {
  const keys = 40_000;
  const filter = new BloomFilter(shapeOf(keys, 0.02));
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.imul(state ^ (state >>> 16), 0x85ebca6b) ^ (state << 7)) >>> 0;
  };
  const added = Array.from({ length: keys }, () => [next(), next()] as const);
  for (const [high, low] of added) filter.add(high, low);
  for (const [high, low] of added) assert.ok(filter.has(high, low));
  let wrong = 0;
  for (let i = 0; i < 50_000; i++) if (filter.has(next(), next())) wrong++;
  assert.ok(wrong / 50_000 < 0.025 && wrong / 50_000 > 0.012, `${wrong}`);
  assert.ok(Math.abs(filter.falsePositiveRatio - 0.02) < 0.003, `${filter.falsePositiveRatio}`);
});

test("equal n-grams have equal keys wherever they stand; others have others", () => {
  const word = fc.constantFrom("a", "b", "cc", "d.");
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (list, ngram, min) => {
        const bytes = Buffer.from(list.join("  "));
        const words = new WordRanges();
        segmentWordBounds(bytes, 0, bytes.length, words);
        const texts = Array.from({ length: words.count }, (_, i) =>
          bytes.toString("utf8", words.starts[i], words.ends[i]),
        );
        const keys = new NgramKeys(ngram).of(bytes, words, min);
        const n = Math.min(ngram, texts.length);
        const expected = texts.length < min || texts.length === 0 ? 0 : texts.length - n + 1;
        assert.equal(keys.length, 2 * expected);
        const known = new Map<string, string>();
        const grams = Array.from({ length: expected }, (_, i) => texts.slice(i, i + n).join("\0"));
        grams.forEach((gram, i) => {
          const key = `${keys[2 * i]},${keys[2 * i + 1]}`;
          assert.equal(known.get(gram) ?? key, key);
          known.set(gram, key);
        });
        assert.equal(new Set(known.values()).size, known.size);
      },
    ),
    { numRuns: 200 },
  );
});
