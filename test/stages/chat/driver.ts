/** Runs a generation stage over rows against the model of the fake endpoint, without a network: each call's answer is kept and told. */

import type { ChatCall, Refusal } from "../../../io/chat-completions.ts";
import type { Completion } from "../../../kernels/chat/completion.ts";
import stage from "../../../stages/chat/generate.ts";
import type { Answer, ExampleRow, RequestOperator, StageDefinition, StageState } from "../../../stages/define.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { batchOfRows, valueAt } from "../../batch-of.ts";
import { answerTo, type ChatRequest } from "../../chat/fake-endpoint.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

export type Reply = Partial<Completion> | Refusal;

export interface Generated {
  /** Per row, its columns. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Per row that fell, why. */
  readonly drops: Readonly<
    Record<number, { readonly reason: string; readonly value: number | undefined; readonly detail: string | undefined }>
  >;
  readonly requests: readonly ChatRequest[];
  readonly state: { readonly [key: string]: StageState };
}

/** `reply` gives what the model says to a request; what it leaves out is as in an answer that is good. */
export async function generate(
  options: Record<string, unknown>,
  rows: readonly ExampleRow[],
  reply: (request: ChatRequest, call: number) => Reply | undefined = () => undefined,
  definition: StageDefinition = stage as unknown as StageDefinition,
): Promise<Generated> {
  const requests: ChatRequest[] = [];
  const chat = {
    complete: async ({ body }: ChatCall): Promise<Completion | Refusal> => {
      const request = JSON.parse(body) as ChatRequest;
      requests.push(request);
      const given = reply(request, requests.length - 1);
      if (given !== undefined && "status" in given) return given;
      const { content, reasoning = null, calls = [], finish_reason } = answerTo(request);
      const usage = { prompt_tokens: 10, completion_tokens: 5, reasoning_tokens: 0, cached_tokens: 4 };
      const plain = {
        content,
        reasoning,
        tool_calls: calls,
        finish_reason,
        usage,
        model: request.model,
        system_fingerprint: null,
      };
      return { ...plain, ...given };
    },
  };
  const operator = definition.create(definition.options.parse(options), {
    ...NO_RESOURCES,
    assets: LOCAL_ASSETS,
    chat,
    seed: [1, 2],
  }) as RequestOperator;
  const batch = batchOfRows(rows);
  const answers = new Map<number, Answer>();
  const { signal } = new AbortController();
  for (let row = 0; row < batch.rows; row++) {
    const question = operator.question(batch, row);
    const dialogue = question === undefined ? undefined : operator.dialogue?.(question);
    if (dialogue === undefined) continue;
    let step = dialogue.next();
    while (step.done !== true) {
      const asked: Answer[] = [];
      for (const call of step.value) asked.push(await operator.ask(call, signal));
      step = dialogue.next(asked);
    }
    answers.set(row, step.value);
  }
  const drops: Record<number, { reason: string; value: number | undefined; detail: string | undefined }> = {};
  const columns = operator.apply(
    batch,
    (row) => answers.get(row),
    (row, reason, value, detail) => {
      drops[row] = { reason, value, detail };
    },
  );
  return {
    rows: rows.map((_, row) => Object.fromEntries([...columns].map(([name, column]) => [name, valueAt(column, row)]))),
    drops,
    requests,
    state: operator.finish?.() as { readonly [key: string]: StageState },
  };
}
