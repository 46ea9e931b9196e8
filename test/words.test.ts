/** One meaning a word: exported names keep to the glossary where that can be told from a name and its folder. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./project-root.ts";

const FOLDERS = ["runs", "workers", "plan", "stages", "mixtures", "manifests", "store", "io", "kernels", "batch"];

interface Exported {
  /** From the root, `/`-separated. */
  readonly path: string;
  readonly name: string;
  /** Parts of the name, lower case: `TokenRuns` is token, runs. */
  readonly words: readonly string[];
}

const exported: readonly Exported[] = FOLDERS.flatMap((folder) => {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const path = join(folder, file).replaceAll("\\", "/");
      const code = readFileSync(join(ROOT, path), "utf8");
      const names = code.matchAll(
        /^export (?:async )?(?:function\*?|const|interface|type|(?:abstract )?class) (\w+)/gm,
      );
      return [...names].map(([, name]) => ({ path, name, words: wordsOf(name) }));
    });
});

function wordsOf(name: string): string[] {
  return name.split(/_|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/).map((word) => word.toLowerCase());
}

function says(entry: Exported, ...meant: readonly string[]): boolean {
  return meant.some((word) => entry.words.includes(word));
}

function isIn(entry: Exported, ...folders: readonly string[]): boolean {
  return folders.some((folder) => entry.path.startsWith(`${folder}/`));
}

function named(entries: readonly Exported[]): string[] {
  return entries.map(({ path, name }) => `${path}: ${name}`);
}

test("names are taken apart as people read them", () => {
  assert.deepEqual(wordsOf("TrainingStageSpec"), ["training", "stage", "spec"]);
  assert.deepEqual(wordsOf("SPAN_BYTES"), ["span", "bytes"]);
  assert.ok(exported.length > 500, "the exports of the house are found");
});

test("a span is the unit of work, nothing else", () => {
  const others = exported.filter(
    (entry) => says(entry, "span", "spans") && !isIn(entry, "workers", "store", "runs/peek"),
  );
  assert.deepEqual(named(others), []);
});

test("a window is what a trainer reads at one index, nothing else", () => {
  // The zstd format calls its history a window.
  const foreign = "MAX_WINDOW_LOG";
  const trained = ["kernels/pack", "kernels/exports", "mixtures", "manifests", "plan", "runs", "store", "workers"];
  const others = exported.filter(
    (entry) => says(entry, "window", "windows") && !isIn(entry, ...trained) && entry.name !== foreign,
  );
  assert.deepEqual(named(others), []);
});

test("a stage of a pipeline is a stage, a stage of a training is a training stage", () => {
  // `data_stages` is the trainer's own word for its configuration, which is read back here.
  const quoted = /^publishedDataStages?$/i;
  const others = exported.filter(
    (entry) =>
      says(entry, "stage", "stages") &&
      isIn(entry, "mixtures", "manifests", "kernels/pack") &&
      !says(entry, "training") &&
      !quoted.test(entry.name),
  );
  assert.deepEqual(named(others), []);
});

test("rows that one task hands to another are a spool, and what may be done next is a frontier", () => {
  const retired = exported.filter((entry) => says(entry, "spill", "scheduler", "todo", "job", "jobs"));
  assert.deepEqual(named(retired), []);
});

test("the glossary has every word once, in order, and concepts use them", () => {
  const page = readFileSync(join(ROOT, "docs", "concepts.md"), "utf8");
  const glossary = page.slice(page.indexOf("## Glossary"));
  const words = [...glossary.matchAll(/^\| ([a-z ]+) \| /gm)].map(([, word]) => word).filter((word) => word !== "word");
  assert.ok(words.length >= 25);
  assert.deepEqual(words, [...new Set(words)].sort());
});
