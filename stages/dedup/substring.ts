/**
 * dedup/substring: every run of bytes, or of tokens, that stands in an earlier text, or earlier in the same one.
 *
 * Owns what the symbols are and what becomes of a text that lost some; kernels/substring finds the fragments. Invariant: every byte that goes has an equal
 * byte that stays, at a lower address and in an equal fragment. A chain leaves its first copy; a run of one letter its first fragment. Nothing is
 * promised of a second run: what is put together anew may repeat something. Price: docs/dedup-edits.md.
 */
import { z } from "zod";
import { RecipeError } from "../../batch/errors.ts";
import { MAX_FRAGMENT } from "../../kernels/substring/sample-words.ts";
import { gramOf } from "../../kernels/substring/sampler.ts";
import { type AssetRef, defineStage, type EditRules, fragmentBarrier, type SymbolColumn } from "../define.ts";
import { encodingOption, fileOption, openVocabulary } from "../tokenize/vocabulary-option.ts";
import { minLeftOption, scopeOption } from "./shared-options.ts";
import { tokenSymbols } from "./token-symbols.ts";

/** The fragment that was measured to cut copies and to leave what two people may well write alike. */
const DEFAULT_LENGTH = { bytes: 200, tokens: 50 };

export default defineStage({
  name: "dedup/substring",
  version: 1,
  kind: "barrier",
  summary: "Cuts runs of bytes or tokens that stand in an earlier text",
  reference:
    "Lee et al. 2021, exact substring deduplication, with the first copy kept: equal to a suffix array, fragment by fragment",
  options: z
    .strictObject({
      unit: z.enum(["bytes", "tokens"]).default("bytes").describe("what runs are made of"),
      length: z
        .int()
        .min(8)
        .max(MAX_FRAGMENT)
        .optional()
        .describe("symbols of the shortest run that is cut: 200 bytes, or 50 tokens, when absent"),
      keep: z
        .enum(["cover", "whole"])
        .default("cover")
        .describe(
          "`cover` cuts every symbol of a run that came before; `whole` leaves `length` - 1 of them at either end, so that each run of that length stays whole once",
        ),
      join: z
        .enum(["nothing", "newline"])
        .default("nothing")
        .describe("what stands where something was cut out between two parts that stay"),
      min_left: minLeftOption,
      scope: scopeOption("texts compared with each other"),
      file: fileOption,
      encoding: encodingOption,
    })
    .refine(
      ({ unit, file, encoding }) =>
        Number(file !== undefined) + Number(encoding !== undefined) === (unit === "tokens" ? 1 : 0),
      {
        error: "`unit: tokens` needs exactly one of file and encoding, and bytes need none",
      },
    ),
  reads: ["text"],
  writes: [],
  reasons: {
    nothing_left: "all of the text was in earlier ones",
    too_little_left: "fewer than min_left bytes of the text were not in earlier ones",
  },
  exchange: ({ scope }) => ({ scope, verdict: "edit", unit: "fragments", reason: "nothing_left" }),
  create: ({ unit, length = DEFAULT_LENGTH[unit], keep, join, min_left, file, encoding }, { assets }) => {
    const rules: EditRules = {
      ...(join === "newline" && { join: Uint8Array.of(0x0a) }),
      judge: (_bytes, from, to) => (to - from < min_left ? "too_little_left" : from),
    };
    const shape = { length, gram: gramOf(length), symbol_bytes: unit === "bytes" ? 1 : 4 } as const;
    if (unit === "bytes") {
      return fragmentBarrier({ shape, keep, ...rules, symbols: ({ text }): SymbolColumn => text });
    }
    const vocabulary = vocabularyOf(file, encoding);
    let symbols: ReturnType<typeof tokenSymbols> | undefined;
    return fragmentBarrier({
      shape,
      keep,
      ...rules,
      symbols: (batch, rows) => {
        symbols ??= tokenSymbols(openVocabulary({ vocabulary }, assets));
        return symbols(batch, rows);
      },
    });
  },
  examples: [
    { text: "A text of its own is never touched.", keeps: true },
    { text: "One that comes again goes, at its second place.".repeat(5), keeps: true },
  ],
});

function vocabularyOf(file: AssetRef | undefined, encoding: AssetRef | undefined): AssetRef {
  const vocabulary = file ?? encoding;
  if (vocabulary !== undefined) return vocabulary;
  throw new RecipeError({ code: "recipe/no-tokenizer", what: "dedup/substring: `unit: tokens` names no tokenizer" });
}
