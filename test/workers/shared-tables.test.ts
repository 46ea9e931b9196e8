/** What stages make of their files: one copy for all threads, and the same output for any number of them. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { prepare, run } from "../../index.ts";
import { AssetLibrary } from "../../io/assets.ts";
import { createIoEnvironment, environmentData } from "../../io/environment.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import { ROOT } from "../project-root.ts";
import { randomizer, temporaryFolder, treeDigests } from "./fixture.ts";

const LINES = [
  "Everyone has the right to life, liberty and security of person.",
  "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.",
  "Tout individu a droit à la vie, à la liberté et à la sûreté de sa personne.",
  "Каждый человек имеет право на жизнь, на свободу и на личную неприкосновенность.",
  "No one shall be held in slavery or servitude.",
];

const RECIPE = `schema: 1
name: judged
pipelines:
  all:
    - { use: filter/fasttext, model: languages.ftz, labels: [en, de, fr], label_column: language }
    - use: filter/decontaminate
      rule: ngram
      benchmarks: [{ name: rights, file: rights.jsonl }]
      ngram: 6
    - { id: unsure, use: filter/fasttext, model: languages.ftz, min_score: 0.1, label_column: null, score_column: null }
    - { id: english, use: filter/fasttext, model: two.bin, score_of: en, score_column: english, label_column: null }
sources:
  web: { from: "web/*.jsonl", pipeline: all }
outputs:
  - { name: rows, sources: [web], format: { use: jsonl, codec: none }, columns: [id, text, language, english], shard_bytes: 8K }
`;

function write(root: string): void {
  const random = randomizer(8);
  const models = path.join(ROOT, "test/golden/fasttext");
  fs.copyFileSync(path.join(models, "hs-quantized.ftz"), path.join(root, "languages.ftz"));
  fs.copyFileSync(path.join(models, "two.bin"), path.join(root, "two.bin"));
  fs.writeFileSync(path.join(root, "rights.jsonl"), `${JSON.stringify({ question: LINES[4] })}\n`);
  fs.mkdirSync(path.join(root, "web"));
  for (let shard = 0; shard < 4; shard++) {
    const rows = Array.from({ length: 60 }, (_, i) => {
      const words = `${LINES[random(5)]} ${LINES[random(5)]}`.split(" ");
      return `${JSON.stringify({ id: `${shard}-${i}`, text: words.slice(random(6)).join(random(3) ? " " : "\n") })}\n`;
    });
    fs.writeFileSync(path.join(root, "web", `${shard}.jsonl`), rows.join(""));
  }
  fs.writeFileSync(path.join(root, "judged.yaml"), RECIPE);
}

test("labels, scores and n-grams are the same for any number of workers", async (t) => {
  const root = temporaryFolder(t);
  write(root);
  const made: Record<string, string>[] = [];
  for (const workers of [1, 3]) {
    const out = path.join(root, `out-${workers}`);
    const { plan, environment, registry } = await prepare(path.join(root, "judged.yaml"), { out, dataRoot: root });
    const tables = plan.sources[0].stages.map((stage) => stage.tables ?? "");
    assert.match(tables[0], /^\{"fasttext":\{"asset":"sha256:[0-9a-f]{64}"\}\}$/);
    assert.match(tables[1], /^\{"ngrams":/);
    await run(plan, { root: out, environment, registry, workers, span_bytes: 3000 });
    assert.equal(environment.assets.shareTables().size, 3, "one for each model, and the n-grams");
    made.push(treeDigests(path.join(out, "runs/judged/outputs"), (file) => file.endsWith(".jsonl")));
    const folder = path.join(out, "runs/judged/outputs/rows");
    const lines = fs
      .readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").split("\n").slice(0, -1))
      .map(
        (line) => JSON.parse(line) as { readonly text: string; readonly language: string; readonly english: number },
      );
    assert.ok(lines.length > 40 && lines.length < 220, `${lines.length} rows`);
    for (const { text, language, english } of lines) {
      assert.ok(["en", "de", "fr"].includes(language));
      assert.ok(english > 0 && english <= 1.00001);
      assert.ok(!text.replaceAll("\n", " ").includes("No one shall be held in slavery"), text);
    }
  }
  assert.ok(Object.keys(made[0]).length > 0);
  assert.deepEqual(made[0], made[1]);
});

test("tables are filled once a process; a thread that begins later finds them", async () => {
  const environment = createIoEnvironment();
  environment.assets.reserveTables("stage");
  const code = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.module).then(({ createIoEnvironment }) => {
      const { assets } = createIoEnvironment(workerData.environment);
      let filled = 0;
      const memory = assets.tables("stage", "x", 300_000, (buffer) => {
        filled++;
        new Uint8Array(buffer, workerData.start, 300_000).fill(7);
      });
      const bytes = new Uint8Array(memory.buffer, workerData.start, 300_000);
      parentPort.postMessage([filled, bytes.every((byte) => byte === 7)]);
    });`;
  const workerData = {
    environment: environmentData(environment),
    module: new URL("../../io/environment.js", import.meta.url).href,
    start: TABLES_START,
  };
  const ask = () =>
    new Promise<[number, boolean]>((resolve, reject) => {
      const worker = new Worker(code, { eval: true, workerData });
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  const answers = await Promise.all([ask(), ask()]);
  assert.deepEqual(answers.map(([filled]) => filled).sort(), [0, 1]);
  assert.ok(answers.every(([, whole]) => whole));
  environment.assets.tables("stage", "x", 300_000, () => assert.fail("they are filled"));
});

test("a failure to fill is told, and the next one tries again; what does not fit is an error", () => {
  const library = new AssetLibrary();
  const fail = () => {
    throw new Error("no");
  };
  assert.throws(() => library.tables("a", "x", 10, fail), /no/);
  const memory = library.tables("a", "x", 10, (buffer) => new Uint8Array(buffer, TABLES_START, 10).fill(1));
  assert.equal(new Uint8Array(memory.buffer)[TABLES_START + 9], 1);
  assert.throws(() => library.tables("b", "model.bin", 2 ** 33, fail), /run\/asset-too-large[^\0]*model.bin/);
});
