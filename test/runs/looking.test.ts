/** Verbs that only look: what they leave as it is, and what `plan` says of work that is due again. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { describePlan, prepare } from "../../index.ts";
import { planFolders } from "../../runs/tidy.ts";
import { cliAt as shardmill } from "../cli/in-process.ts";
import { flipByte } from "../io/vouched.ts";
import { RECIPE, TOKENIZER, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

/** Both sources in one dedup group, so that a change of one concerns the other. */
const TOGETHER = `schema: 1
name: tiny
seed: 3
tokenizer: ${TOKENIZER}
pipelines: { all: [ { use: dedup/exact, scope: pipeline } ] }
sources:
  web: { from: "web/*", read: jsonl, pipeline: all }
  code: { from: "code/*.jsonl", text: content, id: path, pipeline: all }
training_stages: [ { name: only, tokens: 2K, sequence_length: 64, weights: { web: 0.9, code: 0.1 } } ]
limits: { max_epochs: 9 }
`;

test("peek, status, plan, verify and report change nothing, whatever markers are damaged", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 60);
  fs.writeFileSync(path.join(root, "tiny.yaml"), RECIPE);
  assert.equal((await shardmill(root, "run", "tiny.yaml", "--quiet")).status, 0);
  const { plan, layout } = await prepare(path.join(root, "tiny.yaml"), { out: root, dataRoot: root });
  for (const folder of planFolders(plan, layout).filter((name) => fs.existsSync(name))) {
    for (const name of fs.readdirSync(folder).filter((file) => file.endsWith(".done.json"))) {
      flipByte(path.join(folder, name), 20);
    }
  }
  // The identities of files are a cache: those of files that were young when the run hashed them are kept by who plans next.
  const digests = () => treeDigests(root, (file) => !file.endsWith("identities.jsonl"));
  const before = digests();
  for (const verb of [
    ["peek", "tiny"],
    ["peek", "tiny", "--dropped", "all"],
    ["peek", "tiny", "--tokens"],
    ["status", "tiny"],
    ["plan", "tiny.yaml"],
    ["plan", "tiny.yaml", "--check"],
    ["verify", "tiny"],
    ["report", "tiny", "--packing"],
  ]) {
    const { stderr } = await shardmill(root, ...verb);
    assert.doesNotMatch(stderr, /^bug:/, `${verb.join(" ")}: ${stderr}`);
    assert.deepEqual(digests(), before, verb.join(" "));
  }
});

const AGAIN = "1 span is read again: what they left went when their store was built, and a new verdict asks for it";

test("plan says why text is read again: another seed, another stage, a changed file of the same dedup group", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 60);
  fs.writeFileSync(path.join(root, "tiny.yaml"), TOGETHER);
  assert.equal((await shardmill(root, "run", "tiny.yaml", "--quiet")).status, 0);
  const due = async (...set: readonly string[]): Promise<Record<string, string>> => {
    const { plan, layout } = await prepare(path.join(root, "tiny.yaml"), { out: root, dataRoot: root, set });
    const { segments } = describePlan(plan, layout);
    return Object.fromEntries(
      segments
        .filter(({ kind, state }) => kind === "ingest" && state !== "done")
        .map(({ subject, why }) => [subject, why]),
    );
  };
  assert.deepEqual(await due(), {});
  assert.equal((await shardmill(root, "plan", "tiny.yaml", "--check")).status, 0);
  assert.deepEqual(await due("seed=4"), { web: "seed 3 → 4", code: "seed 3 → 4" });
  assert.equal((await shardmill(root, "plan", "tiny.yaml", "--check", "--set", "seed=4")).status, 3);

  fs.appendFileSync(path.join(root, "code/0.jsonl"), '{"content":"export const added = 1;","path":"src/added.ts"}\n');
  const changed = await due();
  // Its keys stay, and what a tokenizer made of it went when its store was built.
  assert.deepEqual(changed, { code: "input 0.jsonl changed", web: AGAIN });
  const again = await shardmill(root, "run", "tiny.yaml");
  assert.equal(again.status, 0, again.stderr);
});
