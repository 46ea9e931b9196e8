import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planBestFit } from "../../../kernels/pack/best-fit.ts";
import { planConcat } from "../../../kernels/pack/concat.ts";
import { addStatistics, type PackPlan, packingStatistics, planProblem } from "../../../kernels/pack/plan.ts";

const SEED = [3, 4] as const;

function endsOf(lengths: readonly number[]): Float64Array {
  let end = 0;
  return Float64Array.from(lengths, (length) => {
    end += length;
    return end;
  });
}

/** Windows as text: `d[start+length]`, `_` for padding. */
function show(plan: PackPlan): string[] {
  return Array.from({ length: plan.windows }, (_, window) => {
    const pieces: string[] = [];
    for (let piece = plan.window_pieces[window]; piece < plan.window_pieces[window + 1]; piece++) {
      const document = plan.piece_document[piece];
      const length = plan.piece_length[piece];
      pieces.push(document < 0 ? `_${length}` : `${document}[${plan.piece_start[piece]}+${length}]`);
    }
    return pieces.join(" ");
  });
}

test("concat cuts at every edge, pads the last window and shuffles", () => {
  const plan = planConcat(endsOf([4, 2, 7, 6, 2]), 5, SEED);
  assert.deepEqual(show(plan).sort(), [
    "0[0+4] 1[0+1]",
    "1[1+1] 2[0+4]",
    "2[4+3] 3[0+2]",
    "3[2+4] 4[0+1]",
    "4[1+1] _4",
  ]);
  const many = planConcat(endsOf(Array(50).fill(5)), 5, SEED);
  const order = [...many.piece_document];
  assert.notDeepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
});

test("concat leaves nothing to pad where tokens fill the windows", () => {
  assert.deepEqual(show(planConcat(endsOf([5, 10]), 5, SEED)).sort(), ["0[0+5]", "1[0+5]", "1[5+5]"]);
  assert.deepEqual(show(planConcat(endsOf([]), 5, SEED)), []);
  assert.deepEqual(show(planConcat(endsOf([1]), 5, SEED)), ["0[0+1] _4"]);
});

test("best-fit cuts only documents longer than a window, and fills the fullest window first", () => {
  // Rests by length: 7 (d1), 6 (d0), 4 (d3), 3 (d4), 3 (d5), 2 (d2: 12 - 10), 1 (d6).
  const plan = planBestFit(endsOf([6, 7, 12, 4, 3, 3, 1]), 10, SEED, { max_documents: 0 });
  assert.deepEqual(show(plan).sort(), ["0[0+6] 3[0+4]", "1[0+7] 4[0+3]", "2[0+10]", "5[0+3] 2[10+2] 6[0+1] _4"]);
});

test("best-fit closes a window that holds max_documents", () => {
  const plan = planBestFit(endsOf([2, 2, 2, 2, 2, 25]), 10, SEED, { max_documents: 2 });
  // The rest of document 5 is the longest piece; every later window takes two and is closed.
  assert.deepEqual(show(plan).sort(), [
    "1[0+2] 2[0+2] _6",
    "3[0+2] 4[0+2] _6",
    "5[0+10]",
    "5[10+10]",
    "5[20+5] 0[0+2] _3",
  ]);
  assert.equal(packingStatistics(plan, endsOf([2, 2, 2, 2, 2, 25]), 10).documents_per_window_max, 2);
});

test("both planners place every token once, whatever the lengths", () => {
  const length = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.integer({ min: 1, max: 400 }));
  fc.assert(
    fc.property(
      fc.array(length, { maxLength: 120 }),
      fc.integer({ min: 2, max: 90 }),
      fc.nat(6),
      fc.nat(),
      (lengths, window, most, seed) => {
        const ends = endsOf(lengths);
        const concat = planConcat(ends, window, [seed, 1]);
        const fit = planBestFit(ends, window, [seed, 1], { max_documents: most });
        assert.equal(planProblem(concat, ends, window), undefined);
        assert.equal(planProblem(fit, ends, window), undefined);
        const figures = packingStatistics(fit, ends, window);
        assert.equal(figures.documents_cut_avoidable, 0);
        assert.equal(figures.tokens_lost, 0);
        if (most > 0) assert.ok(figures.documents_per_window_max <= most);
        assert.ok(packingStatistics(concat, ends, window).padding_tokens < window);
      },
    ),
    { numRuns: 300 },
  );
});

test("best-fit needs as many windows as the textbook algorithm", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 200 }), (lengths) => {
      const window = 1500;
      const free: number[] = [];
      for (const length of [...lengths]
        .map((all) => all % window)
        .filter((rest) => rest > 0)
        .sort((a, b) => b - a)) {
        const fits = free.filter((tokens) => tokens >= length);
        if (fits.length === 0) free.push(window - length);
        else free[free.indexOf(Math.min(...fits))] -= length;
      }
      const whole = lengths.reduce((sum, length) => sum + Math.floor(length / window), 0);
      const plan = planBestFit(endsOf(lengths), window, SEED, { max_documents: 0, whole: true });
      assert.equal(plan.windows, whole + free.length);
      const padding = [...plan.piece_length].filter((_, piece) => plan.piece_document[piece] < 0).sort((a, b) => a - b);
      assert.deepEqual(
        padding,
        free.filter((tokens) => tokens > 0).sort((a, b) => a - b),
      );
    }),
  );
});

test("blocks cost a window or two, and nothing of a document is lost between them", () => {
  const ends = endsOf(Array.from({ length: 12_000 }, (_, i) => 20 + ((i * 7919) % 700) * (i % 13 === 0 ? 4 : 1)));
  const [whole, blocks] = [true, false].map((one) => planBestFit(ends, 4097, SEED, { max_documents: 0, whole: one }));
  assert.equal(planProblem(blocks, ends, 4097), undefined);
  assert.ok(blocks.windows > 1000 && blocks.windows <= whole.windows + 3, `${blocks.windows} against ${whole.windows}`);
  assert.equal(packingStatistics(blocks, ends, 4097).documents_cut_avoidable, 0);
});

test("windows longer than two levels of the bit set work", () => {
  const lengths = [200_000, 65_000, 1, 90_000, 131_072, 7, 64_536];
  const plan = planBestFit(endsOf(lengths), 131_073, SEED, { max_documents: 0 });
  assert.equal(planProblem(plan, endsOf(lengths), 131_073), undefined);
  assert.equal(plan.windows, 5);
});

test("planners refuse ends that do not ascend and windows that cannot hold a label", () => {
  assert.throws(() => planConcat(Float64Array.of(4, 4), 5, SEED), /document 1 has 0 tokens/);
  assert.throws(() => planBestFit(Float64Array.of(4, 3), 5, SEED, { max_documents: 0 }), /document 1 has -1 tokens/);
  assert.throws(() => planConcat(Float64Array.of(4), 1, SEED), /window of 1/);
});

test("statistics count what happened", () => {
  const ends = endsOf([4, 2, 7, 6, 2]);
  assert.deepEqual(packingStatistics(planConcat(ends, 5, SEED), ends, 5), {
    windows: 5,
    window_tokens: 5,
    documents: 5,
    tokens: 21,
    padding_tokens: 4,
    tokens_lost: 0,
    fill_ratio: 0.84,
    pieces: 9,
    documents_cut_avoidable: 2,
    documents_cut_unavoidable: 2,
    documents_per_window_mean: 1.8,
    documents_per_window_max: 2,
    sum_squared_lengths: 16 + 1 + 1 + 16 + 9 + 4 + 16 + 1 + 1,
  });
});

test("statistics of shards add up", () => {
  const a = endsOf([3, 3]);
  const b = endsOf([12, 1, 1]);
  const parts = [a, b].map((ends) => packingStatistics(planBestFit(ends, 5, SEED, { max_documents: 0 }), ends, 5));
  const sum = addStatistics(parts);
  assert.equal(sum.windows, 5);
  assert.equal(sum.tokens, 20);
  assert.equal(sum.padding_tokens, 5);
  assert.equal(sum.fill_ratio, 0.8);
  assert.equal(sum.documents_per_window_mean, 7 / 5);
  assert.equal(sum.documents_per_window_max, 3);
  assert.equal(sum.documents_cut_unavoidable, 1);
  assert.throws(() => addStatistics([]), RangeError);
});

/** A plan of one window per row; a piece is document, start, length. */
function planOf(...rows: readonly (readonly (readonly [number, number, number])[])[]): PackPlan {
  const pieces = rows.flat();
  const window_pieces = [0];
  for (const row of rows) window_pieces.push(window_pieces[window_pieces.length - 1] + row.length);
  return {
    windows: rows.length,
    window_pieces: Uint32Array.from(window_pieces),
    piece_document: Int32Array.from(pieces, ([document]) => document),
    piece_start: Uint32Array.from(pieces, ([, start]) => start),
    piece_length: Uint32Array.from(pieces, ([, , length]) => length),
  };
}

test("a broken plan is named", () => {
  const ends = endsOf([4, 6]);
  const broken: [PackPlan, string][] = [
    [planOf([[0, 0, 4]], [[1, 0, 5]]), "window 0 holds 4 tokens instead of 5"],
    [
      planOf(
        [
          [0, 0, 4],
          [1, 0, 2],
        ],
        [[1, 2, 4]],
      ),
      "window 0 holds 6 tokens instead of 5",
    ],
    [
      planOf([
        [0, 0, 4],
        [1, 0, 0],
        [1, 0, 1],
      ]),
      "piece 1 is empty",
    ],
    [
      planOf([
        [0, 0, 4],
        [7, 0, 1],
      ]),
      "piece 1 is of document 7, which is not there",
    ],
    [
      planOf([
        [0, 0, 4],
        [-2, 0, 1],
      ]),
      "piece 1 is of document -2, which is not there",
    ],
    [planOf([[0, 0, 5]]), "piece 0 ends at token 5 of document 0, which has 4"],
    [
      planOf(
        [
          [0, 0, 4],
          [-1, 0, 1],
        ],
        [
          [0, 0, 4],
          [-1, 0, 1],
        ],
      ),
      "document 0 is placed twice",
    ],
    [
      planOf(
        [
          [0, 0, 4],
          [1, 1, 1],
        ],
        [
          [1, 0, 1],
          [1, 1, 4],
        ],
      ),
      "document 1 is placed twice",
    ],
    [
      planOf(
        [
          [0, 0, 4],
          [1, 5, 1],
        ],
        [
          [1, 3, 3],
          [-1, 0, 2],
        ],
      ),
      "document 1 is placed twice",
    ],
    [
      planOf(
        [
          [0, 0, 4],
          [1, 0, 1],
        ],
        [
          [1, 2, 4],
          [-1, 0, 1],
        ],
      ),
      "document 1 at token 1 has a gap or an overlap",
    ],
    [
      planOf([
        [1, 0, 3],
        [1, 3, 1],
        [1, 1, 1],
      ]),
      "document 1 at token 4 has a gap or an overlap",
    ],
    // Two ends lead to the one start at 3.
    [
      planOf(
        [
          [1, 1, 2],
          [1, 2, 1],
          [-1, 0, 2],
        ],
        [
          [1, 3, 3],
          [-1, 0, 2],
        ],
      ),
      "document 1 at token 3 has a gap or an overlap",
    ],
    [
      planOf(
        [
          [0, 0, 4],
          [1, 1, 1],
        ],
        [
          [1, 2, 4],
          [-1, 0, 1],
        ],
      ),
      "document 1 is placed in part",
    ],
    [
      planOf(
        [[1, 0, 5]],
        [
          [1, 5, 1],
          [-1, 0, 4],
        ],
      ),
      "document 0 is in no window",
    ],
    [{ ...planConcat(ends, 5, SEED), windows: 1 }, "window_pieces does not have windows + 1 entries"],
    [
      { ...planConcat(ends, 5, SEED), window_pieces: Uint32Array.of(0, 4_000_000_000, 3) },
      "window_pieces descends after window 1",
    ],
    [
      { ...planConcat(ends, 5, SEED), window_pieces: Uint32Array.of(0, 1, 2) },
      "window_pieces does not span all pieces",
    ],
    [{ ...planConcat(ends, 5, SEED), piece_start: new Uint32Array(2) }, "piece columns differ in length"],
    [
      { ...planConcat(ends, 5, SEED), piece_document: [0, 1, 1] as unknown as Int32Array },
      "piece_document is not an Int32Array",
    ],
    [
      { ...planConcat(ends, 5, SEED), piece_length: Int32Array.of(4, 1, 5) as unknown as Uint32Array },
      "piece_length is not a Uint32Array",
    ],
  ];
  for (const [plan, problem] of broken) assert.equal(planProblem(plan, ends, 5), problem);
  assert.equal(
    planProblem(
      planOf(
        [
          [1, 1, 3],
          [1, 0, 1],
          [-1, 0, 1],
        ],
        [
          [0, 0, 3],
          [1, 4, 2],
        ],
        [
          [0, 3, 1],
          [-1, 0, 4],
        ],
      ),
      ends,
      5,
    ),
    undefined,
  );
  assert.equal(planProblem(planOf(), new Float64Array(0), 5), undefined);
  assert.throws(() => planProblem(planOf(), Float64Array.of(2 ** 32), 5), RangeError);
});

/** Whether every token is in exactly one piece of its own document, by counting. */
function isExact(plan: PackPlan, ends: Float64Array): boolean {
  const times = Array.from(ends, (end, i) => new Array<number>(end - (i === 0 ? 0 : ends[i - 1])).fill(0));
  plan.piece_document.forEach((document, piece) => {
    const start = plan.piece_start[piece];
    for (let i = 0; document >= 0 && i < plan.piece_length[piece]; i++) {
      times[document][start + i] = (times[document][start + i] ?? 1) + 1;
    }
  });
  return times.flat().every((count) => count === 1);
}

test("pieces are good exactly where every token is placed once", () => {
  const change = fc.record({ piece: fc.nat(), start: fc.nat(12), document: fc.nat(3) });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
      fc.array(change, { maxLength: 3 }),
      (lengths, changes) => {
        const ends = endsOf(lengths);
        const plan = structuredClone(planConcat(ends, 4, SEED));
        for (const { piece, start, document } of changes) {
          const at = piece % plan.piece_document.length;
          plan.piece_start[at] = start % (lengths[plan.piece_document[at]] ?? 1);
          if (document < lengths.length && plan.piece_document[at] >= 0) plan.piece_document[at] = document;
        }
        assert.equal(planProblem(plan, ends, 4) === undefined, isExact(plan, ends));
      },
    ),
    { seed: 5, numRuns: 500 },
  );
});
