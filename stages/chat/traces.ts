/**
 * Reasoning traces of turns: inside a text, between marks at its beginning, or under `reasoning_content`.
 *
 * Invariant: what {@link splitTrace} takes apart, {@link inlineTrace} puts together again in the form of reasoning models:
 * `<think>\n…\n</think>\n\n…`. A text that only speaks of the marks further on has no trace.
 */
import { contentOf, type Message, textAt } from "./conversation.ts";

export interface TraceMarks {
  readonly open: string;
  readonly close: string;
}

export const THINK: TraceMarks = { open: "<think>", close: "</think>" };

export interface SplitTrace {
  /** Undefined where there are no marks; empty where nothing is between them. */
  readonly trace: string | undefined;
  readonly answer: string;
}

/** Why the traces of a turn cannot be told. */
export type TraceProblem = "unclosed_trace" | "two_traces";

/** The trace of a turn and its answer. A closing mark without an opening one ends a trace that began with the turn. */
export function splitTrace(message: Message, { open, close }: TraceMarks): SplitTrace | TraceProblem {
  const content = contentOf(message);
  const kept = textAt(message, "reasoning_content");
  const text = content.trimStart();
  const isOpen = text.startsWith(open);
  const end = text.indexOf(close, isOpen ? open.length : 0);
  const hasTrace = isOpen || (end >= 0 && !text.slice(0, end).includes(open));
  if (!hasTrace) return { trace: kept, answer: content };
  if (end < 0) return "unclosed_trace";
  const trace = text.slice(isOpen ? open.length : 0, end).trim();
  const answer = text.slice(end + close.length).trimStart();
  if (kept !== undefined && kept.trim() !== "") return trace === "" ? { trace: kept, answer } : "two_traces";
  return { trace, answer };
}

/** Whether a turn thinks: it has a trace that is not empty. A broken one counts as thinking. */
export function thinks(message: Message): boolean {
  const split = splitTrace(message, THINK);
  return typeof split === "string" || (split.trace ?? "").trim() !== "";
}

export function inlineTrace(trace: string, answer: string): string {
  return `${THINK.open}\n${trace.trim()}\n${THINK.close}\n\n${answer}`;
}
