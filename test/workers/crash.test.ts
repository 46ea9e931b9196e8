import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { prepare, type RunResult, run } from "../../index.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "./fixture.ts";

const INDEX = new URL("../../bundle/index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

/** A plugin stage that does `body` once it sees a document with Japanese in it, as long as the file `armed` is there. */
function plugin(body: string): string {
  return `import { defineStage, filter, utf8String } from ${JSON.stringify(INDEX)};
import { existsSync } from "node:fs";
import { z } from ${JSON.stringify(ZOD)};
export default defineStage({
  name: "local/trouble", version: 1, summary: "Makes trouble.", kind: "filter", options: z.strictObject({ armed: z.string().describe("file") }),
  reads: ["text"], writes: [], reasons: {}, examples: [],
  create: ({ armed }) => filter((batch) => {
    for (let row = 0; row < batch.rows; row++) {
      if (existsSync(armed) && utf8String(batch.text, row).includes("日本語")) { ${body} }
    }
  }),
});
`;
}

async function attempt(
  t: TestContext,
  body: string,
): Promise<{ root: string; run: (out: string) => Promise<RunResult>; armed: string }> {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const armed = path.join(root, "armed");
  fs.writeFileSync(armed, "");
  fs.writeFileSync(path.join(root, "trouble.js"), plugin(body));
  fs.writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  const recipe = RECIPE.replace(
    "- { use: dedup/exact }",
    `- { use: local/trouble, armed: ${JSON.stringify(armed)} }\n    - { use: dedup/exact }`,
  );
  fs.writeFileSync(path.join(root, "tiny.yaml"), `${recipe}plugins: [ ./trouble.js ]\n`);
  return {
    root,
    armed,
    run: async (out) => {
      const prepared = await prepare(path.join(root, "tiny.yaml"), { out, dataRoot: root });
      return run(prepared.plan, {
        root: out,
        workers: 2,
        environment: prepared.environment,
        registry: prepared.registry,
        span_bytes: 8_000,
      });
    },
  };
}

const CASES: readonly [string, string, string][] = [
  ["throws", 'throw new TypeError("this worker was terminated: no kanji please");', "run/stage-failed"],
  ["exits", "process.exit(3);", "run/worker-died"],
  ["runs out of memory", "const hog = []; for (;;) hog.push(new Array(1e6).fill(row));", "run/worker-died"],
];

for (const [what, body, code] of CASES) {
  test(`a stage that ${what} ends the run with ${code}, and the run can go on`, { timeout: 120_000 }, async (t) => {
    const trouble = await attempt(t, body);
    const out = path.join(trouble.root, "out");
    await assert.rejects(trouble.run(out), (error) => {
      assert.equal((error as { code?: string }).code, code);
      if (code === "run/stage-failed") {
        assert.match(String(error), /local\/trouble failed/);
        assert.match(String(error), /this worker was terminated: no kanji please/);
        assert.match(String(error), /web\/\w+\.jsonl/);
      }
      return true;
    });
    fs.rmSync(trouble.armed);
    const result = await trouble.run(out);
    assert.equal(result.sources[0].rows_in, 240);
  });
}
