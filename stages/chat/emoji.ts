/**
 * Judges conversations by emojis.
 *
 * Which rule the data sets that drop emojis went by was published nowhere; this one is Unicode's, in its pinned version. Price: one search of
 * the text for what lies beyond Latin scripts.
 */
import { z } from "zod";
import { EMOJI_RULES, EMOJI_UNICODE_VERSION, firstEmoji } from "../../kernels/unicode/emoji.ts";
import { defineStage, filter } from "../define.ts";
import { BAD_MESSAGES, forEachConversation, roleOf } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { textsOf } from "./turn-lengths.ts";

const options = z.strictObject({
  of: z.enum(["assistant", "all"]).default("assistant").describe("whose turns are looked at"),
  rule: z
    .enum(EMOJI_RULES)
    .default("presentation")
    .describe(
      "what an emoji is: a character that is shown as one by itself, or by U+FE0F behind it (`presentation`); or every pictographic one, " +
        "such as ❤ and ©, however it is shown",
    ),
});

const REASONS = { ...BAD_MESSAGES, emoji: "a turn has an emoji" };

export default defineStage({
  name: "chat/emoji",
  version: 1,
  kind: "filter",
  summary: "Drops conversations with emojis.",
  reference: `Unicode ${EMOJI_UNICODE_VERSION}, UTS 51: Emoji, Emoji_Presentation, Extended_Pictographic`,
  options,
  reads: ["messages"],
  writes: [],
  reasons: REASONS,
  create: ({ of, rule }) => {
    const tally = new Tally(["rows", "rows_with_emoji"]);
    return filter<keyof typeof REASONS>(
      (batch, drop) =>
        forEachConversation(batch, drop, (messages, row) => {
          tally.add("rows");
          for (const [turn, message] of messages.entries()) {
            if (of === "assistant" && roleOf(message) !== "assistant") continue;
            const found = textsOf(message)
              .map((text) => firstEmoji(text, rule))
              .find((emoji) => emoji !== undefined);
            if (found === undefined) continue;
            tally.add("rows_with_emoji");
            drop(row, "emoji", turn, `${found} in turn ${turn}`);
            return;
          }
        }),
      { finish: tally.finish },
    );
  },
  merge: addCounts,
  examples: [
    { columns: { messages: '[{"role":"assistant","content":"Sure 🎉"}]' }, drops: "emoji" },
    {
      columns: { messages: '[{"role":"user","content":"Hi 🎉"},{"role":"assistant","content":"Hello."}]' },
      keeps: true,
    },
    { columns: { messages: '[{"role":"user","content":"Hi 🎉"}]' }, options: { of: "all" }, drops: "emoji" },
    { columns: { messages: '[{"role":"assistant","content":"I ❤ 3 # and ©"}]' }, keeps: true },
    {
      columns: { messages: '[{"role":"assistant","content":"I ❤"}]' },
      options: { rule: "pictographic" },
      drops: "emoji",
    },
  ],
});
