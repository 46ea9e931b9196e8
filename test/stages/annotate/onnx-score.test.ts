/** The stage on the small classifier of test/golden/scripts/onnx-classifier.py. What the runtime itself does is only tested where one is installed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findOnnxRuntime, ONNX_PACKAGES, type OnnxSession } from "../../../io/onnx-runtime.ts";
import { classifierScore, integerScore } from "../../../kernels/classifier-scores.ts";
import stage from "../../../stages/annotate/onnx-score.ts";
import { OnnxScorer, type ScorerOptions } from "../../../stages/annotate/onnx-scorer.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { batchOfRows, valueAt } from "../../batch-of.ts";
import { ROOT } from "../../project-root.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

const FOLDER = join(ROOT, "test/golden/onnx");
const golden = JSON.parse(readFileSync(join(FOLDER, "golden.json"), "utf8")) as { text: string; logit: number }[];
const FILES = { model: join(FOLDER, "classifier.onnx"), tokenizer: join(FOLDER, "tokenizer.json") };
const isAbsent = findOnnxRuntime() === undefined;
const skip = isAbsent && `neither ${ONNX_PACKAGES.join(" nor ")} is installed`;

function open(given: object) {
  const operator = stage.create(stage.options.parse({ ...FILES, ...given }), { ...NO_RESOURCES, assets: LOCAL_ASSETS });
  assert.ok(operator.kind === "request");
  return operator;
}

/** A model whose logits are the sum of the ids that are not hidden, and ten times that. It keeps what it was given. */
function fakeSession(runs: number[][][]): OnnxSession {
  return {
    inputNames: ["input_ids", "attention_mask", "token_type_ids"],
    outputNames: ["other", "logits"],
    run: async (inputs, rows, columns, output) => {
      assert.equal(output, "logits");
      const row = (name: string, i: number) => [...(inputs.get(name) ?? []).slice(i * columns, (i + 1) * columns)];
      runs.push(Array.from({ length: rows }, (_, i) => row("input_ids", i)));
      assert.deepEqual(row("token_type_ids", 0), new Array(columns).fill(0));
      return Float32Array.from({ length: 2 * rows }, (_, k) => {
        const mask = row("attention_mask", k >> 1);
        const sum = row("input_ids", k >> 1).reduce((total, id, i) => total + id * (mask[i] ?? 0), 0);
        return k % 2 === 0 ? sum : 10 * sum;
      });
    },
  };
}

const scorerOptions: ScorerOptions = { batchRows: 2, padding: 7, output: "logits", label: 1, activation: "none" };

test("rows that come together are one batch, filled up with padding that is hidden", async () => {
  const runs: number[][][] = [];
  const scorer = new OnnxScorer("m", fakeSession(runs), scorerOptions);
  const scores = await Promise.all([[1, 2], [3], [4, 5, 6]].map((ids) => scorer.score(ids)));
  assert.deepEqual(scores, [30, 30, 150]);
  assert.deepEqual(runs, [
    [
      [1, 2],
      [3, 7],
    ],
    [[4, 5, 6]],
  ]);
  assert.equal(await scorer.score([1]), 10);
});

test("one row a batch; a model that cannot be used is named", async () => {
  const runs: number[][][] = [];
  const scorer = new OnnxScorer("m", fakeSession(runs), { ...scorerOptions, batchRows: 1, label: 0 });
  assert.deepEqual(await Promise.all([scorer.score([1, 2]), scorer.score([3])]), [3, 3]);
  assert.deepEqual(runs, [[[1, 2]], [[3]]]);
  await assert.rejects(
    new OnnxScorer("m", fakeSession([]), { ...scorerOptions, label: 2 }).score([1]),
    /2 labels a text/,
  );
  const session = fakeSession([]);
  const opened = (change: object) => () => new OnnxScorer("m.onnx", { ...session, ...change }, scorerOptions);
  assert.throws(opened({ inputNames: ["input_ids", "pixels"] }), /m.onnx cannot be used .* an input pixels/);
  assert.throws(opened({ inputNames: [] }), /no input input_ids/);
  assert.throws(opened({ outputNames: ["hidden"] }), /no output logits, but hidden/);
});

test("scores: probabilities, and integers as FineWeb-Edu's", () => {
  const logits = Float32Array.of(9, 0, Math.log(3), 9);
  assert.ok(Math.abs(classifierScore(logits, 1, 2, 1, "softmax") - 0.75) < 1e-7);
  assert.ok(Math.abs(classifierScore(logits, 1, 2, 1, "sigmoid") - 0.75) < 1e-7);
  assert.equal(classifierScore(logits, 2, 2, 1, "none"), 9);
  const scores = [-1, 0.4, 0.5, 1.5, 2.4999, 2.5, 2.51, 4.6, 7];
  assert.deepEqual(
    scores.map((score) => integerScore(score, 0, 5)),
    [0, 0, 0, 2, 2, 2, 3, 5, 5],
  );
});

test("questions are the ids of the text, cut; the answers become columns", () => {
  const operator = open({ column: "body", max_tokens: 8, max_int_score: 3 });
  const batch = batchOfRows([{ body: "Everyone has the right to life and liberty." }, { body: null }]);
  const question = operator.question(batch, 0);
  assert.ok(Array.isArray(question) && question.length === 8);
  assert.deepEqual([question[0], question[7]], [2, 3]);
  assert.equal(operator.question(batch, 1), undefined);
  const columns = operator.apply(
    batch,
    (row) => (row === 0 ? 3.6 : undefined),
    () => {},
  );
  const values = (name: string) =>
    [0, 1].map((row) => {
      const column = columns.get(name);
      return column === undefined ? undefined : valueAt(column, row);
    });
  assert.deepEqual(values("score"), [Math.fround(3.6), null]);
  assert.deepEqual(values("int_score"), [3, null]);
  assert.throws(
    () =>
      operator.apply(
        batch,
        () => null,
        () => {},
      ),
    /a score that is no number/,
  );
});

test("without a runtime the error says how to get one", { skip: !isAbsent && "one is installed" }, async () => {
  await assert.rejects(open({}).ask([2, 3], new AbortController().signal), /no runtime of ONNX models is installed/);
});

test("scores are onnxruntime's own, text by text and in batches", { skip }, async () => {
  for (const [batch_rows, tolerance] of [
    [1, 1e-6],
    [8, 1e-5],
  ] as const) {
    const operator = open({ max_tokens: 64, batch_rows });
    const batch = batchOfRows(golden.map(({ text }) => ({ text })));
    const answers = await Promise.all(
      golden.map((_, row) => {
        const question = operator.question(batch, row);
        assert.ok(question !== undefined);
        return operator.ask(question, new AbortController().signal);
      }),
    );
    for (const [row, { text, logit }] of golden.entries()) {
      assert.ok(
        Math.abs(Number(answers[row]) - logit) <= tolerance,
        `${JSON.stringify(text)}: ${answers[row]}, ${logit}`,
      );
    }
  }
});

test("a file that is no model is an error with its name", { skip }, async () => {
  const operator = open({ model: FILES.tokenizer });
  await assert.rejects(
    operator.ask([2, 3], new AbortController().signal),
    /tokenizer.json cannot be opened as an ONNX model/,
  );
});
