/**
 * Removes the lines of pages that are buttons, counters and headings, and drops pages of which much would go.
 *
 * The rules are RefinedWeb's corrections of lines as DCLM-Baseline runs them. Invariant: of a page that stays, every
 * line is one of the page's, whole but for three phrases; lines are in order. Price: 20 ns a byte. Its state counts rows
 * and those that change.
 */
import { z } from "zod";
import { int32At } from "../../batch/numbers.ts";
import { BoilerplateLines } from "../../kernels/quality/boilerplate.ts";
import { countFasttextWords } from "../../kernels/quality/line-signs.ts";
import { addCounts, Tally } from "../chat/counts.ts";
import { defineStage, transform } from "../define.ts";
import { EditedText } from "./edited-text.ts";

const options = z.strictObject({
  max_uppercase_ratio: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(0.5)
    .describe("remove lines of which a larger share of the characters are capitals; null turns the rule off"),
  remove_numeric: z.boolean().default(true).describe("remove lines that consist of digits"),
  remove_counters: z
    .boolean()
    .default(true)
    .describe("remove lines that are a counter, such as `3 likes` or `5.1M followers`"),
  min_words_per_line: z
    .int()
    .min(0)
    .default(2)
    .describe("remove lines of fewer words between white space; empty lines stay"),
  remove_phrases: z
    .boolean()
    .default(true)
    .describe(
      "take `items in cart`, `Read more...` at the end and `Sign-in` at the beginning out of lines of at most ten words",
    ),
  max_removed_words_ratio: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(0.05)
    .describe("drop pages that lose a larger share of their words; null turns the rule off"),
});

const REASONS = {
  nothing_left: "no line stays",
  no_words: "the text has no words, of which a share could be lost",
  too_many_words_removed: "the share of the words that the lines take with them is above max_removed_words_ratio",
};
type Reason = keyof typeof REASONS;

const PROSE = `${"The ferry left at seven in the morning, and nobody waved. ".repeat(4)}\n`;

export default defineStage({
  name: "rewrite/boilerplate-lines",
  version: 1,
  kind: "transform",
  summary: "Removes lines of pages that are buttons, counters and headings; drops pages of which much would go.",
  reference:
    "RefinedWeb, Penedo et al. 2023, appendix G.2, as DCLM-Baseline's `dclm_baseline_refinedweb.yaml` has it, " +
    "from word_counter_enricher on",
  options,
  reads: ["text"],
  writes: [{ name: "text", kind: "utf8" }],
  reasons: ({ max_removed_words_ratio }) =>
    max_removed_words_ratio === null ? { nothing_left: REASONS.nothing_left } : REASONS,
  create: (given) => {
    const { max_removed_words_ratio } = given;
    const lines = new BoilerplateLines({
      maxUppercaseRatio: given.max_uppercase_ratio,
      removeNumeric: given.remove_numeric,
      removeCounters: given.remove_counters,
      minWordsPerLine: given.min_words_per_line,
      removePhrases: given.remove_phrases,
    });
    const tally = new Tally(["rows", "changed_rows"]);

    /** Why the text that was opened goes, and the share of words where that is why. */
    const judge = (data: Uint8Array, start: number, end: number, changes: boolean): [Reason, number?] | undefined => {
      if (lines.isEmpty) return ["nothing_left"];
      if (max_removed_words_ratio === null) return undefined;
      // Of a text that stays as it is no word is lost: one is enough.
      const words = countFasttextWords(data, start, end, changes ? Number.POSITIVE_INFINITY : 1);
      if (words === 0) return ["no_words"];
      if (!changes) return undefined;
      const ratio = (words - lines.words()) / words;
      return ratio > max_removed_words_ratio ? ["too_many_words_removed", ratio] : undefined;
    };

    return transform<Reason>((batch, drop) => {
      const { data, offsets } = batch.text;
      const edited = new EditedText(batch.text);
      for (let row = 0; row < batch.rows; row++) {
        if (!batch.alive.has(row)) continue;
        const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
        tally.add("rows");
        const changes = lines.open(data, start, end);
        const verdict = judge(data, start, end, changes);
        if (verdict !== undefined) drop(row, ...verdict);
        else if (changes) {
          tally.add("changed_rows");
          edited.begin(row);
          lines.write((part) => edited.write(part));
          edited.end();
        }
      }
      return new Map([["text", edited.finish()]]);
    }, tally.finish);
  },
  merge: addCounts,
  examples: [
    { text: PROSE.trim(), keeps: true },
    { text: `HOME\n${PROSE}3 likes\n${PROSE}2024`, becomes: `${PROSE}${PROSE}`.trim() },
    {
      text: "Sign-in for more\nYou have 2 items in cart now\nAll about it. Read more...\nEnd",
      options: { max_removed_words_ratio: null },
      becomes: "for more\nYou have 2 now\nAll about it.",
    },
    { text: "MENU\nONE\nTWO", drops: "nothing_left" },
    { text: "Menu\nThe ferry left at seven.", drops: "too_many_words_removed" },
    { text: "-- --", drops: "no_words" },
  ],
});
