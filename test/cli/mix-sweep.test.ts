import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { openRun, verifyRun } from "../../index.ts";
import { blendAt } from "../../kernels/blend/blend-jump.ts";
import { parseRatios } from "../../mixtures/experiments/tables.ts";
import { RECIPE, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";
import { cliIn } from "./in-process.ts";

const STAGES = `training_stages:
  - { name: stable, tokens: 9600, sequence_length: 64, weights: { web: 0.8, code: 0.2 } }
  - { name: decay, tokens: 3200, sequence_length: 64, weights: { web: 0.5, code: 0.5 } }
limits: { max_epochs: 4 }
validation: { fraction: 0.05 }
exports: [nanotron, megatron]
`;

interface Share {
  readonly windows: number;
  readonly start_window: number;
  readonly end_window: number;
  readonly epoch_windows: number;
  readonly weight_achieved: number;
}

interface CandidateManifest {
  readonly stages: readonly {
    readonly name: string;
    readonly windows: number;
    readonly sources: Record<string, Share>;
  }[];
}

const readJson = (file: string): unknown => JSON.parse(fs.readFileSync(file, "utf8"));
const readYaml = (file: string): Record<string, unknown> =>
  parse(fs.readFileSync(file, "utf8")) as Record<string, unknown>;

/** Where the documents of a Megatron index lie in its `.bin`, by bytes. */
function documentsOf(prefix: string): readonly string[] {
  const bytes = fs.readFileSync(`${prefix}.idx`);
  const count = Number(bytes.readBigUInt64LE(18));
  const inode = fs.statSync(`${prefix}.bin`).ino;
  return Array.from({ length: count }, (_, i) => {
    const length = bytes.readInt32LE(34 + 4 * i);
    return `${inode} ${bytes.readBigInt64LE(34 + 4 * count + 8 * i)} ${length}`;
  });
}

/** Weights and the documents behind every line of a blend, relative to its folder. */
function blendOf(file: string): readonly { readonly weight: number; readonly prefix: string }[] {
  const lines = fs.readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [weight = "", prefix = ""] = line.split(" ");
    return { weight: Number(weight), prefix: path.join(path.dirname(file), prefix) };
  });
}

test("fifty candidates over a run's stores, the next stage for every trainer, and differences", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root);
  fs.writeFileSync(path.join(root, "tiny.yaml"), `${RECIPE.slice(0, RECIPE.indexOf("training_stages:"))}${STAGES}`);
  const checkpoints = path.resolve("test/golden/checkpoints");
  const shardmill = cliIn(t, root);
  assert.equal((await shardmill("run", "tiny.yaml", "--quiet")).status, 0);
  const before = treeDigests(path.join(root, "store"));

  const swept = await shardmill(
    "mix",
    "sweep",
    "tiny.yaml",
    "--candidates",
    "50",
    "--trainers",
    "nanotron,megatron,olmo-core,trl",
  );
  assert.equal(swept.status, 0, swept.stderr);
  assert.match(swept.stdout, /50 candidates in .* bytes, [\d,]+ each/);
  assert.deepEqual(treeDigests(path.join(root, "store")), before, "a sweep writes nothing to the store");
  const folder = path.join(root, "sweeps", "sweep");
  const table = parseRatios(fs.readFileSync(path.join(folder, "ratios.csv"), "utf8"), "ratios.csv");
  assert.deepEqual(table.columns, ["stable/code", "stable/web", "decay/code", "decay/web"]);
  assert.equal(table.rows.length, 50);
  let bytes = 0;
  for (const { run, ratios, made_over } of table.rows) {
    const own = path.join(folder, "candidates", run);
    for (const name of fs.readdirSync(own)) bytes += fs.statSync(path.join(own, name)).size;
    const { stages } = readJson(path.join(own, "manifest.json")) as CandidateManifest;
    assert.ok(made_over !== undefined && made_over.budget_tokens === 12_800);
    checkNanotron(own, stages);
    checkMegatron(own, stages);
    checkRows(own, stages);
    assert.ok(Math.abs(stages[0].sources.web.weight_achieved - ratios[1]) < 0.01);
    const { source_list } = readYaml(path.join(own, "decay.olmo-core.yaml")) as {
      source_list: { sources: { target_ratio: number; paths: string[] }[] };
    };
    const ratio = source_list.sources.reduce((sum, { target_ratio }) => sum + target_ratio, 0);
    assert.ok(Math.abs(ratio - 1) < 1e-9);
    for (const { paths } of source_list.sources)
      for (const file of paths) assert.ok(fs.existsSync(path.join(own, file)));
  }
  assert.ok(bytes < 50 * 10_000, `${bytes} bytes for fifty candidates`);
  assert.ok(fs.existsSync(path.join(folder, "shared/held-out/web_65")));
  // SmolLM3's annealing, at two nested budgets, with the epochs of a larger run.
  fs.writeFileSync(
    "anneal.yaml",
    "name: anneal\ndraw: { method: anneal }\nafter: stable\nbudgets: [640, 1280]\nsimulate: { target_tokens: 5K }\nmax_epochs: 8\n",
  );
  const annealed = await shardmill("mix", "sweep", "tiny", "--spec", "anneal.yaml", "--json");
  assert.equal(annealed.status, 0, annealed.stderr);
  const { candidates } = JSON.parse(annealed.stdout) as { candidates: readonly { id: string; part_ratio: number }[] };
  assert.deepEqual(
    candidates.map(({ part_ratio }) => part_ratio),
    [0.128, 0.256, 0.128, 0.256],
  );

  await checkNext(shardmill, root, checkpoints);

  const [first] = table.rows;
  const diff = await shardmill("mix", "diff", "tiny.yaml", `sweeps/sweep/candidates/${first.run}`, "--json");
  const { stages } = JSON.parse(diff.stdout) as {
    stages: readonly { a: string; sources: readonly { name: string; offset_points: number }[] }[];
  };
  const web = stages[0].sources.find(({ name }) => name === "web");
  assert.ok(Math.abs((web?.offset_points ?? 0) - 100 * (first.ratios[1] - 0.8)) < 1);
  assert.match(
    (await shardmill("mix", "diff", "tiny", "tiny")).stdout,
    /decay: 3.20K → 3.20K tokens, 0.00 points moved/,
  );
  assert.match((await shardmill("mix", "diff", "tiny", "nowhere")).stderr, /is no recipe, no run and no candidate/);
  assert.deepEqual(await verifyRun(openRun("tiny", root)), []);
});

/** nanotron's blend comes to the windows of the manifest, and its folders hold them. */
function checkNanotron(own: string, stages: CandidateManifest["stages"]): void {
  const { data_stages } = readYaml(path.join(own, "nanotron.yaml")) as {
    data_stages: { data: { dataset: { dataset_folder: string[]; dataset_weights: number[] } } }[];
  };
  const read = new Map<string, number>();
  stages.forEach(({ sources, windows }, at) => {
    const { dataset_folder, dataset_weights } = data_stages[at].data.dataset;
    const taken = blendAt(dataset_weights, windows);
    const used = Object.values(sources).filter((share) => share.windows > 0);
    used.forEach((share, i) => {
      assert.ok(Math.abs(taken[i] - share.windows) <= 1);
      read.set(dataset_folder[i], share.end_window);
    });
  });
  for (const [folder, windows] of read) {
    const files = fs.readdirSync(path.join(own, folder)).filter((name) => name.endsWith(".ds"));
    const held = files.reduce((sum, name) => sum + fs.statSync(path.join(own, folder, name)).size / 4 / 65, 0);
    assert.ok(held * (files.length > 0 ? 2 : 1) >= windows, `${folder} holds ${held} of ${windows}`);
  }
}

/** Blends have the stages' weights, and no document of the second is in the first while an epoch lasts. */
function checkMegatron(own: string, stages: CandidateManifest["stages"]): void {
  const seen = new Set<string>();
  stages.forEach(({ name, sources }, at) => {
    const lines = blendOf(path.join(own, `${name}.blend`));
    for (const [source, share] of Object.entries(sources)) {
      const mine = lines.filter(({ prefix }) => path.basename(path.dirname(prefix)) === source);
      const weight = mine.reduce((sum, line) => sum + line.weight, 0);
      assert.ok(Math.abs(weight - share.weight_achieved) < 1e-6, `${name} ${source}`);
      if (share.end_window > 0.8 * share.epoch_windows) continue;
      for (const { prefix } of mine) {
        for (const document of documentsOf(prefix)) {
          assert.ok(at === 0 || !seen.has(document), `${name} reads a document of ${source} again`);
          seen.add(document);
        }
      }
    }
  });
}

/** Slices of TRL's rows are as many as the stage has. */
function checkRows(own: string, stages: CandidateManifest["stages"]): void {
  for (const { name, windows } of stages) {
    const { datasets } = readYaml(path.join(own, `${name}.trl.yaml`)) as {
      datasets: { data_files: string[]; split: string }[];
    };
    const rows = datasets.reduce((sum, { split, data_files: [file] }) => {
      assert.ok(fs.existsSync(path.join(own, file)));
      const [, start, end] = /^train\[(\d+):(\d+)\]$/.exec(split) ?? [];
      return sum + Number(end) - Number(start);
    }, 0);
    assert.equal(rows, windows);
  }
}

/** Slices of the next stage, by counters of all trainers: behind the first, with other weights too. */
async function checkNext(shardmill: ReturnType<typeof cliIn>, root: string, checkpoints: string): Promise<void> {
  const next = (trainer: string, file: string, ...more: string[]) =>
    shardmill(
      "mix",
      "next",
      "tiny",
      "--trainer",
      trainer,
      "--from-checkpoint",
      path.join(checkpoints, file),
      "--json",
      ...more,
    );
  interface Next {
    readonly stage: string;
    readonly trained: readonly { readonly stage: string; readonly samples: number }[];
    readonly sources: readonly {
      readonly name: string;
      readonly consumed_tokens: number;
      readonly start_window: number;
      readonly end_window: number;
    }[];
  }
  const startOf = ({ sources }: Next) => sources.map(({ start_window }) => start_window);
  // 170 samples: the first stage and 20 of the second, so a stage with weights of its own comes behind both.
  const other = ["--weights", "web=1", "--weights", "code=3", "--tokens", "1280"];
  const megatron = await next("megatron", "megatron", ...other, "--to", "next-megatron");
  assert.equal(megatron.status, 0, megatron.stderr);
  const third = JSON.parse(megatron.stdout) as Next;
  assert.deepEqual(
    [third.stage, third.trained],
    [
      "decay-next",
      [
        { stage: "stable", samples: 150, stage_samples: 150 },
        { stage: "decay", samples: 20, stage_samples: 50 },
      ],
    ],
  );
  assert.deepEqual(startOf(third), [55, 145]);
  assert.match(megatron.stderr, /30 samples of stable, decay are not read/);
  const exported = path.join(root, "runs/tiny/exports/megatron");
  const earlier = new Set(
    ["stable", "decay"].flatMap((stage) =>
      ["web", "code"].flatMap((source) => textsOf(path.join(exported, stage, source))),
    ),
  );
  const mine = ["web", "code"].flatMap((source) => textsOf(path.join(root, "next-megatron/decay-next", source)));
  const again = mine.filter((text) => earlier.has(text));
  // code is read a second time; web's documents are new but for copies of short texts.
  assert.ok(mine.length > 10 && again.length < mine.length);

  for (const [trainer, file] of [
    ["olmo-core", "olmo-core"],
    ["mosaic", "composer.pt"],
    ["litdata", "litdata.pt"],
  ]) {
    const { status, stdout, stderr } = await next(trainer, file, "--to", `next-${trainer}`);
    assert.equal(status, 0, stderr);
    const planned = JSON.parse(stdout) as Next;
    assert.deepEqual([planned.stage, startOf(planned)], ["decay", [30, 120]], trainer);
    assert.ok(fs.existsSync(path.join(root, `next-${trainer}`, "export.json")));
  }
  const { sources } = JSON.parse((await next("litdata", "litdata.pt")).stdout) as Next;
  assert.deepEqual(
    sources.map(({ consumed_tokens }) => consumed_tokens),
    [30 * 64, 120 * 64],
  );
  assert.match((await next("litdata", "litdata.pt", "--weights", "x=1")).stderr, /stable|decay has no windows of x/);
  assert.match((await next("megatron", "megatron")).stderr, /there is no training stage after decay/);
  assert.match((await next("nanotron", "megatron", "--tokens", "1K")).stderr, /nanotron goes on in the folders/);
}

/** The documents of an index as texts of their bytes. */
function textsOf(prefix: string): readonly string[] {
  if (!fs.existsSync(`${prefix}.idx`)) return [];
  const bin = fs.readFileSync(`${prefix}.bin`);
  return documentsOf(prefix).map((place) => {
    const [, offset, length] = place.split(" ").map(Number);
    return bin.subarray(offset, offset + 4 * length).toString("latin1");
  });
}
