/**
 * Lengths of texts in bytes, characters, words or tokens, for the stages that judge them or tell them.
 *
 * Invariant: a length is what the unit's rules say, whatever other stages do: characters are code points, words those of the word rules, tokens
 * those that `tokenize/bpe` makes, without EOS. Price: nothing for bytes, 0.3 ns a byte for characters, 5 ns for words, tokenizing for tokens.
 */
import { z } from "zod";
import type { Batch } from "../batch/batch.ts";
import { release } from "../batch/memory.ts";
import { int32At } from "../batch/numbers.ts";
import { countCodePoints } from "../kernels/lines.ts";
import { WORD_RULES } from "../kernels/words/types.ts";
import type { Assets } from "./define.ts";
import { DocumentWords } from "./filter/document-words.ts";
import { documentOpener } from "./filter/quality-kernels.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "./tokenize/vocabulary-option.ts";

/** Options that say what is counted. */
export const lengthOptions = {
  unit: z.enum(["bytes", "characters", "words", "tokens"]).describe("what is counted"),
  words: z.enum(WORD_RULES).default("unicode").describe("word rules, where words are counted"),
  tokenizer: fileOption,
  encoding: encodingOption,
};

export interface LengthOptions {
  readonly unit: "bytes" | "characters" | "words" | "tokens";
  readonly words: (typeof WORD_RULES)[number];
  readonly tokenizer?: z.output<typeof fileOption>;
  readonly encoding?: z.output<typeof encodingOption>;
}

/** Whether a vocabulary is given where one is needed, and nowhere else. */
export function namesVocabulary({ unit, tokenizer, encoding }: LengthOptions): boolean {
  const named = Number(tokenizer !== undefined) + Number(encoding !== undefined);
  return named === (unit === "tokens" ? 1 : 0);
}

export const VOCABULARY_ERROR = "tokens, and nothing else, need exactly one of tokenizer and encoding";

/** The length of a row, for one batch. */
export type Lengths = (row: number) => number;

/** How `options` measure the rows of a batch. */
export function lengthsOf(
  { unit, words, tokenizer, encoding }: LengthOptions,
  assets: Assets,
): (batch: Batch) => Lengths {
  switch (unit) {
    case "bytes":
      return ({ text: { offsets } }) =>
        (row) =>
          int32At(offsets, row + 1) - int32At(offsets, row);
    case "characters":
      return ({ text: { data, offsets } }) =>
        (row) =>
          countCodePoints(data, int32At(offsets, row), int32At(offsets, row + 1));
    case "words": {
      const open = documentOpener();
      const documentWords = new DocumentWords(words);
      return (batch) => {
        const { data, offsets } = batch.text;
        const batchWords = documentWords.of(batch);
        return (row) => batchWords.load(open(data, int32At(offsets, row), int32At(offsets, row + 1)), row).count;
      };
    }
    case "tokens": {
      const { encoder } = openVocabulary(vocabularyRef(tokenizer, encoding), assets);
      return ({ text, alive }) => {
        // Documents are encoded many at a time; the token that ends each is not of the text.
        const { values, offsets } = encoder.encodeDocuments(text, alive, 0);
        release(values);
        return (row) => int32At(offsets, row + 1) - int32At(offsets, row) - 1;
      };
    }
  }
}
