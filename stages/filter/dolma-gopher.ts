/**
 * Dolma's Gopher rules for pages: the measures of its tagger and the bounds of its mixing files of 2023 and 2024.
 *
 * Words are what stands between white space, medians stand where Gopher has means, and every copy of what repeats
 * counts. Exact to the tagger `gopher_v1`. In Dolma's own mixing files the bounds of the three most frequent n-grams
 * name attributes that the tagger does not write (`…_2gram` for `…_2grams`), so they dropped nothing there: set them to
 * null for the pages that Dolma 1.5 and 1.6 kept. Invariant: an empty text has too few words. Price: 150 ns a word.
 */
import { z } from "zod";
import { int32At } from "../../batch/numbers.ts";
import { DolmaMeasures } from "../../kernels/quality/dolma.ts";
import { type Drop, defineStage, filter } from "../define.ts";
import { above, below, countBound as count, ratioBound as ratio } from "./bounds.ts";
import { ngramOptions, ngramReasons, ngramRules } from "./ngram-rules.ts";

const top = (n: number): string => `characters in the most frequent ${n}-gram over those of all words`;
const duplicate = (n: number): string =>
  `characters in ${n}-grams that occur more than once over those of all ${n}-grams`;

const options = z.strictObject({
  min_words: count.default(50).describe("words between white space; null turns the rule off"),
  max_words: count.default(100_000).describe("words between white space; null turns the rule off"),
  min_median_word_length: ratio.default(3).describe("median characters of words; null turns the rule off"),
  max_median_word_length: ratio.default(10).describe("median characters of words; null turns the rule off"),
  max_symbol_words_ratio: ratio.default(0.1).describe("share of words with `#` or U+2026; null turns the rule off"),
  min_alphabetic_words_ratio: ratio.default(0.8).describe("share of words with a letter; null turns the rule off"),
  min_required_words: count
    .default(2)
    .describe("occurrences of the, be, to, of, and, that, have, with; case counts; null turns the rule off"),
  max_bullet_lines_ratio: ratio.default(0.9).describe("share of lines that begin with * or -; null turns the rule off"),
  max_ellipsis_lines_ratio: ratio.default(0.3).describe("share of lines that end in U+2026; null turns the rule off"),
  max_duplicate_lines_ratio: ratio
    .default(0.3)
    .describe("share of lines, empty ones among them, that occur more than once; null turns the rule off"),
  max_duplicate_line_chars_ratio: ratio
    .default(0.3)
    .describe("characters in such lines over those of all words; null turns the rule off"),
  ...ngramOptions(top, duplicate),
});

const reasons = {
  too_few_words: "fewer words than min_words",
  too_many_words: "more words than max_words",
  words_too_short: "median word length is below min_median_word_length",
  words_too_long: "median word length is above max_median_word_length",
  too_many_symbol_words: "share of words with a symbol is above max_symbol_words_ratio",
  too_few_alphabetic_words: "share of words with a letter is below min_alphabetic_words_ratio",
  too_few_required_words: "fewer required words than min_required_words",
  too_many_bullet_lines: "share of bullet lines is above max_bullet_lines_ratio",
  too_many_ellipsis_lines: "share of lines that end in an ellipsis is above max_ellipsis_lines_ratio",
  too_many_duplicate_lines: "share of repeated lines is above max_duplicate_lines_ratio",
  too_many_duplicate_line_chars: "share of characters in them is above max_duplicate_line_chars_ratio",
  ...ngramReasons,
};
type Reason = keyof typeof reasons;

const SENTENCE = "We walked to the river and sat on the stones that the flood had left behind with the driftwood. ";
const PROSE =
  `${SENTENCE}Nobody had told the ferryman about our plans, so he looked up in surprise when we ` +
  "asked him to take us across before dawn.\nBy the time the sun rose over the hills, three other boats lay " +
  "at the landing, and their owners were already selling fish, bread, and wool to people from the upper villages.\n";

export default defineStage({
  name: "filter/dolma-gopher",
  version: 1,
  kind: "filter",
  summary: "Drops pages by Dolma's Gopher rules.",
  reference:
    "Dolma, Soldaini et al. 2024; toolkit 1.2.1, tagger gopher_v1 and the mixing files of versions 1.5 and 1.6",
  options,
  reads: ["text"],
  writes: [],
  reasons,
  create: (given) => {
    const measures = new DolmaMeasures();
    const rules = ngramRules(given);

    const judge = (row: number, bytes: Uint8Array, start: number, end: number, drop: Drop<Reason>) => {
      measures.measure(bytes, start, end);
      const { words, medianWordLength, lines } = measures;
      if (below(words, given.min_words)) return drop(row, "too_few_words", words);
      if (above(words, given.max_words)) return drop(row, "too_many_words", words);
      if (below(medianWordLength, given.min_median_word_length)) return drop(row, "words_too_short", medianWordLength);
      if (above(medianWordLength, given.max_median_word_length)) return drop(row, "words_too_long", medianWordLength);
      const symbols = measures.symbolWords / Math.max(words, 1);
      if (above(symbols, given.max_symbol_words_ratio)) return drop(row, "too_many_symbol_words", symbols);
      const alphabetic = measures.alphabeticWords / Math.max(words, 1);
      if (below(alphabetic, given.min_alphabetic_words_ratio)) return drop(row, "too_few_alphabetic_words", alphabetic);
      const { requiredWords } = measures;
      if (below(requiredWords, given.min_required_words)) return drop(row, "too_few_required_words", requiredWords);
      const bullets = measures.bulletLines / lines;
      if (above(bullets, given.max_bullet_lines_ratio)) return drop(row, "too_many_bullet_lines", bullets);
      const unfinished = measures.ellipsisLines / lines;
      if (above(unfinished, given.max_ellipsis_lines_ratio)) return drop(row, "too_many_ellipsis_lines", unfinished);
      const duplicate = measures.duplicateLines / lines;
      if (above(duplicate, given.max_duplicate_lines_ratio)) return drop(row, "too_many_duplicate_lines", duplicate);
      const chars = measures.duplicateLineChars / Math.max(measures.chars, 1);
      if (above(chars, given.max_duplicate_line_chars_ratio)) return drop(row, "too_many_duplicate_line_chars", chars);

      for (const { isTop, max, reason } of rules) {
        measures.nextNgrams();
        if (max === null) continue;
        const ratio = isTop ? measures.topNgramRatio() : measures.duplicateNgramRatio();
        if (ratio > max) return drop(row, reason, ratio);
      }
    };

    return filter<Reason>(({ text: { data, offsets }, alive }, drop) => {
      alive.forEach((row) => {
        judge(row, data, int32At(offsets, row), int32At(offsets, row + 1), drop);
      });
    });
  },
  examples: [
    { text: PROSE, keeps: true },
    { text: SENTENCE, drops: "too_few_words" },
    { text: "so we go up to it of ".repeat(10), drops: "words_too_short" },
    { text: SENTENCE.repeat(4), drops: "top_4gram_too_frequent" },
    { text: SENTENCE.repeat(4), options: { max_top_4gram_ratio: null }, drops: "too_many_duplicate_5grams" },
    { text: `${PROSE}${"end of the page\n".repeat(5)}`, drops: "too_many_duplicate_lines" },
    { text: "the and of ".repeat(20), drops: "top_2gram_too_frequent" },
    { text: "", drops: "too_few_words" },
  ],
});
