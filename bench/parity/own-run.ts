/**
 * Documents through a stage as a user has them go: a recipe, a run, its output, and what `peek` says of the rows that fell.
 *
 * Invariant: row numbers are those of the documents that were given, and every one is either left or dropped.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openRun, peekRun, prepare, run } from "../../index.ts";
import type { ParityDocument } from "./documents.ts";

export interface OwnRun {
  /** Texts that are left, by row. */
  readonly left: ReadonlyMap<number, string>;
  /** Rows that fell, with the row that stayed in their stead where there is one. */
  readonly dropped: ReadonlyMap<number, number | undefined>;
}

/** Writes documents as JSON lines, one source and one file for both sides. */
export function writeRows(folder: string, documents: readonly ParityDocument[]): string {
  const file = path.join(folder, "rows.jsonl");
  const lines = documents.map(({ text }, row) => `${JSON.stringify({ id: String(row), text })}\n`);
  writeFileSync(file, lines.join(""));
  return file;
}

/** Lines of `{id, text}` by id. */
export function readTexts(file: string): Map<number, string> {
  const rows = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly id: string; readonly text: string });
  return new Map(rows.map(({ id, text }) => [Number(id), text]));
}

/** Rows of `file`, which lies in `folder`, through `stage`, written as in a recipe. */
export async function throughStage(folder: string, file: string, stage: string): Promise<OwnRun> {
  const out = path.join(folder, "run");
  mkdirSync(out);
  const recipe = path.join(folder, "rows.yaml");
  writeFileSync(
    recipe,
    `schema: 1\nname: rows\npipelines: { all: [ ${stage} ] }\n` +
      `sources:\n  rows: { from: ${JSON.stringify(path.basename(file))}, pipeline: all }\n` +
      "outputs:\n  - { name: rows, sources: [rows], format: { use: jsonl, codec: none } }\n",
  );
  const { plan, environment, registry } = await prepare(recipe, { out, dataRoot: folder });
  await run(plan, { root: out, workers: 0, environment, registry });
  const output = path.join(out, "runs/rows/outputs/rows");
  const left = new Map<number, string>();
  for (const name of readdirSync(output).filter((name) => name.startsWith("train-"))) {
    for (const [row, text] of readTexts(path.join(output, name))) left.set(row, text);
  }
  const options = { count: Number.POSITIVE_INFINITY, dropped: "all", dataRoot: folder };
  const fallen = await peekRun(openRun("rows", out), options);
  const dropped = new Map(
    fallen.map(({ id, verdict }): [number, number | undefined] => {
      const survivor = verdict?.survivor?.id;
      return [Number(id), survivor === undefined ? undefined : Number(survivor)];
    }),
  );
  return { left, dropped };
}
