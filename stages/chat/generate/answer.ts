/**
 * Whether an answer is good, and which of several is taken.
 *
 * Invariant: a function of answers, options and the model of languages that they name alone; of equal answers the first. A reason states what is wrong with an answer, and becomes that of
 * the row where none is good.
 */
import type { Completion } from "../../../kernels/chat/completion.ts";
import { splitThought } from "../../../kernels/chat/think.ts";
import { JsonError, parseJson } from "../../../kernels/json/value.ts";
import type { JudgedTurn } from "../turn-language.ts";
import type { GenerateOptions } from "./options.ts";

export const ANSWER_REASONS = {
  refused: "the server will not answer the row's request",
  unanswered: "all attempts at a call have failed",
  wrong_finish_reason: "the answer ended for a reason that is not among finish_reasons",
  unclosed_think_block: "the thinking of the answer has no end",
  no_think_block: "the answer has no thinking",
  think_block: "the answer has thinking",
  empty_answer: "the answer says nothing",
  broken_text: "the answer holds half of a character (U+FFFD)",
  too_short: "the answer is shorter than min_characters or min_tokens",
  too_long: "the answer is longer than max_characters or max_tokens",
  not_json: "the answer is not the JSON that is asked for",
  wrong_language: "the answer is in none of the languages that are asked for",
} as const;

export type AnswerReason = keyof typeof ANSWER_REASONS;

/** An answer, its thinking apart. */
export interface Said {
  readonly text: string;
  readonly reasoning?: string;
}

export interface Rejection {
  readonly reason: AnswerReason;
  readonly detail: string;
  readonly value?: number;
}

/** The language of a text; undefined where it is too short to tell. */
export type LanguageOf = (text: string) => JudgedTurn | undefined;

/** The answer as it is taken, or why it is not. `languageOf` is asked where `validation.language` stands. */
export function judge(completion: Completion, options: GenerateOptions, languageOf: LanguageOf): Said | Rejection {
  const { validation } = options;
  const { finish_reason, usage } = completion;
  if (!validation.finish_reasons.includes(finish_reason))
    return { reason: "wrong_finish_reason", detail: finish_reason === "" ? "none" : finish_reason };
  const { text, reasoning = "", isClosed } = splitThought(completion.content, completion.reasoning, options.think_tags);
  if (!isClosed) return { reason: "unclosed_think_block", detail: excerpt(reasoning) };
  if (validation.think === "required" && reasoning.trim() === "")
    return { reason: "no_think_block", detail: excerpt(text) };
  if (validation.think === "forbidden" && reasoning.trim() !== "")
    return { reason: "think_block", detail: excerpt(reasoning) };
  if (text.trim() === "") return { reason: "empty_answer", detail: "" };
  if (text.includes("\ufffd") || reasoning.includes("\ufffd")) return { reason: "broken_text", detail: excerpt(text) };
  const characters = codePoints(text);
  const tokens = usage?.completion_tokens;
  const { min_characters, max_characters, min_tokens, max_tokens } = validation;
  if (characters < min_characters) return { reason: "too_short", detail: excerpt(text), value: characters };
  if (max_characters !== undefined && characters > max_characters)
    return { reason: "too_long", detail: excerpt(text), value: characters };
  if (tokens !== undefined && min_tokens !== undefined && tokens < min_tokens)
    return { reason: "too_short", detail: excerpt(text), value: tokens };
  if (tokens !== undefined && max_tokens !== undefined && tokens > max_tokens)
    return { reason: "too_long", detail: excerpt(text), value: tokens };
  if (validation.json !== "any" && !isJson(text, validation.json)) return { reason: "not_json", detail: excerpt(text) };
  const spoken = validation.language && languageOf(text);
  if (spoken !== undefined && !spoken.isKept)
    return { reason: "wrong_language", detail: `${spoken.language}: ${excerpt(text)}`, value: spoken.score };
  return reasoning === "" ? { text } : { text, reasoning };
}

export function isRejection<Good extends object>(judged: Good | Rejection): judged is Rejection {
  return "reason" in judged;
}

/** Of good answers the one that is taken. */
export function choose(answers: readonly [Said, ...Said[]], rule: GenerateOptions["choose"]): Said {
  const [first] = answers;
  switch (rule) {
    case "first":
      return first;
    case "longest":
      return answers.reduce((best, each) => (codePoints(each.text) > codePoints(best.text) ? each : best));
    case "shortest":
      return answers.reduce((best, each) => (codePoints(each.text) < codePoints(best.text) ? each : best));
    case "most_common": {
      const votes = (said: Said): number => answers.filter(({ text }) => text.trim() === said.text.trim()).length;
      return answers.reduce((best, each) => (votes(each) > votes(best) ? each : best));
    }
  }
}

/** The beginning of a text, whole characters, for people. */
export function excerpt(text: string): string {
  const cut = text.slice(0, 160);
  return cut.length < text.length ? cut.replace(/[\ud800-\udbff]$/, "") : cut;
}

function codePoints(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) pairs++;
  }
  return text.length - pairs;
}

function isJson(text: string, wanted: "value" | "object"): boolean {
  try {
    return parseJson(text) instanceof Map || wanted === "value";
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}
