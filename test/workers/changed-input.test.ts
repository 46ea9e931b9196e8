/** Input that changes under a run, or between two. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { prepare, type RunResult, run } from "../../index.ts";
import { spanMarkers } from "../../store/repair.ts";
import { isResult, TOKENIZER, temporaryFolder, treeDigests, writeCorpus } from "./fixture.ts";

const INDEX = new URL("../../bundle/index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

/** Does what the module `deed` says, once, while a batch is on its way through the pipeline. */
const MEDDLE = `import { defineStage, filter } from ${JSON.stringify(INDEX)};
import fs from "node:fs";
import { z } from ${JSON.stringify(ZOD)};
export default defineStage({
  name: "local/meddle", version: 1, kind: "filter", summary: "Meddles.", options: z.strictObject({ deed: z.string().describe("file") }),
  reads: ["text"], writes: [], reasons: {}, examples: [],
  create: ({ deed }) => filter(() => {
    if (!fs.existsSync(deed)) return;
    const { file, text, back } = JSON.parse(fs.readFileSync(deed, "utf8"));
    fs.rmSync(deed);
    const { atime, mtime } = fs.statSync(file);
    fs.writeFileSync(file, text);
    if (back) fs.utimesSync(file, atime, mtime);
  }),
});
`;

interface Project {
  readonly root: string;
  readonly input: string;
  readonly text: string;
  /** The input with one letter changed. */
  readonly edited: string;
  readonly deed: string;
  readonly attempt: (out: string) => Promise<RunResult>;
}

function project(root: string): Project {
  writeCorpus(root, 60);
  fs.writeFileSync(path.join(root, "meddle.js"), MEDDLE);
  fs.writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  const deed = path.join(root, "deed.json");
  const file = path.join(root, "tiny.yaml");
  fs.writeFileSync(
    file,
    `schema: 1
name: tiny
seed: 3
tokenizer: ${TOKENIZER}
plugins: [ ./meddle.js ]
pipelines: { web: [ { use: local/meddle, deed: ${JSON.stringify(deed)} } ] }
sources: { web: { from: "web/*", read: jsonl, pipeline: web } }
shard_tokens: 8000
training_stages:
  - { name: stage1, tokens: 4K, sequence_length: 128, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
`,
  );
  const input = path.join(root, "web/a.jsonl");
  const text = fs.readFileSync(input, "utf8");
  return {
    root,
    input,
    text,
    edited: text.replace("the", "xyz"),
    deed,
    attempt: async (out) => {
      const { plan, environment, registry } = await prepare(file, { out, dataRoot: root });
      return run(plan, { root: out, workers: 0, environment, registry });
    },
  };
}

for (const back of [false, true]) {
  test(`input edited at equal size during the run${back ? ", its time set back" : ""}: no marker of it stays`, async (t) => {
    const { root, input, text, edited, deed, attempt } = project(temporaryFolder(t));
    const out = path.join(root, "out");
    fs.writeFileSync(deed, JSON.stringify({ file: input, text: edited, back }));
    await assert.rejects(attempt(out), (error) => {
      assert.equal((error as { code?: string }).code, "data/changed");
      assert.match(String(error), /a\.jsonl/);
      return true;
    });
    const ingested = fs.readdirSync(path.join(out, "store")).filter((name) => name.startsWith("ingest-"));
    assert.deepEqual(
      ingested.flatMap((name) => spanMarkers(path.join(out, "store", name))),
      [],
    );
    await attempt(out);
    await attempt(path.join(root, "alone"));
    const manifests = (file: string) => file.startsWith("runs/") && isResult(file);
    assert.deepEqual(treeDigests(out, manifests), treeDigests(path.join(root, "alone"), manifests));
    assert.notEqual(fs.readFileSync(input, "utf8"), text);
  });
}

test("between two runs: time set back means other content all the same; a touched file is the same one", async (t) => {
  const { root, input, edited, attempt } = project(temporaryFolder(t));
  const out = path.join(root, "out");
  const ingests = () => fs.readdirSync(path.join(out, "store")).filter((name) => name.startsWith("ingest-")).length;
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  await attempt(out);
  assert.equal(ingests(), 1);
  const { atime, mtime } = fs.statSync(input);
  fs.utimesSync(input, new Date(), new Date());
  await attempt(out);
  assert.equal(ingests(), 1);
  fs.writeFileSync(input, edited);
  fs.utimesSync(input, atime, mtime);
  await attempt(out);
  assert.equal(ingests(), 2);
});
