/**
 * Gopher's quality rules: word counts and lengths, symbols, bullet lists, ellipses, letters, stop words.
 *
 * Owns the bounds and their order. Exact to datatrove's GopherQualityFilter with `words: spacy-en`. With `unicode`
 * words a mark of punctuation is no word, contractions stay whole ("don't") and scripts without spaces give one word
 * per character. The alphabetic share is then a share of real words, which ordinary prose passes; over spaCy's tokens
 * every comma counts against it. That is nearly all of the difference: of 1,938 English web texts datatrove keeps
 * 1,526, and `unicode` 318 more, 316 of which fail that rule there. Symbol ratios are over fewer words, so hashes and
 * ellipses weigh a little more. A text without any word has none of the ratios (datatrove fails on it) and is dropped
 * as `no_words`, unless `min_words` already drops it. Price: 2 ns a byte, less where another filter has segmented the
 * batch.
 */
import { z } from "zod";
import type { Utf8Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { StopWords } from "../../kernels/quality/gopher.ts";
import { WORD_RULES } from "../../kernels/words/types.ts";
import { type Drop, defineStage } from "../define.ts";
import { countBound as count, ratioBound as ratio } from "./bounds.ts";
import type { BatchWords } from "./document-words.ts";
import { MeasuredBounds } from "./measured-bounds.ts";
import { documentOpener } from "./quality-kernels.ts";
import { wordFilter } from "./word-filter.ts";

const options = z.strictObject({
  words: z.enum(WORD_RULES).default("unicode").describe("word rules; spacy-en for the same decisions as datatrove"),
  min_words: count.default(50).describe("words that are not all symbols; null turns the rule off"),
  max_words: count.default(100_000).describe("words that are not all symbols; null turns the rule off"),
  min_mean_word_length: ratio.default(3).describe("mean characters of those words; null turns the rule off"),
  max_mean_word_length: ratio.default(10).describe("mean characters of those words; null turns the rule off"),
  max_hashes_ratio: ratio.default(0.1).describe("`#` per word; null turns the rule off"),
  max_ellipses_ratio: ratio.default(0.1).describe("`...` and U+2026 per word; null turns the rule off"),
  max_bullet_lines_ratio: ratio
    .default(0.9)
    .describe("share of lines that begin with U+2022 or a hyphen; null turns the rule off"),
  max_ellipsis_lines_ratio: ratio
    .default(0.3)
    .describe("share of lines that end in `...` or U+2026; null turns the rule off"),
  min_alphabetic_words_ratio: ratio
    .default(0.8)
    .describe("share of words with at least one letter of any script; null turns the rule off"),
  min_stop_words: count.default(2).describe("distinct stop words that must occur; null turns the rule off"),
  stop_words: z
    .array(z.string().min(1))
    .default(["the", "be", "to", "of", "and", "that", "have", "with"])
    .describe("words that English prose cannot do without; case counts"),
});

const SENTENCE = "We walked to the river and sat on the stones that the flood had left behind with the driftwood. ";
const PROSE = SENTENCE.repeat(4);

const reasons = {
  too_few_words: "fewer words than min_words",
  too_many_words: "more words than max_words",
  no_words: "the text holds no word, so it has no ratio to judge",
  words_too_short: "mean word length is below min_mean_word_length",
  words_too_long: "mean word length is above max_mean_word_length",
  too_many_hashes: "`#` per word is above max_hashes_ratio",
  too_many_ellipses: "ellipses per word are above max_ellipses_ratio",
  too_many_bullet_lines: "share of bullet lines is above max_bullet_lines_ratio",
  too_many_ellipsis_lines: "share of lines that end in an ellipsis is above max_ellipsis_lines_ratio",
  too_few_alphabetic_words: "share of words with a letter is below min_alphabetic_words_ratio",
  too_few_stop_words: "fewer distinct stop words than min_stop_words",
};

export default defineStage({
  name: "filter/gopher-quality",
  version: 1,
  kind: "filter",
  summary: "Drops texts that do not read like prose.",
  reference: "Gopher, Rae et al. 2021, section A1; datatrove 0.10.1 GopherQualityFilter",
  options,
  reads: ["text"],
  writes: [],
  reasons,
  create: (options) => {
    const open = documentOpener();
    const stopWords = new StopWords(options.stop_words);
    const bounds = new MeasuredBounds();
    const [ratio, count] = [{ unit: "ratio" }, { unit: "count" }] as const;
    const fewWords = bounds.min("too_few_words", "min_words", options.min_words, count);
    const manyWords = bounds.max("too_many_words", "max_words", options.max_words, count);
    const shortWords = bounds.min("words_too_short", "min_mean_word_length", options.min_mean_word_length, ratio);
    const longWords = bounds.max("words_too_long", "max_mean_word_length", options.max_mean_word_length, ratio);
    const manyHashes = bounds.max("too_many_hashes", "max_hashes_ratio", options.max_hashes_ratio, ratio);
    const manyEllipses = bounds.max("too_many_ellipses", "max_ellipses_ratio", options.max_ellipses_ratio, ratio);
    const bulletLines = bounds.max(
      "too_many_bullet_lines",
      "max_bullet_lines_ratio",
      options.max_bullet_lines_ratio,
      ratio,
    );
    const ellipsisLines = bounds.max(
      "too_many_ellipsis_lines",
      "max_ellipsis_lines_ratio",
      options.max_ellipsis_lines_ratio,
      ratio,
    );
    const fewLetters = bounds.min(
      "too_few_alphabetic_words",
      "min_alphabetic_words_ratio",
      options.min_alphabetic_words_ratio,
      ratio,
    );
    // Counting ends where there are enough.
    const fewStopWords = bounds.min("too_few_stop_words", "min_stop_words", options.min_stop_words, {
      unit: "count",
      tells_kept: false,
    });

    const judge = (
      row: number,
      batchWords: BatchWords,
      { data, offsets }: Utf8Column,
      drop: Drop<keyof typeof reasons>,
    ) => {
      const document = open(data, int32At(offsets, row), int32At(offsets, row + 1));
      const spans = batchWords.load(document, row);
      const words = document.measureWords();
      const length = words.nonSymbolWords;
      if (fewWords.fails(length)) return drop(row, "too_few_words", length);
      if (manyWords.fails(length)) return drop(row, "too_many_words", length);
      if (words.words === 0) return drop(row, "no_words", 0);
      const mean = words.nonSymbolChars / words.nonSymbolWords;
      if (shortWords.fails(mean)) return drop(row, "words_too_short", mean);
      if (longWords.fails(mean)) return drop(row, "words_too_long", mean);

      const symbols = document.measureSymbols();
      const hashes = symbols.hashes / words.words;
      if (manyHashes.fails(hashes)) return drop(row, "too_many_hashes", hashes);
      const ellipses = symbols.ellipses / words.words;
      if (manyEllipses.fails(ellipses)) return drop(row, "too_many_ellipses", ellipses);
      const bullets = symbols.bulletLines / symbols.lines;
      if (bulletLines.fails(bullets)) return drop(row, "too_many_bullet_lines", bullets);
      const unfinished = symbols.ellipsisLines / symbols.lines;
      if (ellipsisLines.fails(unfinished)) return drop(row, "too_many_ellipsis_lines", unfinished);

      const alphabetic = words.alphabeticWords / words.words;
      if (fewLetters.fails(alphabetic)) return drop(row, "too_few_alphabetic_words", alphabetic);
      if (options.min_stop_words === null) return;
      const found = stopWords.countDistinct(data, spans, options.min_stop_words);
      if (fewStopWords.fails(found)) drop(row, "too_few_stop_words", found);
    };

    return wordFilter(options.words, bounds, judge);
  },
  examples: [
    { text: PROSE, keeps: true },
    { text: SENTENCE, drops: "too_few_words" },
    { text: SENTENCE.repeat(5), options: { max_words: 80 }, drops: "too_many_words" },
    { text: "...", options: { min_words: null }, drops: "no_words" },
    { text: "so we go up to it ".repeat(10), drops: "words_too_short" },
    { text: "internationalization ".repeat(60), drops: "words_too_long" },
    { text: `${PROSE}${"# ".repeat(10)}`, drops: "too_many_hashes" },
    { text: `${PROSE}${"... ".repeat(10)}`, drops: "too_many_ellipses" },
    { text: "- We sat on the stones that the flood had left.\n".repeat(10), drops: "too_many_bullet_lines" },
    {
      text: "We sat on the stones that the flood had left behind for us ...\n".repeat(10),
      drops: "too_many_ellipsis_lines",
    },
    { text: "2024 the 1999 2001 ".repeat(20), drops: "too_few_alphabetic_words" },
    { text: "Nous marchions vers la rive sans dire un seul mot. ".repeat(6), drops: "too_few_stop_words" },
  ],
});
