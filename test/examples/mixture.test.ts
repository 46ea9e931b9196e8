/** The model of examples/mixture: a distribution, which knows better what it has seen. The whole loop is a step of the gate. */
import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";

interface Model {
  train(window: Uint16Array): void;
  loss(tokens: readonly number[], before: number): number;
}

interface Module {
  readonly TrigramModel: new (vocabularySize: number, mostTokens: number) => Model;
}

test("probabilities of the example's model add up to 1 behind every context", async () => {
  const { TrigramModel } = (await import(pathToFileURL("examples/mixture/ngram.js").href)) as Module;
  const model = new TrigramModel(6, 40);
  for (let window = 0; window < 4; window++) model.train(Uint16Array.of(1, 2, 3, 1, 2, 4, 1, 2, 3, 5 - window));
  for (const before of [0, 1, 2, 5]) {
    for (const context of [[], [1], [2], [3, 1], [1, 2], [0, 5], [4, 4, 4]]) {
      const known = model.loss(context, before);
      const sum = [0, 1, 2, 3, 4, 5].reduce((all, next) => {
        return all + Math.exp(known - model.loss([...context, next], before));
      }, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12, `${before} ${context}: ${sum}`);
    }
  }
  // Behind 1 2 came 3 twice as often as 4, and behind 3 never a 4.
  assert.ok(model.loss([2, 3], 1) < model.loss([2, 4], 1) && model.loss([3, 1], 2) < model.loss([3, 4], 2));
});
