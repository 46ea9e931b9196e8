/**
 * DCLM's line rules: takes lines out that are shouted, numbers, counters or single words, and scraps of shop pages;
 * drops pages that lose too much.
 *
 * Exact to DCLM's Python, to be used after `filter/dclm-page`. Invariant: words are counted before and after as
 * fastText cuts them, those that begin with a letter or number. Price: 10 ns a byte and one new text column.
 */
import { z } from "zod";
import { Utf8Builder } from "../../batch/builder.ts";
import { int32At } from "../../batch/numbers.ts";
import { DclmLineRules } from "../../kernels/quality/dclm-lines.ts";
import { countFasttextWords } from "../../kernels/quality/fasttext-words.ts";
import { type Drop, defineStage, transform } from "../define.ts";
import { ratioBound as ratio } from "./bounds.ts";

const options = z.strictObject({
  max_uppercase_ratio: ratio
    .default(0.5)
    .describe("remove lines with a larger share of capitals; null turns the rule off"),
  max_digits_ratio: ratio
    .default(0.999999)
    .describe("remove lines with a larger share of digits; null turns the rule off"),
  remove_counters: z.boolean().default(true).describe("remove lines such as `3 likes` and `1.2K followers`"),
  min_words_per_line: z
    .int()
    .min(0)
    .nullable()
    .default(2)
    .describe("remove lines of fewer words between white space, but for empty ones; null turns the rule off"),
  scrap_words: z
    .int()
    .min(0)
    .nullable()
    .default(10)
    .describe(
      "in lines of at most so many words take out `items in cart`, `Read more...` at the end and `Sign-in` at the " +
        "beginning; null turns the rule off",
    ),
  max_removed_words_ratio: ratio
    .default(0.05)
    .describe("drop pages that lose a larger share of their words; null turns the rule off"),
});

const REASONS = {
  nothing_left: "no line stays",
  too_many_words_removed: "the share of words that were removed is above max_removed_words_ratio",
};
type Reason = keyof typeof REASONS;

const PROSE =
  "By the time the sun rose over the hills, three other boats lay at the landing, and their owners were selling fish.";

export default defineStage({
  name: "filter/dclm-lines",
  version: 1,
  kind: "transform",
  summary: "Removes lines that are no prose by DCLM's rules, and drops pages that lose many words by it.",
  reference: "DCLM, Li et al. 2024, dclm_baseline_refinedweb.yaml; RefinedWeb, Penedo et al. 2023",
  options,
  reads: ["text"],
  writes: [{ name: "text", kind: "utf8" }],
  reasons: ({ max_removed_words_ratio }) =>
    max_removed_words_ratio === null ? { nothing_left: REASONS.nothing_left } : REASONS,
  create: (given) => {
    const rules = new DclmLineRules({
      maxUppercaseRatio: given.max_uppercase_ratio,
      maxDigitsRatio: given.max_digits_ratio,
      removeCounters: given.remove_counters,
      minWords: given.min_words_per_line,
      scrapWords: given.scrap_words,
    });

    /** Whether the row stays with what the rules left. */
    const stays = (row: number, wordsBefore: number, drop: Drop<Reason>): boolean => {
      const { bytes, length } = rules.text;
      if (length === 0) {
        drop(row, "nothing_left");
        return false;
      }
      const max = given.max_removed_words_ratio;
      if (max === null) return true;
      // A text without words has lost all that it could.
      const removed = wordsBefore === 0 ? 1 : (wordsBefore - countFasttextWords(bytes, 0, length)) / wordsBefore;
      if (removed <= max) return true;
      drop(row, "too_many_words_removed", removed);
      return false;
    };

    return transform<Reason>((batch, drop) => {
      const { data, offsets } = batch.text;
      const texts = new Utf8Builder(data.length, batch.rows);
      for (let row = 0; row < batch.rows; row++) {
        if (batch.alive.has(row)) {
          const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
          rules.read(data, start, end);
          if (stays(row, countFasttextWords(data, start, end), drop)) {
            texts.appendPart(rules.text.bytes.subarray(0, rules.text.length));
          }
        }
        texts.endRow();
      }
      return new Map([["text", texts.finish()]]);
    });
  },
  examples: [
    {
      text: `HOME AND GARDEN\n${PROSE}\n12 likes\n2024\nMenu`,
      options: { max_removed_words_ratio: 1 },
      becomes: PROSE,
    },
    { text: `${PROSE} Read more...`, becomes: `${PROSE} Read more...` },
    {
      text: `${PROSE}\nThree boats came. Read more...`,
      becomes: `${PROSE}\nThree boats came.`,
      options: { max_removed_words_ratio: 0.1 },
    },
    { text: "LOG IN NOW", drops: "nothing_left" },
    { text: `${PROSE}\n${"HOME SHOP ABOUT CONTACT "}`, drops: "too_many_words_removed" },
  ],
});
