/**
 * Finds texts that share n-grams of words with items of benchmarks.
 *
 * With the default options it decides as open-r1's script does, which SmolTalk2's makers published: 8 words, lower case, white space collapsed; any n-gram
 * that an item has drops the row. Invariant: a hit is equal words, never a hash alone; the verdict names the n-gram and the benchmark. Items of fewer words than an n-gram
 * cannot be found, and are counted. Price: 5 to 10 ns a byte; the index once for all threads.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { type Column, isValid, type Utf8Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { WORD_FORMS } from "../../kernels/decontamination/text-words.ts";
import { assetPath, type Drop, defineStage, type StageState, transform } from "../define.ts";
import { BENCHMARK_FORMATS } from "./benchmark-texts.ts";
import { Benchmarks } from "./benchmarks.ts";

const options = z.strictObject({
  benchmarks: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe("what verdicts and counts call it"),
        file: assetPath().describe("its items: JSON lines, Parquet, or lines of text; compressed or not"),
        format: z
          .enum(BENCHMARK_FORMATS)
          .default("auto")
          .describe("form of the file; `auto` goes by its name, and what has no known one is lines of text"),
        columns: z
          .array(z.string().min(1))
          .min(1)
          .default(["question"])
          .describe(
            "columns of JSON lines or Parquet whose texts are looked for, each by itself; dots reach into nested values",
          ),
      }),
    )
    .min(1)
    .describe("what must not be in the data"),
  column: z.string().min(1).default("text").describe("column of texts that is looked through"),
  words: z
    .enum(WORD_FORMS)
    .default("lower")
    .describe(
      "what words are: `lower`: lower case, between white space, as open-r1's script has them; `simplified`: also without punctuation and marks " +
        "above letters",
    ),
  ngram: z.int().min(1).max(100).default(8).describe("words of an n-gram"),
  min_ngrams: z
    .int()
    .min(1)
    .default(1)
    .describe("different n-grams of one benchmark that a text must share with it to go"),
  drop: z
    .boolean()
    .default(true)
    .describe("drop such rows; false leaves them, for a first look through `benchmark_column`"),
  benchmark_column: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("column for the benchmark that a row shares n-grams with, null in others; null: none"),
});

const reasons = { contaminated: "the text shares n-grams with a benchmark" };
type Reason = keyof typeof reasons;

/** Counts of a span; of a benchmark, rows that were found to share n-grams with it. */
interface Counts {
  rows: number;
  contaminated_rows: number;
  benchmarks: Record<string, { items: number; items_too_short: number; contaminated_rows: number }>;
}

export default defineStage({
  name: "filter/decontaminate",
  version: 1,
  kind: "transform",
  summary: "Drops texts that share n-grams of words with benchmarks.",
  reference: "open-r1, scripts/decontaminate.py",
  options,
  tables: ({ benchmarks, words, ngram }) => ({
    ngrams: benchmarks.map(({ file, format, columns }) => [file, format, columns]),
    words,
    ngram,
  }),
  reads: ({ column }) => [column],
  writes: ({ benchmark_column }) =>
    benchmark_column === null ? [] : [{ name: benchmark_column, kind: "utf8" as const }],
  reasons: ({ drop }) => (drop ? reasons : {}),
  create: (given, { assets }) => {
    const { column, benchmark_column, drop: drops } = given;
    let opened: Benchmarks | undefined;
    let rows = 0;
    let found = new Map<string, number>();
    const judge = (batch: Batch, texts: Utf8Column, benchmarks: Benchmarks, drop: Drop<Reason>): Utf8Column => {
      const names = new Utf8Builder(1 << 10, batch.rows);
      for (let row = 0; row < batch.rows; row++) {
        const hit =
          batch.alive.has(row) && isValid(texts, row)
            ? benchmarks.find(texts.data, int32At(texts.offsets, row), int32At(texts.offsets, row + 1))
            : undefined;
        if (batch.alive.has(row)) rows++;
        if (hit === undefined) {
          names.appendNull();
          continue;
        }
        names.appendString(hit.benchmark);
        found.set(hit.benchmark, (found.get(hit.benchmark) ?? 0) + 1);
        if (drops) drop(row, "contaminated", hit.ngrams, `${hit.benchmark}: ${hit.text}`);
      }
      return names.finish();
    };
    return transform<Reason>(
      (batch, drop) => {
        if (opened === undefined) throw new Error("the stage was used before it was prepared");
        const names = judge(batch, batch.utf8(column), opened, drop);
        return new Map<string, Column>(benchmark_column === null ? [] : [[benchmark_column, names]]);
      },
      () => {
        const counts: Counts = { rows, contaminated_rows: 0, benchmarks: {} };
        for (const { name, items, items_too_short } of opened?.list ?? []) {
          const contaminated_rows = found.get(name) ?? 0;
          counts.contaminated_rows += contaminated_rows;
          counts.benchmarks[name] = { items, items_too_short, contaminated_rows };
        }
        rows = 0;
        found = new Map();
        return counts as unknown as StageState;
      },
      async () => {
        opened ??= await Benchmarks.open(given, assets);
      },
    );
  },
  merge: (states) => {
    const sum: Counts = { rows: 0, contaminated_rows: 0, benchmarks: {} };
    for (const state of states as unknown as readonly Counts[]) {
      sum.rows += state.rows;
      sum.contaminated_rows += state.contaminated_rows;
      for (const [name, counts] of Object.entries(state.benchmarks)) {
        const before = sum.benchmarks[name]?.contaminated_rows ?? 0;
        sum.benchmarks[name] = { ...counts, contaminated_rows: before + counts.contaminated_rows };
      }
    }
    return sum as unknown as StageState;
  },
  examples: [
    {
      text: "He asked: How many  eggs do\nthe ducks lay on a cold day? Nobody knew.",
      options: {
        benchmarks: [{ name: "ducks", file: "data:,How many eggs do the ducks lay on a cold day?%0AWhy?" }],
      },
      drops: "contaminated",
    },
    {
      text: "How many eggs do the geese lay on a cold day?",
      options: { benchmarks: [{ name: "ducks", file: "data:,How many eggs do the ducks lay on a cold day?" }] },
      keeps: true,
    },
    {
      text: "how many eggs, do the ducks - lay on a cold day",
      options: {
        benchmarks: [{ name: "ducks", file: "data:,How many eggs do the ducks lay on a cold day?" }],
        words: "simplified",
        drop: false,
        benchmark_column: "benchmark",
      },
      writes: { benchmark: "ducks" },
    },
  ],
});
