import assert from "node:assert/strict";
import { test } from "node:test";
import { accountRowMixture } from "../../mixtures/curriculum/account-rows.ts";

const COUNTED = {
  magpie: { category: "no_think", available_rows: 406_843, available_tokens: 619_050_000 },
  thoughts: { category: "think", available_rows: 1_133_524, available_tokens: 16_734_000_000 },
  unknown: {},
};

function account(rule: "handbook" | "trl" | "tokens" | "supervised_tokens", fractions: Record<string, number>) {
  const list = Object.entries(fractions).map(([source, fraction]) => ({ source, fraction }));
  return accountRowMixture({ name: "sft", sequence_length: 65_536, rule, fractions: list }, COUNTED);
}

test("a fraction of rows comes to the rows that were published", () => {
  const { rows, tokens, sources } = account("handbook", { magpie: 0.5, thoughts: 0.02 });
  assert.deepEqual(
    sources.map((source) => source.rows),
    [203_421, 22_670],
  );
  assert.equal(rows, 226_091);
  assert.ok(Math.abs((tokens ?? 0) - (309_524_239 + 334_673_000)) < 20_000);
});

test("what is not said is not guessed", () => {
  const { rows, tokens, sources } = account("handbook", { magpie: 1, unknown: 1 });
  assert.deepEqual([rows, tokens], [undefined, undefined]);
  assert.equal(sources[0].rows, 406_843);
  assert.deepEqual(sources[1], { name: "unknown", fraction: 1 });
  assert.deepEqual(account("supervised_tokens", { magpie: 1 }).sources[0].rows, undefined);
});

test("shares of rows and of tokens are bound by the source that has least", () => {
  assert.deepEqual(
    account("trl", { magpie: 1, thoughts: 1 }).sources.map((source) => source.rows),
    [406_843, 406_843],
  );
  assert.deepEqual(
    account("tokens", { magpie: 1, thoughts: 3 }).sources.map((source) => source.tokens),
    [619_050_000, 1_857_150_000],
  );
});
