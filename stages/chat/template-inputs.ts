/**
 * The JSON of a row of chat: its conversation, tools and template arguments.
 *
 * Invariant: what a template gets is what Python's would: objects keep the order of their keys, numbers every digit. A row that is no conversation is
 * a {@link BadRow} with one of the reasons here and a few words, never a crash. Price: the parsing of the row's JSON.
 */
import { z } from "zod";
import { isJsonList, JsonError, type JsonObject, type JsonValue } from "../../kernels/json/value.ts";
import { type Message, type Messages, textAt, toolCallsOf, withEntries } from "./conversation.ts";
import { type JsonRows, readJson } from "./json-rows.ts";

/** Why a row is no conversation that can be rendered. */
export const ROW_REASONS = {
  bad_messages: "the conversation is no JSON list of messages with a role and a text",
  unknown_role: "a message has a role that is not among `roles`: templates pass over such messages",
  bad_arguments: "the arguments of a tool call are a text that is no JSON object",
  bad_tools: "the tools are no JSON list of tool schemas",
  bad_kwargs: "the arguments of the template are no JSON object, or name what a row cannot set",
} as const;
export type RowReason = keyof typeof ROW_REASONS;

/** Thrown for a row that cannot be used. */
export class BadRow<Reason extends string = string> extends Error {
  readonly reason: Reason;
  readonly detail: string;

  constructor(reason: Reason, detail: string) {
    super(`${reason}: ${detail}`);
    this.name = "BadRow";
    this.reason = reason;
    this.detail = detail;
  }
}

/** Arguments of `apply_chat_template` that are none of the template. */
const NO_VARIABLES: ReadonlySet<string> = new Set([
  "conversation",
  "messages",
  "chat_template",
  "add_generation_prompt",
  "continue_final_message",
  "tokenize",
  "tokenizer_kwargs",
  "return_dict",
  "return_tensors",
  "return_assistant_tokens_mask",
  "sanitize_control_tokens",
]);

/** The value of `row`, null where it has none, and where there is no such column. */
export function readCell(rows: JsonRows | undefined, row: number, name: string, reason: RowReason): JsonValue {
  const cell = rows?.read(row) ?? null;
  if (cell instanceof JsonError) throw new BadRow(reason, `${name}: ${cell.message}`);
  return cell;
}

/** Roles that templates know: they pass over others without a word. */
export const rolesOption = z
  .array(z.string().min(1))
  .default(["system", "developer", "user", "assistant", "tool"])
  .describe("roles that messages may have: a template passes over others without a word");

/** Any list of objects. */
export function messageList(value: JsonValue, name: string): Messages {
  if (value === null || !isJsonList(value) || value.length === 0)
    throw new BadRow("bad_messages", `${name} is no list of messages`);
  return value.map((message, turn) => {
    if (message instanceof Map) return message;
    throw new BadRow("bad_messages", `${name}: message ${turn} is no object`);
  });
}

/** The messages of a conversation: each has a role and a text, or, beside tool calls or reasoning, none. */
export function messagesOf(value: JsonValue, roles: ReadonlySet<string>, name: string): Messages {
  const messages = messageList(value, name);
  messages.forEach((message, turn) => {
    const bad = (what: string) => new BadRow("bad_messages", `${name}: message ${turn} ${what}`);
    const role = message.get("role");
    if (typeof role !== "string") throw bad("has no role");
    if (!roles.has(role)) throw new BadRow("unknown_role", `message ${turn}: ${role}`);
    const content = message.get("content") ?? null;
    if (typeof content === "string" || (content === null && hasMore(message))) return;
    throw bad(content === null ? "has no content" : `has a content that is ${kindOf(content)}`);
  });
  return messages;
}

/** Whether a message says something beside its content. */
function hasMore(message: Message): boolean {
  return toolCallsOf(message).length > 0 || reasoningOf(message) !== null;
}

export function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (isJsonList(value)) return "a list";
  if (value instanceof Map) return "an object";
  return typeof value === "string" ? "a text" : typeof value === "boolean" ? "a truth value" : "a number";
}

/** Tool schemas as mappings: files may have each, or all of them, as JSON text. Null where there are none. */
export function toolsOf(value: JsonValue): readonly JsonObject[] | null {
  const tools = unpacked(value);
  if (tools === null) return null;
  if (!isJsonList(tools)) throw new BadRow("bad_tools", `tools are ${kindOf(tools)}`);
  return tools.map((tool, i) => {
    const schema = unpacked(tool);
    if (!(schema instanceof Map)) throw new BadRow("bad_tools", `tool ${i} is ${kindOf(schema)}`);
    return schema;
  });
}

/** What a row hands to the template. Null means nothing. */
export function kwargsOf(value: JsonValue): JsonObject {
  if (value === null) return new Map();
  if (!(value instanceof Map)) throw new BadRow("bad_kwargs", `chat_template_kwargs are ${kindOf(value)}`);
  for (const key of value.keys()) {
    if (NO_VARIABLES.has(key)) throw new BadRow("bad_kwargs", `chat_template_kwargs name ${key}`);
  }
  return value;
}

/** A text that holds JSON as what it holds; anything else as it is. */
function unpacked(value: JsonValue): JsonValue {
  if (typeof value !== "string") return value;
  const read = readJson(value);
  return read instanceof JsonError ? value : read;
}

/** The message with the arguments of its tool calls as mappings. */
export function withArguments(message: Message, turn: number): Message {
  const calls = toolCallsOf(message);
  if (!calls.some((call) => call instanceof Map && textAt(holderOf(call), "arguments") !== undefined)) return message;
  const made = calls.map((call) => {
    if (!(call instanceof Map)) return call;
    const holder = holderOf(call);
    const written = textAt(holder, "arguments");
    if (written === undefined) return call;
    const value = unpacked(written);
    if (!(value instanceof Map)) throw new BadRow("bad_arguments", `message ${turn}: ${written.slice(0, 80)}`);
    const parsed = withEntries(holder, { arguments: value });
    return holder === call ? parsed : withEntries(call, { function: parsed });
  });
  return withEntries(message, { tool_calls: made });
}

/** What has the name and the arguments of a call: its `function`, or itself. */
export function holderOf(call: JsonObject): JsonObject {
  const inner = call.get("function");
  return inner instanceof Map ? inner : call;
}

const REASONING = ["reasoning_content", "thinking", "reasoning"] as const;

export function reasoningOf(message: Message): JsonValue {
  for (const key of REASONING) {
    const value = message.get(key) ?? null;
    if (value !== null) return value;
  }
  return null;
}
