import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { RunError } from "../../batch/errors.ts";
import { prepare, type RunResult, run } from "../../index.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "./fixture.ts";

const INDEX = new URL("../../bundle/index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

/** A packer that plans as `pack/concat` does and then does `body` to the plan. */
function plugin(body: string): string {
  return `import { defineStage, pack, stageRegistry } from ${JSON.stringify(INDEX)};
import { z } from ${JSON.stringify(ZOD)};
const concat = stageRegistry().findStage("pack/concat").create({}, new Map());
export default defineStage({
  name: "local/packer", version: 1, kind: "pack", summary: "Packs.", options: z.strictObject({}),
  reads: [], writes: [], reasons: {}, examples: [],
  create: () => pack((input) => { const plan = concat.plan(input); ${body}; return plan; }),
});
`;
}

async function runWith(t: TestContext, body: string): Promise<{ result: Promise<RunResult>; out: string }> {
  const root = temporaryFolder(t);
  const out = path.join(root, "out");
  writeCorpus(root);
  fs.writeFileSync(path.join(root, "packer.js"), plugin(body));
  fs.writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  const recipe = RECIPE.replaceAll(/pack: (concat|best-fit)/g, "pack: local/packer");
  fs.writeFileSync(path.join(root, "tiny.yaml"), `${recipe}plugins: [ ./packer.js ]\n`);
  const { plan, environment, registry } = await prepare(path.join(root, "tiny.yaml"), { out, dataRoot: root });
  return { out, result: run(plan, { root: out, workers: 1, environment, registry, span_bytes: 20_000 }) };
}

const windowsIn = (out: string): string[] =>
  fs
    .readdirSync(path.join(out, "store"), { recursive: true, encoding: "utf8" })
    .filter((file) => /^windows-.*\.(ds|done\.json)$/.test(file));

test("a plugin's packer that keeps the rules is run like any other", async (t) => {
  const { result, out } = await runWith(t, "");
  assert.equal((await result).sources.length, 2);
  assert.notEqual(windowsIn(out).length, 0);
});

const CASES: readonly [string, string, RegExp][] = [
  ["cuts a window short", "plan.piece_length[0]--", /window 0 holds 64 tokens instead of 65/],
  [
    "moves the ends it was given",
    "input.document_ends.fill(1); plan.piece_start[0] += 1000",
    /piece 0 ends at token \d+/,
  ],
];

for (const [what, body, problem] of CASES) {
  test(`a plugin's packer that ${what} ends the run before a window is written`, async (t) => {
    const { result, out } = await runWith(t, body);
    await assert.rejects(result, (error) => {
      assert.ok(error instanceof RunError && error.code === "run/bad-packing", String(error));
      assert.match(error.message, /local\/packer laid \d+ documents out in windows of 65 tokens/);
      assert.match(error.message, problem);
      assert.match(error.message, /fix: mend the plugin/);
      return true;
    });
    assert.deepEqual(windowsIn(out), []);
  });
}
