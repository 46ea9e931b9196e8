/**
 * Tools that a model may call while it answers: what they are to the stage, and one that is safe.
 *
 * A tool is run by whoever asks, once a call, and its result is kept in the journal like an answer: so it need not be deterministic, and is not
 * run again when a run goes on. What it throws is told to the model. A stage with tools of its own is `generateStage({ name, version, tools })` in a
 * plugin; built-in ones touch nothing outside.
 */
import { calculate } from "../../../kernels/chat/arithmetic.ts";
import { JsonError, type JsonValue, parseJson } from "../../../kernels/json/value.ts";
import { jsonOf } from "./prompt.ts";

export interface ChatTool {
  readonly name: string;
  /** What the model is told that it does. */
  readonly description: string;
  /** JSON Schema of its arguments, an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `input` has the arguments as the model gave them: nobody has held them to the schema. */
  readonly run: (input: ReadonlyMap<string, JsonValue>, signal: AbortSignal) => string | Promise<string>;
}

export const calculator: ChatTool = {
  name: "calculator",
  description:
    "Computes an arithmetic expression: numbers, + - * / % ^, parentheses, abs, ceil, floor, max, min, round and sqrt.",
  parameters: {
    type: "object",
    properties: { expression: { type: "string", description: "the expression, such as (3 + 4) * 2" } },
    required: ["expression"],
  },
  run: (input) => {
    const expression = input.get("expression");
    return typeof expression === "string" ? calculate(expression) : "error: `expression` must be a string";
  },
};

/** As requests and rows name it. */
export function schemaOf({ name, description, parameters }: ChatTool): JsonValue {
  return jsonOf({ type: "function", function: { name, description, parameters } });
}

/** Runs a call; whatever goes wrong in it is its result. */
export async function runTool(
  tool: ChatTool | undefined,
  name: string,
  input: string,
  signal: AbortSignal,
): Promise<string> {
  if (tool === undefined) return `error: there is no tool ${JSON.stringify(name)}`;
  let given: JsonValue;
  try {
    given = parseJson(input === "" ? "{}" : input);
  } catch (error) {
    if (error instanceof JsonError) return "error: the arguments are no JSON";
    throw error;
  }
  if (!(given instanceof Map)) return "error: the arguments are no JSON object";
  try {
    return await tool.run(given, signal);
  } catch (error) {
    return `error: ${error instanceof Error ? error.message : String(error)}`;
  }
}
