import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { openRun, prepare, run, verifyRun } from "../../index.ts";
import { decodeEnds, decodePieces } from "../../io/token-file.ts";
import type { SourceManifest, StageManifest } from "../../manifests/schema.ts";
import { RECIPE, temporaryFolder, treeDigests, writeCorpus } from "./fixture.ts";

const HEAD = RECIPE.slice(0, RECIPE.indexOf("training_stages:"));

interface Built {
  readonly store: string;
  readonly manifest: (stage: string) => StageManifest;
}

/** Runs the fixture's sources under other training stages, and verifies what comes out. */
async function build(t: TestContext, stages: string, out = temporaryFolder(t)): Promise<Built> {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const file = path.join(root, "tiny.yaml");
  fs.writeFileSync(file, `${HEAD}${stages}`);
  const { plan, environment, registry } = await prepare(file, { out, dataRoot: root });
  await run(plan, { root: out, workers: 2, environment, registry });
  assert.deepEqual(await verifyRun(openRun("tiny", out)), []);
  return {
    store: path.join(out, "store"),
    manifest: (stage) =>
      JSON.parse(
        fs.readFileSync(path.join(out, "runs", "tiny", "manifests", `${stage}.json`), "utf8"),
      ) as StageManifest,
  };
}

function read(store: string, file: string): Uint8Array {
  return new Uint8Array(fs.readFileSync(path.join(store, file)));
}

/** Lengths of the documents of every shard of a token store. */
function storedLengths(store: string, { token_store }: SourceManifest): number[][] {
  return token_store.files
    .filter(({ path: file }) => file.endsWith(".ds.index"))
    .map(({ path: file }) => [...decodeEnds(read(store, file), file)].map((end, i, ends) => end - (ends[i - 1] ?? 0)));
}

/** Tokens of each document in the windows of every shard. */
function packedTokens(store: string, source: SourceManifest): Map<number, number>[] {
  return source.files
    .filter(({ path: file }) => file.endsWith(".ds.pieces"))
    .map(({ path: file }) => {
      const words = decodePieces(read(store, file), file);
      const tokens = new Map<number, number>();
      for (let at = 0; at < words.length; at += 3) {
        if (words[at] !== 0xffff_ffff) tokens.set(words[at], (tokens.get(words[at]) ?? 0) + words[at + 2]);
      }
      return tokens;
    });
}

test("token counts decide weights: temperature over what was packed, recorded beside what was asked", async (t) => {
  const { manifest } = await build(
    t,
    "training_stages:\n  - { name: one, tokens: 9600, sequence_length: 64, weights: { temperature: 2 } }\nlimits: { max_epochs: 4 }\n",
  );
  const { stage, sources } = manifest("one");
  assert.deepEqual(stage.mixture, { weights: { of: ["web", "code"], temperature: 2 } });
  const roots = [sources.web, sources.code].map(({ packing }) => Math.sqrt(packing.tokens));
  const expected = roots[0] / (roots[0] + roots[1]);
  assert.ok(Math.abs(sources.web.weight_requested - expected) < 1e-12);
  assert.equal(sources.web.windows, Math.round(expected * 150));
});

test("a stage reads only documents of its lengths, all of them, from the same token store", async (t) => {
  const { store, manifest } = await build(
    t,
    `training_stages:
  - { name: short, tokens: 3200, sequence_length: 64, weights: { web: { share: 1, max_tokens: 199 } } }
  - { name: long, tokens: 5120, sequence_length: 256, weights: { web: { share: 1, min_tokens: 200, max_tokens: 300 } } }
limits: { max_epochs: 4 }
exports: [nanotron]
`,
  );
  const [short, long] = ["short", "long"].map((name) => manifest(name).sources.web);
  assert.equal(short.fingerprints.tokens, long.fingerprints.tokens);
  // Nobody has read these documents, so the second stage starts at its first window.
  assert.equal(long.start_window, 0);
  for (const [source, least, most] of [
    [short, 1, 199],
    [long, 200, 300],
  ] as const) {
    const lengths = storedLengths(store, source);
    const wanted = lengths.map((shard) =>
      shard.flatMap((length, i) => (length >= least && length <= most ? [[i, length]] : [])),
    );
    assert.ok(wanted.flat().length > 10);
    const packed = packedTokens(store, source).map((shard) => [...shard].sort((a, b) => a[0] - b[0]));
    assert.deepEqual(packed, wanted);
    assert.equal(source.selection?.documents_skipped, lengths.flat().length - wanted.flat().length);
  }
});

test("a small run sees the epochs of the run it simulates", async (t) => {
  const stages = (more: string) =>
    `training_stages:\n  - { name: one, tokens: 6400, sequence_length: 64, weights: { web: 1 } }\nlimits: { max_epochs: 8 }\n${more}`;
  const out = temporaryFolder(t);
  const small = (await build(t, stages(""), out)).manifest("one").sources.web;
  const before = treeDigests(path.join(out, "store"));
  const simulated = (await build(t, stages("simulate: { target_tokens: 25600 }\n"), out)).manifest("one").sources.web;
  assert.deepEqual(simulated.selection?.part_ratio, 0.25);
  assert.ok(Math.abs(simulated.epochs / small.epochs - 4) < 0.25, `${simulated.epochs} against ${small.epochs}`);
  assert.ok(Math.abs(simulated.packing.tokens / small.packing.tokens - 0.25) < 0.02);
  // The token store is shared, and nothing of it is made anew.
  assert.equal(simulated.fingerprints.tokens, small.fingerprints.tokens);
  const after = treeDigests(path.join(out, "store"));
  for (const [file, digest] of Object.entries(before)) assert.equal(after[file], digest, file);
});
