/**
 * Calls of functions as data sets have them: between marks in a text, as a text alone, or under `tool_calls`.
 *
 * Invariant: a call has a name and an object of arguments; numbers keep every digit. Arguments that were encoded more often than their form asks for
 * are decoded and told.
 */
import { pythonLiteral } from "../../kernels/json/python-literal.ts";
import { isJsonList, JsonError, type JsonObject, type JsonValue, jsonText } from "../../kernels/json/value.ts";
import { parseLoosely } from "./tool-lists.ts";

export interface Call {
  readonly name: string;
  readonly arguments: JsonObject;
  readonly id: string | undefined;
  /** How often the arguments are a text of JSON inside their form beyond what it asks for. */
  readonly surplusEncodings: number;
}

/** A turn's text without its calls, and the calls. */
export interface SplitTurn {
  readonly text: string;
  readonly calls: readonly Call[];
}

/** What is no call, in words. */
export class NoCall {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

const TOOL_CALL = /<tool_call>([\s\S]*?)<\/tool_call>/g;
/** An opening mark without its end, or an end without its beginning. */
const STRAY_MARK = /<\/?tool_call>/;
const GLAIVE_MARK = "<functioncall>";
/** The arguments stand in single quotes that nobody escaped inside of them. */
const GLAIVE_CALL = /^\{\s*"name"\s*:\s*"((?:[^"\\]|\\.)*)"\s*,\s*"arguments"\s*:\s*'([\s\S]*)'\s*\}$/;

/** Calls between `<tool_call>` marks; one pair of marks may hold a list. */
export function hermesCalls(content: string): SplitTurn | NoCall {
  const calls: Call[] = [];
  for (const [, inside = ""] of content.matchAll(TOOL_CALL)) {
    const found = callsOfText(inside, 0);
    if (found instanceof NoCall) return found;
    calls.push(...found);
  }
  const text = content.replaceAll(TOOL_CALL, "").trim();
  if (STRAY_MARK.test(text)) return new NoCall("a <tool_call> mark stands alone");
  return { text: calls.length === 0 ? content : text, calls };
}

/** A call behind each `<functioncall>`. */
export function glaiveCalls(content: string): SplitTurn | NoCall {
  const [before = "", ...parts] = content.split(GLAIVE_MARK);
  const calls: Call[] = [];
  for (const part of parts) {
    const [, name, quoted] = GLAIVE_CALL.exec(part.trim()) ?? [];
    const found =
      name === undefined || quoted === undefined ? callsOfText(part, 1) : oneCall(name, quoted, undefined, 1);
    if (found instanceof NoCall) return found;
    if (isList(found)) calls.push(...found);
    else calls.push(found);
  }
  return { text: parts.length === 0 ? content : before.trim(), calls };
}

/** A content that is a list of calls and nothing else, as xLAM's answers are. */
export function xlamCalls(content: string): SplitTurn | NoCall {
  const calls = callsOfText(content, 0);
  return calls instanceof NoCall ? calls : { text: "", calls };
}

/** `tool_calls` of a message, whose arguments are a text of JSON, or already an object. */
export function openaiCalls(list: readonly JsonValue[]): readonly Call[] | NoCall {
  const calls: Call[] = [];
  for (const item of list) {
    if (!(item instanceof Map)) return new NoCall("an entry of tool_calls is no object");
    const inner = item.get("function");
    const found = callOf(inner instanceof Map ? inner : item, 1, item.get("id"));
    if (found instanceof NoCall) return found;
    calls.push(found);
  }
  return calls;
}

function isList(found: Call | readonly Call[]): found is readonly Call[] {
  return Array.isArray(found);
}

function callsOfText(text: string, encodings: number): readonly Call[] | NoCall {
  let value: JsonValue;
  try {
    value = parseLoosely(text.trim());
  } catch (error) {
    if (error instanceof JsonError) return new NoCall(error.message);
    throw error;
  }
  const calls: Call[] = [];
  for (const item of isJsonList(value) ? value : [value]) {
    if (!(item instanceof Map)) return new NoCall("a call is no object");
    const inner = item.get("function");
    const found = callOf(inner instanceof Map ? inner : item, encodings, item.get("id"));
    if (found instanceof NoCall) return found;
    calls.push(found);
  }
  return calls;
}

function callOf(call: JsonObject, encodings: number, id: JsonValue | undefined): Call | NoCall {
  const name = call.get("name");
  if (typeof name !== "string" || name === "") return new NoCall("a call has no name");
  const given = call.get("arguments") ?? call.get("parameters") ?? new Map<string, JsonValue>();
  return oneCall(name, given, typeof id === "string" ? id : undefined, encodings);
}

/** `encodings`: how often the form wraps arguments in a text. An object in its place is taken as well. */
function oneCall(name: string, given: JsonValue, id: string | undefined, encodings: number): Call | NoCall {
  let value = given;
  let wrapped = 0;
  while (typeof value === "string") {
    if (value.trim() === "") {
      value = new Map<string, JsonValue>();
      break;
    }
    try {
      value = parseLoosely(value);
    } catch (error) {
      if (error instanceof JsonError) return new NoCall(`the arguments of ${name}: ${error.message}`);
      throw error;
    }
    wrapped++;
  }
  if (!(value instanceof Map)) return new NoCall(`the arguments of ${name} are no object`);
  return { name, arguments: value, id, surplusEncodings: Math.max(0, wrapped - encodings) };
}

/** The call as OpenAI has it, with its arguments as an object. */
export function nativeCall({ name, arguments: given, id }: Call): JsonObject {
  return new Map<string, JsonValue>([
    ...(id === undefined ? [] : [["id", id] as const]),
    ["type", "function"],
    [
      "function",
      new Map<string, JsonValue>([
        ["name", name],
        ["arguments", given],
      ]),
    ],
  ]);
}

function plainCall({ name, arguments: given }: Call): JsonObject {
  return new Map<string, JsonValue>([
    ["name", name],
    ["arguments", given],
  ]);
}

/** Calls as `<tool_call>` texts: one for each, or one with the list of all. */
export function callsText(calls: readonly Call[], form: "blocks" | "list"): string {
  const json = (value: JsonValue): string => jsonText(value, { spaces: true });
  if (form === "list") return `<tool_call>\n${json(calls.map(plainCall))}\n</tool_call>`;
  return calls.map((call) => `<tool_call>\n${json(plainCall(call))}\n</tool_call>`).join("\n");
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Calls as Python between `<code>` marks; undefined where a name is none of Python's. */
export function callsCode(calls: readonly Call[]): string | undefined {
  const lines: string[] = [];
  for (const { name, arguments: given } of calls) {
    if (!NAME.test(name) || [...given.keys()].some((key) => !NAME.test(key))) return undefined;
    lines.push(`${name}(${[...given].map(([key, value]) => `${key}=${pythonLiteral(value)}`).join(", ")})`);
  }
  return `<code>\n${lines.join("\n")}\n</code>`;
}

const RESPONSE = /<tool_response>([\s\S]*?)<\/tool_response>/g;

/** The results in a turn of a tool: what stands between its marks, or the whole. */
export function responsesOf(content: string): readonly string[] {
  const marked = [...content.matchAll(RESPONSE)].map(([, inside = ""]) => inside.trim());
  const isAllMarked = marked.length > 0 && content.replaceAll(RESPONSE, "").trim() === "";
  return isAllMarked ? marked : [content];
}

export function responseText(content: string): string {
  return `<tool_response>\n${content.trim()}\n</tool_response>`;
}
