/**
 * One call of a row: what names it in the journal, who makes it, and what its answer may be.
 *
 * Invariant: the question of a call holds all that can change its answer and nothing that cannot: not how it is sent, nor how long it may take. An
 * address or a key is in neither.
 */
import { EndpointBusy, type Refusal } from "../../../io/chat-completions.ts";
import type { Completion } from "../../../kernels/chat/completion.ts";
import { type Answer, RetryLater, type StageResources, type StageState } from "../../define.ts";
import type { GenerateOptions } from "./options.ts";
import { type ChatTool, runTool } from "./tools.ts";

export type ModelCall = { readonly endpoint: string; readonly body: string };
export type ToolRun = { readonly tool: string; readonly input: string };
export type Call = ModelCall | ToolRun;

export type Unanswered = { readonly unanswered: string };
export type ToolResult = { readonly result: string };
export type ModelAnswer = Completion | Refusal | Unanswered;

/** Makes the calls of a stage. */
export function caller(options: GenerateOptions, tools: readonly ChatTool[], chat: StageResources["chat"]) {
  const { stream, concurrency, timeouts } = options;
  return async (question: StageState, signal: AbortSignal): Promise<Answer> => {
    const call = question as Call;
    if ("tool" in call) {
      const tool = tools.find(({ name }) => name === call.tool);
      return { result: await runTool(tool, call.tool, call.input, signal) };
    }
    try {
      return await chat.complete({ ...call, stream, limit: concurrency, timeouts }, signal);
    } catch (error) {
      throw error instanceof EndpointBusy ? new RetryLater(error.message) : error;
    }
  };
}

export function isUnanswered(answer: ModelAnswer): answer is Unanswered {
  return "unanswered" in answer;
}

/** What a call cost, as the server counts. */
export function tokensOf(answer: Answer): number {
  const { usage } = answer as Partial<Completion>;
  return usage === null || usage === undefined ? 0 : usage.prompt_tokens + usage.completion_tokens;
}
