/**
 * Gopher's repetition rules: repeated paragraphs and lines, the most frequent short n-grams, duplicated long n-grams.
 *
 * Owns the thirteen bounds and their order. Exact to datatrove's GopherRepetitionFilter with `words: spacy-en`: every
 * share of characters is over the code points of the text, and a top n-gram counts even if it occurs once. An empty
 * text has a reason of its own, as in datatrove since 0.10.1; no bound turns that off. Price: 5 ns a byte, most of it
 * for the n-grams.
 */
import { z } from "zod";
import type { Utf8Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { WORD_RULES } from "../../kernels/words/types.ts";
import { type Drop, defineStage } from "../define.ts";
import { ratioBound } from "./bounds.ts";
import type { BatchWords } from "./document-words.ts";
import { MeasuredBounds } from "./measured-bounds.ts";
import { ngramOptions, ngramReasons, ngramRules } from "./ngram-rules.ts";
import { documentOpener } from "./quality-kernels.ts";
import { wordFilter } from "./word-filter.ts";

const bound = (of: string, value: number) => ratioBound.default(value).describe(`${of}; null turns the rule off`);
const top = (n: number): string => `characters in the most frequent ${n}-gram over all characters`;
const duplicate = (n: number): string => `characters in repeated ${n}-grams over all characters`;

const options = z.strictObject({
  words: z.enum(WORD_RULES).default("unicode").describe("word rules; spacy-en for the same decisions as datatrove"),
  max_duplicate_paragraphs_ratio: bound("share of paragraphs that are equal to an earlier one", 0.3),
  max_duplicate_paragraph_chars_ratio: bound("characters in repeated paragraphs over all characters", 0.2),
  max_duplicate_lines_ratio: bound("share of lines that are equal to an earlier one", 0.3),
  max_duplicate_line_chars_ratio: bound("characters in repeated lines over all characters", 0.2),
  ...ngramOptions(top, duplicate),
});

const reasons = {
  empty: "the text has no characters",
  too_many_duplicate_paragraphs: "share of repeated paragraphs is above max_duplicate_paragraphs_ratio",
  too_many_duplicate_paragraph_chars: "share of characters in them is above max_duplicate_paragraph_chars_ratio",
  too_many_duplicate_lines: "share of repeated lines is above max_duplicate_lines_ratio",
  too_many_duplicate_line_chars: "share of characters in them is above max_duplicate_line_chars_ratio",
  ...ngramReasons,
};

const PROSE =
  "The orchard stood on a slope above the village, and in spring its blossom could be seen for miles. " +
  "Every autumn the children were let out of school to help with picking apples before frost came.\n\n" +
  "My grandmother kept accounts of each harvest in a small green book, which nobody else was allowed to touch.\n";

export default defineStage({
  name: "filter/gopher-repetition",
  version: 2,
  kind: "filter",
  summary: "Drops texts that repeat themselves.",
  reference: "Gopher, Rae et al. 2021, table A1; datatrove 0.10.1 GopherRepetitionFilter",
  options,
  reads: ["text"],
  writes: [],
  reasons,
  create: (options) => {
    const open = documentOpener();
    const bounds = new MeasuredBounds();
    const repeated = (reason: string, option: Exclude<keyof typeof options, "words">) =>
      bounds.max(reason, option, options[option], { unit: "ratio" });
    const paragraphBound = repeated("too_many_duplicate_paragraphs", "max_duplicate_paragraphs_ratio");
    const paragraphCharsBound = repeated("too_many_duplicate_paragraph_chars", "max_duplicate_paragraph_chars_ratio");
    const lineBound = repeated("too_many_duplicate_lines", "max_duplicate_lines_ratio");
    const lineCharsBound = repeated("too_many_duplicate_line_chars", "max_duplicate_line_chars_ratio");
    // Of texts that stay the kernel finds out no more than that they do.
    const rules = ngramRules(options).map((rule) => ({
      ...rule,
      bound: bounds.max(rule.reason, rule.option, rule.max, { unit: "ratio", tells_kept: false }),
    }));

    const judge = (
      row: number,
      batchWords: BatchWords,
      { data, offsets }: Utf8Column,
      drop: Drop<keyof typeof reasons>,
    ) => {
      const document = open(data, int32At(offsets, row), int32At(offsets, row + 1));
      const chars = document.countChars();
      if (chars === 0) return drop(row, "empty", 0);
      const paragraph = document.measureParagraphs();
      const paragraphs = paragraph.duplicates / paragraph.pieces;
      if (paragraphBound.fails(paragraphs)) return drop(row, "too_many_duplicate_paragraphs", paragraphs);
      const paragraphChars = paragraph.duplicateChars / chars;
      if (paragraphCharsBound.fails(paragraphChars)) {
        return drop(row, "too_many_duplicate_paragraph_chars", paragraphChars);
      }
      const line = document.measureLinePieces();
      const lines = line.duplicates / line.pieces;
      if (lineBound.fails(lines)) return drop(row, "too_many_duplicate_lines", lines);
      const lineChars = line.duplicateChars / chars;
      if (lineCharsBound.fails(lineChars)) return drop(row, "too_many_duplicate_line_chars", lineChars);

      batchWords.load(document, row);
      document.loadNgrams();
      for (const { n, isTop, max, reason, bound } of rules) {
        if (max === null) continue;
        const ratio = isTop ? document.topRatio(n, max) : document.duplicateRatio(n, max);
        if (bound.fails(ratio)) return drop(row, reason, ratio);
      }
    };

    return wordFilter(options.words, bounds, judge);
  },
  examples: [
    { text: PROSE, keeps: true },
    { text: "", drops: "empty" },
    { text: "All rights reserved.\n\n".repeat(4), drops: "too_many_duplicate_paragraphs" },
    { text: "Read more\n".repeat(4), drops: "too_many_duplicate_lines" },
    { text: "very good and very good, or very good", drops: "top_2gram_too_frequent" },
    { text: "Hello there", drops: "top_2gram_too_frequent" },
  ],
});
