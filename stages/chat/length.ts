/**
 * Judges conversations by their length: turns, tokens, characters or bytes of what is said.
 *
 * Invariant: tokens are those that `tokenize/bpe` makes of each turn's text alone; what a template writes around turns is not counted, and what the
 * system says first is no turn. Price: tokenizing for tokens. It keeps a histogram of the lengths it saw, by powers of two.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { type Assets, defineStage, filter } from "../define.ts";
import { LengthStatistics, mergeLengths } from "../filter/length-statistics.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "../tokenize/vocabulary-option.ts";
import { BAD_MESSAGES, forEachConversation, type Messages } from "./conversation.ts";
import { countTurns, measureTurns, TokenLengths, type TurnLengths } from "./turn-lengths.ts";

const bound = z.int().min(0).optional();

const options = z
  .strictObject({
    unit: z.enum(["turns", "tokens", "characters", "bytes"]).describe("what is counted"),
    of: z
      .enum(["conversation", "context", "response"])
      .default("conversation")
      .describe("whose: all that is said, what the assistant says (`response`), or all else (`context`)"),
    min: bound.describe("shortest conversation that stays"),
    max: bound.describe("longest conversation that stays"),
    tokenizer: fileOption,
    encoding: encodingOption,
  })
  .refine(({ min, max }) => min !== undefined || max !== undefined, { error: "give min, max or both" })
  .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, { error: "min is above max: no row would stay" })
  .refine(({ unit, of }) => unit !== "turns" || of === "conversation", { error: "turns are those of the conversation" })
  .refine(
    ({ unit, tokenizer, encoding }) => {
      const named = Number(tokenizer !== undefined) + Number(encoding !== undefined);
      return named === (unit === "tokens" ? 1 : 0);
    },
    { error: "tokens, and nothing else, need exactly one of tokenizer and encoding" },
  );
type Options = z.output<typeof options>;

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function lengthIn({ context, response }: TurnLengths, of: Options["of"]): number {
  if (of === "conversation") return context + response;
  return of === "context" ? context : response;
}

/** Calls `judge` with the length of each conversation of a batch. */
type Measure = (batch: Batch, each: (visit: (messages: Messages, row: number) => void) => void, judge: Judge) => void;
type Judge = (row: number, length: number) => void;

function measureBy({ unit, of, tokenizer, encoding }: Options, assets: Assets): Measure {
  if (unit === "tokens") {
    const lengths = new TokenLengths(openVocabulary(vocabularyRef(tokenizer, encoding), assets));
    return (_batch, each, judge) => {
      const rows: number[] = [];
      each((messages, row) => {
        rows.push(row);
        lengths.add(row, messages);
      });
      const counted = lengths.finish();
      for (const row of rows) judge(row, lengthIn(counted.get(row) ?? { context: 0, response: 0 }, of));
    };
  }
  const measure = unit === "bytes" ? (text: string) => Buffer.byteLength(text) : codePoints;
  return (_batch, each, judge) =>
    each((messages, row) => {
      judge(row, unit === "turns" ? countTurns(messages) : lengthIn(measureTurns(messages, measure), of));
    });
}

export default defineStage({
  name: "chat/length",
  version: 1,
  kind: "filter",
  summary: "Keeps conversations of a length within bounds: in turns, tokens, characters or bytes.",
  options,
  reads: ["messages"],
  writes: [],
  reasons: ({ min, max }) => ({
    ...BAD_MESSAGES,
    ...(min !== undefined && { too_short: "the length is below min" }),
    ...(max !== undefined && { too_long: "the length is above max" }),
  }),
  create: (options, { assets }) => {
    const { min = 0, max = Number.POSITIVE_INFINITY } = options;
    const measure = measureBy(options, assets);
    const statistics = new LengthStatistics();
    return filter<"too_short" | "too_long" | "bad_messages">(
      (batch, drop) =>
        measure(
          batch,
          (visit) => forEachConversation(batch, drop, visit),
          (row, length) => {
            statistics.add(length);
            if (length < min) drop(row, "too_short", length);
            else if (length > max) drop(row, "too_long", length);
          },
        ),
      { finish: () => statistics.finish() },
    );
  },
  merge: mergeLengths,
  examples: [
    {
      columns: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello world"}]' },
      options: { unit: "turns", max: 2 },
      keeps: true,
    },
    {
      columns: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello world"}]' },
      options: { unit: "tokens", encoding: "gpt2", of: "response", max: 1 },
      drops: "too_long",
    },
    {
      columns: { messages: '[{"role":"user","content":"Čau"},{"role":"assistant","content":"Hi"}]' },
      options: { unit: "bytes", of: "context", min: 5 },
      drops: "too_short",
    },
  ],
});
