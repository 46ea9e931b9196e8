/** Filters that remember what their rules measured: what they tell is what they decided. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleValues } from "../../../kernels/statistics/rule-values.ts";
import { type FilterOperator, NO_RESOURCES, type StageDefinition } from "../../../stages/define.ts";
import column from "../../../stages/filter/column.ts";
import fineweb from "../../../stages/filter/fineweb-quality.ts";
import quality from "../../../stages/filter/gopher-quality.ts";
import repetition from "../../../stages/filter/gopher-repetition.ts";
import length from "../../../stages/filter/length.ts";
import { batchOf, batchOfRows } from "../../batch-of.ts";

const SENTENCE = "We walked to the river and sat on the stones that the flood had left behind with the driftwood. ";

type Rows = ReturnType<typeof batchOf>;

/** The rules of a stage over a batch, and the rows that fell by reason. */
function judged(stage: StageDefinition, options: object, batch: Rows) {
  const operator = stage.create(stage.options.parse(options), NO_RESOURCES) as FilterOperator;
  const dropped = new Map<string, number>();
  operator.apply(batch, (row, reason) => {
    if (!batch.alive.has(row)) return;
    batch.alive.clear(row);
    dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
  });
  return { dropped, rules: operator.measured?.() ?? [], again: operator.measured?.() ?? [] };
}

function fallen({ bins, side }: RuleValues): number {
  return bins.reduce((sum, [bin, rows]) => (bin < 32 === (side === "min") ? sum + rows : sum), 0);
}

function stayed({ bins, side, unmeasured }: RuleValues): number {
  return bins.reduce((sum, [bin, rows]) => (bin < 32 === (side === "min") ? sum : sum + rows), unmeasured);
}

test("what falls by a rule and what stays is counted as it was decided", () => {
  const texts = [SENTENCE.repeat(4), SENTENCE, SENTENCE.repeat(5), `${SENTENCE.repeat(4)}${"# ".repeat(10)}`, ""];
  const { dropped, rules, again } = judged(quality, {}, batchOf(texts));
  assert.deepEqual(
    [...dropped],
    [
      ["too_few_words", 2],
      ["too_many_hashes", 1],
    ],
  );
  for (const rule of rules) {
    assert.equal(fallen(rule), dropped.get(rule.reason) ?? 0, rule.reason);
    assert.equal(stayed(rule), 2, rule.reason);
  }
  assert.deepEqual(again, []);
  const words = rules.find(({ reason }) => reason === "too_few_words");
  assert.deepEqual(words?.dropped, [
    [19, 0, 1],
    [0, 0, 4],
  ]);
  assert.equal(words?.option, "min_words");
});

test("n-gram rules tell values of what falls alone", () => {
  const texts = ["very good and very good, or very good", `${SENTENCE}Nothing else was heard.`];
  const { dropped, rules } = judged(repetition, {}, batchOf(texts));
  assert.deepEqual([...dropped.keys()], ["top_2gram_too_frequent"]);
  const [rule] = rules.filter(({ reason }) => reason === "top_2gram_too_frequent");
  assert.deepEqual([fallen(rule), rule.unmeasured, rule.kept], [1, 1, []]);
});

test("a row that a rule spares is no row that it judged", () => {
  const text = "Home and garden furniture and so on\nA list of shops in your area\n";
  const { dropped, rules } = judged(fineweb, { keep_without_terminal_lines: true }, batchOf([text]));
  assert.equal(dropped.has("too_few_terminal_lines"), false);
  assert.equal(
    rules.some(({ reason }) => reason === "too_few_terminal_lines"),
    false,
  );
});

test("columns and lengths: numbers within and beyond both bounds", () => {
  const rows = [1, 3, 4.5, 6, null].map((score) => ({ text: "", score }));
  const scores = judged(column, { column: "score", min: 3, max: 5 }, batchOfRows(rows));
  assert.deepEqual(
    scores.rules.map((rule) => [rule.reason, fallen(rule), stayed(rule)]),
    [
      ["below_min", 1, 2],
      ["above_max", 1, 2],
    ],
  );
  const lengths = judged(length, { unit: "bytes", min: 2, max: 3 }, batchOf(["a", "ab", "abc", "abcd"]));
  assert.deepEqual(
    lengths.rules.map((rule) => [rule.reason, fallen(rule), stayed(rule)]),
    [
      ["too_short", 1, 2],
      ["too_long", 1, 2],
    ],
  );
});
