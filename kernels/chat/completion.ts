/**
 * What a server of the OpenAI chat protocol answers, in one shape whoever it is: whole, or put together from the pieces of a stream.
 *
 * Owns the differences between servers. Thinking comes as `reasoning` (vLLM) or `reasoning_content` (older vLLM, SGLang, llama.cpp,
 * DeepSeek) or within the content (TGI, and every server without a parser for it); TGI says `eos_token` and `stop_sequence` for `stop`;
 * errors are `{error: {message}}`, `{error: text}`, `{object: "error", message}` or `{detail}`, and may come in a stream that began well.
 * Invariant: a call's arguments keep every digit. What is no answer is a {@link BadCompletion}.
 */
import { isJsonList, JsonError, type JsonObject, type JsonValue, jsonText, parseJson } from "../json/value.ts";

export type ToolCall = {
  readonly name: string;
  /** JSON text as the model wrote it; it may be broken. */
  readonly arguments: string;
};

export type Usage = {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  /** Of the completion; 0 where the server does not say. */
  readonly reasoning_tokens: number;
  /** Of the prompt; 0 where the server does not say. */
  readonly cached_tokens: number;
};

/** Plain data, so that a journal can keep it. */
export type Completion = {
  readonly content: string;
  readonly reasoning: string | null;
  readonly tool_calls: readonly ToolCall[];
  readonly finish_reason: string;
  /** Null where the server does not count. */
  readonly usage: Usage | null;
  /** The model, as the server calls it. */
  readonly model: string | null;
  readonly system_fingerprint: string | null;
};

/** What arrived is no answer; worth another attempt. */
export class BadCompletion extends Error {}

/** The server says, in the middle of a stream, that it failed; `status` as HTTP would have had it, where it says. */
export class StreamedError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

/** TGI's words. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  eos_token: "stop",
  stop_sequence: "stop",
  function_call: "tool_calls",
};

/** The answer in the body of a response. Throws {@link BadCompletion}. */
export function completionOf(body: string): Completion {
  const answer = objectOf(body);
  refuseError(answer);
  const [choice] = listOf(answer.get("choices"));
  const message = choice instanceof Map ? choice.get("message") : undefined;
  if (!(choice instanceof Map) || !(message instanceof Map)) throw new BadCompletion("the answer has no message");
  return {
    content: contentOf(message.get("content")),
    reasoning: reasoningOf(message),
    tool_calls: listOf(message.get("tool_calls")).map((call) => callOf(functionOf(call))),
    finish_reason: finishReason(choice),
    ...factsOf(answer),
  };
}

/** A streamed answer, chunk by chunk. */
export class CompletionStream {
  #content = "";
  #reasoning: string | undefined;
  #finish_reason: string | undefined;
  #usage: Usage | null = null;
  #model: string | null = null;
  #system_fingerprint: string | null = null;
  readonly #calls = new Map<number, { name: string; arguments: string }>();
  #isDone = false;

  /** Whether the server has said all. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Takes the data of one event. Throws {@link BadCompletion}, {@link StreamedError}. */
  push(data: string): void {
    if (data === "[DONE]") {
      this.#isDone = true;
      return;
    }
    const chunk = objectOf(data);
    refuseError(chunk);
    const { usage, model, system_fingerprint } = factsOf(chunk);
    this.#usage = usage ?? this.#usage;
    this.#model ??= model;
    this.#system_fingerprint ??= system_fingerprint;
    const [choice] = listOf(chunk.get("choices"));
    if (!(choice instanceof Map)) return;
    const delta = choice.get("delta");
    if (delta instanceof Map) {
      this.#content += contentOf(delta.get("content"));
      const reasoning = reasoningOf(delta);
      if (reasoning !== null) this.#reasoning = (this.#reasoning ?? "") + reasoning;
      listOf(delta.get("tool_calls")).forEach((call, position) => {
        this.#addCall(call, position);
      });
    }
    const reason = finishReason(choice);
    if (reason !== "") this.#finish_reason = reason;
  }

  /** The answer. Throws {@link BadCompletion} where the stream ended before it did. */
  finish(): Completion {
    if (this.#finish_reason === undefined) throw new BadCompletion("the stream was cut");
    return {
      content: this.#content,
      reasoning: this.#reasoning ?? null,
      tool_calls: [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => call),
      finish_reason: this.#finish_reason,
      usage: this.#usage,
      model: this.#model,
      system_fingerprint: this.#system_fingerprint,
    };
  }

  /** The first piece of a call has its name, the others more of its arguments. */
  #addCall(piece: JsonValue, position: number): void {
    const index = piece instanceof Map ? piece.get("index") : undefined;
    const at = typeof index === "number" ? index : position;
    const call = this.#calls.get(at) ?? { name: "", arguments: "" };
    const part = callOf(functionOf(piece));
    call.name += part.name;
    call.arguments += part.arguments;
    this.#calls.set(at, call);
  }
}

/** What the body of a refusal says, for people; empty where it says nothing. */
export function errorMessage(body: string): string {
  let value: JsonValue;
  try {
    value = parseJson(body);
  } catch {
    return body.trim().slice(0, 200);
  }
  return messageIn(value);
}

function messageIn(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  if (value instanceof Map) {
    const found = [value.get("error"), value.get("message"), value.get("detail"), value.get("msg")];
    return found.map(messageIn).find((text) => text !== "") ?? "";
  }
  if (value !== undefined && value !== null && isJsonList(value)) return value.map(messageIn).join("; ");
  return "";
}

function refuseError(answer: JsonObject): void {
  const error = answer.get("error");
  if ((error === undefined || error === null) && answer.get("object") !== "error") return;
  const code = error instanceof Map ? error.get("code") : answer.get("code");
  throw new StreamedError(messageIn(answer), typeof code === "number" ? code : undefined);
}

function objectOf(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError) || error.kind !== "lone_surrogate")
      throw new BadCompletion("the answer is no JSON");
    value = parseJson(withWholeCharacters(text));
  }
  if (!(value instanceof Map)) throw new BadCompletion("the answer is no JSON object");
  return value;
}

/** A model may write half of a character; another attempt with the same seed would do the same. */
function withWholeCharacters(text: string): string {
  const whole = (_: string, value: unknown): unknown =>
    typeof value === "string" ? value.replaceAll(/\p{Surrogate}/gu, "\ufffd") : value;
  return JSON.stringify(JSON.parse(text, whole));
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return value !== undefined && isJsonList(value) ? value : [];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Text, or the texts of its parts. */
function contentOf(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  return listOf(value)
    .map((part) => (part instanceof Map ? textOf(part.get("text")) : ""))
    .join("");
}

function reasoningOf(message: JsonObject): string | null {
  const found = [message.get("reasoning_content"), message.get("reasoning")].find((value) => typeof value === "string");
  return typeof found === "string" ? found : null;
}

function functionOf(call: JsonValue): JsonValue | undefined {
  return call instanceof Map ? call.get("function") : undefined;
}

/** Arguments are a JSON text; servers that parsed it are written back. */
function callOf(called: JsonValue | undefined): ToolCall {
  if (!(called instanceof Map)) return { name: "", arguments: "" };
  const given = called.get("arguments") ?? "";
  return { name: textOf(called.get("name")), arguments: typeof given === "string" ? given : jsonText(given) };
}

function finishReason(choice: JsonObject): string {
  const reason = textOf(choice.get("finish_reason"));
  return Object.hasOwn(FINISH_REASONS, reason) ? (FINISH_REASONS[reason] ?? reason) : reason;
}

function factsOf(answer: JsonObject): Pick<Completion, "usage" | "model" | "system_fingerprint"> {
  const model = answer.get("model");
  const print = answer.get("system_fingerprint");
  return {
    usage: usageOf(answer.get("usage")),
    model: typeof model === "string" ? model : null,
    system_fingerprint: typeof print === "string" ? print : null,
  };
}

function usageOf(usage: JsonValue | undefined): Usage | null {
  if (!(usage instanceof Map)) return null;
  return {
    prompt_tokens: countOf(usage, "prompt_tokens"),
    completion_tokens: countOf(usage, "completion_tokens"),
    reasoning_tokens: countOf(usage.get("completion_tokens_details") ?? usage, "reasoning_tokens"),
    cached_tokens: countOf(usage.get("prompt_tokens_details") ?? usage, "cached_tokens"),
  };
}

function countOf(value: JsonValue, key: string): number {
  const count = value instanceof Map ? value.get(key) : undefined;
  return typeof count === "number" && count > 0 ? count : 0;
}
