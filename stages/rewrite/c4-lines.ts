/**
 * C4's line rules: removes lines that are not prose, and citation marks.
 *
 * Owns the options it shares with `filter/c4-quality`, which goes before it. Invariant: what is left is joined by `\n` and stripped, as
 * datatrove's C4QualityFilter leaves it; dead rows become empty. Price: 1.5 ns a byte and one new text column.
 */
import { z } from "zod";
import type { Utf8Column } from "../../batch/column.ts";
import { allocate } from "../../batch/memory.ts";
import { strip } from "../../kernels/lines.ts";
import type { C4LineRules } from "../../kernels/quality/c4.ts";
import { defineStage, rewrite } from "../define.ts";
import { c4LineJudge } from "../filter/quality-kernels.ts";

/** The options about lines, shared by the filter that counts sentences and the rewrite that removes lines. */
export const c4LineOptions = {
  remove_citations: z.boolean().default(true).describe("remove [1], [], [edit] and [citation needed]"),
  filter_no_terminal_punct: z
    .boolean()
    .default(true)
    .describe("remove lines that do not end in . ? ! \" or ', or that end in `...`; FineWeb turns this off"),
  min_words_per_line: z
    .int()
    .min(0)
    .nullable()
    .default(3)
    .describe("remove lines of fewer words between white space, citations included; null turns the rule off"),
  max_word_length: z
    .int()
    .min(1)
    .nullable()
    .default(1000)
    .describe("remove lines with a word of more characters; null turns the rule off"),
  filter_javascript: z.boolean().default(true).describe("remove lines that mention javascript"),
  filter_policy: z
    .boolean()
    .default(true)
    .describe("remove lines about terms of use, privacy and cookie policies, use of cookies"),
};

const options = z.strictObject(c4LineOptions);

/** The kernel's rules from the options of either stage. */
export function c4LineRules(options: z.output<z.ZodObject<typeof c4LineOptions>>): C4LineRules {
  return {
    removeCitations: options.remove_citations,
    filterNoTerminalPunct: options.filter_no_terminal_punct,
    minWordsPerLine: options.min_words_per_line,
    maxWordLength: options.max_word_length,
    filterJavascript: options.filter_javascript,
    filterPolicy: options.filter_policy,
  };
}

const NEWLINE = 0x0a;

export default defineStage({
  name: "rewrite/c4-lines",
  version: 1,
  kind: "rewrite",
  summary: "Removes lines that are not prose (menus, notices, policies) and citation marks.",
  reference: "C4, Raffel et al. 2020, section 2.2; datatrove 0.10.0 C4QualityFilter",
  options,
  reads: ["text"],
  writes: [],
  reasons: {},
  create: (options) => {
    const lines = c4LineJudge(c4LineRules(options), { filterLoremIpsum: false, filterCurlyBracket: false });
    const range = new Int32Array(2);
    return rewrite((batch): Utf8Column => {
      const { data, offsets } = batch.text;
      // Removing never lengthens a text, so the input's size is enough, plus the newline that stripping takes away again.
      const out = allocate(offsets[batch.rows] - offsets[0] + 1);
      const outOffsets = new Int32Array(batch.rows + 1);
      let length = 0;
      for (let row = 0; row < batch.rows; row++) {
        const rowStart = length;
        if (batch.alive.has(row)) {
          lines.open(data, offsets[row], offsets[row + 1]);
          for (let line = 0; line < lines.count; line++) {
            if (lines.next() !== "keep") continue;
            const { text, start, end } = lines;
            out.set(text.subarray(start, end), length);
            length += end - start;
            out[length++] = NEWLINE;
          }
          strip(out, rowStart, length, range);
          if (range[0] > rowStart) out.copyWithin(rowStart, range[0], range[1]);
          length = rowStart + range[1] - range[0];
        }
        outOffsets[row + 1] = length;
      }
      return { kind: "utf8", data: out.subarray(0, length), offsets: outOffsets };
    });
  },
  examples: [
    {
      text: "Home | About\nThe ferry left at seven.[1]\r\nPlease enable JavaScript in your browser.\nNobody waved to us.\n",
      becomes: "The ferry left at seven.\nNobody waved to us.",
    },
    { text: "Read more...\nToo short.\nWe use cookies on this site.", becomes: "" },
    { text: "Home page of the ferry", options: { filter_no_terminal_punct: false }, becomes: "Home page of the ferry" },
  ],
});
