/**
 * Finds texts that hold items of benchmarks.
 *
 * `cover` asks how much of an item's words a text has in one place, which finds edited copies and leaves clean text alone; `ngram` with its default options decides as open-r1's script
 * does, which SmolTalk2's makers published; `datatrove` as datatrove 0.10.1 does; `decon` as Ai2's decon scores. Invariant: a hit is equal words, never a hash alone; the verdict names the
 * benchmark, the finding the item and both texts. Items too short to be found are counted. Price: 4 to 6 ns a byte of web text; the index once for all threads.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { type Column, isValid, type Utf8Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { type Assets, assetPath, type Drop, defineStage, type Report, type StageState, transform } from "../define.ts";
import { type BenchmarkHit, type BenchmarkSearch, findingOf } from "./benchmark-hit.ts";
import { BENCHMARK_FORMATS } from "./benchmark-texts.ts";
import { NgramBenchmarks } from "./benchmarks.ts";
import { ITEM_RULES, ItemBenchmarks, type ItemRule } from "./item-benchmarks.ts";

const NGRAM_RULES = ["ngram", "datatrove"] as const;
/** Words of an n-gram where options do not say. */
const NGRAM_WORDS = { cover: 5, cover_strict: 5, decon: 5, ngram: 8, datatrove: 12 } as const;
const SAMPLE_BYTES = 15_000_000;

const format = z
  .enum(BENCHMARK_FORMATS)
  .default("auto")
  .describe("form of the file; `auto` goes by its name, and what has no known one is lines of text");
const pathOption = z.string().min(1).nullable().default(null);

const options = z.strictObject({
  benchmarks: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe("what verdicts and counts call it"),
        file: assetPath().describe("its items: JSON lines, Parquet, or lines of text; compressed or not"),
        format,
        columns: z
          .array(z.string().min(1))
          .min(1)
          .default(["question"])
          .describe(
            "columns of JSON lines or Parquet whose texts are looked for, each as an item by itself; dots reach into nested values",
          ),
        answer: pathOption.describe("column with the right answer to all of them; `ngram` does not look at it"),
        answer_index: pathOption.describe(
          "column with the position of the right answer, from 0, where `answer` is a list of choices",
        ),
        passage: pathOption.describe("column with the passage that the question is about; only `decon` looks at it"),
      }),
    )
    .min(1)
    .describe("what must not be in the data"),
  column: z.string().min(1).default("text").describe("column of texts that is looked through"),
  rule: z
    .enum([...ITEM_RULES, ...NGRAM_RULES])
    .default("cover")
    .describe(
      "what makes a hit: `cover`: the share of an item's words that n-grams near each other cover, all of 8 words falling to half of 20; `cover_strict`: all of 10 falling to 0.6 of 30; `ngram`: any n-gram " +
        "of an item; `datatrove`: any n-gram of an answer or one that straddles question and answer, as datatrove 0.10.1 has them; `decon`: the score of Ai2's decon",
    ),
  words: z
    .enum(["lower", "simplified"])
    .default("lower")
    .describe(
      "what words of the rule `ngram` are: `lower`: lower case, between white space, as open-r1's script has them; `simplified`: also without punctuation and marks " +
        "above letters; other rules have words of their own",
    ),
  ngram: z
    .int()
    .min(1)
    .max(100)
    .nullable()
    .default(null)
    .describe("words of an n-gram; null: 5 of `cover`, `cover_strict` and `decon`, 8 of `ngram`, 12 of `datatrove`"),
  min_ngrams: z
    .int()
    .min(1)
    .default(1)
    .describe("of `ngram`: different n-grams of one benchmark that a text must share with it to go"),
  common: z
    .strictObject({
      file: assetPath().describe("texts of the kind that is looked through: JSON lines, Parquet, or lines of text"),
      format,
      column: z.string().min(1).default("text").describe("column of its texts"),
      max_bytes: z.int().min(0).default(SAMPLE_BYTES).describe("bytes of text that are looked at, from the beginning"),
    })
    .nullable()
    .default(null)
    .describe(
      "a sample of the source: n-grams that two of its texts have say nothing of benchmarks, and rules that look at whole items pass over them; null: only those that more than 200 items have",
    ),
  drop: z
    .boolean()
    .default(true)
    .describe("drop such rows; false leaves them, for a first look with `shardmill review` or `benchmark_column`"),
  benchmark_column: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("column for the benchmark that a row has an item of, null in others; null: none"),
});
type Options = z.output<typeof options>;

const reasons = { contaminated: "the text holds an item of a benchmark" };
type Reason = keyof typeof reasons;

/** Counts of a span; of a benchmark, rows that were found to have items of it. */
interface Counts {
  rows: number;
  contaminated_rows: number;
  benchmarks: Record<string, { items: number; items_too_short: number; contaminated_rows: number }>;
}

function isItemRule(rule: Options["rule"]): rule is ItemRule {
  return ITEM_RULES.some((known) => known === rule);
}

/** What of the options the index depends on. */
function indexOptions({ rule, words, ngram, benchmarks, common }: Options) {
  const length = ngram ?? NGRAM_WORDS[rule];
  const form = rule === "datatrove" ? ("datatrove" as const) : words;
  const items = benchmarks.map(({ name: _, ...rest }) => rest);
  return isItemRule(rule)
    ? { rule: rule === "decon" ? "decon" : "cover", ngram: length, items, common }
    : { rule, words: form, ngram: length, items };
}

async function openSearch(given: Options, assets: Assets): Promise<BenchmarkSearch> {
  const { rule, benchmarks, common, min_ngrams } = given;
  const ngram = given.ngram ?? NGRAM_WORDS[rule];
  if (isItemRule(rule)) return ItemBenchmarks.open({ rule, benchmarks, ngram, common }, assets);
  return rule === "datatrove"
    ? NgramBenchmarks.open({ benchmarks, words: "datatrove", ngram, min_ngrams: 1, part: "answer" }, assets)
    : NgramBenchmarks.open({ benchmarks, words: given.words, ngram, min_ngrams, part: "question" }, assets);
}

/** What a verdict says: how much it was, and of what. */
function verdictOf({ benchmark, ngram, ngrams, score }: BenchmarkHit): readonly [value: number, detail: string] {
  return [score ?? ngrams, `${benchmark}: ${ngram}`];
}

export default defineStage({
  name: "filter/decontaminate",
  version: 2,
  kind: "transform",
  summary: "Drops texts that hold items of benchmarks.",
  reference: "rule `ngram`: open-r1, scripts/decontaminate.py; `datatrove`: datatrove 0.10.1; `decon`: Ai2's decon",
  options,
  tables: (given) => ({ ngrams: indexOptions(given) }),
  reads: ({ column }) => [column],
  writes: ({ benchmark_column }) =>
    benchmark_column === null ? [] : [{ name: benchmark_column, kind: "utf8" as const }],
  reasons: ({ drop }) => (drop ? reasons : {}),
  create: (given, { assets }) => {
    const { column, benchmark_column, drop: drops } = given;
    let opened: BenchmarkSearch | undefined;
    let rows = 0;
    let found = new Map<string, number>();
    const judge = (batch: Batch, search: BenchmarkSearch, drop: Drop<Reason>, report?: Report): Utf8Column => {
      const texts = batch.utf8(column);
      const names = new Utf8Builder(1 << 10, batch.rows);
      for (let row = 0; row < batch.rows; row++) {
        const start = int32At(texts.offsets, row);
        const end = int32At(texts.offsets, row + 1);
        const isAlive = batch.alive.has(row);
        const hit = isAlive && isValid(texts, row) ? search.find(texts.data, start, end) : undefined;
        if (isAlive) rows++;
        if (hit === undefined) {
          names.appendNull();
          continue;
        }
        names.appendString(hit.benchmark);
        found.set(hit.benchmark, (found.get(hit.benchmark) ?? 0) + 1);
        report?.(row, findingOf(hit, texts.data, start, end));
        if (drops) drop(row, "contaminated", ...verdictOf(hit));
      }
      return names.finish();
    };
    return transform<Reason>(
      (batch, drop, report) => {
        if (opened === undefined) throw new Error("the stage was used before it was prepared");
        const names = judge(batch, opened, drop, report);
        return new Map<string, Column>(benchmark_column === null ? [] : [[benchmark_column, names]]);
      },
      {
        finish: () => {
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
        prepare: async () => {
          opened ??= await openSearch(given, assets);
        },
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
      text: "How many eggs do the geese lay when it is warm?",
      options: { benchmarks: [{ name: "ducks", file: "data:,How many eggs do the ducks lay on a cold day?" }] },
      keeps: true,
    },
    {
      text: "Nobody knows how many eggs do the ducks lay here",
      options: {
        benchmarks: [{ name: "ducks", file: "data:,How many eggs do the ducks lay here on a cold day in June?" }],
        rule: "ngram",
      },
      drops: "contaminated",
    },
    {
      text: "how many eggs, do the ducks - lay on a cold day",
      options: {
        benchmarks: [{ name: "ducks", file: "data:,How many eggs do the ducks lay on a cold day?" }],
        drop: false,
        benchmark_column: "benchmark",
      },
      writes: { benchmark: "ducks" },
    },
  ],
});
