/**
 * An endpoint that speaks the OpenAI chat protocol as several servers do, with answers that follow from the request alone, and with faults.
 *
 * In a test: `startFakeEndpoint(t, …)`. Beside a run: `node dist/test/chat/fake-endpoint.js [--port 8100] [--style vllm] [--key SECRET] [--chaos]`
 * prints its base address and answers until it is ended. With `--chaos` the first attempt at about one request in three goes wrong.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** `deaf` does not stream, whatever it is asked. */
export type Style = "deaf" | "vllm" | "old_vllm" | "sglang" | "llama_cpp" | "tgi" | "plain";

export const FAULTS = [
  "rate_limited",
  "rate_limited_date",
  "server_error",
  "loading",
  "no_answer",
  "stall",
  "cut",
  "invalid_json",
  "error_in_body",
  "aborted",
] as const;
/** What strikes attempts; another attempt may go well. */
export type FaultKind = (typeof FAULTS)[number];
/** What is wrong with the answer itself. */
export type BadAnswer = "wrong_finish_reason" | "empty" | "unclosed_think" | "refused" | "bad_key";

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | null;
    readonly [key: string]: unknown;
  }[];
  readonly seed?: number;
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly max_tokens?: number;
  readonly chat_template_kwargs?: { readonly enable_thinking?: boolean };
  readonly [key: string]: unknown;
}

export interface FakeOptions {
  readonly style?: Style;
  /** Requests without it are refused. */
  readonly key?: string;
  /** What goes wrong with an attempt; `attempt` counts those at the same request from 1. */
  readonly fault?: (request: ChatRequest, attempt: number) => FaultKind | undefined;
  readonly bad?: (request: ChatRequest) => BadAnswer | undefined;
  readonly delay_ms?: number;
  /** Waited for before an answer. */
  readonly hold?: (request: ChatRequest) => Promise<void> | undefined;
  readonly port?: number;
}

export interface FakeEndpoint {
  /** Base address: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  /** Every request that arrived, in order. */
  readonly requests: ChatRequest[];
  /** Those that were answered with 200 and a whole answer. */
  readonly answered: ChatRequest[];
  /** Most of them that were there at once. */
  most: number;
  close(): void;
}

interface Answer {
  readonly content: string;
  readonly reasoning?: string;
  readonly calls?: readonly { readonly name: string; readonly arguments: string }[];
  readonly finish_reason: string;
}

const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** Ends with the test. */
export async function startFakeEndpoint(t: TestContext, options: FakeOptions = {}): Promise<FakeEndpoint> {
  const endpoint = await fakeEndpoint(options);
  t.after(() => endpoint.close());
  return endpoint;
}

export async function fakeEndpoint(options: FakeOptions = {}): Promise<FakeEndpoint> {
  const attempts = new Map<string, number>();
  let present = 0;
  const server = http.createServer((incoming, response) => {
    const pieces: Buffer[] = [];
    incoming.on("data", (piece: Buffer) => pieces.push(piece));
    incoming.on("end", () => {
      present++;
      endpoint.most = Math.max(endpoint.most, present);
      response.on("close", () => present--);
      const body = Buffer.concat(pieces).toString("utf8");
      if (incoming.method !== "POST" || incoming.url !== "/v1/chat/completions") {
        fail(response, 404, "no such path", options);
        return;
      }
      const request = JSON.parse(body) as ChatRequest;
      endpoint.requests.push(request);
      if (options.key !== undefined && incoming.headers.authorization !== `Bearer ${options.key}`) {
        fail(response, 401, `the key ${incoming.headers.authorization ?? "none"} is wrong`, options);
        return;
      }
      const attempt = (attempts.get(body) ?? 0) + 1;
      attempts.set(body, attempt);
      const answer = () => {
        if (response.destroyed) return;
        respond(request, response, options, attempt, () => endpoint.answered.push(request));
      };
      const held = options.hold?.(request);
      if (held !== undefined) void held.then(answer);
      else if (options.delay_ms === undefined) answer();
      else setTimeout(answer, options.delay_ms);
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const endpoint: FakeEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: [],
    answered: [],
    most: 0,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return endpoint;
}

function respond(
  request: ChatRequest,
  response: http.ServerResponse,
  options: FakeOptions,
  attempt: number,
  answered: () => void,
): void {
  const fault = options.fault?.(request, attempt);
  const bad = options.bad?.(request);
  const refusal = refusalOf(fault, bad);
  if (refusal !== undefined) {
    const [status, message, headers] = refusal;
    fail(response, status, message, options, headers);
    return;
  }
  if (fault === "no_answer") return;
  if (fault === "invalid_json" || fault === "error_in_body") {
    const error = JSON.stringify({ error: { message: "the engine died", type: "server_error", code: 500 } });
    const said = fault === "invalid_json" ? '{"choices": [' : error;
    response.writeHead(200, { "content-type": request.stream === true ? "text/event-stream" : "application/json" });
    response.end(request.stream === true ? `data: ${said}\n\n` : said);
    return;
  }
  const answer = { ...changed(answerTo(request), bad), ...(fault === "aborted" && { finish_reason: "abort" }) };
  const streams = request.stream === true && options.style !== "deaf";
  const pieces = streams ? streamed(request, answer, options) : [whole(request, answer, options)];
  response.writeHead(200, { "content-type": streams ? "text/event-stream" : "application/json" });
  const text = pieces.join("");
  if (fault === "cut") {
    response.write(text.slice(0, text.length / 2));
    setTimeout(() => response.destroy(), 5);
    return;
  }
  if (fault === "stall") {
    response.write(text.slice(0, text.length / 2));
    return;
  }
  if (fault === undefined) answered();
  // Cut in odd places, so that whoever reads it meets halves of lines and of characters.
  const bytes = Buffer.from(text);
  if (streams && bytes.length > 40) {
    response.write(bytes.subarray(0, 37));
    response.end(bytes.subarray(37));
  } else response.end(bytes);
}

/** Faults and answers that are a status. */
function refusalOf(
  fault: FaultKind | undefined,
  bad: BadAnswer | undefined,
): readonly [status: number, message: string, headers?: http.OutgoingHttpHeaders] | undefined {
  switch (fault ?? bad) {
    case "rate_limited":
      return [429, "too many requests", { "retry-after": "1" }];
    case "rate_limited_date":
      return [429, "too many requests", { "retry-after": new Date(Date.now() + 1000).toUTCString() }];
    case "server_error":
      return [500, "something broke"];
    case "loading":
      return [503, "Loading model"];
    case "refused":
      return [400, "this model's maximum context length is 8 tokens"];
    case "bad_key":
      return [401, "no"];
    default:
      return undefined;
  }
}

/** What a model would say: nothing but the request decides. */
export function answerTo(request: ChatRequest): Answer {
  const last = request.messages.at(-1);
  const asked = last?.content ?? "";
  const digest = createHash("sha256")
    .update(JSON.stringify([request.model, request.messages, request.seed ?? null]))
    .digest("hex");
  if (request.tools !== undefined && last?.role !== "tool") {
    const expression = /[\d.]+(?:\s*[-+*/^]\s*[\d.]+)+/.exec(asked)?.[0];
    const name = request.tools[0]?.function.name ?? "";
    if (expression !== undefined) {
      return { content: "", calls: [{ name, arguments: JSON.stringify({ expression }) }], finish_reason: "tool_calls" };
    }
  }
  if (last?.role === "tool") return { content: `The result is ${asked}.`, finish_reason: "stop" };
  if (asked.startsWith("You write what the user says next"))
    return {
      content: `Say it again in ${(Number.parseInt(digest.slice(0, 4), 16) % 90) + 10} words.`,
      finish_reason: "stop",
    };
  const said = `Answer ${digest.slice(0, 8)} ${"très bien ".repeat(1 + (Number.parseInt(digest.slice(8, 10), 16) % 6))}to: ${asked.slice(0, 60)}`;
  const thinks = request.chat_template_kwargs?.enable_thinking === true;
  return { content: said, ...(thinks && { reasoning: `Let me see ${digest.slice(10, 18)}.` }), finish_reason: "stop" };
}

function changed(answer: Answer, bad: BadAnswer | undefined): Answer {
  switch (bad) {
    case "wrong_finish_reason":
      return { ...answer, finish_reason: "length" };
    case "empty":
      return { ...answer, content: "" };
    case "unclosed_think":
      return { content: "<think>\nand so on and on", finish_reason: "stop" };
    default:
      return answer;
  }
}

/** How a server spells an answer: thinking under its own key or in the text, its reason to end. */
function messageOf({ content, reasoning, calls }: Answer, style: Style): Record<string, unknown> {
  const said: Record<string, unknown> = { role: "assistant", content: calls === undefined ? content : null };
  if (calls !== undefined) {
    said.tool_calls = calls.map((call, index) => ({
      index,
      id: `chatcmpl-tool-${index}`,
      type: "function",
      function: call,
    }));
  }
  if (reasoning === undefined) return said;
  if (style === "vllm") return { ...said, reasoning };
  if (style === "tgi" || style === "plain")
    return { ...said, content: `<think>\n${reasoning}\n</think>\n\n${content}` };
  return { ...said, reasoning_content: reasoning };
}

function finishReason({ finish_reason }: Answer, style: Style): string {
  return style === "tgi" && finish_reason === "stop" ? "eos_token" : finish_reason;
}

function whole(request: ChatRequest, answer: Answer, { style = "vllm" }: FakeOptions): string {
  return JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: `served-${request.model}`,
    choices: [{ index: 0, message: messageOf(answer, style), finish_reason: finishReason(answer, style) }],
    ...(style !== "plain" && { usage: USAGE }),
    ...(style === "llama_cpp" && { timings: { predicted_ms: 1.5 } }),
  });
}

function streamed(request: ChatRequest, answer: Answer, { style = "vllm" }: FakeOptions): string[] {
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: `served-${request.model}` };
  const event = (data: unknown): string => `data: ${JSON.stringify(data)}${style === "tgi" ? "\r\n\r\n" : "\n\n"}`;
  const delta = (part: Record<string, unknown>, reason: string | null = null): string =>
    event({ ...head, choices: [{ index: 0, delta: part, finish_reason: reason }] });
  const { content, tool_calls, ...rest } = messageOf(answer, style);
  const said = typeof content === "string" ? content : "";
  const reasonings = Object.entries(rest).filter(([key]) => key !== "role");
  const events = [": a comment\n\n", delta({ role: "assistant", content: "" })];
  for (const [key, text] of reasonings) for (const part of halves(String(text))) events.push(delta({ [key]: part }));
  for (const part of halves(said)) events.push(delta({ content: part }));
  for (const [index, call] of ((tool_calls ?? []) as { function: { name: string; arguments: string } }[]).entries()) {
    const [first = "", second = ""] = halves(call.function.arguments);
    events.push(
      delta({
        tool_calls: [{ index, id: "x", type: "function", function: { name: call.function.name, arguments: first } }],
      }),
    );
    events.push(delta({ tool_calls: [{ index, function: { arguments: second } }] }));
  }
  events.push(delta({}, finishReason(answer, style)));
  if (style !== "plain") events.push(event({ ...head, choices: [], usage: USAGE }));
  events.push("data: [DONE]\n\n");
  return events;
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((part) => part !== "");
}

/** How servers say no. */
function fail(
  response: http.ServerResponse,
  status: number,
  message: string,
  { style = "vllm" }: FakeOptions,
  headers: http.OutgoingHttpHeaders = {},
): void {
  const bodies: Readonly<Record<Style, unknown>> = {
    deaf: { message },
    vllm: { error: { message, type: "BadRequestError", param: null, code: status } },
    old_vllm: { object: "error", message, type: "BadRequestError", param: null, code: status },
    sglang: { object: "error", message, type: "BadRequest", param: null, code: status },
    llama_cpp: { error: { code: status, message, type: "unavailable_error" } },
    tgi: { error: message, error_type: "validation" },
    plain: { detail: [{ loc: ["body"], msg: message, type: "value_error" }] },
  };
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(bodies[style]));
}

/** The first attempt at about one request in three goes wrong, each in its way, always the same. */
export function chaos(request: ChatRequest, attempt: number): FaultKind | undefined {
  if (attempt > 1) return undefined;
  const digest = createHash("sha256").update(JSON.stringify(request)).digest();
  const kinds: readonly FaultKind[] = ["server_error", "loading", "cut", "invalid_json", "error_in_body", "aborted"];
  return (digest[0] ?? 0) % 3 === 0 ? kinds[(digest[1] ?? 0) % kinds.length] : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      style: { type: "string", default: "vllm" },
      key: { type: "string" },
      chaos: { type: "boolean", default: false },
    },
  });
  const { url } = await fakeEndpoint({
    port: Number(values.port),
    style: values.style as Style,
    ...(values.key !== undefined && { key: values.key }),
    ...(values.chaos && { fault: chaos }),
  });
  process.stdout.write(`${url}\n`);
}
