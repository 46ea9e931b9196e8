/**
 * Makes messages of turns, and says what is wrong with those of which none can be made.
 *
 * Owns what a turn must be. Invariant: texts come out as they are, character for character; what is left out of a turn is counted. Price: next to
 * nothing beside the JSON.
 */
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { isJsonList, type JsonValue, jsonText } from "../../kernels/json/value.ts";
import { Fault, type Message, roleOf } from "./conversation.ts";
import type { Tally } from "./counts.ts";
import { joinParts } from "./parts.ts";
import { orderProblem, ROLES, type TurnKind, turnKind } from "./roles.ts";
import type { RawTurn } from "./shapes.ts";

export interface MessageOptions {
  readonly roles: Readonly<Record<string, TurnKind>>;
  readonly unknown_role: "drop" | "keep";
  readonly list_content: "drop" | "join";
  readonly empty_turns: "drop" | "keep";
  readonly order: "alternate" | "any";
  readonly user_last: "drop" | "cut" | "keep";
  readonly keep_keys: readonly string[];
}

/** Keys under which turns have their role and text. */
export interface TurnKeys {
  readonly roleKey: string;
  readonly contentKey: string;
}

export const MESSAGE_REASONS = {
  no_turns: "nobody says anything",
  missing_role: "a turn has no role",
  unknown_role: "a turn has a role that nobody knows",
  null_content: "a turn has no content",
  list_content: "the content of a turn is a list of parts",
  content_not_text: "the content of a turn is neither a text nor a list of parts",
  empty_turn: "nothing is said in a turn",
  missing_turn: "the turns do not take turns: one is missing",
  user_last: "the conversation ends without an answer",
  too_large: "the messages would be larger than a row may be",
};
export type MessageReason = keyof typeof MESSAGE_REASONS;

/** What makes messages of the turns of a row. */
export class MessageMaker {
  readonly #options: MessageOptions;
  readonly #names: ReadonlyMap<string, TurnKind>;
  readonly #kept: ReadonlySet<string>;
  readonly #known: ReadonlySet<string>;
  readonly #tally: Tally;

  constructor(options: MessageOptions, { roleKey, contentKey }: TurnKeys, tally: Tally) {
    this.#options = options;
    this.#names = new Map(Object.entries(options.roles));
    this.#kept = new Set(options.keep_keys);
    this.#known = new Set([roleKey, contentKey]);
    this.#tally = tally;
  }

  /** The messages of a conversation, counted, or why it has none. */
  make(turns: readonly RawTurn[]): readonly Message[] | Fault<MessageReason> {
    const messages: Message[] = [];
    for (const [turn, raw] of turns.entries()) {
      const message = this.#message(raw, turn);
      if (message instanceof Fault) return message;
      // An empty prompt of the system says nothing, and is no turn that somebody left out.
      if (message === undefined) this.#tally.add("empty_system_turns");
      else messages.push(message);
    }
    const finished = this.#finished(messages);
    if (finished instanceof Fault) return finished;
    if (sizeOf(finished) > MAX_ROW_BYTES) return new Fault("too_large");
    this.#tally.add("turns", finished.length);
    for (const role of ROLES) {
      const turns = finished.reduce((sum, message) => sum + Number(message.get("role") === role), 0);
      if (turns > 0) this.#tally.addTo("roles", role, turns);
    }
    return finished;
  }

  #message({ role, content, from }: RawTurn, turn: number): Message | undefined | Fault<MessageReason> {
    if (typeof role !== "string") return new Fault("missing_role", `turn ${turn}`, turn);
    const kind = turnKind(role, this.#names) ?? (this.#options.unknown_role === "keep" ? role : undefined);
    if (kind === undefined) return new Fault("unknown_role", `${role}, turn ${turn}`, turn);
    const further = this.#further(from);
    const made: Message = new Map<string, JsonValue>();
    made.set("role", kind === "call" ? "assistant" : kind);
    const text = this.#content(content, further, turn);
    if (text instanceof Fault) return text;
    if (typeof text === "string" && !SAYS.test(text) && !hasOther(further)) {
      if (kind === "system") return undefined;
      if (this.#options.empty_turns === "drop") return new Fault("empty_turn", `turn ${turn}, of ${kind}`, turn);
    }
    made.set("content", kind === "call" && text !== null ? `<tool_call>\n${text.trim()}\n</tool_call>` : text);
    if (further.size > 0) for (const [key, value] of further) made.set(key, value);
    return made;
  }

  /** The text of a turn; null only where tool calls stand in its place. */
  #content(
    content: JsonValue | undefined,
    further: Map<string, JsonValue>,
    turn: number,
  ): string | null | Fault<MessageReason> {
    if (typeof content === "string") return content;
    if (content === undefined || content === null) {
      return hasCalls(further) ? null : new Fault("null_content", `turn ${turn}`, turn);
    }
    if (!isJsonList(content)) return new Fault("content_not_text", `turn ${turn}`, turn);
    const joined = this.#options.list_content === "join" ? joinParts(content) : undefined;
    if (joined === undefined) return new Fault("list_content", `turn ${turn}`, turn);
    if (joined.reasoning !== undefined) further.set("reasoning_content", joined.reasoning);
    return joined.text;
  }

  /** Keys beside role and content that are kept. A file with columns gives each turn every key, without a value where it has none. */
  #further(from: RawTurn["from"]): Map<string, JsonValue> {
    const further = new Map<string, JsonValue>();
    if (from === undefined) return further;
    for (const [key, value] of from) {
      if (this.#known.has(key) || value === null) continue;
      if (this.#kept.has(key)) further.set(key, value);
      else this.#tally.addTo("left_out_keys", key);
    }
    return further;
  }

  #finished(messages: Message[]): readonly Message[] | Fault<MessageReason> {
    const { order, user_last } = this.#options;
    if (!messages.some((message) => roleOf(message) !== "system")) return new Fault("no_turns");
    if (order === "alternate") {
      for (const [turn, message] of messages.entries()) {
        const before = messages[turn - 1];
        const problem = orderProblem(roleOf(message), before && roleOf(before));
        if (problem !== undefined) return new Fault("missing_turn", `${problem}: turn ${turn}`, turn);
      }
    }
    if (user_last === "keep") return messages;
    const last = messages.findLastIndex((message) => roleOf(message) === "assistant");
    if (last === messages.length - 1) return messages;
    if (user_last === "drop" || last < 0) {
      return new Fault("user_last", `the last of ${messages.length} turns`, messages.length);
    }
    this.#tally.add("turns_cut", messages.length - 1 - last);
    return messages.slice(0, last + 1);
  }
}

/** What is not blank. */
const SAYS = /\S/;

function hasCalls(further: ReadonlyMap<string, JsonValue>): boolean {
  const calls = further.get("tool_calls");
  return calls !== undefined && isJsonList(calls) && calls.length > 0;
}

/** Whether a turn says something beside its content. */
function hasOther(further: ReadonlyMap<string, JsonValue>): boolean {
  return hasCalls(further) || further.has("reasoning_content");
}

/** Bytes of the JSON, at most: counted only where it may be too much. */
function sizeOf(messages: readonly Message[]): number {
  let units = 0;
  for (const message of messages) {
    for (const value of message.values()) units += typeof value === "string" ? value.length : 64;
  }
  return units * 6 < MAX_ROW_BYTES ? units : Buffer.byteLength(jsonText(messages));
}
