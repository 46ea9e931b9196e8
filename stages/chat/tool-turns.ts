/**
 * The turns of a conversation with tools, written in one form.
 *
 * Invariant: every call was read before it is written; a turn without calls or results stays as it is.
 */
import { contentOf, Fault, type Message, type Messages, roleOf, toolCallsOf, withEntries } from "./conversation.ts";
import type { ToolFormat } from "./system-tools.ts";
import {
  type Call,
  callsCode,
  callsText,
  glaiveCalls,
  hermesCalls,
  NoCall,
  nativeCall,
  openaiCalls,
  responsesOf,
  responseText,
  type SplitTurn,
  xlamCalls,
} from "./tool-calls.ts";

export interface TurnOptions {
  readonly format: ToolFormat;
  readonly to: "native" | "xml" | "python";
  readonly calls: "keep" | "blocks" | "list";
  readonly double_encoded: "decode" | "drop";
  readonly unknown_function: "keep" | "drop";
}

export type TurnReason = "broken_call" | "double_encoded" | "unknown_function" | "not_python";

/** Writes the turns of one conversation. */
export class TurnWriter {
  readonly #options: TurnOptions;
  readonly #known: ReadonlySet<string>;
  /** What was met, by name in the stage's state. */
  readonly counts = { calls: 0, responses: 0, double_encoded_calls: 0, unknown_function_calls: 0 };

  /** `known` are the names of the conversation's tools. */
  constructor(options: TurnOptions, known: ReadonlySet<string>) {
    this.#options = options;
    this.#known = known;
  }

  write(messages: Messages): Messages | Fault<TurnReason> {
    const written: Message[] = [];
    for (const [turn, message] of messages.entries()) {
      const role = roleOf(message);
      if (role === "tool") written.push(...this.#results(message));
      else if (role !== "assistant") written.push(message);
      else {
        const made = this.#answer(message, turn);
        if (made instanceof Fault) return made;
        written.push(made);
      }
    }
    const stays = written.length === messages.length && written.every((message, turn) => message === messages[turn]);
    return stays ? messages : written;
  }

  #answer(message: Message, turn: number): Message | Fault<TurnReason> {
    const split = splitTurn(message, this.#options.format);
    if (split instanceof NoCall) return new Fault("broken_call", `turn ${turn}: ${split.detail}`, turn);
    const { text, calls } = split;
    for (const call of calls) {
      const fault = this.#judge(call, turn);
      if (fault !== undefined) return fault;
    }
    if (calls.length === 0) return message;
    const { to, calls: form } = this.#options;
    if (to === "native") return withEntries(message, { content: text, tool_calls: calls.map(nativeCall) });
    const isText = contentOf(message).includes("<tool_call>");
    if (to === "xml" && form === "keep" && isText && toolCallsOf(message).length === 0) return message;
    const spelled = to === "python" ? callsCode(calls) : callsText(calls, form === "list" ? "list" : "blocks");
    if (spelled === undefined) return new Fault("not_python", `turn ${turn}: ${calls[0]?.name}`, turn);
    return withEntries(message, {
      content: text === "" ? spelled : `${text}\n${spelled}`,
      tool_calls: undefined,
    });
  }

  #judge({ name, surplusEncodings }: Call, turn: number): Fault<TurnReason> | undefined {
    this.counts.calls++;
    if (surplusEncodings > 0) {
      this.counts.double_encoded_calls++;
      if (this.#options.double_encoded === "drop") return new Fault("double_encoded", `turn ${turn}: ${name}`, turn);
    }
    if (!this.#known.has(name)) {
      this.counts.unknown_function_calls++;
      if (this.#options.unknown_function === "drop") {
        return new Fault("unknown_function", `turn ${turn}: ${name}`, turn);
      }
    }
    return undefined;
  }

  /** Natively a turn for each result; in texts one turn with marks around them. */
  #results(message: Message): readonly Message[] {
    const content = contentOf(message);
    const results = responsesOf(content);
    this.counts.responses += results.length;
    if (this.#options.to === "native") return results.map((result) => withEntries(message, { content: result }));
    if (content.includes("<tool_response>")) return [message];
    return [
      withEntries(message, {
        content: results.map(responseText).join("\n"),
        tool_call_id: undefined,
        name: undefined,
      }),
    ];
  }
}

function splitTurn(message: Message, format: ToolFormat): SplitTurn | NoCall {
  const content = contentOf(message);
  const listed = toolCallsOf(message);
  if (listed.length > 0) {
    const calls = openaiCalls(listed);
    return calls instanceof NoCall ? calls : { text: content, calls };
  }
  if (format === "glaive" && content.includes("<functioncall>")) return glaiveCalls(content);
  if (content.includes("tool_call>")) return hermesCalls(content);
  if (format === "xlam" && /^\s*\[/.test(content)) return xlamCalls(content);
  return { text: content, calls: [] };
}
