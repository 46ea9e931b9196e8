import assert from "node:assert/strict";
import test from "node:test";
import { withStageWeights } from "../../plan/recipe/edit-weights.ts";

const edited = (text: string, weights: Readonly<Record<string, number>>, stage = "stable"): string =>
  withStageWeights(text, "my.yaml", { stage, weights });

const BLOCK = `# my mixture
training_stages:
  - name: stable   # the long one
    tokens: 8B
    sequence_length: 4096
    weights:
      # crawled
      web: 0.85   # as the paper
      code: 0.10
      old: 0.05   # to go
  # the short one
  - { name: decay, tokens: 1B, sequence_length: 4096, weights: { web: 0.5, code: 0.5 } }
limits: { max_epochs: 4 }
`;

test("values change where they stand, lines go and come, comments stay", () => {
  assert.equal(
    edited(BLOCK, { web: 0.7, code: 0.2, old: 0, math: 0.1 }),
    BLOCK.replace("web: 0.85 ", "web: 0.7 ").replace(
      "      code: 0.10\n      old: 0.05   # to go\n",
      "      code: 0.2\n      math: 0.1\n",
    ),
  );
});

test("a map in one line stays in its line", () => {
  assert.equal(
    edited(BLOCK, { web: 0.25, code: 0.75 }, "decay"),
    BLOCK.replace("{ web: 0.5, code: 0.5 }", "{ web: 0.25, code: 0.75 }"),
  );
  assert.equal(
    edited(BLOCK, { web: 0.25, math: 0.75 }, "decay"),
    BLOCK.replace("{ web: 0.5, code: 0.5 }", "{ web: 0.25, math: 0.75 }"),
  );
});

test("groups, rules, amounts and repeats become shares", () => {
  const stage = (spelling: string): string =>
    `training_stages:\n  - name: stable\n    tokens: 8B\n    ${spelling}\nseed: 1\n`;
  const shares = stage("weights: { web: 0.6, code: 0.4 }");
  const weights = { web: 0.6, code: 0.4 };
  assert.equal(edited(stage("weights: { web: 0.8, code: { share: 0.2, of: { py: 1, js: 1 } } }"), weights), shares);
  assert.equal(edited(stage("weights: { unimax: { max_epochs: 4 } }"), weights), shares);
  assert.equal(edited(stage("repeat: { web: 1, code: 4 }"), weights), shares);
  assert.equal(edited(stage("amounts: { web: 7B, code: 1B }"), weights), shares);
  assert.equal(
    edited("training_stages:\n  - name: stable\n    tokens: 8B\n", weights),
    "training_stages:\n  - name: stable\n    weights: { web: 0.6, code: 0.4 }\n    tokens: 8B\n",
  );
  const unbudgeted = "training_stages:\n  - name: stable\n    amounts: { web: 7B }\n";
  assert.throws(() => edited(unbudgeted, weights), /recipe\/not-editable/);
});

test("a stage that is not there follows the last, in its form", () => {
  const line = "  - { name: anneal, tokens: 1B, sequence_length: 4096, weights: { web: 0.5, code: 0.5 } }\n";
  assert.equal(edited(BLOCK, { web: 0.5, code: 0.5 }, "anneal"), BLOCK.replace("limits:", `${line}limits:`));
  const [head] = BLOCK.split("  # the short one");
  assert.equal(
    edited(head, { web: 1 }, "anneal"),
    `${head}  - { name: anneal, tokens: 8B, sequence_length: 4096, weights: { web: 1 } }\n`,
  );
  assert.throws(() => edited("name: x\n", { web: 1 }), /recipe\/not-editable/);
});
