import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeRowPlan, encodeRowPlan, rowPlanProblem } from "../../store/row-plan.ts";

const PIECES = {
  packed_pieces: Uint32Array.of(0, 2, 3),
  row: Uint32Array.of(1, 1, 0),
  start: Uint32Array.of(0, 6, 0),
  length: Uint32Array.of(2, 3, 4),
  begins: Uint8Array.of(1, 0, 1),
};

test("what is written of packed rows is read again, at any offset", () => {
  const { pieces, ends } = encodeRowPlan(PIECES, Uint16Array.of(0, 3), Uint32Array.of(10, 4_000_000_000));
  const moved = new Uint8Array(pieces.length + 1);
  moved.set(pieces, 1);
  for (const bytes of [pieces, moved.subarray(1)]) {
    const plan = decodeRowPlan(bytes, ends, "rows");
    assert.deepEqual([plan.rows, plan.pieces], [2, 3]);
    assert.deepEqual(plan.bounds(1), [2, 3]);
    assert.deepEqual(plan.piece(1), { file: 3, first: 4_000_000_006, tokens: 3, begins: false });
  }
});

test("what packed rows cannot be is named", () => {
  const problem = (
    change: Partial<typeof PIECES>,
    capacity = 5,
    sizes = [14, 0, 0, 4_294_967_295],
  ): string | undefined => {
    const { pieces, ends } = encodeRowPlan({ ...PIECES, ...change }, Uint16Array.of(0, 3), Uint32Array.of(10, 20));
    return rowPlanProblem(decodeRowPlan(pieces, ends, "rows"), capacity, sizes);
  };
  assert.equal(problem({}), undefined);
  assert.match(problem({}, 4) ?? "", /row 0 holds 5 tokens/);
  assert.match(problem({}, 5, [13, 0, 0, 100]) ?? "", /tokens 10 to 14 of a file of 13/);
  assert.match(problem({}, 5, [14]) ?? "", /token file 3/);
  assert.match(problem({ begins: Uint8Array.of(1, 0, 0) }) ?? "", /goes on with a sequence of the row before/);
  assert.match(problem({ packed_pieces: Uint32Array.of(0, 1, 2) }) ?? "", /end at piece 2 of 3/);
});
