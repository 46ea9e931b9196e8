import assert from "node:assert/strict";
import { test } from "node:test";
import { float32At, float64At, int32At, int64At, numberAt, uint8At, uint32At } from "../../batch/numbers.ts";

test("a number is given as it is, and one out of bounds is an error that says where and of how many", () => {
  const cases: readonly (readonly [(index: number) => number | bigint, number | bigint])[] = [
    [(index) => uint8At(Uint8Array.of(7, 0), index), 0],
    [(index) => uint32At(Uint32Array.of(7, 4294967295), index), 4294967295],
    [(index) => int32At(Int32Array.of(7, -1), index), -1],
    [(index) => int64At(BigInt64Array.of(7n, -(2n ** 63n)), index), -(2n ** 63n)],
    [(index) => float32At(Float32Array.of(7, Number.NaN), index), Number.NaN],
    [(index) => float64At(Float64Array.of(7, Number.NaN), index), Number.NaN],
    [(index) => numberAt([7, 0], index), 0],
  ];
  for (const [at, last] of cases) {
    assert.equal(Number(at(0)), 7);
    assert.equal(at(1), last);
    for (const index of [2, -1, 0.5]) {
      assert.throws(() => at(index), { message: `there is no number at ${index}: there are 2` });
    }
  }
});
