/**
 * What rules of decontamination make of a labelled fixture: recall of each kind, precision, recall.
 *
 * Judged through the stage itself, with items written as JSON lines. A planted document is found where it is flagged; precision counts flagged near misses against that.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import type { Assets, TransformOperator } from "../../stages/define.ts";
import { NO_RESOURCES } from "../../stages/define.ts";
import decontaminate from "../../stages/filter/decontaminate.ts";
import { type FixtureDocument, type FixtureKind, NEGATIVE_KINDS, POSITIVE_KINDS } from "./contamination.ts";
import type { EvaluationItem } from "./evaluation-items.ts";

export interface Benchmark {
  readonly name: string;
  readonly file: string;
  readonly answer: string;
  readonly passage: string;
}

/** Items by suite as files that the stage reads. */
export function writeItems(folder: string, items: readonly EvaluationItem[]): Benchmark[] {
  mkdirSync(folder, { recursive: true });
  return [...new Set(items.map(({ suite }) => suite))].map((name) => {
    const file = path.join(folder, `${name}.jsonl`);
    const rows = items
      .filter(({ suite }) => suite === name)
      .map(({ question, answer, passage }) =>
        JSON.stringify({ question, answer: answer || null, passage: passage || null }),
      );
    writeFileSync(file, `${rows.join("\n")}\n`);
    return { name, file, answer: "answer", passage: "passage" };
  });
}

export async function openRule(
  benchmarks: readonly Benchmark[],
  options: Readonly<Record<string, unknown>>,
  assets: Assets,
): Promise<TransformOperator> {
  const given = decontaminate.options.parse({ benchmarks, ...options });
  const operator = decontaminate.create(given, { ...NO_RESOURCES, assets, seed: [0, 0] });
  await operator.prepare?.();
  return operator;
}

export function batchOf(texts: readonly (Uint8Array | string)[]): Batch {
  const builder = new Utf8Builder();
  for (const text of texts) builder.append(typeof text === "string" ? Buffer.from(text, "utf8") : text);
  const rows = texts.length;
  return new Batch({
    source: "bench",
    shards: new Int32Array(rows),
    rowsInShard: Int32Array.from({ length: rows }, (_, row) => row),
    columns: [["text", builder.finish()]],
  });
}

/** Rows that a rule flags. */
export function flagged(operator: TransformOperator, texts: readonly (Uint8Array | string)[]): Set<number> {
  const rows = new Set<number>();
  for (let from = 0; from < texts.length; from += 1024) {
    operator.apply(batchOf(texts.slice(from, from + 1024)), (row) => rows.add(from + row));
  }
  return rows;
}

export interface Score {
  /** Share of a kind's documents that are flagged. */
  readonly kinds: ReadonlyMap<FixtureKind, number>;
  readonly precision: number;
  readonly recall: number;
}

export function scoreOf(fixture: readonly FixtureDocument[], rows: ReadonlySet<number>): Score {
  const all = new Map<FixtureKind, number>();
  const found = new Map<FixtureKind, number>();
  fixture.forEach(({ kind }, row) => {
    all.set(kind, (all.get(kind) ?? 0) + 1);
    if (rows.has(row)) found.set(kind, (found.get(kind) ?? 0) + 1);
  });
  const sum = (counts: ReadonlyMap<FixtureKind, number>, kinds: readonly FixtureKind[]): number =>
    kinds.reduce((total, kind) => total + (counts.get(kind) ?? 0), 0);
  const right = sum(found, POSITIVE_KINDS);
  const wrong = sum(found, NEGATIVE_KINDS);
  return {
    kinds: new Map([...all].map(([kind, count]) => [kind, (found.get(kind) ?? 0) / count])),
    precision: right / Math.max(1, right + wrong),
    recall: right / Math.max(1, sum(all, POSITIVE_KINDS)),
  };
}
