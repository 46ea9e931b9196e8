import assert from "node:assert/strict";
import { test } from "node:test";
import { planProblem } from "../../../kernels/pack/plan.ts";
import { rowPlanProblem } from "../../../kernels/pack/sequences.ts";
import { NO_RESOURCES, type PackInput, type PackOperator, type PackPlan, packsOf } from "../../../stages/define.ts";
import bestFit from "../../../stages/pack/best-fit.ts";
import bfd from "../../../stages/pack/bfd.ts";
import bfdSplit from "../../../stages/pack/bfd-split.ts";
import concat from "../../../stages/pack/concat.ts";
import wrapped from "../../../stages/pack/wrapped.ts";

function planOf(operator: PackOperator, input: PackInput): PackPlan {
  const plan = operator.plan?.(input);
  assert.ok(plan);
  return plan;
}

test("pack stages plan windows of sequence_length + 1 tokens", () => {
  const input = { document_ends: Float64Array.of(3, 9, 30), sequence_length: 7, seed: [1, 2] } as const;
  for (const operator of [
    concat.create(concat.options.parse({}), NO_RESOURCES),
    bestFit.create(bestFit.options.parse({}), NO_RESOURCES),
  ]) {
    const plan = planOf(operator, input);
    assert.equal(planProblem(plan, input.document_ends, 8), undefined);
    assert.deepEqual(plan, planOf(operator, input), "a plan is a function of its input");
  }
});

test("packers of rows make short rows, and those that pack no windows have no plan of them", () => {
  const input = { lengths: Uint32Array.of(3, 6, 5, 2), capacity: 8, seed: [1, 2] } as const;
  const operators = [
    [bestFit, bestFit.create(bestFit.options.parse({}), NO_RESOURCES)],
    [bfd, bfd.create(bfd.options.parse({}), NO_RESOURCES)],
    [bfdSplit, bfdSplit.create(bfdSplit.options.parse({}), NO_RESOURCES)],
    [wrapped, wrapped.create(wrapped.options.parse({}), NO_RESOURCES)],
  ] as const;
  for (const [stage, operator] of operators) {
    const plan = operator.rows?.(input);
    assert.ok(plan);
    assert.equal(rowPlanProblem(plan, input.lengths, 8), undefined);
    assert.ok(packsOf(stage).includes("rows"));
    assert.equal(operator.plan !== undefined, packsOf(stage).includes("windows"));
  }
});

test("best-fit passes its limit on, and unknown options are refused", () => {
  const operator = bestFit.create(bestFit.options.parse({ max_documents: 1 }), NO_RESOURCES);
  const plan = planOf(operator, { document_ends: Float64Array.of(2, 4, 6), sequence_length: 7, seed: [1, 2] });
  assert.equal(plan.windows, 3);
  assert.throws(() => bestFit.options.parse({ max_document: 1 }));
  assert.throws(() => concat.options.parse({ shuffle: true }));
});
