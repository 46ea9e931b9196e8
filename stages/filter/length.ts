/**
 * Judges rows by the length of their text: bytes, characters, words or tokens.
 *
 * Invariant: a length is what the unit's rules say, whatever other stages do: characters are code points, words those of the word rules, tokens
 * those that `tokenize/bpe` makes, without EOS. Price: nothing for bytes, 0.3 ns a byte for characters, 5 ns for words, tokenizing for tokens. It
 * keeps a histogram of the lengths it saw, by powers of two.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { release } from "../../batch/memory.ts";
import { int32At } from "../../batch/numbers.ts";
import { countCodePoints } from "../../kernels/lines.ts";
import { WORD_RULES } from "../../kernels/words/types.ts";
import { type Assets, defineStage, filter } from "../define.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "../tokenize/vocabulary-option.ts";
import { DocumentWords } from "./document-words.ts";
import { LengthStatistics, mergeLengths } from "./length-statistics.ts";
import { documentOpener } from "./quality-kernels.ts";

const bound = z.int().min(0).optional();

const options = z
  .strictObject({
    unit: z.enum(["bytes", "characters", "words", "tokens"]).describe("what is counted"),
    min: bound.describe("shortest text that stays"),
    max: bound.describe("longest text that stays"),
    words: z.enum(WORD_RULES).default("unicode").describe("word rules, where words are counted"),
    tokenizer: fileOption,
    encoding: encodingOption,
  })
  .refine(({ min, max }) => min !== undefined || max !== undefined, { error: "give min, max or both" })
  .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, { error: "min is above max: no row would stay" })
  .refine(
    ({ unit, tokenizer, encoding }) => {
      const named = Number(tokenizer !== undefined) + Number(encoding !== undefined);
      return named === (unit === "tokens" ? 1 : 0);
    },
    { error: "tokens, and nothing else, need exactly one of tokenizer and encoding" },
  );
type Options = z.output<typeof options>;

/** The length of a row, for one batch. */
type Lengths = (row: number) => number;

/** How `options` measure the rows of a batch. */
function measure({ unit, words, tokenizer, encoding }: Options, assets: Assets): (batch: Batch) => Lengths {
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

export default defineStage({
  name: "filter/length",
  version: 2,
  kind: "filter",
  summary: "Keeps texts of a length within bounds: in bytes, characters, words or tokens.",
  options,
  reads: ["text"],
  writes: [],
  reasons: ({ min, max }) => ({
    ...(min !== undefined && { too_short: "the length is below min" }),
    ...(max !== undefined && { too_long: "the length is above max" }),
  }),
  create: (options, { assets }) => {
    const { min = 0, max = Number.POSITIVE_INFINITY } = options;
    const lengthsOf = measure(options, assets);
    const statistics = new LengthStatistics();
    return filter<"too_short" | "too_long">(
      (batch, drop) => {
        const lengths = lengthsOf(batch);
        batch.alive.forEach((row) => {
          const length = lengths(row);
          statistics.add(length);
          if (length < min) drop(row, "too_short", length);
          else if (length > max) drop(row, "too_long", length);
        });
      },
      () => statistics.finish(),
    );
  },
  merge: mergeLengths,
  examples: [
    { text: "Čau!", options: { unit: "bytes", min: 5 }, keeps: true },
    { text: "Čau!", options: { unit: "characters", min: 5 }, drops: "too_short" },
    { text: "One, two, three.", options: { unit: "words", max: 3 }, keeps: true },
    { text: "One, two, three.", options: { unit: "words", words: "spacy-en", max: 3 }, drops: "too_long" },
    { text: "Hello world", options: { unit: "tokens", encoding: "gpt2", min: 2, max: 2 }, keeps: true },
    { text: "Hello wide world", options: { unit: "tokens", encoding: "gpt2", max: 2 }, drops: "too_long" },
  ],
});
