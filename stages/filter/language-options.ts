/** What a recipe may say of `filter/language`, and why its rows fall. */
import { z } from "zod";
import { assetPath } from "../define.ts";
import { newColumnOption } from "../new-column.ts";

export const languageOptions = z.strictObject({
  model: assetPath().describe("fastText model of languages, such as lid.176.ftz or GlotLID's"),
  languages: z
    .array(z.string().min(1))
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "labels of the model that stay, with or without `__label__`: `en`, or `eng_Latn` for GlotLID. A text stays if the score of any of them is above " +
        "min_score, whatever the best language is; null: the best one's must be",
    ),
  min_score: z.number().default(0.65).describe("texts stay whose score is above, not equal"),
  label_only: z.boolean().default(false).describe("only write the columns and drop nothing"),
  unit: z
    .enum(["document", "paragraph"])
    .default("document")
    .describe(
      "what is judged: the `document`; or each `paragraph`, a line of it: then those that do not stay are cut out of the text, the language is the one with most bytes " +
        "of what stays, and its score the mean over that, weighted by bytes",
    ),
  language_column: newColumnOption.default("language").describe("column for the language"),
  score_column: newColumnOption.default("language_score").describe("column for its score"),
  script_column: newColumnOption
    .nullable()
    .default(null)
    .describe("column for the script, where labels are LANGUAGE_SCRIPT as GlotLID's are; null: labels stay whole"),
  min_top_score: z
    .number()
    .nullable()
    .default(null)
    .describe("keep all languages whose score is above, of `languages` where they are given; null: none"),
  top_column: newColumnOption
    .default("top_languages")
    .describe("column of JSON for them, `{language: score}`, the best first; by paragraphs a list of them"),
});
export type LanguageOptions = z.output<typeof languageOptions>;

export const LANGUAGE_REASONS = {
  no_language: "the model knows nothing in the text, so it has no language",
  other_language: "no score of languages is above min_score, and the best language is none of them",
  score_too_low: "the score is not above min_score",
};
export type LanguageReason = keyof typeof LANGUAGE_REASONS;
