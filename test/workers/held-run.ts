/** A run that can be held in the middle of a task: a stage that waits as long as a file is there. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { TOKENIZER, writeCorpus } from "./fixture.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

/**
 * Waits in every batch while the file `held` is there; says so by the file `waits`. A plain object, as `defineStage` returns it: what loads the whole package
 * costs each process and each of its threads half a second.
 */
const WAIT = `import { existsSync, writeFileSync } from "node:fs";
import { z } from ${JSON.stringify(ZOD)};
export default {
  name: "local/wait", version: 1, kind: "filter", summary: "Waits.",
  options: z.strictObject({ held: z.string().describe("file") }), reads: ["text"], writes: [], reasons: {}, examples: [],
  create: ({ held }) => ({ kind: "filter", apply: () => {
    while (existsSync(held)) {
      writeFileSync(held + ".waits", "");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  } }),
};
`;

export interface HeldProject {
  readonly hold: () => void;
  readonly letGo: () => void;
  /** Whether a task waits. */
  readonly isHeld: () => boolean;
}

/** Recipes `one.yaml` and `two.yaml` over the same text, with stores in common. */
export function heldProject(root: string): HeldProject {
  writeCorpus(root, 60);
  fs.writeFileSync(path.join(root, "wait.js"), WAIT);
  fs.writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  fs.writeFileSync(path.join(root, "one.yaml"), recipe(root, "one", "10K"));
  fs.writeFileSync(path.join(root, "two.yaml"), recipe(root, "two", "4K"));
  const held = path.join(root, "held");
  return {
    hold: () => fs.writeFileSync(held, ""),
    letGo: () => {
      fs.rmSync(held, { force: true });
      fs.rmSync(`${held}.waits`, { force: true });
    },
    isHeld: () => fs.existsSync(`${held}.waits`),
  };
}

function recipe(root: string, name: string, tokens: string): string {
  return `schema: 1
name: ${name}
seed: 3
tokenizer: ${TOKENIZER}
plugins: [ ./wait.js ]
pipelines: { web: [ { use: local/wait, held: ${JSON.stringify(path.join(root, "held"))} }, { use: dedup/exact } ] }
sources: { web: { from: "web/*", read: jsonl, pipeline: web } }
shard_tokens: 8000
training_stages:
  - { name: stage1, tokens: ${tokens}, sequence_length: 128, pack: best-fit, weights: { web: 1 } }
limits: { max_epochs: 4 }
exports: [nanotron]
`;
}

export interface Attempt {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

export function attempt(root: string, file: string, out: string): Attempt {
  return verb(root, ["run", file, "--out", out, "--workers", "1", "--quiet"]);
}

/** Any verb of the command line, in `root`. */
export function verb(root: string, args: readonly string[]): Attempt {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: root });
  let stderr = "";
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  return { child, ended: new Promise((resolve) => child.on("close", (status) => resolve({ status, stderr }))) };
}

export async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); ) {
    if (Date.now() > end) throw new Error("waited for a minute");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
