/** Exact counts against the plainest implementation, on texts that repeat a lot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countCodePoints } from "../../../kernels/lines.ts";
import { RepeatedNgrams } from "../../../kernels/quality/ngrams.ts";
import { RangeSet } from "../../../kernels/quality/range-set.ts";
import { segmenter } from "../../../kernels/words/index.ts";
import { WordRanges } from "../../../kernels/words/types.ts";
import { goldenTexts } from "../../stages/filter/golden.ts";
import { recutText } from "../wasm/quality-texts.ts";

const encoder = new TextEncoder();
const TOP = [2, 3, 4];
const DUPLICATE = [5, 6, 7, 8, 9, 10];
const length = (text: string) => Array.from(text).length;

function plainTop(words: readonly string[], n: number, chars: number): number {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(" ");
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  let [top, count] = ["", 0];
  for (const [gram, times] of counts) if (times > count) [top, count] = [gram, times];
  return (length(top) * count) / chars;
}

function plainDuplicate(words: readonly string[], n: number, chars: number): number {
  const seen = new Set<string>();
  let repeated = 0;
  for (let i = 0; i + n <= words.length; ) {
    const gram = words.slice(i, i + n).join("");
    if (seen.has(gram)) {
      repeated += length(gram);
      i += n;
    } else {
      seen.add(gram);
      i++;
    }
  }
  return repeated / chars;
}

/** Loads words joined by a space, from a buffer that begins somewhere else. */
function load(ngrams: RepeatedNgrams, words: readonly string[]): number {
  const padded = encoder.encode(`xyz${words.join(" ")}`);
  const bytes = padded.subarray(3);
  const spans = new WordRanges();
  let at = 0;
  for (const word of words) {
    const end = at + encoder.encode(word).length;
    spans.push(at, end);
    at = end + 1;
  }
  const chars = countCodePoints(bytes, 0, bytes.length);
  ngrams.load(bytes, spans, chars);
  return chars;
}

/** Few words, some of which are cuts of others: many repeats, many equal letters cut differently. */
const words = fc.array(
  fc.constantFrom("a", "b", "ab", "ba", "aab", "é", "字", "\u{1f600}b", "harbour", "har", "bour", "b\0"),
  {
    maxLength: 120,
  },
);
const pieces = fc
  .array(
    fc.array(
      fc.string({ minLength: 1, maxLength: 9, unit: "binary" }).filter((word) => !/\s/.test(word)),
      { minLength: 1, maxLength: 14 },
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .chain((parts) => fc.array(fc.constantFrom(...parts), { maxLength: 12 }))
  .map((parts) => parts.flat());

const recut = recutText.map((text) => Buffer.from(text).toString().split(" "));

test("equal to counting every n-gram", () => {
  const ngrams = new RepeatedNgrams();
  fc.assert(
    fc.property(fc.oneof(words, pieces, recut), (list) => {
      const chars = load(ngrams, list);
      if (chars === 0) return;
      for (const n of TOP) assert.equal(ngrams.topRatio(n, -1), plainTop(list, n, chars), `top ${n}`);
      for (const n of DUPLICATE)
        assert.equal(ngrams.duplicateRatio(n, -1), plainDuplicate(list, n, chars), `duplicate ${n}`);
      // In any order, and after the other kind.
      for (const n of [10, 5]) assert.equal(ngrams.duplicateRatio(n, -1), plainDuplicate(list, n, chars));
      for (const n of [4, 2]) assert.equal(ngrams.topRatio(n, -1), plainTop(list, n, chars));
    }),
    { numRuns: 300 },
  );
});

test("a floor never changes on which side of it a value lies", () => {
  const ngrams = new RepeatedNgrams();
  fc.assert(
    fc.property(fc.oneof(words, pieces, recut), fc.constantFrom(0, 0.1, 0.2, 0.5), (list, floor) => {
      const chars = load(ngrams, list);
      if (chars === 0) return;
      for (const n of TOP) {
        const exact = plainTop(list, n, chars);
        const ratio = ngrams.topRatio(n, floor);
        assert.ok(exact > floor ? ratio === exact : ratio <= floor, `top ${n}: ${ratio}, ${exact}`);
      }
      for (const n of DUPLICATE) {
        const exact = plainDuplicate(list, n, chars);
        const ratio = ngrams.duplicateRatio(n, floor);
        assert.ok(exact > floor ? ratio === exact : ratio <= floor, `duplicate ${n}: ${ratio}, ${exact}`);
      }
    }),
    { numRuns: 300 },
  );
});

test("datatrove's ratios, for every written text", () => {
  const ngrams = new RepeatedNgrams();
  const { segment } = segmenter("spacy-en");
  const spans = new WordRanges();
  let compared = 0;
  for (const { text, ngrams: golden } of goldenTexts) {
    if (golden === undefined || text === "") continue;
    const bytes = encoder.encode(text);
    segment(bytes, 0, bytes.length, spans);
    ngrams.load(bytes, spans, countCodePoints(bytes, 0, bytes.length));
    const ratios = [...TOP.map((n) => ngrams.topRatio(n, -1)), ...DUPLICATE.map((n) => ngrams.duplicateRatio(n, -1))];
    for (const [i, ratio] of ratios.entries()) assert.ok(Math.abs(ratio - golden[i]) < 1e-13, JSON.stringify(text));
    compared++;
  }
  assert.equal(compared, 470);
});

test("a range set compares bytes, not hashes, and grows", () => {
  const set = new RangeSet();
  const bytes = Uint8Array.from({ length: 30_000 }, (_, i) => (i < 20_000 ? (i >> 1) >> (i & 1 ? 0 : 8) : 7));
  set.reset(bytes);
  for (let i = 0; i < 20_000; i += 2) assert.equal(set.seen(i, i + 2), false, `pair ${i}`);
  for (let i = 0; i < 20_000; i += 2) assert.equal(set.seen(i, i + 2), true);
  assert.equal(set.seen(5, 5), false);
  assert.equal(set.seen(9, 9), true, "empty ranges are equal");
  assert.equal(set.seen(20_000, 29_000), false);
  assert.equal(set.seen(20_001, 29_001), true);
  assert.equal(set.seen(20_000, 29_001), false, "length counts");
  set.reset(bytes);
  assert.equal(set.seen(0, 2), false);
});
