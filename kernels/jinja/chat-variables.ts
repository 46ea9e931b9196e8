/**
 * What transformers gives a chat template to render: the messages as it prepares them, tools, documents, and the tokenizer's special tokens.
 *
 * Invariant: as `apply_chat_template` of transformers 5.24, or of 4.x, which prepared nothing. Arguments of the template win over special tokens,
 * and take no name that the messages, tools, documents and the generation prompt have. Price: a copy of each message, not of what is in it.
 */
import type { JsonObject, JsonValue } from "../json/value.ts";
import { TemplateError } from "./errors.ts";
import type { Value } from "./values.ts";

/**
 * What is done to messages first. `transformers-5`: keys whose value is null are dropped, and the first of `reasoning_content`, `thinking` and
 * `reasoning` that is there is copied to the first, and to the second where that is not there.
 */
export type MessagePreparation = "transformers-5" | "transformers-4";

export interface ChatInput {
  readonly messages: readonly JsonObject[];
  /** JSON schemas of functions. */
  readonly tools?: readonly JsonValue[] | null;
  readonly documents?: readonly JsonValue[] | null;
  readonly addGenerationPrompt?: boolean;
  /** Arguments of the template: `chat_template_kwargs`. */
  readonly kwargs?: JsonObject;
  /** `bos_token`, `eos_token`, … by name. */
  readonly specialTokens?: ReadonlyMap<string, string>;
  readonly preparation?: MessagePreparation;
}

const REASONING_KEYS = ["reasoning_content", "thinking", "reasoning"];
const RESERVED: ReadonlySet<string> = new Set(["messages", "tools", "documents", "add_generation_prompt"]);

export function chatVariables(chat: ChatInput): Map<string, Value> {
  const variables = new Map<string, Value>(chat.specialTokens);
  for (const [key, value] of chat.kwargs ?? []) {
    if (RESERVED.has(key)) {
      throw new TemplateError("value", `'${key}' is given by the chat and cannot be an argument of its template`);
    }
    variables.set(key, value);
  }
  const isPrepared = chat.preparation !== "transformers-4";
  variables.set("messages", isPrepared ? chat.messages.map(prepared) : chat.messages);
  variables.set("tools", chat.tools ?? null);
  variables.set("documents", chat.documents ?? null);
  variables.set("add_generation_prompt", chat.addGenerationPrompt ?? false);
  return variables;
}

function prepared(message: JsonObject): JsonObject {
  const kept: JsonObject = new Map();
  for (const [key, value] of message) if (value !== null) kept.set(key, value);
  const reasoning = REASONING_KEYS.map((key) => kept.get(key)).find((value) => value !== undefined);
  if (reasoning === undefined) return kept;
  const first = kept.has("thinking") ? kept : new Map([["thinking", reasoning], ...kept]);
  return first.set("reasoning_content", reasoning);
}
