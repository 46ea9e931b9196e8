/**
 * Who speaks: the names that data sets give the roles, and the order in which turns follow each other.
 *
 * Invariant: a name means the same in every form of conversation; a recipe's own names come first.
 */
export const ROLES = ["system", "user", "assistant", "tool"] as const;
export type Role = (typeof ROLES)[number];

/** What a turn is: of a role, or the assistant's call of a function as a turn of its own. */
export type TurnKind = Role | "call";
export const TURN_KINDS = [...ROLES, "call"] as const;

const NAMES: Readonly<Record<TurnKind, readonly string[]>> = {
  system: ["system", "developer"],
  user: ["user", "human", "prompter", "instruction", "question", "input"],
  assistant: ["assistant", "gpt", "chatgpt", "gpt4", "gpt-4", "model", "bot", "ai", "bing", "bard", "claude", "output"],
  tool: ["tool", "observation", "function", "ipython", "function-response", "function_response", "tool_response"],
  call: ["function_call", "function-call", "tool_call", "tool-call"],
};
const KNOWN = new Map(TURN_KINDS.flatMap((kind) => NAMES[kind].map((name) => [name, kind] as const)));

/** What `name` means: the recipe's `names` first, then those that are known, small and capital letters alike. */
export function turnKind(name: string, names: ReadonlyMap<string, TurnKind>): TurnKind | undefined {
  return names.get(name) ?? KNOWN.get(name) ?? KNOWN.get(name.trim().toLowerCase());
}

/** Why a turn of `role` cannot follow one of `before`, in words; undefined where it can. */
export function orderProblem(role: string, before: string | undefined): string | undefined {
  if (before === undefined) return role === "system" || role === "user" ? undefined : `the first turn is of ${role}`;
  if (role === "system") return "a turn of system is not the first";
  const isAnswer = role === "assistant" && (before === "user" || before === "tool");
  const isResult = role === "tool" && (before === "assistant" || before === "tool");
  const isQuestion = role === "user" && (before === "assistant" || before === "system");
  return isAnswer || isResult || isQuestion ? undefined : `a turn of ${role} follows one of ${before}`;
}
