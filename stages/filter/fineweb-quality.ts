/**
 * FineWeb's quality rules: lines that end like prose, short lines, repeated lines, newlines per word.
 *
 * Owns the four bounds and their order. Exact to datatrove's FineWebQualityFilter, with one decision more: a text
 * without words has no newlines-per-word ratio (datatrove fails on it) and is dropped as `no_words`. Words are counted
 * only until the newline rule is settled. Price: 1 ns a byte.
 */
import { z } from "zod";
import type { Utf8Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { WORD_RULES } from "../../kernels/words/types.ts";
import { type Drop, defineStage } from "../define.ts";
import { ratioBound as ratio } from "./bounds.ts";
import type { BatchWords } from "./document-words.ts";
import { MeasuredBounds } from "./measured-bounds.ts";
import { documentOpener } from "./quality-kernels.ts";
import { wordFilter } from "./word-filter.ts";

const options = z.strictObject({
  words: z.enum(WORD_RULES).default("unicode").describe("word rules; spacy-en for the same decisions as datatrove"),
  min_terminal_lines_ratio: ratio
    .default(0.12)
    .describe(
      "share of non-blank lines that end in a terminal punctuation mark of any script; null turns the rule off",
    ),
  keep_without_terminal_lines: z
    .boolean()
    .default(false)
    .describe("spare texts in which no line at all ends in a terminal mark"),
  max_short_lines_ratio: ratio
    .default(0.67)
    .describe("share of non-blank lines that are short; null turns the rule off"),
  short_line_chars: z.int().min(0).default(30).describe("a line of at most this many characters is short"),
  max_duplicate_chars_ratio: ratio
    .default(0.01)
    .describe("characters in repeated lines over all characters but newlines; null turns the rule off"),
  max_newlines_per_word_ratio: ratio.default(0.3).describe("newlines per word; null turns the rule off"),
});

const PROSE =
  "The harbour was quiet that morning, and the boats lay still in the grey water.\n" +
  "Nobody had expected the ferry to return before noon, but there it was.\n";

const reasons = {
  empty: "no line holds more than white space",
  too_few_terminal_lines: "share of lines that end in a terminal mark is below min_terminal_lines_ratio",
  too_many_short_lines: "share of short lines is above max_short_lines_ratio",
  too_many_duplicate_chars: "share of characters in repeated lines is above max_duplicate_chars_ratio",
  no_words: "the text holds no word, so it has no newlines per word",
  too_many_newlines: "newlines per word are above max_newlines_per_word_ratio",
};

export default defineStage({
  name: "filter/fineweb-quality",
  version: 1,
  kind: "filter",
  summary: "Drops pages that look like lists, menus or repeated boilerplate.",
  reference: "FineWeb, Penedo et al. 2024; datatrove 0.10.1 FineWebQualityFilter",
  options,
  reads: ["text"],
  writes: [],
  reasons,
  create: (options) => {
    const open = documentOpener();
    const { min_terminal_lines_ratio, max_short_lines_ratio, max_duplicate_chars_ratio } = options;
    const bounds = new MeasuredBounds();
    const ratio = { unit: "ratio" } as const;
    const fewTerminal = bounds.min(
      "too_few_terminal_lines",
      "min_terminal_lines_ratio",
      min_terminal_lines_ratio,
      ratio,
    );
    const manyShort = bounds.max("too_many_short_lines", "max_short_lines_ratio", max_short_lines_ratio, ratio);
    const manyDuplicate = bounds.max(
      "too_many_duplicate_chars",
      "max_duplicate_chars_ratio",
      max_duplicate_chars_ratio,
      ratio,
    );
    // Words are counted only until it is clear that there are enough.
    const manyNewlines = bounds.max(
      "too_many_newlines",
      "max_newlines_per_word_ratio",
      options.max_newlines_per_word_ratio,
      { unit: "ratio", tells_kept: false },
    );

    const judge = (
      row: number,
      batchWords: BatchWords,
      { data, offsets }: Utf8Column,
      drop: Drop<keyof typeof reasons>,
    ) => {
      const document = open(data, int32At(offsets, row), int32At(offsets, row + 1));
      const lines = document.measureLines(options.short_line_chars);
      if (lines.lines === 0) return drop(row, "empty", 0);
      const terminal = lines.terminalLines / lines.lines;
      const exempt = terminal === 0 && options.keep_without_terminal_lines;
      if (fewTerminal.fails(terminal) && !exempt) {
        return drop(row, "too_few_terminal_lines", terminal);
      }
      const short = lines.shortLines / lines.lines;
      if (manyShort.fails(short)) return drop(row, "too_many_short_lines", short);
      const duplicate = lines.duplicateChars / lines.chars;
      if (manyDuplicate.fails(duplicate)) return drop(row, "too_many_duplicate_chars", duplicate);
      const max = options.max_newlines_per_word_ratio;
      if (max === null) return;
      const words = batchWords.count(document, row, lines.newlines, max);
      if (words === 0) return drop(row, "no_words", 0);
      if (manyNewlines.fails(lines.newlines / words)) drop(row, "too_many_newlines", lines.newlines / words);
    };

    return wordFilter(options.words, bounds, judge);
  },
  examples: [
    { text: PROSE, keeps: true },
    { text: " \n\t\n", drops: "empty" },
    { text: "Home and garden furniture\nA list of shops in your area", drops: "too_few_terminal_lines" },
    { text: "Home.\nShop.\nAbout us.\nContact.\n", drops: "too_many_short_lines" },
    { text: `${PROSE}${PROSE}`, drops: "too_many_duplicate_chars" },
    { text: "!".repeat(40), drops: "no_words" },
    { text: `${PROSE}${"\n".repeat(10)}`, drops: "too_many_newlines" },
  ],
});
