/**
 * DCLM's page rules: the heuristics of RefinedWeb as DCLM-Baseline was filtered with them, page by page.
 *
 * Exact to DCLM's Python: three rules of words (fastText's, Python's, UAX #29's), every copy of what repeats counts,
 * stop words in any case. What comes before it there, taking URLs out and collapsing newlines, and the line rules after
 * it, `filter/dclm-lines`, are other stages. Invariant: an empty text has too few words. Price: 10 ns a byte.
 */
import { z } from "zod";
import { int32At } from "../../batch/numbers.ts";
import { DclmLines, DclmNgrams, DclmWords } from "../../kernels/quality/dclm.ts";
import { countFasttextWords } from "../../kernels/quality/fasttext-words.ts";
import { type Drop, defineStage, filter } from "../define.ts";
import { above, below, countBound as count, ratioBound as ratio } from "./bounds.ts";
import { ngramOptions, ngramReasons, ngramRules } from "./ngram-rules.ts";

const top = (n: number): string => `characters in the most frequent ${n}-gram over those of all words`;
const duplicate = (n: number): string =>
  `characters of words in ${n}-grams that occur more than once over those of all`;

const options = z.strictObject({
  min_words: count.default(50).describe("words that begin with a letter or number; null turns the rule off"),
  max_words: count.default(100_000).describe("words that begin with a letter or number; null turns the rule off"),
  min_mean_word_length: ratio.default(3).describe("mean characters between white space; null turns the rule off"),
  max_mean_word_length: ratio.default(10).describe("mean characters between white space; null turns the rule off"),
  max_symbols_ratio: ratio.default(0.1).describe("`#` and ellipses per word; null turns the rule off"),
  max_bullet_lines_ratio: ratio
    .default(0.9)
    .describe("share of lines that begin like an item; null turns the rule off"),
  max_ellipsis_lines_ratio: ratio
    .default(0.3)
    .describe("share of lines that end in an ellipsis; null turns the rule off"),
  max_other_words_ratio: ratio.default(0.2).describe("share of words without a letter; null turns the rule off"),
  min_stop_words: count
    .default(2)
    .describe("occurrences of the, be, to, of, and, that, have, with, in any case; null turns the rule off"),
  max_duplicate_lines_ratio: ratio
    .default(0.3)
    .describe("share of lines that occur more than once; null turns the rule off"),
  max_duplicate_paragraphs_ratio: ratio
    .default(0.3)
    .describe("share of paragraphs that occur more than once; null turns the rule off"),
  max_duplicate_line_chars_ratio: ratio.default(0.2).describe("characters in such lines; null turns the rule off"),
  max_duplicate_paragraph_chars_ratio: ratio
    .default(0.2)
    .describe("characters in such paragraphs; null turns the rule off"),
  ...ngramOptions(top, duplicate),
});

const reasons = {
  too_few_words: "fewer words than min_words",
  too_many_words: "more words than max_words",
  no_words: "nothing but white space, so there is no ratio to judge",
  words_too_short: "mean word length is below min_mean_word_length",
  words_too_long: "mean word length is above max_mean_word_length",
  too_many_symbols: "symbols per word are above max_symbols_ratio",
  too_many_bullet_lines: "share of bullet lines is above max_bullet_lines_ratio",
  too_many_ellipsis_lines: "share of lines that end in an ellipsis is above max_ellipsis_lines_ratio",
  too_many_other_words: "share of words without a letter is above max_other_words_ratio",
  too_few_stop_words: "fewer stop words than min_stop_words",
  too_many_duplicate_lines: "share of repeated lines is above max_duplicate_lines_ratio",
  too_many_duplicate_paragraphs: "share of repeated paragraphs is above max_duplicate_paragraphs_ratio",
  too_many_duplicate_line_chars: "share of characters in them is above max_duplicate_line_chars_ratio",
  too_many_duplicate_paragraph_chars: "share of characters in them is above max_duplicate_paragraph_chars_ratio",
  ...ngramReasons,
};
type Reason = keyof typeof reasons;

const SENTENCE = "We walked to the river and sat on the stones that the flood had left behind with the driftwood. ";
const PROSE =
  `${SENTENCE}Nobody had told the ferryman about our plans, so he looked up in surprise when we ` +
  "asked him to take us across before dawn.\nBy the time the sun rose over the hills, three other boats lay " +
  "at the landing, and their owners were already selling fish, bread, and wool to people from the upper villages.\n";

export default defineStage({
  name: "filter/dclm-page",
  version: 1,
  kind: "filter",
  summary: "Drops pages by DCLM's rules, RefinedWeb's heuristics.",
  reference: "DCLM, Li et al. 2024, dclm_baseline_refinedweb.yaml; RefinedWeb, Penedo et al. 2023",
  options,
  reads: ["text"],
  writes: [],
  reasons,
  create: (given) => {
    const words = new DclmWords();
    const lines = new DclmLines();
    const paragraphs = new DclmLines();
    const ngrams = new DclmNgrams();
    const rules = ngramRules(given);

    /** The reason that words and lines give, with what was measured. */
    const judgeShape = (): readonly [Reason, number] | undefined => {
      if (words.words === 0) return ["no_words", 0];
      const mean = words.chars / words.words;
      if (below(mean, given.min_mean_word_length)) return ["words_too_short", mean];
      if (above(mean, given.max_mean_word_length)) return ["words_too_long", mean];
      const symbols = words.symbols / words.words;
      if (above(symbols, given.max_symbols_ratio)) return ["too_many_symbols", symbols];
      const { max_bullet_lines_ratio: maxBullets, max_ellipsis_lines_ratio: maxEllipses } = given;
      // Compared as DCLM does, without a division.
      if (maxBullets !== null && lines.bullets > maxBullets * lines.pieces) {
        return ["too_many_bullet_lines", lines.bullets / lines.pieces];
      }
      if (maxEllipses !== null && lines.ellipses > maxEllipses * lines.pieces) {
        return ["too_many_ellipsis_lines", lines.ellipses / lines.pieces];
      }
      const other = words.otherWords / words.words;
      if (above(other, given.max_other_words_ratio)) return ["too_many_other_words", other];
      if (below(words.stopWords, given.min_stop_words)) return ["too_few_stop_words", words.stopWords];
      return undefined;
    };

    /** One line, or one paragraph, repeats nothing. */
    const judgeRepeats = (): readonly [Reason, number] | undefined => {
      const ofPieces = ({ pieces, duplicates }: DclmLines) => (pieces > 1 ? duplicates / pieces : 0);
      const ofChars = ({ pieces, duplicateChars, chars }: DclmLines) => (pieces > 1 ? duplicateChars / chars : 0);
      const checks = [
        [ofPieces(lines), given.max_duplicate_lines_ratio, "too_many_duplicate_lines"],
        [ofPieces(paragraphs), given.max_duplicate_paragraphs_ratio, "too_many_duplicate_paragraphs"],
        [ofChars(lines), given.max_duplicate_line_chars_ratio, "too_many_duplicate_line_chars"],
        [ofChars(paragraphs), given.max_duplicate_paragraph_chars_ratio, "too_many_duplicate_paragraph_chars"],
      ] as const;
      const found = checks.find(([value, max]) => above(value, max));
      return found && [found[2], found[0]];
    };

    const judge = (row: number, bytes: Uint8Array, start: number, end: number, drop: Drop<Reason>) => {
      const length = countFasttextWords(bytes, start, end);
      if (below(length, given.min_words)) return drop(row, "too_few_words", length);
      if (above(length, given.max_words)) return drop(row, "too_many_words", length);
      words.measure(bytes, start, end);
      lines.measure(bytes, start, end, 1);
      const shape = judgeShape();
      if (shape !== undefined) return drop(row, ...shape);
      paragraphs.measure(bytes, start, end, 2);
      const repeats = judgeRepeats();
      if (repeats !== undefined) return drop(row, ...repeats);
      if (rules.length === 0) return;
      ngrams.load(bytes, start, end);
      for (const { isTop, max, reason } of rules) {
        ngrams.next();
        if (max === null) continue;
        const ratio = isTop ? ngrams.topRatio() : ngrams.duplicateRatio();
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
    { text: `${PROSE}${"# ".repeat(12)}`, drops: "too_many_symbols" },
    { text: "- We sat on the stones that the flood had left.\n".repeat(10), drops: "too_many_bullet_lines" },
    { text: "Nous marchions vers la rive sans dire un seul mot. ".repeat(6), drops: "too_few_stop_words" },
    { text: SENTENCE.repeat(4), drops: "top_3gram_too_frequent" },
    { text: " \n", options: { min_words: null }, drops: "no_words" },
  ],
});
