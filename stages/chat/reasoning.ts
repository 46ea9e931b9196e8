/**
 * Takes reasoning traces away, or brings them to one form: inside the text or under a key of their own.
 *
 * Invariant: an answer keeps every character behind its trace but the blanks between them; a trace is never cut in the middle. A turn that is in the
 * form that is asked for stays as it is. Price: one look at the beginning of each of the assistant's turns.
 */
import { z } from "zod";
import { defineStage } from "../define.ts";
import {
  BAD_MESSAGES,
  conversationTransform,
  Fault,
  type Message,
  roleOf,
  toolCallsOf,
  withEntries,
} from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { inlineTrace, splitTrace, THINK, type TraceMarks, type TraceProblem } from "./traces.ts";

const options = z
  .strictObject({
    to: z
      .enum(["strip", "inline", "native"])
      .describe(
        "`strip` traces, or have them `inline`, between <think> and </think> in front of the answer, or `native`, under reasoning_content",
      ),
    turns: z
      .enum(["all", "last"])
      .default("all")
      .describe(
        "turns of the assistant that keep their trace: `all`, or the `last`, so that earlier ones are stripped",
      ),
    open: z.string().min(1).default(THINK.open).describe("mark in front of a trace in the data set"),
    close: z.string().min(1).default(THINK.close).describe("mark behind a trace in the data set"),
    missing: z
      .enum(["keep", "drop"])
      .default("keep")
      .describe("rows in which a turn that is to keep its trace has none"),
  })
  .refine(({ to, turns }) => to !== "strip" || turns === "all", { error: "strip leaves no turn its trace" })
  .refine(({ to, missing }) => to !== "strip" || missing === "keep", { error: "nothing is missing where traces go" });
type Options = z.output<typeof options>;

const REASONS = {
  ...BAD_MESSAGES,
  unclosed_trace: "a reasoning trace begins and does not end",
  two_traces: "a turn has a reasoning trace in its text and another under reasoning_content",
  no_answer: "a turn has nothing behind its reasoning trace",
  no_trace: "a turn has no reasoning trace",
};
type Reason = keyof typeof REASONS;

const COLUMNS = [{ name: "messages", kind: "json" }] as const;

/** Writes one turn of the assistant. */
class TraceWriter {
  readonly #options: Options;
  readonly #marks: TraceMarks;
  /** Of the row at hand, which may still fall: what its turns are counted as. */
  #counted: string[] = [];

  constructor(options: Options) {
    this.#options = options;
    this.#marks = { open: options.open, close: options.close };
  }

  /** Counts of the turns since the last call. */
  take(): readonly string[] {
    const counted = this.#counted;
    this.#counted = [];
    return counted;
  }

  write(message: Message, isKept: boolean): Message | TraceProblem | "no_answer" | "no_trace" {
    const split = splitTrace(message, this.#marks);
    if (typeof split === "string") return split;
    const { trace, answer } = split;
    this.#counted.push("assistant_turns");
    if (trace === undefined) return isKept && this.#options.missing === "drop" ? "no_trace" : message;
    const isEmpty = trace.trim() === "";
    this.#counted.push(isEmpty ? "turns_with_empty_trace" : "turns_with_trace");
    if (answer.trim() === "" && toolCallsOf(message).length === 0) return "no_answer";
    if (!isKept) {
      if (!isEmpty) this.#counted.push("traces_stripped");
      return withEntries(message, { content: answer, reasoning_content: undefined });
    }
    if (isEmpty && this.#options.missing === "drop") return "no_trace";
    if (this.#options.to === "native") {
      const isNative = message.get("reasoning_content") === trace && message.get("content") === answer;
      return isNative ? message : withEntries(message, { content: answer, reasoning_content: trace });
    }
    const isInline = !message.has("reasoning_content") && this.#marks.open === THINK.open && startsOpen(message);
    if (isInline) return message;
    return withEntries(message, { content: inlineTrace(trace, answer), reasoning_content: undefined });
  }
}

function startsOpen(message: Message): boolean {
  const content = message.get("content");
  return typeof content === "string" && content.startsWith(THINK.open);
}

export default defineStage({
  name: "chat/reasoning",
  version: 1,
  kind: "transform",
  summary: "Strips reasoning traces, or writes them inside texts or under reasoning_content.",
  options,
  reads: ["messages"],
  writes: COLUMNS,
  reasons: ({ missing }) => {
    const { no_trace, ...always } = REASONS;
    return { ...always, ...(missing === "drop" && { no_trace }) };
  },
  create: (options) => {
    const tally = new Tally([
      "rows",
      "assistant_turns",
      "turns_with_trace",
      "turns_with_empty_trace",
      "traces_stripped",
    ]);
    const writer = new TraceWriter(options);
    return conversationTransform<Reason>(
      COLUMNS,
      () => (messages) => {
        const last = messages.findLastIndex((message) => roleOf(message) === "assistant");
        const written: Message[] = [];
        writer.take();
        for (const [turn, message] of messages.entries()) {
          const isKept = options.to !== "strip" && (options.turns === "all" || turn === last);
          const made = roleOf(message) === "assistant" ? writer.write(message, isKept) : message;
          if (typeof made === "string") return new Fault(made, `turn ${turn}`, turn);
          written.push(made);
        }
        tally.add("rows");
        for (const name of writer.take()) tally.add(name);
        const stays = written.every((message, turn) => message === messages[turn]);
        return { messages: stays ? messages : written };
      },
      tally.finish,
    );
  },
  merge: addCounts,
  examples: [
    {
      columns: { messages: '[{"role":"assistant","content":"<think>\\nTwo.\\n</think>\\n\\n2"}]' },
      options: { to: "strip" },
      writes: { messages: '[{"role":"assistant","content":"2"}]' },
    },
    {
      columns: { messages: '[{"role":"assistant","content":"<think>\\nTwo.\\n</think>\\n\\n2"}]' },
      options: { to: "native" },
      writes: { messages: '[{"role":"assistant","content":"2","reasoning_content":"Two."}]' },
    },
    {
      columns: { messages: '[{"role":"assistant","content":"2","reasoning_content":"Two."}]' },
      options: { to: "inline" },
      writes: { messages: '[{"role":"assistant","content":"<think>\\nTwo.\\n</think>\\n\\n2"}]' },
    },
    {
      columns: { messages: '[{"role":"assistant","content":"<think>\\nTwo, or thr"}]' },
      options: { to: "strip" },
      drops: "unclosed_trace",
    },
  ],
});
