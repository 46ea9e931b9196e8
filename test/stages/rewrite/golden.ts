/**
 * What peers make of texts: files of test/golden/text-repair, each row a text and what it becomes, null where it stays.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StageDefinition } from "../../../stages/define.ts";
import { batchOf } from "../../batch-of.ts";
import { ROOT } from "../../project-root.ts";
import { applyAll } from "../filter/run.ts";

export function goldenRows<Row extends readonly unknown[]>(name: string): readonly Row[] {
  return JSON.parse(readFileSync(join(ROOT, "test/golden/text-repair", `${name}.json`), "utf8"));
}

export type GoldenText = readonly [text: string, ...results: (string | null)[]];

/** Texts that become something else than result `index` says, with what they become. */
export function differences(
  stage: StageDefinition,
  options: Readonly<Record<string, unknown>>,
  rows: readonly GoldenText[],
  index: number,
): readonly (readonly [text: string, made: string, wanted: string])[] {
  const { texts } = applyAll(stage, options, batchOf(rows.map(([text]) => text)));
  return rows.flatMap(([text, ...results], row) => {
    const wanted = results[index] ?? text;
    return texts[row] === wanted ? [] : [[text, texts[row], wanted] as const];
  });
}
