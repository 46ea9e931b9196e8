import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { metricsCsv, ratiosCsv, storesDigest } from "../../mixtures/experiments/tables.ts";
import { drawnRows, lossesOf } from "../kernels/fit/synthetic.ts";
import { RECIPE, temporaryFolder, writeCorpus } from "../workers/fixture.ts";
import { cliIn } from "./in-process.ts";

/** A recipe of the fixture's sources and 40 runs over them, whose loss code lowers most. */
function project(t: TestContext): ReturnType<typeof cliIn> {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const head = RECIPE.slice(0, RECIPE.indexOf("training_stages:"));
  const stages = `training_stages:\n  # long\n  - { name: stable, tokens: 9600, sequence_length: 64, weights: { web: 0.8, code: 0.2 } }\n`;
  fs.writeFileSync(path.join(root, "tiny.yaml"), `${head}${stages}`);
  const rows = drawnRows(40, [1, 1]);
  const losses = lossesOf(rows, 2, [0.3, -1]);
  const runs = [...losses].map((loss, i) => ({ run: `mix-${i}`, name: `mix-${i}`, loss }));
  const sources = { web: { store: "aa", tokens: 9000, epochs: 1 }, code: { store: "bb", tokens: 1500, epochs: 1 } };
  const made_over = { stores: storesDigest(sources), sources };
  const table = {
    columns: ["web", "code"],
    rows: runs.map(({ run, name }, i) => ({
      run,
      name,
      ratios: [...rows.values.subarray(2 * i, 2 * i + 2)],
      made_over,
    })),
  };
  fs.writeFileSync(path.join(root, "ratios.csv"), ratiosCsv(table));
  fs.writeFileSync(
    path.join(root, "metrics.csv"),
    metricsCsv({ metrics: ["loss"], rows: runs.map(({ run, name, loss }) => ({ run, name, values: [loss] })) }),
  );
  fs.writeFileSync(path.join(root, "other.csv"), "run_id,code,web\na,1,0\nb,0.5,0.5\nc,0,1\n");
  return cliIn(t, root);
}

const TABLES = ["--ratios", "ratios.csv", "--metrics", "metrics.csv", "--draws", "200"] as const;

test("a proposal is printed, predicted from, and written into the recipe under its caps", async (t) => {
  const shardmill = project(t);
  const printed = await shardmill("mix", "fit", ...TABLES, "--bootstrap", "3");
  assert.equal(printed.status, 0, printed.stderr);
  assert.match(printed.stdout, /log-linear on 40 runs/);
  assert.match(printed.stdout, /0\.05 \* +\d\.\d{4} +\d\.\d{4}/);
  assert.match(printed.stdout, /3 samples of runs, λ 0\.05/);

  const { stdout } = await shardmill("mix", "fit", ...TABLES, "--predict", "other.csv", "--json");
  const { predictions } = JSON.parse(stdout) as { predictions: { loss: number[] } };
  for (const [i, slope] of [-1, -0.35, 0.3].entries())
    assert.ok(Math.abs(predictions.loss[i] - 2 - Math.exp(slope)) < 5e-3);

  const limits = ["--max-epochs", "2", "--budget", "9600", "--lambda", "0"];
  const written = await shardmill("mix", "fit", ...TABLES, ...limits, "--write", "tiny.yaml", "--stage", "stable");
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stderr, /tiny\.yaml: wrote stable/);
  assert.match(fs.readFileSync("tiny.yaml", "utf8"), / {2}# long\n.*weights: \{ web: 0\.6875, code: 0\.3125 \}/);
  assert.equal((await shardmill("check", "tiny.yaml")).status, 0);
});

test("flags that do not fit are refused, and nothing is written", async (t) => {
  const shardmill = project(t);
  const before = fs.readFileSync("tiny.yaml", "utf8");
  for (const [flags, code] of [
    [[...TABLES, "--law", "guess"], "flag/no-such-law"],
    [["--ratios", "ratios.csv"], "flag/missing"],
    [[...TABLES, "--write", "tiny.yaml"], "flag/missing"],
    [[...TABLES, "--max-epochs", "1", "--budget", "1M"], "mix/infeasible"],
    [[...TABLES, "--budget", "much"], "flag/bad-size"],
    [[...TABLES, "--stores", "other.csv"], "flag/no-stores"],
    [["--log-probs", "web=other.csv", "--law", "trees"], "flag/log-probs"],
  ] as const) {
    const { status, stderr } = await shardmill("mix", "fit", ...flags);
    assert.equal(status, 2, flags.join(" "));
    assert.match(stderr, new RegExp(code));
  }
  const renamed = fs.readFileSync("ratios.csv", "utf8").replaceAll("code", "rust");
  fs.writeFileSync(
    "ratios.csv",
    renamed.replaceAll(/(?<=,)[0-9a-f]{16}(?=,)/g, storesDigest({ web: { store: "aa" }, rust: { store: "bb" } })),
  );
  const unknown = await shardmill("mix", "fit", ...TABLES, "--write", "tiny.yaml", "--stage", "stable");
  assert.match(unknown.stderr, /rust/);
  assert.equal(unknown.status, 2);
  assert.equal((await shardmill("mix", "fit", ...TABLES, "--cap", "x4")).status, 2);
  assert.equal(fs.readFileSync("tiny.yaml", "utf8"), before);
});
