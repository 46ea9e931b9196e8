/** Two runs of the small corpus over one store: the recipe as it is, and one with a stricter filter and another mixture. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { type OpenRun, openRun, prepare, run } from "../../../index.ts";
import { RECIPE, writeCorpus } from "../../workers/fixture.ts";

export const STRICT = [
  "name=strict",
  "pipelines.web.gopher-quality.min_words=200",
  "training_stages.stage1.weights.code=0.3",
];

export interface TwoRuns {
  readonly root: string;
  readonly tiny: OpenRun;
  readonly strict: OpenRun;
}

/** Made once, gone when the file's tests are done. The second stage reads one source more than once. */
export async function twoRuns(): Promise<TwoRuns> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "shardmill-looking-"));
  after(() => fs.rmSync(root, { recursive: true, force: true }));
  writeCorpus(root, 120);
  const file = path.join(root, "tiny.yaml");
  fs.writeFileSync(
    file,
    `${RECIPE.replace("name: stage2, tokens: 6K", "name: stage2, tokens: 12K")}validation: { fraction: 0.05 }\n`,
  );
  for (const set of [[], STRICT]) {
    const { plan, environment, registry } = await prepare(file, { out: root, dataRoot: root, set });
    await run(plan, { root, workers: 0, environment, registry });
  }
  return { root, tiny: openRun("tiny", root), strict: openRun("strict", root) };
}
