/**
 * Tools that the first turn of the system names, and that turn without them.
 *
 * Invariant: a text that names no tools stays as it is.
 */
import { contentOf, type Messages, roleOf, withEntries } from "./conversation.ts";
import { NoTools, type Tool, toolsOfText } from "./tool-lists.ts";

export type ToolFormat = "hermes" | "xlam" | "glaive" | "openai";

export interface SystemTools {
  readonly tools: readonly Tool[];
  readonly messages: Messages;
  /** The tools as the text has them, with their marks. */
  readonly text: string | undefined;
}

/** A part of a text that lists tools, and what of it is the list. */
interface Listed {
  readonly start: number;
  readonly end: number;
  readonly list: string;
  readonly text: string;
}

/** What a text that only explains the marks has between them. */
const EMPTY_MARKS = /<tools>\s*<\/tools>/g;
const MARKS = /<tools>([\s\S]*?)<\/tools>/;
/** Glaive introduces functions by a sentence that ends in a dash. */
const GLAIVE_INTRODUCTION = /\b(?:functions|function)\b[^{}]*?-\s*(?=\{)/i;

/** `left` says what becomes of the turn that named tools. */
export function systemTools(
  messages: Messages,
  format: ToolFormat,
  left: "drop" | "cut" | "keep",
): SystemTools | NoTools {
  const [first, ...others] = messages;
  const unnamed: SystemTools = { tools: [], messages, text: undefined };
  if (first === undefined || roleOf(first) !== "system") return unnamed;
  const content = contentOf(first);
  const listed = format === "hermes" ? between(content) : format === "glaive" ? behind(content) : undefined;
  if (listed === undefined) return unnamed;
  const tools = toolsOfText(listed.list);
  if (tools instanceof NoTools) return tools;
  const { text } = listed;
  if (left === "keep" || tools.length === 0) return { tools, messages, text };
  const rest = left === "cut" ? `${content.slice(0, listed.start)}${content.slice(listed.end)}`.trim() : "";
  return { tools, text, messages: rest === "" ? others : [withEntries(first, { content: rest }), ...others] };
}

/** The first marks with something between them: those before only explain. */
function between(content: string): Listed | undefined {
  const blanked = content.replace(EMPTY_MARKS, (marks) => " ".repeat(marks.length));
  const found = MARKS.exec(blanked);
  if (found === null) return undefined;
  const [text, list = ""] = found;
  return { start: found.index, end: found.index + text.length, list, text };
}

function behind(content: string): Listed | undefined {
  const found = GLAIVE_INTRODUCTION.exec(content);
  if (found === null) return undefined;
  const start = found.index + found[0].length;
  const list = content.slice(start);
  return { start, end: content.length, list, text: `<tools>${list.trim()}</tools>` };
}
