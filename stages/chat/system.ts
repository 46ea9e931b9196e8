/**
 * Moves the system's first message to a column, where chat templates look for a conversation's instructions.
 *
 * Invariant: the text goes there as it is; a row without one has null, and how many have one is counted, so that a source that loses all of them is
 * seen. Price: the messages without one of them, written again.
 */
import { z } from "zod";
import { defineStage } from "../define.ts";
import { BAD_MESSAGES, contentOf, conversationTransform, Fault, type MadeColumn, roleOf } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";

const options = z.strictObject({
  column: z.string().min(1).default("custom_instructions").describe("column that gets the text"),
  in_messages: z.enum(["remove", "keep"]).default("remove").describe("the message itself: `remove` it, or `keep` it"),
  missing: z.enum(["keep", "drop"]).default("keep").describe("rows in which the system says nothing"),
});

const REASONS = {
  ...BAD_MESSAGES,
  no_system: "the system says nothing",
  system_alone: "only the system says anything",
};

function columnsOf({ column }: z.output<typeof options>): readonly MadeColumn[] {
  return [
    { name: "messages", kind: "json" },
    { name: column, kind: "utf8" },
  ];
}

export default defineStage({
  name: "chat/system",
  version: 1,
  kind: "transform",
  summary: "Moves the system's first message to a column of instructions.",
  options,
  reads: ["messages"],
  writes: columnsOf,
  reasons: ({ missing }) => {
    const { no_system, ...always } = REASONS;
    return { ...always, ...(missing === "drop" && { no_system }) };
  },
  create: (options) => {
    const { column, in_messages, missing } = options;
    const tally = new Tally(["rows", "rows_with_system", "rows_with_later_system"]);
    return conversationTransform<keyof typeof REASONS>(
      columnsOf(options),
      () => (messages) => {
        const [first, ...others] = messages;
        const isThere = first !== undefined && roleOf(first) === "system";
        if (!isThere && missing === "drop") return new Fault("no_system");
        const left = isThere && in_messages === "remove" ? others : messages;
        if (left.length === 0) return new Fault("system_alone");
        tally.add("rows");
        tally.add("rows_with_system", Number(isThere));
        tally.add("rows_with_later_system", Number(others.some((message) => roleOf(message) === "system")));
        return { messages: left, [column]: isThere ? contentOf(first) : undefined };
      },
      tally.finish,
    );
  },
  merge: addCounts,
  examples: [
    {
      columns: { messages: '[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]' },
      writes: { messages: '[{"role":"user","content":"Hi"}]', custom_instructions: "Be brief." },
    },
    {
      columns: { messages: '[{"role":"user","content":"Hi"}]' },
      writes: { messages: '[{"role":"user","content":"Hi"}]', custom_instructions: null },
    },
    { columns: { messages: '[{"role":"user","content":"Hi"}]' }, options: { missing: "drop" }, drops: "no_system" },
  ],
});
