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

/** Calls in a row that nobody answered, after which rows do not fall any more: it is the endpoint that is gone. */
const HOPELESS_FAILURES = 20;

/** Makes the calls of a stage. */
export class Caller {
  readonly #options: GenerateOptions;
  readonly #tools: readonly ChatTool[];
  readonly #chat: StageResources["chat"];
  #failures = 0;

  constructor(options: GenerateOptions, tools: readonly ChatTool[], chat: StageResources["chat"]) {
    this.#options = options;
    this.#tools = tools;
    this.#chat = chat;
  }

  async make(question: StageState, signal: AbortSignal): Promise<Answer> {
    const { stream, concurrency, timeouts } = this.#options;
    const call = question as Call;
    if ("tool" in call) {
      const tool = this.#tools.find(({ name }) => name === call.tool);
      return { result: await runTool(tool, call.tool, call.input, signal) };
    }
    try {
      const answer = await this.#chat.complete({ ...call, stream, limit: concurrency, timeouts }, signal);
      this.#failures = 0;
      return answer;
    } catch (error) {
      throw error instanceof EndpointBusy ? new RetryLater(error.message) : error;
    }
  }

  /** What is kept of a call that nobody answered; undefined where that ends the run. */
  unanswered({ message }: RetryLater): Unanswered | undefined {
    if (this.#options.failed === "stop" || ++this.#failures > HOPELESS_FAILURES) return undefined;
    return { unanswered: message };
  }
}

export function isUnanswered(answer: ModelAnswer): answer is Unanswered {
  return "unanswered" in answer;
}

/** What a call cost, as the server counts. */
export function tokensOf(answer: Answer): number {
  const { usage } = answer as Partial<Completion>;
  return usage === null || usage === undefined ? 0 : usage.prompt_tokens + usage.completion_tokens;
}
