/**
 * C4's filter of bad words: drops pages that hold a word or a phrase of the list of their language.
 *
 * Exact to datatrove's C4BadWordsFilter, but for `keep_ratio`: which pages stay there depends on how many came before;
 * here on the page alone, so that workers and order change nothing. Invariant: texts are compared in lower case, words
 * of lists as they are written. Price: 3 ns a byte; the lists once a thread.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { ownOf } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";
import { int32At } from "../../batch/numbers.ts";
import { lowerText } from "../../kernels/lower-case.ts";
import { TextBuffer } from "../../kernels/normalize.ts";
import type { WordHits } from "../../kernels/quality/word-hits.ts";
import type { AssetRef } from "../assets.ts";
import { ColumnPath } from "../cells.ts";
import { defineStage, filter } from "../define.ts";
import { drawsBy, fractionOf } from "../draws.ts";
import { LANGUAGES, openBadWords, PUBLISHED, publishedList } from "./bad-word-lists.ts";

const options = z.strictObject({
  lists: z
    .record(z.string().min(1), z.string().min(1))
    .refine((lists) => Object.keys(lists).length > 0, { error: "name a list for one language at least" })
    .refine((lists) => Object.entries(lists).every(([name, list]) => list !== PUBLISHED || LANGUAGES.includes(name)), {
      error: `\`${PUBLISHED}\` has lists for ${LANGUAGES.join(", ")}; for others name a file of your own`,
    })
    .transform((lists) =>
      Object.fromEntries(
        Object.entries(lists).map(([language, list]): [string, AssetRef] => [
          language,
          { asset: list === PUBLISHED ? publishedList(language) : list },
        ]),
      ),
    )
    .prefault({ en: PUBLISHED })
    .describe(
      `by language, the file with its words, one a line in lower case, or \`${PUBLISHED}\` for the list that C4 was ` +
        "made with, which is fetched from where it is published " +
        `(CC BY 4.0): ${LANGUAGES.join(", ")}. In ja, th and zh a word counts wherever it stands`,
    ),
  language_column: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("column, or path into a column of JSON, with the language of each row; null: all are default_language"),
  default_language: z.string().min(1).default("en").describe("language of rows without one"),
  missing_language: z
    .enum(["fail", "keep"])
    .default("fail")
    .describe("a row in a language that has no list ends the run, or stays and is counted"),
  keep_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("share of rows with a bad word that stay all the same, drawn by each row's place"),
});

const reasons = { bad_word: "the text holds a word of the list of its language" };

interface Counts {
  rows_with_bad_words: number;
  rows_without_list: number;
}

export default defineStage({
  name: "filter/c4-bad-words",
  version: 1,
  kind: "filter",
  summary: "Drops pages that hold a bad word of a list, in 28 languages.",
  reference: "C4, Raffel et al. 2020, section 2.2; datatrove 0.10.1 C4BadWordsFilter",
  options,
  reads: ({ language_column }) => ["text", ...(language_column === null ? [] : [language_column])],
  writes: [],
  reasons,
  create: ({ lists, language_column, default_language, missing_language, keep_ratio }, { assets, seed }) => {
    const opened = new Map<string, WordHits | undefined>();
    const hitsOf = (language: string): WordHits | undefined => {
      if (!opened.has(language)) {
        const list = ownOf(lists, language);
        opened.set(language, list && openBadWords(language, list, assets));
      }
      const hits = opened.get(language);
      if (hits === undefined && missing_language === "fail") throw missingList(language, Object.keys(lists));
      return hits;
    };
    const path = language_column === null ? undefined : new ColumnPath(language_column);
    /** The language of each row of a batch. */
    const languagesOf = (batch: Batch): ((row: number) => string) => {
      if (path === undefined) return () => default_language;
      const cells = path.of(batch);
      return (row) =>
        cells.read(row) === "text"
          ? Buffer.from(cells.bytes.subarray(cells.start, cells.end)).toString("utf8")
          : default_language;
    };
    const drawsOf = drawsBy("position", seed);
    const drawn = new Uint32Array(2);
    const lower = new TextBuffer();
    let counts: Counts = { rows_with_bad_words: 0, rows_without_list: 0 };

    return filter<keyof typeof reasons>(
      (batch, drop) => {
        const { data, offsets } = batch.text;
        const languageOf = languagesOf(batch);
        const draw = drawsOf(batch);
        batch.alive.forEach((row) => {
          const hits = hitsOf(languageOf(row));
          if (hits === undefined) {
            counts.rows_without_list++;
            return;
          }
          lowerText(data, int32At(offsets, row), int32At(offsets, row + 1), lower);
          const hit = hits.find(lower.bytes, lower.length);
          if (hit === undefined) return;
          counts.rows_with_bad_words++;
          if (keep_ratio > 0 && draw(row, drawn) && fractionOf(drawn) < keep_ratio) return;
          drop(row, "bad_word", 1, Buffer.from(lower.bytes.subarray(hit.start, hit.end)).toString("utf8"));
        });
      },
      {
        finish: () => {
          const state = { ...counts };
          counts = { rows_with_bad_words: 0, rows_without_list: 0 };
          return state;
        },
      },
    );
  },
  merge: (states) => {
    const sum: Counts = { rows_with_bad_words: 0, rows_without_list: 0 };
    for (const state of states as unknown as readonly Counts[]) {
      sum.rows_with_bad_words += state.rows_with_bad_words;
      sum.rows_without_list += state.rows_without_list;
    }
    return { ...sum };
  },
  examples: [
    { text: "What a load of Bilge!", options: { lists: { en: "data:,bilge%0Abilge water" } }, drops: "bad_word" },
    { text: "The bilges were dry.", options: { lists: { en: "data:,bilge" } }, keeps: true },
    {
      columns: { text: "海は青い", language: "ja" },
      options: { lists: { ja: "data:,青" }, language_column: "language" },
      drops: "bad_word",
    },
    {
      columns: { text: "Bilge", language: "xx" },
      options: { lists: { en: "data:,bilge" }, language_column: "language", missing_language: "keep" },
      keeps: true,
    },
  ],
});

function missingList(language: string, listed: readonly string[]): DataError {
  const published = LANGUAGES.includes(language)
    ? `add \`${language}: ${PUBLISHED}\` to \`lists\`, which reads ${publishedList(language)}`
    : `add a file of words for it to \`lists\`; there are published lists for ${LANGUAGES.join(", ")}`;
  return new DataError({
    code: "data/bad-words-language",
    what: `filter/c4-bad-words met a text in \`${language}\` and has lists for ${listed.join(", ")} alone`,
    why: "a text in a language without a list would stay whatever it holds",
    fix: `${published}; or set \`missing_language: keep\``,
  });
}
