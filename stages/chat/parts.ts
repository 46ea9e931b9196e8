/**
 * Contents that are lists of parts, as data sets with images, reasoning or tool calls have them.
 *
 * Invariant: texts come out in order and unchanged; a part that is no text makes the whole content nothing that a text can say.
 */
import { isJsonList, type JsonValue } from "../../kernels/json/value.ts";

export interface JoinedParts {
  readonly text: string;
  readonly reasoning: string | undefined;
}

const TEXT_KEYS = ["text", "value", "content"];

/** The parts as one text and its reasoning; undefined where one of them is something else. */
export function joinParts(parts: readonly JsonValue[]): JoinedParts | undefined {
  const texts: string[] = [];
  const traces: string[] = [];
  for (const part of parts) {
    if (typeof part === "string") texts.push(part);
    else if (part === null || isJsonList(part) || !(part instanceof Map)) return undefined;
    else {
      const type = part.get("type");
      const text = TEXT_KEYS.map((key) => part.get(key)).find((value) => typeof value === "string");
      if (typeof text !== "string") return undefined;
      if (type === "text" || type === "output_text" || type === "input_text") texts.push(text);
      else if (type === "reasoning" || type === "thinking") traces.push(text);
      else if (type === "tool_call") texts.push(`<tool_call>\n${text.trim()}\n</tool_call>`);
      else return undefined;
    }
  }
  return { text: texts.join("\n"), reasoning: traces.length === 0 ? undefined : traces.join("\n") };
}
