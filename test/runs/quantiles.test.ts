/** Documents chosen by quantiles of a score, and the bins of an upsampling curve, against sorting the documents of the store. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import {
  DataError,
  describePlan,
  isValid,
  openRun,
  prepare,
  RecipeError,
  run,
  type SourceManifest,
  type TrainingStageManifest,
  verifyRun,
} from "../../index.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { Layout } from "../../store/layout.ts";
import { companions, decodePieces } from "../../store/token-file.ts";
import { randomizer, sentence, TOKENIZER, temporaryFolder, treeDigests } from "../workers/fixture.ts";

const DOCUMENTS = 220;

/** Scores with ties and without: about a ninth of the documents has none. */
function writeScored(root: string): void {
  const random = randomizer(11);
  fs.mkdirSync(path.join(root, "web"), { recursive: true });
  for (let shard = 0; shard < 2; shard++) {
    const rows = Array.from({ length: DOCUMENTS / 2 }, (_, i) => {
      const quality = i % 9 === 4 ? null : i % 3 === 0 ? random(4) / 4 : random(1_000_000) / 1_000_000;
      return { id: `${shard}-${i}`, quality, lang: "en", text: sentence(random, 4 + random(40)) };
    });
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    fs.writeFileSync(path.join(root, "web", `${shard}.jsonl`), lines);
  }
}

const HEAD = `schema: 1
name: scored
seed: 3
tokenizer: ${TOKENIZER}
shard_tokens: 2K
sources:
  web: { from: "web/*.jsonl", metadata: [{ name: quality, kind: float64 }, lang] }
`;

interface Built {
  readonly out: string;
  readonly manifest: (stage: string) => TrainingStageManifest;
}

async function build(
  t: TestContext,
  stages: string,
  { out = temporaryFolder(t), workers = 0, head = HEAD }: { out?: string; workers?: number; head?: string } = {},
): Promise<Built> {
  const root = temporaryFolder(t);
  writeScored(root);
  const file = path.join(root, "scored.yaml");
  fs.writeFileSync(file, `${head}${stages}`);
  const { plan, environment, registry } = await prepare(file, { out, dataRoot: root });
  await run(plan, { root: out, environment, registry, workers });
  assert.deepEqual(await verifyRun(openRun("scored", out)), []);
  return {
    out,
    manifest: (stage) =>
      JSON.parse(
        fs.readFileSync(path.join(out, "runs", "scored", "manifests", `${stage}.json`), "utf8"),
      ) as TrainingStageManifest,
  };
}

interface Stored {
  readonly shard: number;
  readonly document: number;
  readonly tokens: number;
  readonly quality: number | null;
}

/** The documents of a token store, in its order. */
function storedDocuments(out: string, { token_store }: SourceManifest): Stored[] {
  return token_store.files
    .filter(({ path: file }) => file.endsWith(".documents.arrow"))
    .flatMap(({ path: file, shard }) => {
      const { rows, columns } = decodeArrow(fs.readFileSync(path.join(out, "store", file)), file);
      const [tokens, quality] = [columns.get("tokens"), columns.get("quality")];
      assert.ok(tokens?.kind === "int32" && quality?.kind === "float64");
      return Array.from({ length: rows }, (_, document): Stored => {
        const score = isValid(quality, document) ? quality.values[document] : null;
        return { shard, document, tokens: tokens.values[document], quality: score };
      });
    });
}

const name = ({ shard, document }: Pick<Stored, "shard" | "document">): string => `${shard} ${document}`;

/** By sorting: the documents of `[from, to)`, in quantiles of tokens. */
function between(documents: readonly Stored[], from: number, to: number): Stored[] {
  const scored = documents.filter(({ quality }) => quality !== null);
  // A stable sort of documents in the order of the store: ties lie by position.
  const sorted = scored.toSorted((a, b) => (a.quality ?? 0) - (b.quality ?? 0));
  const total = sorted.reduce((sum, { tokens }) => sum + tokens, 0);
  let before = 0;
  return sorted.filter(({ tokens }) => {
    const isIn = before >= from * total && before < to * total;
    before += tokens;
    return isIn;
  });
}

/** The documents that the windows of a share hold. */
function packedDocuments(out: string, { files }: SourceManifest): string[] {
  const packed = new Set<string>();
  for (const { path: file, shard, epoch } of files) {
    if (!file.endsWith(companions.pieces) || epoch !== undefined) continue;
    const words = decodePieces(new Uint8Array(fs.readFileSync(path.join(out, "store", file))), file);
    for (let at = 0; at < words.length; at += 3) {
      if (words[at] !== 0xffff_ffff) packed.add(name({ shard, document: words[at] }));
    }
  }
  return [...packed].sort();
}

const names = (documents: readonly Stored[]): string[] => documents.map(name).sort();

test("a stage reads exactly the documents of its quantiles, whatever the number of workers", async (t) => {
  const stages = `training_stages:
  - { name: low, tokens: 1K, sequence_length: 16, pack: best-fit, weights: { web: { share: 1, score: { column: quality, max_quantile: 0.3 } } } }
  - { name: high, tokens: 1K, sequence_length: 16, pack: best-fit, weights: { web: { share: 1, score: { column: quality, min_quantile: 0.3 } } } }
  - { name: half, tokens: 256, sequence_length: 16, pack: best-fit, weights: { web: { share: 1, score: { column: quality, min: 0.25, max: 0.5 } } } }
  - { name: rest, tokens: 256, sequence_length: 16, pack: best-fit, weights: { web: { share: 1, score: { column: quality, max_quantile: 0.1, unscored: lowest } } } }
limits: { max_epochs: 4, epoch_order: repeat }
exports: [nanotron, olmo-core]
`;
  const { out, manifest } = await build(t, stages);
  const low = manifest("low").sources.web;
  const documents = storedDocuments(out, low);
  assert.ok(new Set(documents.map(({ shard }) => shard)).size > 2);
  const unscored = documents.filter(({ quality }) => quality === null);
  assert.ok(unscored.length > 10);
  assert.deepEqual(packedDocuments(out, low), names(between(documents, 0, 0.3)));
  assert.equal(low.selection?.documents_skipped, documents.length - between(documents, 0, 0.3).length);
  const high = manifest("high").sources.web;
  assert.deepEqual(packedDocuments(out, high), names(between(documents, 0.3, 1)));
  // Ranges that meet share no document, so the second starts at its first window.
  assert.equal(high.start_window, 0);
  assert.deepEqual(high.selection?.score?.borders?.min, low.selection?.score?.borders?.max);
  const values = documents.filter(({ quality }) => quality !== null && quality >= 0.25 && quality <= 0.5);
  assert.deepEqual(packedDocuments(out, manifest("half").sources.web), names(values));
  const lowest = between(
    documents.map((document) => ({ ...document, quality: document.quality ?? -1 })),
    0,
    0.1,
  );
  assert.deepEqual(packedDocuments(out, manifest("rest").sources.web), names(lowest));
  // The documents without a score are counted where the quantiles are.
  const folder = fs.readdirSync(path.join(out, "store")).filter((file) => file.startsWith("quantiles-"));
  const markers = folder.map((file) => fs.readFileSync(path.join(out, "store", file, "quantiles.done.json"), "utf8"));
  assert.ok(markers.some((marker) => new RegExp(`"unscored_documents": ?${unscored.length}\\b`).test(marker)));

  const threads = await build(t, stages, { workers: 2 });
  const isStored = (file: string): boolean => file !== "identities.jsonl";
  assert.deepEqual(
    treeDigests(path.join(threads.out, "store"), isStored),
    treeDigests(path.join(out, "store"), isStored),
  );
});

test("an upsampling curve reads bins of equal tokens, the best ones most often, and gives what the weight asks for", async (t) => {
  const stages = (tokens: number) => `training_stages:
  - { name: curve, tokens: ${tokens}, sequence_length: 16, pack: best-fit, weights: { web: { share: 1, upsample: { column: quality, bins: 10, max_repeats: 4 } } } }
limits: { max_epochs: 4, epoch_order: repeat }
exports: [nanotron]
`;
  const { out, manifest } = await build(t, stages(4800));
  const { stage, sources } = manifest("curve");
  const bins = Object.keys(sources);
  assert.deepEqual(bins, ["web@q4", "web@q5", "web@q6", "web@q7", "web@q8", "web@q9"]);
  const documents = storedDocuments(out, sources["web@q4"]);
  for (const [i, bin] of bins.entries()) {
    assert.deepEqual(packedDocuments(out, sources[bin]), names(between(documents, (i + 4) / 10, (i + 5) / 10)));
  }
  assert.equal(
    bins.reduce((sum, bin) => sum + sources[bin].windows, 0),
    4800 / 16,
  );
  const epochs = bins.map((bin) => sources[bin].epochs);
  // A bin has a few dozen windows, and shares are whole windows.
  epochs.forEach((times, i) => {
    if (i > 0) assert.ok(times >= epochs[i - 1] - 0.05, `${epochs[i - 1]} falls to ${times}`);
  });
  assert.equal(epochs.at(-1), 4);
  assert.deepEqual(stage.mixture, {
    weights: {
      web: { share: 1, upsample: { column: "quality", bins: 10, drop_below: 0.4, max_repeats: 4 } },
    },
  });

  await assert.rejects(
    build(t, stages(80_000)),
    (error) => error instanceof RecipeError && error.details.code === "recipe/upsample-exhausted",
  );
});

test("a plan tells how often each bin is read, once the tokens of its source are known", async (t) => {
  const root = temporaryFolder(t);
  writeScored(root);
  const file = path.join(root, "scored.yaml");
  const head = HEAD.replace("lang]", "lang], available_tokens: 6K");
  fs.writeFileSync(
    file,
    `${head}training_stages:\n  - { name: curve, tokens: 6K, sequence_length: 16, weights: { web: { share: 1, upsample: { column: quality, bins: 4, drop_below: 0.5, max_repeats: 3 } } } }\n`,
  );
  const { plan } = await prepare(file, { out: root, dataRoot: root });
  const { sources } = describePlan(plan, new Layout(root));
  const rounded = sources.map(({ name: bin, tokens, epochs = 0 }) => [bin, tokens, Math.round(epochs * 1e6) / 1e6]);
  assert.deepEqual(rounded, [
    ["web@q3", 4500, 3],
    ["web@q2", 1500, 1],
  ]);
});

test("rows between two quantiles of a score stay, every other with its reason", async (t) => {
  for (const [unscored, workers] of [
    ["drop", 0],
    ["lowest", 0],
  ] as const) {
    const head = `schema: 1
name: scored
pipelines:
  best: [ { use: filter/quantile, column: quality, min_quantile: 0.25, max_quantile: 0.8, unscored: ${unscored} } ]
sources:
  web: { from: "web/*.jsonl", metadata: [{ name: quality, kind: float64 }], pipeline: best }
outputs:
  - { name: rows, sources: [web], format: { use: jsonl, codec: none }, keep_dropped: true }
`;
    const { out } = await build(t, "", { head, workers });
    const linesIn = (folder: string) => {
      const at = path.join(out, "runs/scored/outputs/rows", folder);
      const files = fs.readdirSync(at).filter((file) => file.endsWith(".jsonl"));
      const lines = files.sort().flatMap((file) => fs.readFileSync(path.join(at, file), "utf8").trim().split("\n"));
      return lines.map((line) => JSON.parse(line) as { id: string; quality: number | null; reason?: string });
    };
    const [kept, dropped] = [linesIn(""), linesIn("dropped")];
    assert.equal(kept.length + dropped.length, DOCUMENTS);
    const rank = (id: string): number => Number(id.split("-")[0]) * DOCUMENTS + Number(id.split("-")[1]);
    const ordered = [...kept, ...dropped]
      .filter(({ quality }) => quality !== null || unscored === "lowest")
      .sort((a, b) => (a.quality ?? -1) - (b.quality ?? -1) || rank(a.id) - rank(b.id));
    const wanted = ordered.filter((_, at) => at >= 0.25 * ordered.length && at < 0.8 * ordered.length);
    assert.deepEqual(kept.map(({ id }) => id).sort(), wanted.map(({ id }) => id).sort());
    const unscoredRows = dropped.filter(({ reason }) => reason === "no_score");
    assert.equal(unscoredRows.length, DOCUMENTS - ordered.length);
    assert.ok(dropped.every(({ reason }) => reason === "no_score" || reason === "out_of_quantile"));
  }
});

test("a column that is no number, or not there, is refused before anything is read; text in one, when it is read", async (t) => {
  const stage = (column: string) =>
    `training_stages:\n  - { name: one, tokens: 1K, sequence_length: 16, weights: { web: { share: 1, score: { column: ${column}, min_quantile: 0.5 } } } }\n`;
  const refuses = (code: string) => (error: unknown) => {
    return (error instanceof RecipeError || error instanceof DataError) && error.details.code === code;
  };
  const typed = HEAD.replace("lang]", "{ name: lang, kind: utf8 }]");
  await assert.rejects(build(t, stage("lang"), { head: typed }), refuses("recipe/column-kind"));
  await assert.rejects(build(t, stage("grade")), refuses("recipe/missing-column"));
  const nested = HEAD.replace("lang]", "{ name: lang, kind: json }]");
  await assert.rejects(build(t, stage("lang"), { head: nested }), refuses("data/column-kind"));
});
