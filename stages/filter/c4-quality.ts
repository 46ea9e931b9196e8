/**
 * C4's rules for pages and lines: drops placeholder pages, code and pages with too few sentences; of the others it
 * removes the lines that are not prose, and citation marks.
 *
 * Exact to datatrove's C4QualityFilter (with `words: spacy-en`, which only sentence counting needs; `unicode` splits
 * after abbreviations too). A phrase counts only on a line that the rules before it let pass. Invariant: every line is
 * judged once; what is left is joined by `\n` and stripped; rows that are dead before or after become empty. Price: 1.5
 * ns a byte and one new text column.
 */
import { z } from "zod";
import type { Utf8Column } from "../../batch/column.ts";
import { allocate } from "../../batch/memory.ts";
import { int32At } from "../../batch/numbers.ts";
import { strip } from "../../kernels/lines.ts";
import { sentenceCounter } from "../../kernels/quality/sentences.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WORD_RULES } from "../../kernels/words/types.ts";
import { type Drop, defineStage, transform } from "../define.ts";
import { c4LineJudge } from "./quality-kernels.ts";

const options = z.strictObject({
  words: z
    .enum(WORD_RULES)
    .default("unicode")
    .describe("rules for sentences: spacy-en for the same decisions as datatrove"),
  min_sentences: z
    .int()
    .min(0)
    .nullable()
    .default(5)
    .describe("sentences in the lines that stay; null turns the rule off"),
  filter_lorem_ipsum: z.boolean().default(true).describe("drop pages with a line that holds `lorem ipsum`"),
  filter_curly_bracket: z.boolean().default(true).describe("drop pages with a line that holds `{`"),
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
});

const PROSE =
  "The ferry left at seven. Nobody waved. It was raining. The sea was calm.\n" + "By noon the island could be seen.\n";

const reasons = {
  lorem_ipsum: "a line holds `lorem ipsum`",
  curly_bracket: "a line holds `{`",
  too_few_sentences: "fewer sentences than min_sentences in the lines that stay",
};
type Reason = keyof typeof reasons;

const NEWLINE = 0x0a;

export default defineStage({
  name: "filter/c4-quality",
  version: 2,
  kind: "transform",
  summary: "Drops placeholder pages, code and pages with too few sentences; removes lines that are not prose.",
  reference: "C4, Raffel et al. 2020, section 2.2; datatrove 0.10.1 C4QualityFilter",
  options,
  reads: ["text"],
  writes: [{ name: "text", kind: "utf8" }],
  reasons,
  create: (options) => {
    const enough = options.min_sentences ?? 0;
    const countSentences = sentenceCounter(segmenter(options.words));
    const stripped = new Int32Array(2);
    const lines = c4LineJudge(
      {
        removeCitations: options.remove_citations,
        filterNoTerminalPunct: options.filter_no_terminal_punct,
        minWordsPerLine: options.min_words_per_line,
        maxWordLength: options.max_word_length,
        filterJavascript: options.filter_javascript,
        filterPolicy: options.filter_policy,
      },
      { filterLoremIpsum: options.filter_lorem_ipsum, filterCurlyBracket: options.filter_curly_bracket },
    );

    /** Writes the lines that stay to `out` at `at` and returns where they end; `at` where the row is dropped. */
    const judge = (row: number, { data, offsets }: Utf8Column, out: Uint8Array, at: number, drop: Drop<Reason>) => {
      let sentences = 0;
      let to = at;
      lines.open(data, int32At(offsets, row), int32At(offsets, row + 1));
      for (let line = 0; line < lines.count; line++) {
        const verdict = lines.next();
        if (verdict === "remove") continue;
        if (verdict !== "keep") {
          drop(row, verdict);
          return at;
        }
        const { text, start, end } = lines;
        if (sentences < enough) sentences += countSentences(text, start, end);
        out.set(text.subarray(start, end), to);
        to += end - start;
        out[to++] = NEWLINE;
      }
      if (sentences < enough) {
        drop(row, "too_few_sentences", sentences);
        return at;
      }
      strip(out, at, to, stripped);
      const [start, end] = [int32At(stripped, 0), int32At(stripped, 1)];
      if (start > at) out.copyWithin(at, start, end);
      return at + end - start;
    };

    return transform<Reason>((batch, drop) => {
      const { text, rows } = batch;
      // Removing never lengthens a text, so the input's size is enough, plus the newline that stripping takes away
      // again.
      const out = allocate(int32At(text.offsets, rows) - int32At(text.offsets, 0) + 1);
      const offsets = new Int32Array(rows + 1);
      let length = 0;
      for (let row = 0; row < rows; row++) {
        if (batch.alive.has(row)) length = judge(row, text, out, length, drop);
        offsets[row + 1] = length;
      }
      return new Map([["text", { kind: "utf8", data: out.subarray(0, length), offsets }]]);
    });
  },
  examples: [
    { text: PROSE, keeps: true },
    { text: `${PROSE}Lorem ipsum dolor sit amet.`, drops: "lorem_ipsum" },
    { text: `${PROSE}This is how: if (x) { y. }.`, drops: "curly_bracket" },
    { text: `${PROSE}function f() { return lorem ipsum`, keeps: true },
    { text: "One. Two. Three.", drops: "too_few_sentences" },
    {
      text: "Home | About\nThe ferry left at seven.[1]\r\nPlease enable JavaScript in your browser.\nNobody waved to us.\n",
      options: { min_sentences: null },
      becomes: "The ferry left at seven.\nNobody waved to us.",
    },
    {
      text: "Read more...\nToo short.\nWe use cookies on this site.",
      options: { min_sentences: null },
      becomes: "",
    },
    {
      text: "Home page of the ferry",
      options: { min_sentences: null, filter_no_terminal_punct: false },
      becomes: "Home page of the ferry",
    },
  ],
});
