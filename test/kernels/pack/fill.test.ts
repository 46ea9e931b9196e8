import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { planBestFit } from "../../../kernels/pack/best-fit.ts";
import { planConcat } from "../../../kernels/pack/concat.ts";
import { fillOutput, fillWindows, laneOf } from "../../../kernels/pack/fill.ts";
import { positionsFromEos, positionsFromIndex } from "../../../kernels/pack/positions.ts";
import { handOver, shardRanges } from "../../../kernels/pack/ranges.ts";

const EOS = 2;

function shard(lengths: readonly number[]): { tokens: Uint32Array; ends: Float64Array } {
  const ids: number[] = [];
  const ends = lengths.map((length, document) => {
    for (let i = 0; i < length - 1; i++) ids.push(100 + document * 1000 + i);
    return ids.push(EOS);
  });
  return { tokens: Uint32Array.from(ids), ends: Float64Array.from(ends) };
}

function toNumbers(words: Uint32Array): number[] {
  return Array.from({ length: words.length / 2 }, (_, i) => words[2 * i] + words[2 * i + 1] * 2 ** 32);
}

test("a window is copied, padded, indexed and described", () => {
  const { tokens, ends } = shard([3, 2]);
  const input = {
    plan: planBestFit(ends, 8, [1, 1], { max_documents: 0 }),
    tokens: laneOf(tokens),
    document_ends: ends,
    window_tokens: 8,
    eos: EOS,
  };
  const out = fillOutput(input, 0, 1);
  fillWindows(input, 0, 1, out);
  assert.deepEqual([...out.tokens], [100, 101, EOS, 1100, EOS, EOS, EOS, EOS]);
  assert.deepEqual(toNumbers(out.ends), [3, 5, 6, 7, 8]);
  assert.deepEqual([...new Int32Array(out.pieces.buffer)], [0, 0, 3, 1, 0, 2, -1, 0, 3]);
});

test("windows filled in parts equal windows filled at once, in both widths, and every id is where the plan says", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 2, max: 120 }),
      fc.boolean(),
      (lengths, window, wide) => {
        const { tokens, ends } = shard(lengths);
        const plan = wide ? planConcat(ends, window, [5, 5]) : planBestFit(ends, window, [5, 5], { max_documents: 0 });
        const ids = wide ? tokens : new Uint16Array(tokens);
        const input = {
          plan,
          tokens: laneOf(ids),
          document_ends: ends,
          window_tokens: window,
          eos: EOS,
        };
        const whole = fillOutput(input, 0, plan.windows);
        fillWindows(input, 0, plan.windows, whole);
        const parts = Array.from({ length: plan.windows }, (_, from) => {
          const part = fillOutput(input, from, from + 1);
          fillWindows(input, from, from + 1, part);
          return part;
        });
        for (const field of ["tokens", "ends", "pieces"] as const) {
          assert.deepEqual(
            [...whole[field]],
            parts.flatMap((part) => [...part[field]]),
          );
        }
        const expected: number[] = [];
        for (let piece = 0; piece < plan.piece_document.length; piece++) {
          const document = plan.piece_document[piece];
          const start = document < 0 ? 0 : (document === 0 ? 0 : ends[document - 1]) + plan.piece_start[piece];
          for (let i = 0; i < plan.piece_length[piece]; i++) expected.push(document < 0 ? EOS : ids[start + i]);
        }
        assert.deepEqual([...whole.tokens], expected);
        // The point of it all: both ways to derive positions agree, and a padded label is never trained on.
        const byEos = new Int32Array(window);
        const byIndex = new Int32Array(window);
        const index = Float64Array.from(toNumbers(whole.ends));
        for (let at = 0; at < plan.windows; at++) {
          positionsFromEos(whole.tokens.subarray(at * window, (at + 1) * window), EOS, byEos);
          positionsFromIndex(index, at, byIndex);
          assert.deepEqual(byEos, byIndex);
        }
      },
    ),
    { numRuns: 80 },
  );
});

test("a loss byte goes where its token goes, and padding has 0", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 2, max: 120 }),
      (lengths, window) => {
        const { tokens, ends } = shard(lengths);
        const plan = planBestFit(ends, window, [5, 5], { max_documents: 0 });
        const loss = Uint8Array.from(tokens, (id) => id % 2);
        const input = {
          plan,
          tokens: laneOf(tokens),
          loss: laneOf(loss),
          document_ends: ends,
          window_tokens: window,
          eos: EOS + 1,
        };
        const out = fillOutput(input, 0, plan.windows);
        out.loss?.fill(7);
        fillWindows(input, 0, plan.windows, out);
        const expected = Uint8Array.from(out.tokens, (id) => (id === EOS + 1 ? 0 : id % 2));
        assert.deepEqual(out.loss, expected);
        const { loss: _, ...unmasked } = input;
        const plain = fillOutput(unmasked, 0, plan.windows);
        fillWindows(unmasked, 0, plan.windows, plain);
        assert.equal(plain.loss, undefined);
        assert.deepEqual(plain.tokens, out.tokens);
      },
    ),
    { numRuns: 60 },
  );
});

test("index entries beyond 2^32 tokens keep their high word", () => {
  const windowTokens = 2 ** 31;
  const plan = {
    windows: 3,
    window_pieces: Uint32Array.of(0, 0, 0, 2),
    piece_document: Int32Array.of(0, -1),
    piece_start: Uint32Array.of(0, 0),
    piece_length: Uint32Array.of(1, 1),
  };
  const input = {
    plan,
    tokens: laneOf(Uint16Array.of(EOS)),
    document_ends: Float64Array.of(1),
    window_tokens: windowTokens,
    eos: EOS,
  };
  const out = { tokens: new Uint16Array(2), ends: new Uint32Array(4), pieces: new Uint32Array(6) };
  fillWindows(input, 2, 3, out);
  assert.deepEqual(toNumbers(out.ends), [2 ** 32 + 1, 2 ** 32 + 2]);
});

test("positions are those datatrove reads", () => {
  const golden = JSON.parse(readFileSync("test/golden/nanotron/positions.json", "utf8")) as Record<string, number[][]>;
  const tokens = Uint32Array.of(10, 11, 12, 2, 20, 2, 30, 31, 2, 32, 33, 34, 2, 70000, 41, 42, 43, 44, 2, 50, 2);
  const ends = Float64Array.of(4, 6, 13, 19, 21);
  for (let window = 0; window < 4; window++) {
    const out = new Int32Array(5);
    positionsFromEos(tokens.subarray(window * 5, window * 5 + 5), 2, out);
    assert.deepEqual([...out], golden.eos[window]);
    positionsFromIndex(ends, window, out);
    assert.deepEqual([...out], golden.index[window]);
  }
});

test("ranges follow shards and epochs", () => {
  assert.deepEqual(shardRanges([3, 0, 2], 2, 9), [
    { epoch: 0, shard: 0, start: 2, end: 3 },
    { epoch: 0, shard: 2, start: 0, end: 2 },
    { epoch: 1, shard: 0, start: 0, end: 3 },
    { epoch: 1, shard: 2, start: 0, end: 1 },
  ]);
  assert.deepEqual(shardRanges([3], 2, 2), []);
  assert.deepEqual(shardRanges([], 0, 5), []);
});

test("without cuts another packing goes on at the first untouched shard", () => {
  const whole = (windows: readonly number[]) => windows.map((count) => ({ windows: count }));
  const short = whole([10, 10, 10]);
  const long = whole([2, 3, 2]);
  assert.deepEqual(
    [0, 1, 10, 11, 29, 30, 31, 41].map((at) => handOver(short, at, long)),
    [0, 2, 2, 5, 7, 7, 9, 12],
  );
  assert.equal(handOver([], 0, []), 0);
});
