/**
 * Asks models: one chat completion of an endpoint that a recipe names, whole or streamed, with what the endpoint says of its pace heeded.
 *
 * Owns what becomes of a refusal: {@link EndpointBusy} for what may go away (408, 409, 424, 425, 429, 5xx, a network that fails, an answer that is none),
 * a {@link Refusal} for a request that this server will never answer (400, 413, 422), a RunError for what no row can help (a key or a path that is
 * wrong). Invariants: messages name an endpoint by its name, never by its address, and hold no key; addresses of a name are used in turns, one that
 * asked to be left alone is, by every thread. Price: that of a POST.
 */
import { RunError } from "../batch/errors.ts";
import {
  BadCompletion,
  type Completion,
  CompletionStream,
  completionOf,
  errorMessage,
  StreamedError,
} from "../kernels/chat/completion.ts";
import { EventStream } from "../kernels/chat/event-stream.ts";
import { type Endpoint, type EndpointData, findEndpoint, variableSuffix } from "./remote/endpoints.ts";
import { NetworkFailure, parseRetryAfter } from "./remote/fetch.ts";
import { Connections, type PostAnswer, type PostTimeouts } from "./remote/post.ts";
import { RateBudget } from "./remote/rate-budget.ts";
import { redact } from "./remote/redact.ts";
import { SharedLimit } from "./remote/shared-limit.ts";

/** The longest answer that is taken: far above what a context holds. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Longest wait that an endpoint may ask for. */
const MAX_ASKED_MS = 600_000;
/** Refusals in a row, and not one answer, after which it is not the rows that are wrong. */
const HOPELESS_REFUSALS = 20;
const MAX_MESSAGE_CHARACTERS = 200;

export interface ChatCall {
  /** Name of the endpoint. */
  readonly endpoint: string;
  /** The request as JSON text, an object without `stream`. */
  readonly body: string;
  readonly stream: boolean;
  /** Calls that may be out at once, over all threads. */
  readonly limit: number;
  readonly timeouts: PostTimeouts;
}

/** What the server said to a request that it will not answer. */
export type Refusal = { readonly status: number; readonly message: string };

/** The same call may be answered later. */
export class EndpointBusy extends Error {}

export interface ChatClientOptions {
  readonly endpoints: EndpointData;
  readonly rateMemory: SharedArrayBuffer;
  readonly limitMemory: SharedArrayBuffer;
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

interface OpenEndpoint {
  readonly endpoint: Endpoint;
  readonly limits: Map<number, SharedLimit>;
  turn: number;
  answers: number;
  refusals: number;
}

/** One thread's client. */
export class ChatClient {
  readonly #options: ChatClientOptions;
  readonly #rate: RateBudget;
  readonly #connections = new Connections();
  readonly #open = new Map<string, OpenEndpoint>();

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.#rate = new RateBudget(options.rateMemory);
  }

  /** Whether somebody has said where the endpoint is. */
  has(name: string): boolean {
    return findEndpoint(this.#options.endpoints, name) !== undefined;
  }

  /** Throws {@link EndpointBusy}; RunError `run/no-endpoint`, `run/endpoint-refuses`, `run/endpoint-busy`. */
  async complete(call: ChatCall, signal: AbortSignal): Promise<Completion | Refusal> {
    const open = this.#endpoint(call.endpoint);
    let limit = open.limits.get(call.limit);
    if (limit === undefined) {
      limit = new SharedLimit(this.#options.limitMemory, call.endpoint, call.limit);
      open.limits.set(call.limit, limit);
    }
    return limit.within(() => this.#ask(open, call, signal));
  }

  #endpoint(name: string): OpenEndpoint {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const endpoint = findEndpoint(this.#options.endpoints, name);
    if (endpoint === undefined) throw noEndpoint(name);
    const open = { endpoint, limits: new Map(), turn: 0, answers: 0, refusals: 0 };
    this.#open.set(name, open);
    return open;
  }

  async #ask(open: OpenEndpoint, call: ChatCall, signal: AbortSignal): Promise<Completion | Refusal> {
    const url = await this.#turn(open, signal);
    const stream = call.stream ? new CompletionStream() : undefined;
    const events = new EventStream();
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
      const { status, headers } = await this.#connections.request(
        {
          url,
          headers: headersOf(open.endpoint, call.stream),
          body: Buffer.from(call.stream ? streamed(call.body) : call.body),
          timeouts: call.timeouts,
          signal,
        },
        (piece, answer) => {
          size += piece.length;
          if (size > MAX_ANSWER_BYTES) throw new BadCompletion(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
          if (stream === undefined || !isStream(answer)) pieces.push(piece);
          else for (const data of events.push(piece)) stream.push(data);
        },
      );
      if (status === 200) {
        const completion = stream === undefined || pieces.length > 0 ? completionOf(textOf(pieces)) : stream.finish();
        // A server that is shut down ends what it was at like this.
        if (completion.finish_reason === "abort" || completion.finish_reason === "error")
          throw new BadCompletion(`the answer was given up (${completion.finish_reason})`);
        open.answers++;
        return completion;
      }
      const now = this.#options.now();
      const asked_ms = parseRetryAfter(headers["retry-after"], now);
      if (isBusy(status) && asked_ms > MAX_ASKED_MS) throw asksTooLong(open.endpoint, status, asked_ms);
      if (isBusy(status) && asked_ms > 0) this.#rate.postpone(url.href, now + asked_ms);
      return this.#refused(open, status, errorMessage(textOf(pieces)));
    } catch (error) {
      if (error instanceof StreamedError) return this.#refused(open, error.status ?? 500, error.message);
      if (!(error instanceof NetworkFailure || error instanceof BadCompletion)) throw error;
      throw new EndpointBusy(`endpoint ${open.endpoint.name}: ${error.message}`);
    }
  }

  /** The next address that may be asked; waits where all of them have asked to be left alone. */
  async #turn(open: OpenEndpoint, signal: AbortSignal): Promise<URL> {
    const { urls } = open.endpoint;
    for (;;) {
      const now = this.#options.now();
      let least = Number.POSITIVE_INFINITY;
      for (let tried = 0; tried < urls.length; tried++) {
        const url = urls[open.turn++ % urls.length];
        if (url === undefined) break;
        const wait = this.#rate.notBefore(url.href) - now;
        if (wait <= 0) return url;
        least = Math.min(least, wait);
      }
      await this.#options.sleep(least, signal);
    }
  }

  /** What a status other than 200 means. */
  #refused(open: OpenEndpoint, status: number, said: string): Refusal {
    const { endpoint } = open;
    const message = withoutSecrets(said, endpoint).slice(0, MAX_MESSAGE_CHARACTERS);
    const told = `HTTP ${status}${message === "" ? "" : `: ${message}`}`;
    if (isBusy(status)) throw new EndpointBusy(`endpoint ${endpoint.name}: ${told}`);
    const isOfRow = status === 400 || status === 413 || status === 422;
    if (!isOfRow) throw refuses(endpoint, told);
    if (open.answers === 0 && ++open.refusals >= HOPELESS_REFUSALS)
      throw refuses(
        endpoint,
        `${open.refusals} requests were refused and none was answered; the last one with ${told}`,
      );
    return { status, message };
  }
}

/** Whether `answer` is a refusal. */
export function isRefusal(answer: Completion | Refusal): answer is Refusal {
  return "status" in answer;
}

/** Servers that cannot stream answer as if nobody had asked them to. */
function isStream({ status, headers }: PostAnswer): boolean {
  return status === 200 && headers["content-type"]?.includes("json") !== true;
}

/** 424: TGI could not generate. */
function isBusy(status: number): boolean {
  return status === 408 || status === 409 || status === 424 || status === 425 || status === 429 || status >= 500;
}

function headersOf({ key }: Endpoint, stream: boolean): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    accept: stream ? "text/event-stream" : "application/json",
    "accept-encoding": "identity",
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
}

/** The body of a request whose answer is streamed, with the count of tokens at its end. */
function streamed(body: string): string {
  return `${body.slice(0, -1)},"stream":true,"stream_options":{"include_usage":true}}`;
}

function textOf(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString("utf8");
}

/** Some servers repeat the key that they refuse, or where they are. */
function withoutSecrets(message: string, { key, urls }: Endpoint): string {
  let text = message.replaceAll(/\s+/g, " ");
  for (const secret of [...(key === undefined ? [] : [key]), ...urls.flatMap(({ origin, host }) => [origin, host])])
    text = text.replaceAll(secret, "…");
  return redact(text).replaceAll(/\bsk-[\w*-]+/g, "sk-…");
}

function noEndpoint(name: string): RunError {
  return new RunError({
    code: "run/no-endpoint",
    what: `nobody said where the endpoint ${name} is`,
    why: "a stage of the recipe asks a model there",
    fix: `give --endpoint ${name}=URL, or set SHARDMILL_ENDPOINT_${variableSuffix(name)}`,
  });
}

function refuses({ name, key }: Endpoint, told: string): RunError {
  return new RunError({
    code: "run/endpoint-refuses",
    what: `the endpoint ${name} does not answer: ${told}`,
    why: "no other row would be answered either; every answer so far is kept",
    fix: `check its address, the model's name and the options of the request${key === undefined ? `, and whether it needs a key in SHARDMILL_API_KEY_${variableSuffix(name)}` : ", and the key"}`,
  });
}

function asksTooLong({ name }: Endpoint, status: number, asked_ms: number): RunError {
  return new RunError({
    code: "run/endpoint-busy",
    what: `the endpoint ${name} asks to be left alone for ${Math.ceil(asked_ms / 1000)} s (HTTP ${status})`,
    why: `a run waits ${MAX_ASKED_MS / 1000} s at most; every answer so far is kept`,
    fix: "run the same command again by then: it goes on where it stopped",
  });
}
