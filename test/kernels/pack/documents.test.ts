import assert from "node:assert/strict";
import { test } from "node:test";
import { documentProblem } from "../../../kernels/pack/documents.ts";

test("documents without the borders they should have are named, and good ones of either width are not", () => {
  const bad: [number, string, number[], number[], number?][] = [
    [0, "ends with id 5 instead of EOS 2", [5], [1]],
    [1, "ends at token 2 after starting at 2", [5, 2], [2, 2]],
    [1, "is not ended: 1 ids are left", [5, 2, 6], [2]],
    [0, "ends at token 9 after starting at 0", [5, 2], [9]],
    [0, "is not ended: 1 ids are left", [2], []],
    [1, "begins with id 5 instead of BOS 1", [1, 2, 5, 2], [2, 4], 1],
    [0, "begins with id 2 instead of BOS 1", [2], [1], 1],
  ];
  for (const [document, what, ids, ends, bos] of bad) {
    assert.deepEqual(documentProblem(Uint32Array.from(ids), ends, { eos: 2, appends_eos: true, bos }), {
      document,
      what,
    });
  }
  assert.equal(
    documentProblem(Uint32Array.of(5, 99, 2, 2), Float64Array.of(3, 4), { eos: 2, appends_eos: true }),
    undefined,
  );
  assert.equal(
    documentProblem(Uint16Array.of(1, 99, 2, 1, 2), [3, 5], { eos: 2, appends_eos: true, bos: 1 }),
    undefined,
  );
  assert.equal(documentProblem(new Uint16Array(0), [], { eos: 2, appends_eos: true }), undefined);
});

test("without EOS behind them documents are what their ends say, and need a token beside BOS", () => {
  const format = { eos: 2, appends_eos: false };
  assert.equal(documentProblem(Uint16Array.of(5, 6, 7), [1, 3], format), undefined);
  assert.equal(documentProblem(Uint16Array.of(1, 6, 1, 7), [2, 4], { ...format, bos: 1 }), undefined);
  assert.deepEqual(documentProblem(Uint16Array.of(1, 6, 1), [2, 3], { ...format, bos: 1 }), {
    document: 1,
    what: "has no token but BOS",
  });
});
