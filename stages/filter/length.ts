/**
 * Judges rows by the length of their text: bytes, characters, words or tokens.
 *
 * Lengths and their price are those of text-lengths.ts. It keeps a histogram of the lengths it saw, by powers of two.
 */
import { z } from "zod";
import { defineStage, filter } from "../define.ts";
import { lengthOptions, lengthsOf, namesVocabulary, VOCABULARY_ERROR } from "../text-lengths.ts";
import { LengthStatistics, mergeLengths } from "./length-statistics.ts";
import { MeasuredBounds } from "./measured-bounds.ts";

const bound = z.int().min(0).optional();

const options = z
  .strictObject({
    ...lengthOptions,
    min: bound.describe("shortest text that stays"),
    max: bound.describe("longest text that stays"),
  })
  .refine(({ min, max }) => min !== undefined || max !== undefined, { error: "give min, max or both" })
  .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, { error: "min is above max: no row would stay" })
  .refine(namesVocabulary, { error: VOCABULARY_ERROR });

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
    const bounds = new MeasuredBounds();
    const tooShort = bounds.min("too_short", "min", options.min ?? null, { unit: "count" });
    const tooLong = bounds.max("too_long", "max", options.max ?? null, { unit: "count" });
    const measure = lengthsOf(options, assets);
    const statistics = new LengthStatistics();
    return filter<"too_short" | "too_long">(
      (batch, drop) => {
        const lengths = measure(batch);
        batch.alive.forEach((row) => {
          const length = lengths(row);
          statistics.add(length);
          if (tooShort.fails(length)) drop(row, "too_short", length);
          else if (tooLong.fails(length)) drop(row, "too_long", length);
          bounds.settle(batch, row);
        });
      },
      { finish: () => statistics.finish(), measured: () => bounds.finish() },
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
