/**
 * What a row asks: its turns, read and held to what a server takes, and the requests that are made of them.
 *
 * Invariant: turns are written again with every digit and key in its place; a request leaves earlier thinking out, as models are trained without
 * it. What cannot be asked is a {@link BadRow} with its reason.
 */
import {
  isJsonList,
  JsonError,
  type JsonObject,
  type JsonValue,
  jsonText,
  parseJson,
} from "../../../kernels/json/value.ts";
import type { GenerateOptions, ModelOptions } from "./options.ts";

/** Why nothing can be asked for a row. */
export class BadRow extends Error {
  readonly reason: "no_messages" | "bad_messages" | "bad_tools";

  constructor(reason: BadRow["reason"], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

export type Turns = readonly JsonObject[];

const ROLES: ReadonlySet<JsonValue> = new Set(["system", "developer", "user", "assistant", "tool"]);
const REASONING_KEYS = ["reasoning_content", "reasoning", "thinking"];

/** The turns in a row's JSON. Throws {@link BadRow}. */
export function turnsOf(text: string | null): Turns {
  const value = text === null ? null : parsed(text, "bad_messages");
  if (value === null || (isJsonList(value) && value.length === 0))
    throw new BadRow("no_messages", "the row has no turns");
  if (!isJsonList(value)) throw new BadRow("bad_messages", "the turns are no list");
  return value.map((turn, at) => checkedTurn(turn, at));
}

/** The schemas in a row's JSON, undefined where it has none. Throws {@link BadRow}. */
export function toolsOf(text: string | null): readonly JsonValue[] | undefined {
  const value = text === null ? null : parsed(text, "bad_tools");
  if (value === null) return undefined;
  if (!isJsonList(value)) throw new BadRow("bad_tools", "the tools are no list");
  return value.length > 0 ? value : undefined;
}

function parsed(text: string, reason: BadRow["reason"]): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw new BadRow(reason, error.message);
    throw error;
  }
}

function checkedTurn(turn: JsonValue, at: number): JsonObject {
  const bad = (what: string): BadRow => new BadRow("bad_messages", `turn ${at} ${what}`);
  if (!(turn instanceof Map)) throw bad("is no object");
  const role = turn.get("role");
  if (role === undefined || !ROLES.has(role)) throw bad(`has the role ${jsonText(role ?? null).slice(0, 40)}`);
  const content = turn.get("content");
  const isCall = role === "assistant" && turn.get("tool_calls") !== undefined;
  if (typeof content !== "string" && !(isCall && (content === null || content === undefined))) throw bad("has no text");
  return turn;
}

/** The parts of a conversation that are answered one after the other: each ends where an answer follows. Throws {@link BadRow}. */
export function promptsOf(turns: Turns, prompt: GenerateOptions["prompt"]): readonly [Turns, ...Turns[]] {
  const isUser = (turn: JsonObject): boolean => turn.get("role") === "user";
  if (prompt === "whole") {
    const last = turns.at(-1)?.get("role");
    if (last !== "user" && last !== "tool")
      throw new BadRow("bad_messages", "the last turn is neither a user's nor a tool's");
    return [turns];
  }
  const asked = turns.filter(
    (turn) => isUser(turn) || turn.get("role") === "system" || turn.get("role") === "developer",
  );
  const end = (prompt === "last_user" ? turns.findLastIndex(isUser) : turns.findIndex(isUser)) + 1;
  if (end === 0) throw new BadRow("bad_messages", "no turn is a user's");
  if (prompt !== "every_user") return [turns.slice(0, end)];
  const parts: JsonObject[][] = [];
  let part: JsonObject[] = [];
  for (const turn of asked) {
    part.push(turn);
    if (!isUser(turn)) continue;
    parts.push(part);
    part = [];
  }
  const [first = [], ...others] = parts;
  return [first, ...others];
}

/** The text of a request, an object without `stream`. `system` takes the place of the turns' own. */
export function requestBody(
  { model, sampling, body }: ModelOptions,
  turns: Turns,
  {
    system,
    tools,
    seed,
  }: {
    readonly system?: string | undefined;
    readonly tools?: readonly JsonValue[] | undefined;
    readonly seed?: number | undefined;
  },
): string {
  const own = system === undefined ? turns : turns.filter((turn) => turn.get("role") !== "system");
  const messages: JsonValue[] = own.map(withoutReasoning);
  if (system !== undefined) messages.unshift(turn("system", system));
  const request: JsonObject = new Map<string, JsonValue>([
    ["model", model],
    ["messages", messages],
  ]);
  if (tools !== undefined) request.set("tools", tools);
  for (const [key, value] of Object.entries(sampling)) if (value !== undefined) request.set(key, value);
  if (seed !== undefined) request.set("seed", seed);
  for (const [key, value] of Object.entries(body)) request.set(key, jsonOf(value));
  return jsonText(request);
}

export function turn(role: string, content: string): JsonObject {
  return new Map<string, JsonValue>([
    ["role", role],
    ["content", content],
  ]);
}

/** Turns as a text that a model can read. */
export function transcript(turns: Turns): string {
  return turns.map((each) => `${roleOf(each)}: ${contentOf(each)}`).join("\n\n");
}

function roleOf(each: JsonObject): string {
  const role = String(each.get("role"));
  return `${role.charAt(0).toUpperCase()}${role.slice(1)}`;
}

export function contentOf(each: JsonObject | undefined): string {
  const content = each?.get("content");
  return typeof content === "string" ? content : "";
}

function withoutReasoning(each: JsonObject): JsonObject {
  if (!REASONING_KEYS.some((key) => each.has(key))) return each;
  return new Map([...each].filter(([key]) => !REASONING_KEYS.includes(key)));
}

/** What a recipe holds, as a value of this kind. */
export function jsonOf(value: unknown): JsonValue {
  return parseJson(JSON.stringify(value));
}
