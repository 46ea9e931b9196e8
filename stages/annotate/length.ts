/**
 * Writes the length of every text into a column: bytes, characters, words or tokens, for filters, outputs and mixtures to use.
 *
 * Lengths and their price are those of text-lengths.ts. Invariant: the length of the text as it is here; a later rewrite does not change it.
 */
import { z } from "zod";
import { annotate, defineStage } from "../define.ts";
import { newColumnOption } from "../new-column.ts";
import { lengthOptions, lengthsOf, namesVocabulary, VOCABULARY_ERROR } from "../text-lengths.ts";

const options = z
  .strictObject({ ...lengthOptions, column: newColumnOption })
  .refine(namesVocabulary, { error: VOCABULARY_ERROR });

export default defineStage({
  name: "annotate/length",
  version: 1,
  kind: "annotate",
  summary: "Writes the length of every text into a column: in bytes, characters, words or tokens.",
  options,
  reads: ["text"],
  writes: ({ column }) => [{ name: column, kind: "int32" }],
  reasons: {},
  create: (options, { assets }) => {
    const measure = lengthsOf(options, assets);
    return annotate((batch) => {
      const lengths = measure(batch);
      const values = new Int32Array(batch.rows);
      batch.alive.forEach((row) => {
        values[row] = lengths(row);
      });
      return new Map([[options.column, { kind: "int32", values }]]);
    });
  },
  examples: [
    { text: "Čau!", options: { unit: "characters", column: "characters" }, writes: { characters: 4 } },
    { text: "One, two, three.", options: { unit: "words", column: "words" }, writes: { words: 3 } },
    {
      text: "Hello world",
      options: { unit: "tokens", encoding: "gpt2", column: "token_count" },
      writes: { token_count: 2 },
    },
  ],
});
