/** `verify` on a real run: it is clean when nothing is wrong, and finds what a flipped byte or a wrong count anywhere is. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { openRun, type Plan, prepare, run, verifyRun } from "../../index.ts";
import { seal, unseal } from "../../io/local/seal.ts";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { Layout, matchFiles, spanFiles, tokenFiles } from "../../store/layout.ts";
import { flipByte } from "../io/vouched.ts";
import { RECIPE, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

async function build(root: string, recipe: string, keep = false): Promise<{ plan: Plan; out: string; layout: Layout }> {
  const file = path.join(root, "tiny.yaml");
  fs.writeFileSync(file, recipe);
  const out = path.join(root, "out");
  const { plan, environment, registry } = await prepare(file, { out, dataRoot: root });
  const options = { root: out, workers: 0, environment, registry, span_bytes: 30_000 };
  await run(plan, { ...options, keep_intermediates: keep });
  return { plan, out, layout: new Layout(out) };
}

test("every flipped byte and every wrong count is found, and nothing is changed by looking", {
  timeout: 600_000,
}, async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 120);
  const { plan, out, layout } = await build(root, RECIPE, true);
  const [web] = plan.sources;
  const ingest = layout.ingest(web.ingest);
  const tokens = layout.tokens(web.tokens);
  const match = layout.match(plan.groups[web.barriers[0].group].fingerprint);
  const windows = layout.windows(plan.windows[0].fingerprint);
  const findings = () => verifyRun(openRun("tiny", out));
  const before = treeDigests(out);
  assert.deepEqual(await findings(), []);

  const middle = (file: string) => () => flipByte(file, Math.floor(fs.statSync(file).size / 2));
  const plan_ =
    (change: (plan: { fingerprint: string; sources: { shards: { identity: string }[] }[] }) => void) => () => {
      const value = JSON.parse(fs.readFileSync(layout.planFile("tiny"), "utf8"));
      change(value);
      fs.writeFileSync(layout.planFile("tiny"), JSON.stringify(value));
    };
  const manifest = (change: (manifest: TrainingStageManifest) => void) => () => {
    const file = layout.manifestFile("tiny", "stage1");
    const value = JSON.parse(fs.readFileSync(file, "utf8")) as TrainingStageManifest;
    change(value);
    fs.writeFileSync(file, JSON.stringify(value));
  };
  const sealed = (file: string, change: (value: { kept: number }) => void) => () => {
    const value = unseal(fs.readFileSync(file)) as { kept: number };
    change(value);
    fs.writeFileSync(file, seal(value));
  };
  const cases: readonly (readonly [string, string, () => void, RegExp])[] = [
    ["verify/file-changed", "span tokens", middle(path.join(ingest, spanFiles.tokens(0))), /is damaged between byte/],
    ["verify/file-changed", "a ledger", middle(path.join(ingest, spanFiles.ledger(0))), /other content/],
    ["verify/file-changed", "keys", middle(path.join(ingest, spanFiles.keys(0, 1))), /is damaged between byte/],
    ["verify/file-changed", "roots", middle(path.join(match, matchFiles.roots)), /damaged/],
    ["verify/file-changed", "duplicates", middle(path.join(tokens, tokenFiles.duplicates(0))), /other content/],
    ["verify/file-changed", "a missing ledger", () => fs.rmSync(path.join(ingest, spanFiles.ledger(0))), /is gone/],
    ["verify/damaged-marker", "a span's marker", middle(path.join(ingest, spanFiles.marker(0))), /is damaged/],
    ["verify/damaged-marker", "the list of spans", middle(path.join(ingest, spanFiles.spans)), /is damaged/],
    [
      "verify/damaged-marker",
      "a marker of windows",
      middle(path.join(windows, tokenFiles.shardMarker(0))),
      /is damaged/,
    ],
    [
      "verify/rows-recorded",
      "a marker that says other figures",
      sealed(path.join(ingest, spanFiles.marker(0)), (marker) => {
        marker.kept++;
      }),
      /documents, and the span kept|were kept, and the run says/,
    ],
    [
      "verify/plan",
      "another plan",
      plan_((value) => {
        value.fingerprint = "0".repeat(16);
      }),
      /its content comes to|and the manifest is of/,
    ],
    [
      "verify/plan",
      "other input",
      plan_((value) => {
        value.sources[0].shards[0].identity = "sha256:00";
      }),
      /other input files/,
    ],
    [
      "verify/packing-statistics",
      "statistics",
      manifest(({ sources }) => {
        sources.web.packing.sum_squared_lengths++;
      }),
      /sum_squared_lengths \d+ instead of \d+/,
    ],
    [
      "verify/epochs",
      "epochs",
      manifest(({ sources }) => {
        sources.web.epochs *= 2;
      }),
      /its windows are/,
    ],
    [
      "verify/categories-do-not-add-up",
      "a category",
      manifest(({ categories }) => {
        categories.web.windows++;
      }),
      /the category "web" says windows/,
    ],
    [
      "verify/epoch-windows",
      "windows that packing is said to have made",
      manifest(({ sources }) => {
        sources.web.packing.windows++;
      }),
      /its shards hold (\d+) windows, and packing is said to have made (?!\1\b)/,
    ],
    [
      "verify/rows-recorded",
      "reasons swapped",
      manifest(({ sources }) => {
        const { dropped } = sources.web.counts;
        dropped.exact.duplicate++;
        dropped.minhash = { ...dropped.minhash, near_duplicate: (dropped.minhash?.near_duplicate ?? 0) - 1 };
      }),
      /./,
    ],
  ];
  const saved = path.join(root, "saved");
  fs.cpSync(out, saved, { recursive: true });
  for (const [code, what, damage, message] of cases) {
    damage();
    const found = await findings();
    const match_ = found.find((finding) => finding.code === code || finding.code === "verify/bad-manifest");
    assert.ok(match_, `${what}: ${JSON.stringify(found)}`);
    if (match_.code === code) assert.match(match_.what, message, what);
    fs.rmSync(out, { recursive: true });
    fs.cpSync(saved, out, { recursive: true });
  }
  assert.deepEqual(treeDigests(out), before);
});

test("a run whose intermediates are gone is clean; without its spans a note says what was not counted", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 60);
  const { plan, out, layout } = await build(root, RECIPE);
  assert.deepEqual(await verifyRun(openRun("tiny", out)), []);
  fs.rmSync(layout.ingest(plan.sources[0].ingest), { recursive: true });
  const found = await verifyRun(openRun("tiny", out));
  assert.deepEqual(
    found.map(({ severity, code, source }) => [severity, code, source]),
    [["note", "verify/not-counted", "web"]],
  );
});

test("a shard of no documents is no fault, with validation and without", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 60);
  const recipe = RECIPE.replace("shard_tokens: 6000", "shard_tokens: 150").replace(
    "limits:",
    "validation: { fraction: 0.1, seed: 5 }\nlimits:",
  );
  const { plan, out, layout } = await build(root, recipe.replace(/ {2}- \{ name: (stage2|long).*\n/g, ""));
  const tokens = layout.tokens(plan.sources[0].tokens);
  const empty = fs.readdirSync(tokens).filter((name) => {
    return name.endsWith(".ds") && fs.statSync(path.join(tokens, name)).size === 0;
  });
  assert.ok(empty.length > 0, "the corpus has a shard without documents");
  assert.deepEqual(await verifyRun(openRun("tiny", out)), []);
});
