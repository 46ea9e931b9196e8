import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type MixtureRequest, mixtureWeights, needsCounts, requestedSources } from "../../mixtures/weights.ts";

const TOKENS: Readonly<Record<string, number>> = { fra: 400, deu: 100, ell: 1, big: 10_000, none: 0 };
const facts = { tokensOf: (name: string) => TOKENS[name] ?? 0, budget_tokens: 600 };

function near(actual: Record<string, number>, expected: Record<string, number>): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [name, weight] of Object.entries(expected)) {
    assert.ok(Math.abs(actual[name] - weight) < 1e-12, `${name}: ${actual[name]}, not ${weight}`);
  }
}

test("plain shares come out bit for bit, whatever they add up to", () => {
  const weights = { big: 0.333, fra: 0.37, deu: 0.30265 };
  assert.deepEqual(mixtureWeights({ weights }, facts), weights);
  assert.equal(needsCounts({ weights }), false);
});

test("groups pin their inner ratios under any outer share", () => {
  const code = (share: number): MixtureRequest => ({
    weights: { big: 0.8, code: { share, of: { python: 3, rust: { share: 1, of: { good: 0.9, rest: 0.1 } } } } },
  });
  near(mixtureWeights(code(0.2), facts), { big: 0.8, python: 0.15, good: 0.045, rest: 0.005 });
  near(mixtureWeights(code(0.4), facts), { big: 0.8, python: 0.3, good: 0.09, rest: 0.01 });
  assert.equal(needsCounts(code(0.2)), false);
});

test("a list shares by counts, temperature flattens, a source without tokens gets nothing", () => {
  const by = (temperature?: number): Record<string, number> =>
    mixtureWeights({ weights: { of: ["fra", "deu", "none"], ...(temperature && { temperature }) } }, facts);
  near(by(), { fra: 0.8, deu: 0.2, none: 0 });
  near(by(2), { fra: 20 / 30, deu: 10 / 30, none: 0 });
  near(by(Number.POSITIVE_INFINITY), { fra: 0.5, deu: 0.5, none: 0 });
  near(mixtureWeights({ weights: { of: ["none", "void"] } }, facts), { none: 0.5, void: 0.5 });
});

test("caps on epochs pass on by weight what they cut off", () => {
  // 600 tokens evenly would be 200 each: ell has 1, at 4 epochs 4; deu is asked for 298, at 2 epochs 200; the rest is fra's.
  const capped = mixtureWeights(
    { weights: { of: ["fra", "deu", "ell"], temperature: Number.POSITIVE_INFINITY, max_epochs: 2 } },
    facts,
  );
  near(capped, { fra: 398 / 600, deu: 200 / 600, ell: 2 / 600 });
});

test("UniMax: evenly from the smallest up, no more epochs than asked for", () => {
  const unimax = (max_epochs: number) =>
    mixtureWeights({ weights: { of: ["fra", "deu", "ell"], unimax: { max_epochs } } }, facts);
  near(unimax(4), { fra: 298 / 600, deu: 298 / 600, ell: 4 / 600 });
  // Every cap binds: the shares are those of the caps.
  near(unimax(1), { fra: 400 / 501, deu: 100 / 501, ell: 1 / 501 });
});

test("a rule inside a group works with the group's part of the budget", () => {
  const weights = { big: 0.9, small: { share: 0.1, of: ["deu", "ell"], unimax: { max_epochs: 2 } } };
  // 60 tokens: ell gives 2 at most.
  near(mixtureWeights({ weights }, facts), { big: 0.9, deu: 0.1 * (58 / 60), ell: 0.1 * (2 / 60) });
  assert.equal(needsCounts({ weights }), true);
});

test("amounts are their own shares; repeats are shares by tokens", () => {
  assert.deepEqual(mixtureWeights({ amounts: { fra: 3e9, deu: 1e9 } }, facts), { fra: 3e9, deu: 1e9 });
  near(mixtureWeights({ repeat: { fra: 1, deu: 4 } }, facts), { fra: 0.5, deu: 0.5 });
  near(mixtureWeights({ repeat: { none: 1, void: 3 } }, facts), { none: 0.5, void: 0.5 });
});

test("sources of a request with their places and lengths; inner lengths replace outer ones", () => {
  const request: MixtureRequest = {
    weights: {
      big: { share: 1, min_tokens: 5 },
      group: { share: 1, min_tokens: 10, max_tokens: 90, of: { fra: 1, deu: { share: 1, max_tokens: 50 } } },
      list: { share: 1, of: ["ell"], max_tokens: 7 },
    },
  };
  assert.deepEqual(requestedSources(request), [
    { name: "big", selection: { min_tokens: 5 }, path: ["weights", "big"] },
    { name: "fra", selection: { min_tokens: 10, max_tokens: 90 }, path: ["weights", "group", "of", "fra"] },
    { name: "deu", selection: { min_tokens: 10, max_tokens: 50 }, path: ["weights", "group", "of", "deu"] },
    { name: "ell", selection: { max_tokens: 7 }, path: ["weights", "list", "of", 0] },
  ]);
});

test("any rule: shares add up, caps hold, and equal counts get equal shares", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      counts,
      fc.constantFrom(0.5, 1, 3, 1000),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 20_000 }),
      (list, temperature, max_epochs, budget_tokens) => {
        const of = list.map((_, i) => `s${i}`);
        const tokensOf = (name: string) => list[Number(name.slice(1))];
        const weights = mixtureWeights({ weights: { of, temperature, max_epochs } }, { tokensOf, budget_tokens });
        const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
        assert.ok(Math.abs(sum - 1) < 1e-9);
        const total = list.reduce((all, count) => all + count, 0);
        if (total * max_epochs < budget_tokens) return;
        for (const [i, count] of list.entries()) {
          assert.ok(weights[of[i]] * budget_tokens <= count * max_epochs + 1e-6, `${of[i]} is over its cap`);
          const twin = list.indexOf(count);
          assert.ok(Math.abs(weights[of[i]] - weights[of[twin]]) < 1e-12);
        }
      },
    ),
    { numRuns: 200 },
  );
});
