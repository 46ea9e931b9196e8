/**
 * Counts what a source of chats must not lose on its way: instructions, tools, traces, turns; and how long contexts and responses are.
 *
 * It stands at the end of a pipeline and changes nothing. It counts by row, so that rows that a later verdict takes away do not count: sums over those that stay are in the
 * counts of the source's store, from where data cards and the recipe's `gates: { chat: … }` take them: a data set once lost the system messages of every row, and only who talked to the model noticed. Price: one
 * look at each turn; tokenizing where a tokenizer is named.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { isJsonList, type JsonValue } from "../../kernels/json/value.ts";
import { annotate, defineStage } from "../define.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "../tokenize/vocabulary-option.ts";
import { type Messages, messagesIn, NoMessages, roleOf } from "./conversation.ts";
import { JsonRows } from "./json-rows.ts";
import { thinks } from "./traces.ts";
import { countTurns, measureTurns, TokenLengths, textsOf } from "./turn-lengths.ts";

const options = z
  .strictObject({
    column: z.string().min(1).default("messages").describe("column of the conversations; `chosen` for pairs"),
    tokenizer: fileOption,
    encoding: encodingOption,
  })
  .refine(({ tokenizer, encoding }) => tokenizer === undefined || encoding === undefined, {
    error: "one tokenizer counts tokens: give tokenizer or encoding, not both",
  });

const FIGURES = [
  "rows",
  "rows_without_messages",
  "rows_with_instructions",
  "rows_with_tools",
  "rows_with_trace",
  "rows_with_empty_turn",
  "rows_without_answer",
  "turns",
  "context_bytes",
  "response_bytes",
] as const;
const TOKEN_FIGURES = ["context_tokens", "response_tokens"] as const;
type Name = (typeof FIGURES)[number] | (typeof TOKEN_FIGURES)[number];
type Count = (name: Name, amount: number) => void;

function countsTokens({ tokenizer, encoding }: z.output<typeof options>): boolean {
  return tokenizer !== undefined || encoding !== undefined;
}

/** Columns that are looked at where the rows have them. */
const KWARGS = "chat_template_kwargs";
const TOOLS = "tools";

function rowsOf(batch: Batch, name: string): JsonRows | undefined {
  return batch.column(name)?.kind === "utf8" ? new JsonRows(batch, name) : undefined;
}

function isText(value: JsonValue | undefined): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function isFull(value: JsonValue | undefined): boolean {
  return value !== undefined && isJsonList(value) && value.length > 0;
}

export default defineStage({
  name: "chat/invariants",
  version: 2,
  kind: "annotate",
  summary: "Counts instructions, tools, traces, empty turns and lengths of conversations, for data cards and gates.",
  options,
  reads: ({ column }) => [column],
  writes: [],
  reasons: {},
  figures: (given) => (countsTokens(given) ? [...FIGURES, ...TOKEN_FIGURES] : FIGURES),
  create: (given, { assets }) => {
    const { column, tokenizer, encoding } = given;
    const tokens = countsTokens(given)
      ? new TokenLengths(openVocabulary(vocabularyRef(tokenizer, encoding), assets))
      : undefined;

    const count = (messages: Messages, kwargs: JsonValue, tools: JsonValue, add: Count): void => {
      const has = (name: Name, isTrue: boolean): void => add(name, Number(isTrue));
      const variables = kwargs instanceof Map ? kwargs : new Map<string, JsonValue>();
      const says = (role: string): boolean =>
        messages.some((message) => roleOf(message) === role && isText(message.get("content")));
      has("rows_with_instructions", isText(variables.get("custom_instructions")) || says("system"));
      has(
        "rows_with_tools",
        isFull(tools) || isFull(variables.get("xml_tools")) || isFull(variables.get("python_tools")),
      );
      has(
        "rows_with_trace",
        messages.some((message) => roleOf(message) === "assistant" && thinks(message)),
      );
      has(
        "rows_with_empty_turn",
        messages.some((message) => textsOf(message).join("").trim() === ""),
      );
      has("rows_without_answer", !messages.some((message) => roleOf(message) === "assistant"));
      const { context, response } = measureTurns(messages, Buffer.byteLength);
      add("rows", 1);
      add("turns", countTurns(messages));
      add("context_bytes", context);
      add("response_bytes", response);
    };

    return annotate((batch, figure) => {
      if (figure === undefined) return new Map();
      const conversations = new JsonRows(batch, column);
      const [kwargs, tools] = [rowsOf(batch, KWARGS), rowsOf(batch, TOOLS)];
      const value = (rows: JsonRows | undefined, row: number): JsonValue => {
        const cell = rows?.read(row) ?? null;
        return cell instanceof Error ? null : cell;
      };
      batch.alive.forEach((row) => {
        const add: Count = (name, amount) => figure(row, name, amount);
        const messages = messagesIn(conversations.read(row));
        if (messages instanceof NoMessages) {
          add("rows", 1);
          add("rows_without_messages", 1);
          return;
        }
        count(messages, value(kwargs, row), value(tools, row), add);
        tokens?.add(row, messages);
      });
      for (const [row, { context, response }] of tokens?.finish() ?? []) {
        figure(row, "context_tokens", context);
        figure(row, "response_tokens", response);
      }
      return new Map();
    });
  },
  examples: [
    {
      columns: {
        messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]',
        chat_template_kwargs: '{"custom_instructions":"Be brief."}',
      },
      keeps: true,
    },
  ],
});
