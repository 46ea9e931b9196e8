import assert from "node:assert/strict";
import { test } from "node:test";
import { diffTrainingStages, type KnownTrainingStage } from "../../mixtures/diff.ts";

/** Dolma 3's 24 web topics in per cent: natural, learned, and the change its page prints (allenai/dolma3, mixes/6T-1025). */
const DOLMA3: readonly (readonly [topic: string, natural: number, learned: number, change: number])[] = [
  ["science-math-and-technology", 5.0, 21.03, 16.03],
  ["software-development", 2.07, 11.14, 9.07],
  ["health", 7.26, 9.94, 2.68],
  ["entertainment", 7.33, 9.6, 2.27],
  ["games", 3.67, 6.89, 3.22],
  ["literature", 3.68, 6.83, 3.15],
  ["software", 2.62, 4.73, 2.11],
  ["education-and-jobs", 4.77, 4.29, -0.48],
  ["finance-and-business", 9.91, 4.07, -5.84],
  ["electronics-and-hardware", 2.42, 3.45, 1.03],
  ["crime-and-law", 2.86, 2.92, 0.06],
  ["history-and-geography", 1.9, 2.71, 0.81],
  ["politics", 7.61, 2.17, -5.44],
  ["religion", 3.16, 1.98, -1.18],
  ["industrial", 1.7, 1.57, -0.13],
  ["food-and-dining", 3.13, 1.41, -1.72],
  ["sports-and-fitness", 6.4, 1.31, -5.09],
  ["art-and-design", 2.2, 1.25, -0.95],
  ["transportation", 2.62, 0.98, -1.64],
  ["home-and-hobbies", 7.84, 0.92, -6.92],
  ["social-life", 3.98, 0.46, -3.52],
  ["travel-and-tourism", 3.66, 0.22, -3.44],
  ["adult-content", 0.99, 0.11, -0.88],
  ["fashion-and-beauty", 3.24, 0.01, -3.23],
];

const mix = (name: string, column: 1 | 2): KnownTrainingStage => ({
  name,
  tokens: 4.51e12,
  sources: Object.fromEntries(DOLMA3.map((row) => [row[0], { weight: row[column] }])),
});

test("Dolma 3's learned topics against the natural ones: the changes its page prints", () => {
  const [diff] = diffTrainingStages([mix("natural", 1)], [mix("learned", 2)]).stages;
  assert.equal(diff.sources.length, 24);
  for (const [topic, , , change] of DOLMA3) {
    const offset = diff.sources.find(({ name }) => name === topic)?.offset_points ?? Number.NaN;
    // The printed shares add up to 100.02 and 99.99.
    assert.ok(Math.abs(offset - change) < 0.01, `${topic}: ${offset} against ${change}`);
  }
  assert.deepEqual(
    diff.sources.slice(0, 3).map(({ name }) => name),
    ["science-math-and-technology", "software-development", "home-and-hobbies"],
  );
  assert.ok(Math.abs((diff.total_variation ?? 0) - 0.4043) < 0.001, String(diff.total_variation));
});

test("stages are paired by name, else by place; a source of one side counts as nothing on the other", () => {
  const stage = (name: string, weights: Record<string, number>, tokens = 1000): KnownTrainingStage => ({
    name,
    tokens,
    sources: Object.fromEntries(
      Object.entries(weights).map(([source, weight]) => [source, { weight, epochs: weight, start_window: 7 }]),
    ),
  });
  const { stages } = diffTrainingStages(
    [stage("one", { a: 3, b: 1 }), stage("two", { a: 1 })],
    [stage("two", { a: 1, c: 1 }, 500), stage("three", { b: 1 })],
  );
  assert.deepEqual(
    stages.map(({ a, b }) => [a, b]),
    [
      ["one", undefined],
      ["two", "two"],
      [undefined, "three"],
    ],
  );
  assert.deepEqual(stages[1].sources, [
    {
      name: "a",
      weight_a: 1,
      tokens_a: 1000,
      weight_b: 0.5,
      tokens_b: 250,
      offset_points: -50,
      epochs_a: 1,
      epochs_b: 1,
      start_a: 7,
      start_b: 7,
    },
    { name: "c", weight_b: 0.5, tokens_b: 250, offset_points: 50, epochs_b: 1, start_b: 7 },
  ]);
  assert.equal(stages[1].total_variation, 0.5);
  assert.equal(stages[0].sources[0].offset_points, undefined);
  const byPlace = diffTrainingStages([stage("x", { a: 1 })], [stage("y", { a: 1 }), stage("z", { a: 1 })]).stages;
  assert.deepEqual(
    byPlace.map(({ a, b }) => [a, b]),
    [
      ["x", "y"],
      [undefined, "z"],
    ],
  );
});
