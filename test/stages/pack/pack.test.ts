import assert from "node:assert/strict";
import { test } from "node:test";
import { planProblem } from "../../../kernels/pack/plan.ts";
import { NO_RESOURCES, type PackInput, type PackOperator, type PackPlan } from "../../../stages/define.ts";
import bestFit from "../../../stages/pack/best-fit.ts";
import concat from "../../../stages/pack/concat.ts";

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

test("best-fit passes its limit on, and unknown options are refused", () => {
  const operator = bestFit.create(bestFit.options.parse({ max_documents: 1 }), NO_RESOURCES);
  const plan = planOf(operator, { document_ends: Float64Array.of(2, 4, 6), sequence_length: 7, seed: [1, 2] });
  assert.equal(plan.windows, 3);
  assert.throws(() => bestFit.options.parse({ max_document: 1 }));
  assert.throws(() => concat.options.parse({ shuffle: true }));
});
