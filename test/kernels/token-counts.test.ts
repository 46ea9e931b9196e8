import assert from "node:assert/strict";
import test from "node:test";
import { countTokens, mostFrequent } from "../../kernels/token-counts.ts";

test("counts are those of every id, whatever the pieces they come in", () => {
  const ids = Uint16Array.from({ length: 1001 }, (_, i) => (i * i + (i >> 3)) % 37);
  const naive = new Array<number>(40).fill(0);
  for (const id of ids) naive[id]++;
  for (const step of [1, 2, 3, 100, 2000]) {
    const counts = new Uint32Array(40);
    for (let at = 0; at < ids.length; at += step) countTokens(ids.subarray(at, at + step), counts);
    assert.deepEqual([...counts], naive);
  }
});

test("the most frequent come first, of equal ones the lower id, and none that is not there", () => {
  assert.deepEqual(mostFrequent([0, 5, 9, 5, 1, 9, 0], 4), [2, 5, 1, 3]);
  assert.deepEqual(mostFrequent([0, 5, 9, 5, 1, 9, 0], 3), [2, 5, 1]);
  assert.deepEqual(mostFrequent([0, 0, 3], 10), [2]);
  assert.deepEqual(mostFrequent([], 10), []);
});
