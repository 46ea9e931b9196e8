/**
 * Sets `text` to what is said in a conversation, so that stages of texts work on chats: length, quality, decontamination, dedup.
 *
 * Invariant: the texts of the turns, in order, with a separator between them; equal conversations have equal texts, so `dedup/exact` behind it
 * drops conversations that were there before. Price: a copy of the texts.
 */
import { z } from "zod";
import { defineStage } from "../define.ts";
import {
  BAD_MESSAGES,
  contentOf,
  conversationTransform,
  Fault,
  type MadeColumn,
  type Messages,
  roleOf,
  textAt,
} from "./conversation.ts";
import { ROLES } from "./roles.ts";

const options = z.strictObject({
  column: z.string().min(1).default("messages").describe("column of the conversations; `chosen` for pairs"),
  roles: z
    .array(z.enum(ROLES))
    .min(1)
    .default([...ROLES])
    .describe("whose turns are in the text"),
  separator: z.string().default("\n\n").describe("what stands between two turns"),
  labels: z
    .boolean()
    .default(false)
    .describe("whether each turn begins with its role and a colon, so that who says something makes a difference"),
  reasoning: z.boolean().default(false).describe("whether reasoning_content is in the text, in front of its turn"),
});

const REASONS = { ...BAD_MESSAGES, no_text: "none of the roles says anything" };

const COLUMNS: readonly MadeColumn[] = [{ name: "text", kind: "utf8" }];

export default defineStage({
  name: "chat/text",
  version: 1,
  kind: "transform",
  summary: "Sets the text of a row to what is said in its conversation.",
  options,
  reads: ({ column }) => [column],
  writes: COLUMNS,
  reasons: REASONS,
  create: ({ column, roles, separator, labels, reasoning }) => {
    const wanted = new Set<string>(roles);
    const make = () => (messages: Messages) => {
      const texts: string[] = [];
      for (const message of messages) {
        const role = roleOf(message);
        if (!wanted.has(role)) continue;
        const trace = reasoning ? textAt(message, "reasoning_content") : undefined;
        for (const text of [trace, contentOf(message)]) {
          if (text !== undefined && text !== "") texts.push(labels ? `${role}: ${text}` : text);
        }
      }
      return texts.length === 0 ? new Fault<"no_text">("no_text") : { text: texts.join(separator) };
    };
    return conversationTransform<keyof typeof REASONS>(COLUMNS, make, undefined, column);
  },
  examples: [
    {
      columns: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]' },
      becomes: "Hi\n\nHello.",
    },
    {
      columns: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]' },
      options: { roles: ["assistant"], labels: true },
      becomes: "assistant: Hello.",
    },
    { columns: { messages: '[{"role":"user","content":"Hi"}]' }, options: { roles: ["assistant"] }, drops: "no_text" },
  ],
});
