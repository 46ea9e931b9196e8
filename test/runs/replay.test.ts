import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { openRun, prepare, type RunOptions, run, verifyRun } from "../../index.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { shardRanges } from "../../kernels/pack/ranges.ts";
import type { SourceManifest, TrainingStageManifest } from "../../manifests/schema.ts";
import { decodeEnds, decodePieces } from "../../store/token-file.ts";
import { RECIPE, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

const HEAD = RECIPE.slice(0, RECIPE.indexOf("training_stages:"));

interface Built {
  readonly store: string;
  readonly manifest: (stage: string) => TrainingStageManifest;
}

/** Runs the fixture's sources under other training stages, and verifies what comes out. */
async function build(
  t: TestContext,
  stages: string,
  out = temporaryFolder(t),
  variant: Pick<RunOptions, "workers" | "span_bytes"> = { workers: 0 },
  head = HEAD,
): Promise<Built> {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const file = path.join(root, "tiny.yaml");
  fs.writeFileSync(file, `${head}${stages}`);
  const { plan, environment, registry } = await prepare(file, { out, dataRoot: root });
  await run(plan, { root: out, environment, registry, ...variant });
  assert.deepEqual(await verifyRun(openRun("tiny", out)), []);
  return {
    store: path.join(out, "store"),
    manifest: (stage) =>
      JSON.parse(
        fs.readFileSync(path.join(out, "runs", "tiny", "manifests", `${stage}.json`), "utf8"),
      ) as TrainingStageManifest,
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
  // What is remembered of hashes grows.
  const isStored = (file: string): boolean => file !== "identities.jsonl";
  const before = treeDigests(path.join(out, "store"), isStored);
  const simulated = (await build(t, stages("simulate: { target_tokens: 25600 }\n"), out)).manifest("one").sources.web;
  assert.deepEqual(simulated.selection?.part_ratio, 0.25);
  assert.ok(Math.abs(simulated.epochs / small.epochs - 4) < 0.25, `${simulated.epochs} against ${small.epochs}`);
  assert.ok(Math.abs(simulated.packing.tokens / small.packing.tokens - 0.25) < 0.02);
  // The token store is shared, and nothing of it is made anew.
  assert.equal(simulated.fingerprints.tokens, small.fingerprints.tokens);
  const after = treeDigests(path.join(out, "store"), isStored);
  for (const [file, digest] of Object.entries(before)) assert.equal(after[file], digest, file);
});

const TWICE = (more: string) => `training_stages:
  - { name: one, tokens: 12800, sequence_length: 64, weights: { code: 1 } }
  - { name: two, tokens: 12800, sequence_length: 256, pack: best-fit, weights: { code: 1 } }
limits: { max_epochs: 9${more} }
exports: [nanotron]
`;

/** The windows of a file of two-byte tokens, as texts that can be compared. */
function windowsOf(file: string, windowTokens: number): string[] {
  const bytes = fs.readFileSync(file);
  const size = windowTokens * 2;
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.toString("hex", i * size, (i + 1) * size));
}

test("a later epoch has the same windows in an order of its own, verified and exported", async (t) => {
  const { store, manifest } = await build(t, TWICE(""));
  const one = manifest("one").sources.code;
  assert.ok(one.epochs > 1.5, String(one.epochs));
  const files = one.files.filter(({ path: file }) => file.endsWith(".ds"));
  const again = new Set<string>();
  for (let window = one.epoch_windows; window < one.end_window; window++) {
    const [range] = shardRanges(one.shard_windows, window, window + 1);
    again.add(`${range.epoch} ${range.shard}`);
  }
  const own = files.flatMap(({ epoch, shard }) => (epoch === undefined ? [] : [`${epoch} ${shard}`]));
  assert.deepEqual(own, [...again]);
  for (const later of files.filter(({ epoch }) => epoch !== undefined)) {
    const first = files.find(({ epoch, shard }) => epoch === undefined && shard === later.shard);
    const [before, after] = [first?.path ?? "", later.path].map((file) => windowsOf(path.join(store, file), 65));
    assert.notDeepEqual(after, before);
    assert.deepEqual([...after].sort(), [...before].sort());
  }
  const folder = path.join(store, "..", "runs", "tiny", "exports", "nanotron", "s3", "code_65");
  const exported = fs.readdirSync(folder).filter((name) => name.endsWith(".ds"));
  const later = files.find(({ epoch, shard }) => epoch === 1 && shard === 0);
  assert.ok(exported.includes("e001_00000_code.ds"), exported.join(" "));
  assert.deepEqual(
    fs.readFileSync(path.join(folder, "e001_00000_code.ds")),
    fs.readFileSync(path.join(store, later?.path ?? "")),
  );
});

test("where the order may repeat, nothing is written twice and the export says so", async (t) => {
  const { store, manifest } = await build(t, TWICE(", epoch_order: repeat"));
  assert.ok(manifest("one").sources.code.files.every(({ epoch }) => epoch === undefined));
  const folder = path.join(store, "..", "runs", "tiny", "exports", "nanotron");
  const links = ["00000_code.ds", "e001_00000_code.ds"].map(
    (name) => fs.statSync(path.join(folder, "s3", "code_65", name)).ino,
  );
  assert.equal(links[0], links[1]);
  const summary = JSON.parse(fs.readFileSync(path.join(folder, "export.json"), "utf8")) as { warnings: string[] };
  assert.match(summary.warnings.join("\n"), /code_65 reads windows of its source again in the same order/);
});

const HELD_OUT = `training_stages:
  - { name: one, tokens: 6400, sequence_length: 64, weights: { web: 0.8, code: 0.2 } }
  - { name: two, tokens: 2560, sequence_length: 256, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 8 }
validation: { fraction: 0.1, sources: { code: { tokens: 500 } } }
`;

/** Content hashes of the documents of a store. */
function hashes(store: string, { files }: SourceManifest["token_store"]): bigint[] {
  return files
    .filter(({ path: file }) => file.endsWith(".documents.arrow"))
    .flatMap(({ path: file }) => {
      const hash = decodeArrow(read(store, file), file).columns.get("hash");
      return hash?.kind === "int64" ? [...hash.values] : [];
    });
}

test("documents held out are in a store and windows of their own, counted, and in no training data", async (t) => {
  const { store, manifest } = await build(t, HELD_OUT);
  for (const [stage, name] of [
    ["one", "web"],
    ["one", "code"],
    ["two", "web"],
  ]) {
    const { validation, token_store, counts } = manifest(stage).sources[name];
    assert.ok(validation !== undefined && validation.token_store.documents > 0);
    const [aside, trained] = [validation.token_store, token_store].map((part) => hashes(store, part));
    assert.deepEqual([aside.length, trained.length], [counts.held_out, counts.kept]);
    assert.ok(!aside.some((hash) => trained.includes(hash)));
    const packed = packedTokens(store, validation as unknown as SourceManifest).flatMap((shard) => [...shard.values()]);
    assert.equal(
      packed.reduce((sum, tokens) => sum + tokens, 0),
      validation.token_store.tokens,
    );
  }
  const { web, code } = manifest("one").sources;
  assert.equal(web.validation?.share, 0.1);
  assert.ok(Math.abs((web.validation?.token_store.tokens ?? 0) / web.token_store.tokens - 0.11) < 0.08);
  assert.ok(Math.abs((code.validation?.token_store.tokens ?? 0) - 500) < 400);
});

test("what is held out does not depend on workers, spans or the recipe's seed, and other sources keep their stores", async (t) => {
  const outs = [temporaryFolder(t), temporaryFolder(t)];
  const first = await build(t, HELD_OUT, outs[0], { workers: 1, span_bytes: 1_000_000 });
  await build(t, HELD_OUT, outs[1], { workers: 3, span_bytes: 5_000 });
  const kept = (file: string) =>
    /^store\/(tokens|validation|windows)-/.test(file) && !/scattered|duplicates/.test(file);
  assert.deepEqual(treeDigests(outs[1], kept), treeDigests(outs[0], kept));
  const other = await build(t, HELD_OUT, undefined, undefined, HEAD.replace(/^seed: .*$/m, "seed: 99"));
  const sets = [first, other].map(({ store, manifest }) => {
    const { validation } = manifest("one").sources.web;
    return validation === undefined ? [] : hashes(store, validation.token_store).sort();
  });
  assert.deepEqual(sets[1], sets[0]);
  const only = await build(t, HELD_OUT.replace("fraction: 0.1, ", ""), outs[0]);
  assert.equal(only.manifest("one").sources.web.validation, undefined);
  assert.equal(
    only.manifest("one").sources.code.fingerprints.tokens,
    first.manifest("one").sources.code.fingerprints.tokens,
  );
});

test("verify finds a document on the wrong side, and a run whose held-out store is gone makes it again", async (t) => {
  const out = temporaryFolder(t);
  const { manifest } = await build(t, HELD_OUT, out);
  const file = path.join(out, "runs", "tiny", "manifests", "one.json");
  const text = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, text.replaceAll('"share": 0.1', '"share": 0.2'));
  const findings = await verifyRun(openRun("tiny", out));
  assert.deepEqual([...new Set(findings.map(({ code, source }) => `${code} ${source}`))], ["verify/held-out web"]);
  const held = manifest("one").sources.web.counts.held_out ?? 0;
  fs.writeFileSync(file, text.replace(`"held_out": ${held}`, `"held_out": ${held + 1}`));
  const whats = (await verifyRun(openRun("tiny", out))).map(({ what }) => what).join("\n");
  assert.match(whats, new RegExp(`kept, ${held + 1} held out and `));
  assert.match(whats, new RegExp(`${held + 1} rows held out, but ${held} documents stored for validation`));
  fs.writeFileSync(file, text);
  const folder = path.join(out, "store", `validation-${manifest("one").sources.web.fingerprints.tokens}`);
  const before = treeDigests(folder);
  fs.rmSync(folder, { recursive: true });
  await build(t, HELD_OUT, out);
  assert.deepEqual(treeDigests(folder), before);
});
