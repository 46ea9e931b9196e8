import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { replayBlend } from "../../../kernels/blend/blend.ts";
import { shardRanges } from "../../../kernels/pack/ranges.ts";
import type { TrainingStageMixture } from "../../../mixtures/compile.ts";
import { decodeEnds } from "../../../store/token-file.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { makeSmallRun, type SmallRun } from "../small-run.ts";
import { exportTo } from "./open-run.ts";

interface DataStage {
  readonly name: string;
  readonly start_training_step: number;
  readonly sequence_length: number;
  readonly data: {
    readonly seed: number;
    readonly dataset: { readonly dataset_folder: string[]; readonly dataset_weights: number[] } & Record<
      string,
      unknown
    >;
  };
}

const readStages = (folder: string, name: string): DataStage[] =>
  parse(readFileSync(join(folder, name), "utf8")).data_stages;

/** All windows of a folder in the order nanotron reads them, as hex text. */
function folderWindows(folder: string, windowBytes: number): string[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".ds"))
    .sort();
  return names.flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    assert.equal(bytes.length % windowBytes, 0, name);
    const ends = decodeEnds(readFileSync(join(folder, `${name}.index`)), name);
    assert.equal(ends.at(-1), bytes.length / 4);
    return Array.from({ length: bytes.length / windowBytes }, (_, i) =>
      bytes.toString("hex", i * windowBytes, (i + 1) * windowBytes),
    );
  });
}

/** The windows a manifest says a stage reads of a source. */
function manifestWindows(run: SmallRun, stage: number, source: string): string[] {
  const manifest = run.manifests[stage];
  const share = manifest.sources[source];
  const windowBytes = manifest.stage.window_tokens * 4;
  return shardRanges(share.shard_windows, share.start_window, share.end_window).flatMap((range) => {
    const file = share.files.find((candidate) => candidate.shard === range.shard && candidate.path.endsWith(".ds"));
    const bytes = readFileSync(join(run.store, file?.path ?? ""));
    return Array.from({ length: range.end - range.start }, (_, i) =>
      bytes.toString("hex", (range.start + i) * windowBytes, (range.start + i + 1) * windowBytes),
    );
  });
}

/**
 * Plays nanotron: reads every stage of every config from the folders, by its blend, and compares with the manifests.
 */
function checkTraining(run: SmallRun, folder: string, configs: readonly string[]): void {
  let stage = 0;
  for (const config of configs) {
    const consumed = new Map<string, number>();
    for (const { name, sequence_length, data } of readStages(folder, config)) {
      const manifest = run.manifests[stage];
      assert.equal(name, manifest.stage.name);
      const taken = replayBlend(data.dataset.dataset_weights, manifest.stage.windows);
      data.dataset.dataset_folder.forEach((path, i) => {
        const windows = folderWindows(join(folder, path), (sequence_length + 1) * 4);
        const start = consumed.get(path) ?? 0;
        const source = path.slice(path.lastIndexOf("/") + 1).split("_")[0];
        assert.deepEqual(
          windows.slice(start, start + taken[i]),
          manifestWindows(run, stage, source),
          `${name} ${path}`,
        );
        assert.ok(windows.length >= start + taken[i] + 2, "spare windows");
        consumed.set(path, start + taken[i]);
      });
      stage++;
    }
  }
  assert.equal(stage, run.manifests.length);
}

interface Folders {
  readonly folders: readonly { readonly name: string; readonly start_window: number }[];
}

function exportAll(root: string, run: SmallRun, options: Readonly<Record<string, unknown>> = {}) {
  const { folder, paths, warnings, read } = exportTo(root, run.manifests, "nanotron", options);
  const { folders }: Folders = JSON.parse(read("export.json").toString());
  return { folder, folders, warnings, configs: paths.slice(0, -1).map((path) => basename(path)) };
}

test("nanotron reads from the export exactly the windows of the manifests", (t) => {
  const root = temporaryFolder(t);
  const run = makeSmallRun(root);
  const { folder, configs, folders, warnings } = exportAll(root, run, {
    global_batch_size: 4,
    tokenizer_name: "org/tok",
  });
  assert.deepEqual(configs, ["data_stages-1-16.yaml", "data_stages-2-64.yaml"]);
  assert.deepEqual(
    folders.map(({ name }) => name),
    ["code_17", "web_17", "code_65", "web_65"],
  );
  assert.match(warnings.join(), /one sequence length per run/);
  checkTraining(run, folder, configs);

  const [one, two] = readStages(folder, configs[0]);
  assert.deepEqual([one.start_training_step, two.start_training_step], [1, 16]);
  assert.deepEqual(one.data.dataset.dataset_folder, ["s3/code_17", "s3/web_17"]);
  assert.deepEqual(one.data.dataset.dataset_weights, [0.25, 0.75]);
  assert.deepEqual(two.data.dataset.dataset_folder, one.data.dataset.dataset_folder);
  assert.equal(one.data.seed, 6);
  const { token_size_in_bytes, vocab_size, tokenizer_name, return_positions } = one.data.dataset;
  assert.deepEqual([token_size_in_bytes, vocab_size, tokenizer_name, return_positions], [4, 70_000, "org/tok", true]);
  const [name, tokens] = readFileSync(join(folder, "s3/web_17/web.ds.metadata"), "utf8").split("\n");
  assert.equal(name, "org/tok|4");
  assert.equal(Number(tokens), folderWindows(join(folder, "s3/web_17"), 68).length * 17);
});

test("epochs are links to the same files, in order, with a warning", (t) => {
  const root = temporaryFolder(t);
  const stages: TrainingStageMixture[] = [
    { name: "one", tokens: 16 * 300, sequence_length: 16, pack_id: "concat", weights: { code: 1 } },
    { name: "two", tokens: 16 * 100, sequence_length: 16, pack_id: "concat", weights: { code: 1, web: 1 } },
  ];
  const run = makeSmallRun(root, stages, 5);
  const { folder, configs, warnings } = exportAll(root, run, { path_prefix: "/data/" });
  assert.deepEqual(configs, ["data_stages.yaml"]);
  assert.match(warnings[0], /code_17 reads windows of its source again in the same order/);
  assert.match(warnings.join(), /global batch size/);
  assert.deepEqual(readStages(folder, "data_stages.yaml")[0].data.dataset.dataset_folder, ["/data/s3/code_17"]);
  const first = statSync(join(folder, "s3/code_17/00000_code.ds"));
  const again = statSync(join(folder, "s3/code_17/e001_00000_code.ds"));
  assert.equal(first.ino, again.ino);
  writeFileSync(
    join(folder, "data_stages.yaml"),
    readFileSync(join(folder, "data_stages.yaml"), "utf8").replaceAll("/data/s3", "s3"),
  );
  checkTraining(run, folder, configs);
});

test("a run that starts inside a shard gets the rest of it as a file of its own", (t) => {
  const root = temporaryFolder(t);
  const stages: TrainingStageMixture[] = [
    { name: "one", tokens: 16 * 21, sequence_length: 16, pack_id: "concat", weights: { web: 1 } },
    { name: "two", tokens: 64 * 5, sequence_length: 64, pack_id: "best-fit", weights: { code: 1 } },
    { name: "three", tokens: 16 * 120, sequence_length: 16, pack_id: "concat", weights: { web: 1 } },
  ];
  const run = makeSmallRun(root, stages);
  const { folder, configs, folders } = exportAll(root, run, { global_batch_size: 1 });
  assert.deepEqual(
    folders.map(({ name, start_window }) => [name, start_window]),
    [
      ["web_17", 0],
      ["code_65", 0],
      ["web_17_2", 21],
    ],
  );
  checkTraining(run, folder, configs);
});
