/**
 * Drops texts that repeat something short over and over: lines of dashes, tables of zeros, a model that got stuck.
 *
 * With `unit: tokens` it is OLMo-core's rule for instances, on documents: any run of a period up to 13 tokens that
 * repeats 32 times. Invariant: the verdict depends on the text (and the tokenizer) alone. Price: 0.2 ns a byte; with
 * tokens, tokenizing.
 */
import { z } from "zod";
import { defineStage, filter } from "../define.ts";
import { namesItsTokenizer, PeriodicText, periodicOptions, TOKENIZER_ERROR } from "../periodic-text.ts";

const options = z
  .strictObject({
    ...periodicOptions,
    max_repeated_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe("share of the text's units that may lie in repeats; 0: none may"),
  })
  .refine(namesItsTokenizer, { error: TOKENIZER_ERROR });

const PROSE = "The ferry left at seven, and nobody waved. ";

export default defineStage({
  name: "filter/periodic-repeats",
  version: 1,
  kind: "filter",
  summary: "Drops texts that repeat something short many times in a row.",
  reference: "OLMo-core 3.0.0, instance filter (periods of 1 to 13 tokens, 32 times)",
  options,
  reads: ["text"],
  writes: [],
  reasons: { repeats: "the share of the text that repeats with a short period is above max_repeated_ratio" },
  create: (given, { assets }) => {
    const texts = new PeriodicText(given, assets);
    return filter<"repeats">((batch, drop) => {
      texts.each(batch, (row, { runs, units }) => {
        const { covered, repeats, period } = runs;
        if (covered > given.max_repeated_ratio * units) {
          drop(row, "repeats", covered / units, `${repeats} times ${period} ${given.unit}`);
        }
      });
    });
  },
  examples: [
    { text: PROSE.repeat(20), keeps: true },
    { text: `${PROSE}${"-=".repeat(40)}`, drops: "repeats" },
    { text: `${PROSE.repeat(20)}${"-=".repeat(40)}`, options: { max_repeated_ratio: 0.1 }, keeps: true },
    { text: " the".repeat(32), options: { unit: "tokens", encoding: "gpt2" }, drops: "repeats" },
    { text: " the".repeat(31), options: { unit: "tokens", encoding: "gpt2" }, keeps: true },
  ],
});
