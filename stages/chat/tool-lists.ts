/**
 * Lists of tools as data sets have them: JSON, Python's spelling of it, objects behind each other, texts inside texts.
 *
 * Invariant: a tool has a name; a schema comes out with every digit and in the order of its keys.
 */

import { parseLiterals, pythonLiteral } from "../../kernels/json/python-literal.ts";
import { isJsonList, JsonError, type JsonObject, type JsonValue, parseJson } from "../../kernels/json/value.ts";

export interface Tool {
  readonly name: string;
  /** As the data set has it. */
  readonly schema: JsonObject;
}

/** Why a text or a value lists no tools. */
export class NoTools {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

/** The value of a text that should be JSON; values behind each other are a list. Throws a {@link JsonError}. */
export function parseLoosely(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  const values = parseLiterals(text);
  return values.length === 1 ? (values[0] ?? null) : values;
}

/** The tools that a text lists. */
export function toolsOfText(text: string): readonly Tool[] | NoTools {
  try {
    return toolsOf(parseLoosely(text));
  } catch (error) {
    if (error instanceof JsonError) return new NoTools(error.message);
    throw error;
  }
}

/** The tools of a value: a list of them, one alone, or a text that lists them. */
export function toolsOf(value: JsonValue): readonly Tool[] | NoTools {
  if (typeof value === "string") return value.trim() === "" ? [] : toolsOfText(value);
  if (value === null) return [];
  const items = isJsonList(value) ? value : [value];
  const tools: Tool[] = [];
  for (const [index, item] of items.entries()) {
    const parsed = typeof item === "string" ? parsedOrNull(item) : item;
    if (!(parsed instanceof Map)) return new NoTools(`tool ${index} is no object`);
    const name = functionOf(parsed).get("name");
    if (typeof name !== "string" || name === "") return new NoTools(`tool ${index} has no name`);
    tools.push({ name, schema: parsed });
  }
  return tools;
}

function parsedOrNull(text: string): JsonValue {
  try {
    return parseLoosely(text);
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}

/** What describes the function: the object itself, or what lies under `function`. */
function functionOf(schema: JsonObject): JsonObject {
  const inner = schema.get("function");
  return inner instanceof Map ? inner : schema;
}

/** The schema as OpenAI has it: `{"type":"function","function":{…}}`. */
export function openaiTool({ schema }: Tool): JsonObject {
  if (schema.get("function") instanceof Map) return schema;
  return new Map<string, JsonValue>([
    ["type", "function"],
    ["function", schema],
  ]);
}

/** One string with all tools in it, as SmolTalk2 has it: Python's spelling of the list between `<tools>` marks. */
export function toolsText(tools: readonly Tool[], spelling: (value: JsonValue) => string = pythonLiteral): string {
  return `<tools>${spelling(tools.map(({ schema }) => schema))}</tools>`;
}
