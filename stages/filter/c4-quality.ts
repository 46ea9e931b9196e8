/**
 * C4's page rules: pages with `lorem ipsum`, a curly bracket or too few sentences in the lines worth keeping.
 *
 * Only judges. `rewrite/c4-lines` after it, with the same options, removes the lines; the two in this order are exactly datatrove's
 * C4QualityFilter (with `words: spacy-en`, which only sentence counting needs; `unicode` splits after abbreviations too). A phrase
 * counts only on a line that the rules before it let pass. Price: 1.5 ns a byte.
 */
import { z } from "zod";
import { sentenceCounter } from "../../kernels/quality/sentences.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WORD_RULES } from "../../kernels/words/types.ts";
import { type Drop, defineStage, filter } from "../define.ts";
import { c4LineOptions, c4LineRules } from "../rewrite/c4-lines.ts";
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
  ...c4LineOptions,
});

const PROSE =
  "The ferry left at seven. Nobody waved. It was raining. The sea was calm.\n" + "By noon the island could be seen.\n";

const reasons = {
  lorem_ipsum: "a line holds `lorem ipsum`",
  curly_bracket: "a line holds `{`",
  too_few_sentences: "fewer sentences than min_sentences in the lines that stay",
};

export default defineStage({
  name: "filter/c4-quality",
  version: 1,
  kind: "filter",
  summary: "Drops placeholder pages, code and pages with too few sentences.",
  reference: "C4, Raffel et al. 2020, section 2.2; datatrove 0.10.0 C4QualityFilter",
  options,
  reads: ["text"],
  writes: [],
  reasons,
  create: (options) => {
    const lines = c4LineJudge(c4LineRules(options), {
      filterLoremIpsum: options.filter_lorem_ipsum,
      filterCurlyBracket: options.filter_curly_bracket,
    });
    const countSentences = sentenceCounter(segmenter(options.words));
    const judge = (row: number, bytes: Uint8Array, start: number, end: number, drop: Drop<keyof typeof reasons>) => {
      const enough = options.min_sentences ?? 0;
      let sentences = 0;
      lines.open(bytes, start, end);
      for (let line = 0; line < lines.count; line++) {
        const verdict = lines.next();
        if (verdict === "keep") {
          if (sentences < enough) sentences += countSentences(lines.text, lines.start, lines.end);
        } else if (verdict !== "remove") {
          return drop(row, verdict);
        }
      }
      if (sentences < enough) drop(row, "too_few_sentences", sentences);
    };
    return filter<keyof typeof reasons>((batch, drop) => {
      const { data, offsets } = batch.text;
      for (let row = 0; row < batch.rows; row++) {
        if (batch.alive.has(row)) judge(row, data, offsets[row], offsets[row + 1], drop);
      }
    });
  },
  examples: [
    { text: PROSE, keeps: true },
    { text: `${PROSE}Lorem ipsum dolor sit amet.`, drops: "lorem_ipsum" },
    { text: `${PROSE}This is how: if (x) { y. }.`, drops: "curly_bracket" },
    { text: `${PROSE}function f() { return lorem ipsum`, keeps: true },
    { text: "One. Two. Three.", drops: "too_few_sentences" },
  ],
});
