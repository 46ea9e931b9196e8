import assert from "node:assert/strict";
import { test } from "node:test";
import { documentProblem } from "../../../kernels/pack/documents.ts";

test("a document that breaks the invariant is named, and good ones of either width are not", () => {
  const format = { vocab_size: 100, eos: 2 };
  const bad: [number, string, number[], number[]][] = [
    [1, "has an EOS inside", [5, 2, 6, 2, 7, 2], [2, 6]],
    [0, "ends with id 5 instead of EOS 2", [5], [1]],
    [0, "holds id 100, and the vocabulary has 100", [100, 2], [2]],
    [1, "ends at token 2 after starting at 2", [5, 2], [2, 2]],
    [1, "is not ended: 1 ids are left", [5, 2, 6], [2]],
    [0, "ends at token 9 after starting at 0", [5, 2], [9]],
    [0, "is not ended: 1 ids are left", [2], []],
  ];
  for (const [document, what, ids, ends] of bad) {
    assert.deepEqual(documentProblem(Uint32Array.from(ids), ends, format), { document, what });
  }
  assert.equal(documentProblem(Uint32Array.of(5, 99, 2, 2), Float64Array.of(3, 4), format), undefined);
  assert.equal(documentProblem(new Uint16Array(0), [], format), undefined);
});
