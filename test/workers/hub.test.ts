import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { makePlan } from "../../plan/make.ts";
import { loadRecipe } from "../../plan/recipe/load.ts";
import { run } from "../../runs/run.ts";
import { stageRegistry } from "../../stages/registry.ts";
import type { RunEvent } from "../../workers/events.ts";
import { startFakeHub, status, strike, TOKEN } from "../io/fake-hub.ts";
import { isResult, TOKENIZER, temporaryFolder, treeDigests, writeCorpus } from "./fixture.ts";

const recipe = (from: string): string => `schema: 1
name: hub
seed: 3
tokenizer: ${TOKENIZER}
pipelines: { web: [ { use: dedup/exact } ] }
sources: { web: { from: ${JSON.stringify(from)}, pipeline: web } }
training_stages: [ { name: only, tokens: 10K, sequence_length: 64, weights: { web: 1 } } ]
limits: { max_epochs: 4 }
exports: [nanotron]
`;

test("a run from the Hub, through 429, 500 and a cut body, gives the bytes of a run from disk and tells no secret", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const hub = await startFakeHub(t, path.join(root, "cache"));
  for (const name of ["a.jsonl", "c.jsonl"]) {
    const bytes = gzipSync(fs.readFileSync(path.join(root, "web", name)));
    fs.rmSync(path.join(root, "web", name));
    fs.writeFileSync(path.join(root, "web", `${name}.gz`), bytes);
  }
  for (const name of fs.readdirSync(path.join(root, "web")))
    hub.files.set(`web/${name}`, fs.readFileSync(path.join(root, "web", name)));
  hub.faults.push(
    strike(2, /^GET \/api\/datasets\/o\/r\/tree/, status(429, { "retry-after": "0" })),
    strike(2, /resolve\/.*\/web\//, status(500)),
    strike(1, /^GET \/.*b\.jsonl\.gz|^GET \/cdn/, (response) => {
      response.writeHead(200, { "content-length": 100_000 });
      response.write("cut");
      response.destroy();
    }),
  );
  const registry = stageRegistry();
  const events: RunEvent[] = [];
  const build = async (from: string, out: string) => {
    const environment = hub.environment({
      root,
      hubToken: TOKEN,
      retry: { ...hub.environment().retry, first_delay_ms: 1, max_delay_ms: 5 },
    });
    const plan = await makePlan(await loadRecipe({ text: recipe(from), name: "hub.yaml", folder: root }), {
      environment,
      registry,
    });
    return run(plan, { root: out, workers: 2, environment, registry, report: (event) => events.push(event) });
  };
  const fromHub = path.join(root, "from-hub");
  const fromDisk = path.join(root, "from-disk");
  await build("hf://datasets/o/r@main/web/*.jsonl.gz", fromHub);
  await build("web/*.jsonl.gz", fromDisk);
  const stores = (out: string) => treeDigests(out, (file) => isResult(file) && file.startsWith("store"));
  assert.deepEqual(stores(fromHub), stores(fromDisk));
  assert.ok(Object.keys(stores(fromHub)).length > 5);

  const texts = [JSON.stringify(events)];
  for (const file of Object.keys(treeDigests(fromHub))) texts.push(fs.readFileSync(path.join(fromHub, file), "latin1"));
  assert.ok(texts.every((text) => !text.includes(TOKEN) && !text.includes("SignedSecret")));

  events.length = 0;
  await build("web/*.jsonl.gz", fromHub);
  const done = events.filter((event) => event.type === "task_done" && !event.reused);
  assert.deepEqual(done, [], "the store of a Hub run is found by a run from disk");
});
