import assert from "node:assert/strict";
import { test } from "node:test";
import { declarationOf, NO_RESOURCES, type StageResources, type StageState } from "../../../stages/define.ts";
import stage from "../../../stages/filter/length.ts";
import { batchOf } from "../../batch-of.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";
import { applyFilter } from "./run.ts";

const resources: StageResources = { ...NO_RESOURCES, assets: LOCAL_ASSETS };

test("each unit counts what it says, and a verdict carries the length", () => {
  const text = "Naïve café, don't — 日本";
  for (const [options, length] of [
    [{ unit: "bytes" }, Buffer.byteLength(text)],
    [{ unit: "characters" }, [...text].length],
    [{ unit: "words" }, 5],
    [{ unit: "words", words: "spacy-en" }, 7],
    [{ unit: "tokens", encoding: "cl100k_base" }, 10],
  ] as const) {
    const said = (bounds: object) => applyFilter(stage, { ...options, ...bounds }, batchOf([text]), resources).get(0);
    assert.deepEqual(said({ min: length + 1 }), { reason: "too_short", value: length }, JSON.stringify(options));
    assert.deepEqual(said({ max: length - 1 }), { reason: "too_long", value: length });
    assert.equal(said({ min: length, max: length }), undefined);
  }
});

test("tokens: dead rows between living ones change nothing", () => {
  const batch = batchOf(["Hello", "dead and long, very long", "Hello world", ""]);
  batch.alive.clear(1);
  const dropped = applyFilter(stage, { unit: "tokens", encoding: "gpt2", min: 2 }, batch, resources);
  assert.deepEqual(
    [...dropped].map(([row, { value }]) => [row, value]),
    [
      [0, 1],
      [3, 0],
    ],
  );
});

test("lengths are remembered by powers of two, and spans add up", () => {
  const operator = stage.create(stage.options.parse({ unit: "bytes", max: 5 }), resources);
  const state = (texts: readonly string[]): StageState => {
    const batch = batchOf(texts);
    operator.apply(batch, (row) => batch.alive.clear(row));
    return operator.finish?.() ?? null;
  };
  const states = [state(["", "a", "abc", "abcdefgh"]), state([]), state(["ab", "abc"])];
  assert.deepEqual(states[0], { rows: 4, total: 12, shortest: 0, longest: 8, histogram: { 0: 1, 1: 1, 2: 1, 8: 1 } });
  assert.deepEqual(states[1], { rows: 0, total: 0, shortest: null, longest: null, histogram: {} });
  const merged = { rows: 6, total: 17, shortest: 0, longest: 8, histogram: { 0: 1, 1: 1, 2: 3, 8: 1 } };
  assert.deepEqual(stage.merge?.(states), merged);
  const [first, ...rest] = states;
  assert.deepEqual(stage.merge?.([first, stage.merge(rest)]), merged, "in any grouping");
  assert.deepEqual(stage.merge?.([]), states[1]);
});

test("reasons follow the bounds; options that make no sense are refused", () => {
  const reasons = (options: object) => Object.keys(declarationOf(stage, stage.options.parse(options)).reasons);
  assert.deepEqual(reasons({ unit: "bytes", min: 1 }), ["too_short"]);
  assert.deepEqual(reasons({ unit: "bytes", max: 1 }), ["too_long"]);
  for (const options of [
    { unit: "bytes" },
    { unit: "bytes", min: 3, max: 2 },
    { unit: "tokens", min: 1 },
    { unit: "words", min: 1, encoding: "gpt2" },
    { unit: "tokens", min: 1, encoding: "gpt2", tokenizer: "x.json" },
  ]) {
    assert.throws(() => stage.options.parse(options), JSON.stringify(options));
  }
});
