/**
 * What is odd about a conversation, seen from its JSON alone: contents, roles, calls of tools, thinking.
 *
 * Invariant: a finding is told once a row, however often it is there. Price: a look at each message.
 */
import { JsonError, type JsonValue } from "../../kernels/json/value.ts";
import { type Messages, textAt, toolCallsOf } from "./conversation.ts";
import { readJson } from "./json-rows.ts";
import { holderOf, reasoningOf } from "./template-inputs.ts";

const MESSAGE_FINDINGS = {
  no_assistant: "no message is of the assistant",
  unknown_role: "a message has a role that is not among `roles`",
  content_absent: "a message has no content",
  content_null: "the content of a message is null",
  content_empty: "the content of a message is an empty text",
  content_not_text: "the content of a message is neither a text nor null: a list of parts, for example",
  consecutive_assistant: "two turns of the assistant follow each other",
  thinking_in_earlier_turn: "a turn of the assistant before the last one thinks: some templates cut that out",
  arguments_mapping: "the arguments of a tool call are an object",
  arguments_text: "the arguments of a tool call are a text that holds an object",
  arguments_double_encoded: "the arguments of a tool call are a text that holds JSON text",
  arguments_broken: "the arguments of a tool call are neither an object nor a text that holds one",
} as const;
type MessageFinding = keyof typeof MESSAGE_FINDINGS;

/** Everything that can be found in a conversation, by itself or with a template. */
export const FINDINGS = {
  no_messages: "the conversation is no JSON list of messages, or its tools or template arguments cannot be read",
  ...MESSAGE_FINDINGS,
  rejected_by_smollm3: "SmolLM3's template of training refuses the conversation",
  rejected_by_smollm3_shipped: "SmolLM3's template of answering refuses the conversation",
  rejected_by_chatml: "ChatML refuses the conversation",
  rejected: "`template` refuses the conversation",
  no_mask: "what the assistant wrote cannot be told from renderings of `template`",
  mask_all_zero: "nothing would be trained on",
  mask_all_one: "everything would be trained on",
  prefix_changes: "the text of the first messages is another once later ones are there",
} as const;
export type LintFinding = keyof typeof FINDINGS;
export const LINT_FINDINGS = Object.keys(FINDINGS) as [LintFinding, ...LintFinding[]];

/** What is found in `messages`. */
export function messageFindings(messages: Messages, roles: ReadonlySet<string>): ReadonlySet<MessageFinding> {
  const found = new Set<MessageFinding>();
  const isAssistant = (turn: number): boolean => messages[turn]?.get("role") === "assistant";
  const last = messages.findLastIndex((_, turn) => isAssistant(turn));
  if (last === -1) found.add("no_assistant");
  messages.forEach((message, turn) => {
    const role = message.get("role");
    if (typeof role !== "string" || !roles.has(role)) found.add("unknown_role");
    const content = message.get("content");
    if (content === undefined) found.add("content_absent");
    else if (content === null) found.add("content_null");
    else if (content === "") found.add("content_empty");
    else if (typeof content !== "string") found.add("content_not_text");
    for (const call of toolCallsOf(message)) found.add(argumentsFinding(call));
    if (!isAssistant(turn)) return;
    if (isAssistant(turn - 1)) found.add("consecutive_assistant");
    const thinks = reasoningOf(message) !== null || textAt(message, "content")?.includes("<think>") === true;
    if (thinks && turn < last) found.add("thinking_in_earlier_turn");
  });
  return found;
}

function argumentsFinding(call: JsonValue): MessageFinding {
  const written = call instanceof Map ? holderOf(call).get("arguments") : undefined;
  if (written instanceof Map) return "arguments_mapping";
  if (typeof written !== "string") return "arguments_broken";
  const value = readJson(written);
  if (value instanceof JsonError) return "arguments_broken";
  if (value instanceof Map) return "arguments_text";
  return typeof value === "string" ? "arguments_double_encoded" : "arguments_broken";
}
