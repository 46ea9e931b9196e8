/** A finished run with outputs in two configurations, small and of many files. */
import fs from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { type RecipeInput, runRecipe } from "../../index.ts";
import { sha256 } from "../io/fake-hub.ts";
import { randomizer, sentence, temporaryFolder } from "../workers/fixture.ts";

const RECIPE: RecipeInput = {
  schema: 1,
  name: "splits",
  sources: { web: { from: "web/*.jsonl", metadata: [{ name: "score", kind: "int32" }] } },
  outputs: [
    { name: "a", config: "SFT", split: "a", format: { use: "jsonl", codec: "zstd" }, shard_bytes: 1500 },
    {
      name: "a-b",
      config: "SFT",
      split: "a_b",
      columns: ["id", "text"],
      format: { use: "jsonl", codec: "zstd" },
      shard_bytes: 1_000_000,
    },
    { name: "mid", config: "Mid", split: "train", format: { use: "jsonl", codec: "none" }, shard_bytes: 9000 },
  ],
};

/** A finished run in a folder of its own. */
export async function built(t: TestContext, recipe: Partial<RecipeInput> = {}, rows = 120): Promise<string> {
  const root = temporaryFolder(t);
  fs.mkdirSync(path.join(root, "web"));
  const random = randomizer(5);
  const lines = Array.from({ length: rows }, (_, i) => {
    return `${JSON.stringify({ id: `r${i}`, text: sentence(random, 30), score: i % 7 })}\n`;
  });
  fs.writeFileSync(path.join(root, "web", "0.jsonl"), lines.join(""));
  await runRecipe({ ...RECIPE, ...recipe }, { out: root, dataRoot: root, workers: 0 });
  return root;
}

/** Rows as outputs have them, by path in the repository. */
export function outputFiles(root: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const output of fs.readdirSync(path.join(root, "runs/splits/outputs"))) {
    const folder = path.join(root, "runs/splits/outputs", output);
    const { files: named } = JSON.parse(fs.readFileSync(path.join(folder, "output.json"), "utf8"));
    for (const file of named) {
      if (file.path === "README.md") continue;
      const content = fs.readFileSync(path.join(folder, file.path));
      files[file.path] = file.path.endsWith(".zst") ? sha256(content) : content.toString();
    }
  }
  return files;
}
