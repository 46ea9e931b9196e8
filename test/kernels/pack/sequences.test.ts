import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planBestFit } from "../../../kernels/pack/best-fit.ts";
import {
  dropRow,
  reorderRows,
  rowPieces,
  rowPlanProblem,
  type SplitRow,
  sequencesOf,
  splitRow,
  truncateRow,
  withoutPadding,
} from "../../../kernels/pack/sequences.ts";
import { planBfd, planWrapped } from "../../../kernels/pack/trl.ts";

const ALL = () => true;
/** Head of 2; exchanges of 10 tokens, of which 6 fit, of 3 and of 5. */
const CUT = [
  [{ start: 0, length: 8 }],
  [
    { start: 0, length: 2 },
    { start: 12, length: 3 },
  ],
  [
    { start: 0, length: 2 },
    { start: 15, length: 5 },
  ],
];

test("a row is split where exchanges begin, and every part begins with the head", () => {
  // Head of 3, exchanges of 4, 5 and 2 tokens.
  assert.deepEqual(splitRow(14, 10, [3, 7, 12], ALL), {
    sequences: [
      [{ start: 0, length: 7 }],
      [
        { start: 0, length: 3 },
        { start: 7, length: 7 },
      ],
    ],
    lost: 0,
    repeated: 3,
  });
  assert.deepEqual(splitRow(14, 13, [3, 7, 12], ALL).sequences, [
    [{ start: 0, length: 12 }],
    [
      { start: 0, length: 3 },
      { start: 12, length: 2 },
    ],
  ]);
});

test("an exchange that does not fit beside the head is cut, and what teaches nothing is left out", () => {
  const cut = splitRow(20, 8, [2, 12, 15], ALL);
  assert.deepEqual(cut, {
    sequences: CUT,
    lost: 4,
    repeated: 4,
  });
  const silent = splitRow(20, 8, [2, 12, 15], (from) => from !== 12);
  assert.equal(silent.sequences.length, 2);
  assert.equal(silent.lost, 7);
  assert.equal(silent.repeated, 2);
  assert.deepEqual(
    splitRow(20, 8, [2, 12], () => false),
    { sequences: [], lost: 20, repeated: 0 },
  );
});

test("without a border, or behind a head that is too long, a row is truncated", () => {
  assert.deepEqual(splitRow(20, 8, [], ALL), truncateRow(20, 8));
  assert.deepEqual(splitRow(20, 8, [8, 12], ALL), truncateRow(20, 8));
  assert.deepEqual(splitRow(20, 8, [0, 7, 14], ALL).sequences, [
    [{ start: 0, length: 7 }],
    [{ start: 7, length: 7 }],
    [{ start: 14, length: 6 }],
  ]);
});

test("tokens of sequences are those of the row, without what is lost and with what is repeated", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 2, max: 20 }),
      fc.integer({ min: 0, max: 511 }),
      (turns, capacity, mask) => {
        const borders: number[] = [];
        let length = 0;
        for (const turn of turns) {
          length += turn;
          borders.push(length);
        }
        borders.pop();
        fc.pre(length > capacity);
        const { sequences, lost, repeated } = splitRow(
          length,
          capacity,
          borders,
          (from) => (mask >> (from % 9)) % 2 === 0,
        );
        let placed = 0;
        for (const segments of sequences) {
          const tokens = segments.reduce((sum, segment) => sum + segment.length, 0);
          assert.ok(tokens > 0 && tokens <= capacity);
          placed += tokens;
          if (segments.length === 2) assert.deepEqual(segments[0], { start: 0, length: borders[0] });
        }
        assert.equal(placed, length - lost + repeated);
      },
    ),
  );
});

test("pieces of rows hold every token of every sequence once, in every packing", () => {
  const lengths = Uint32Array.of(5, 30, 12, 3, 9, 41, 8);
  const cuts = new Map<number, SplitRow>([
    [1, splitRow(30, 16, [4, 13, 21], ALL)],
    [5, dropRow(41)],
  ]);
  const sequences = sequencesOf(lengths, (row) => cuts.get(row));
  const batches = { batch_rows: 3, num_proc: 2 };
  let end = 0;
  const ends = Float64Array.from(sequences.lengths, (length) => {
    end += length;
    return end;
  });
  for (const plan of [
    planBfd(sequences.lengths, 16, "truncate", batches),
    planBfd(sequences.lengths, 7, "split", batches),
    planWrapped(sequences.lengths, 16, batches),
    withoutPadding(planBestFit(ends, 16, [1, 2], { max_documents: 0 })),
  ]) {
    assert.equal(rowPlanProblem(plan, sequences.lengths, 16), undefined);
    const shuffled = reorderRows(
      plan,
      Uint32Array.from({ length: plan.windows }, (_, row) => plan.windows - 1 - row),
    );
    for (const laid of [plan, shuffled]) {
      const pieces = rowPieces(laid, sequences);
      assert.equal(
        pieces.begins.reduce((sum, begin) => sum + begin, 0),
        plan.piece_document.length,
      );
      const seen = lengths.map(() => 0);
      pieces.row.forEach((row, piece) => {
        seen[row] += pieces.length[piece];
      });
      const { repeated, lost } = cuts.get(1) as SplitRow;
      assert.deepEqual([...seen], [5, 30 + repeated - lost, 12, 3, 9, 0, 8]);
    }
  }
});

test("a plan that no rows could have is named", () => {
  const plan = planBfd(Uint32Array.of(4, 3), 8, "truncate", { batch_rows: 9, num_proc: 1 });
  const lengths = Uint32Array.of(4, 3);
  const broken = (change: Partial<typeof plan>): string | undefined =>
    rowPlanProblem({ ...plan, ...change }, lengths, 8);
  assert.equal(broken({}), undefined);
  assert.match(broken({ piece_document: Int32Array.of(0, -1) }) ?? "", /sequence -1/);
  assert.match(broken({ piece_document: Int32Array.of(0, 0) }) ?? "", /twice|ends at/);
  assert.match(broken({ piece_length: Uint32Array.of(4, 9) }) ?? "", /ends at token 9/);
  assert.match(broken({ piece_length: Uint32Array.of(4, 0) }) ?? "", /empty/);
  assert.match(rowPlanProblem(plan, lengths, 6) ?? "", /holds 7 tokens/);
});
