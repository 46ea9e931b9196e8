/**
 * HTTP that survives: retries, waits its turn, follows redirects without leaking, times out on silence.
 *
 * Invariants: the access token is sent to the Hub's own origin and nowhere else, whatever a redirect says; no message holds a query
 * string or a token; a request is retried on 408, 429, 5xx, network errors and cut bodies, and on nothing else.
 * Price: one promise chain per request. Clock, sleep and randomness are injected, so tests do not wait.
 */
import PQueue from "p-queue";
import { RunError } from "../../batch/errors.ts";
import { lookUp } from "../stopping.ts";
import { RateBudget } from "./rate-budget.ts";
import { redact, redactUrl } from "./redact.ts";

export type Fetch = typeof globalThis.fetch;

export interface RetryOptions {
  readonly max_attempts: number;
  /** Wait before the second attempt; doubles from there, with up to half of it taken off at random. */
  readonly first_delay_ms: number;
  readonly max_delay_ms: number;
  /** Longest wait a server may ask for with `Retry-After` or `RateLimit`. */
  readonly max_asked_ms: number;
  /** Silence after which an attempt counts as failed. */
  readonly timeout_ms: number;
  /** Requests under way per host and process thread. */
  readonly max_per_host: number;
}

export const DEFAULT_RETRY: RetryOptions = {
  max_attempts: 6,
  first_delay_ms: 500,
  max_delay_ms: 30_000,
  max_asked_ms: 600_000,
  timeout_ms: 60_000,
  max_per_host: 8,
};

/** What the outside world provides. */
export interface Transport {
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
}

export interface HttpRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT";
  /** Asked anew for every attempt: a resumed download starts where the last attempt was cut. */
  readonly url: () => string;
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Done before every attempt. */
  readonly prepare?: () => Promise<void>;
  /** Headers that prove who asks: sent to the address that was asked for and nowhere else. */
  readonly credentials?: (url: string) => Readonly<Record<string, string>>;
  /** Asked anew for every attempt. A large one says that it is `alive` whenever a piece of it goes out: sending is no silence. */
  readonly body?: (alive: () => void) => Blob | string;
  /** Whether the server may see it twice (default). If not, it is only sent again where the server said that it did nothing: 429. */
  readonly repeatable?: boolean;
  /** Silence that is borne, where the server has more to do than to look something up. */
  readonly timeout_ms?: number;
  readonly signal?: AbortSignal;
}

export interface HttpClientOptions {
  readonly retry: RetryOptions;
  readonly transport: Transport;
  readonly rateMemory: SharedArrayBuffer;
  readonly hubUrl: string;
  readonly hubToken?: string;
  /** Aborted: every request ends. */
  readonly stop?: AbortSignal | undefined;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 10;
const MAX_MESSAGE_BYTES = 64 * 1024;
/** What is said of an attempt that the server did not look at because there were too many. */
const BUSY = "HTTP 429";

/** The network let us down; worth another attempt. */
export class NetworkFailure extends Error {}

/** A response whose body has not been read. */
export class Answer {
  readonly response: Response;
  /** Where it came from in the end. May be a signed URL: never print it. */
  readonly url: string;
  readonly #watch: Watchdog;

  constructor(response: Response, url: string, watch: Watchdog) {
    this.response = response;
    this.url = url;
    this.#watch = watch;
  }

  get status(): number {
    return this.response.status;
  }

  header(name: string): string | undefined {
    return this.response.headers.get(name) ?? undefined;
  }

  /** The body as it arrives. Throws {@link NetworkFailure} where it is cut or stalls. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    const reader = this.response.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        const { done, value } = await this.#watch.during(() => reader.read());
        if (done) return;
        yield value as Uint8Array;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** The whole body. */
  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.pieces()) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** The beginning of the body, as text: what a server says of its refusal. */
  async message(): Promise<string> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.pieces()) {
      pieces.push(piece);
      size += piece.length;
      if (size >= MAX_MESSAGE_BYTES) break;
    }
    return Buffer.concat(pieces).toString("utf8");
  }

  async discard(): Promise<void> {
    await this.response.body?.cancel().catch(() => {});
  }
}

/** Aborts an attempt that stays silent; the clock runs only while the network is waited for. */
class Watchdog {
  readonly #timeout_ms: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;

  constructor(timeout_ms: number, outer: AbortSignal | undefined) {
    this.#timeout_ms = timeout_ms;
    this.signal = outer ? AbortSignal.any([this.#controller.signal, outer]) : this.#controller.signal;
  }

  async during<Result>(run: () => Promise<Result>): Promise<Result> {
    const silence = new NetworkFailure(`no answer for ${this.#timeout_ms / 1000} s`);
    const timer = setTimeout(() => this.#controller.abort(silence), this.#timeout_ms);
    this.#timer = timer;
    try {
      return await run();
    } catch (error) {
      throw error instanceof NetworkFailure ? error : new NetworkFailure(describe(error), { cause: error });
    } finally {
      clearTimeout(timer);
      this.#timer = undefined;
    }
  }

  /** Something moved. */
  readonly alive = (): void => {
    this.#timer?.refresh();
  };
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #budget: RateBudget;
  readonly #hubOrigin: string;
  readonly #queues = new Map<string, PQueue>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#budget = new RateBudget(options.rateMemory);
    // An address that is none is told of by who asks the Hub; the token goes nowhere then.
    this.#hubOrigin = URL.canParse(options.hubUrl) ? new URL(options.hubUrl).origin : "";
  }

  /**
   * Makes a request and hands the answer to `consume`, again and again until that went through. Answers of 4xx other than 408 and
   * 429 are handed over too. Throws RunError `run/network` when the attempts are used up, `run/interrupted`, and what `consume` throws.
   */
  async send<Result>(asked: HttpRequest, consume: (answer: Answer) => Promise<Result>): Promise<Result> {
    const { stop } = this.#options;
    const signals = [asked.signal, stop].filter((signal) => signal !== undefined);
    const request = stop === undefined ? asked : { ...asked, signal: AbortSignal.any(signals) };
    try {
      return await this.#sendAgain(request, consume);
    } catch (error) {
      lookUp(stop);
      throw error;
    }
  }

  async #sendAgain<Result>(request: HttpRequest, consume: (answer: Answer) => Promise<Result>): Promise<Result> {
    const { max_attempts, max_asked_ms } = this.#options.retry;
    for (let attempt = 1; ; attempt++) {
      let what: string;
      let asked_ms = 0;
      try {
        await request.prepare?.();
        const answer = await this.#follow(request);
        asked_ms = this.#heed(answer);
        if (!isRetriable(answer.status)) return await consume(answer);
        await answer.discard();
        what = `HTTP ${answer.status}`;
      } catch (error) {
        if (request.signal?.aborted || !(error instanceof NetworkFailure)) throw error;
        what = error.message;
      }
      const isLast = attempt >= max_attempts || asked_ms > max_asked_ms;
      if (isLast || (request.repeatable === false && what !== BUSY)) throw exhausted(request, what, attempt, asked_ms);
      // Time the server asked for is waited for at the start of the next attempt, with everybody else.
      if (asked_ms === 0) await this.pause(attempt, request.signal);
    }
  }

  /** Waits before attempt `attempt + 1`. */
  async pause(attempt: number, signal?: AbortSignal): Promise<void> {
    const { first_delay_ms, max_delay_ms } = this.#options.retry;
    const full = Math.min(max_delay_ms, first_delay_ms * 2 ** (attempt - 1));
    await this.#options.transport.sleep(full * (1 - this.#options.transport.random() / 2), signal);
  }

  /** Runs `run` when one of the host's places is free. */
  limited<Result>(url: string, run: () => Promise<Result>): Promise<Result> {
    const { origin } = new URL(url);
    let queue = this.#queues.get(origin);
    if (!queue) {
      queue = new PQueue({ concurrency: this.#options.retry.max_per_host });
      this.#queues.set(origin, queue);
    }
    return queue.add(run) as Promise<Result>;
  }

  /** For clients that want a `fetch`: whole bodies only, so that a cut body is retried as well. */
  readonly fetch: Fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const headers = Object.fromEntries(new Headers(init?.headers));
    return this.limited(url, () =>
      this.send({ url: () => url, headers: () => headers }, async (answer) => {
        const body = await answer.bytes();
        const kept = new Headers(answer.response.headers);
        kept.delete("content-encoding");
        kept.delete("content-length");
        return new Response(body.length > 0 ? new Uint8Array(body) : null, { status: answer.status, headers: kept });
      }),
    );
  };

  async #follow(request: HttpRequest): Promise<Answer> {
    const { transport, retry } = this.#options;
    const watch = new Watchdog(request.timeout_ms ?? retry.timeout_ms, request.signal);
    let url = request.url();
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const { origin } = new URL(url);
      await this.#takeTurn(origin, request.signal);
      const response = await watch.during(() =>
        transport.fetch(url, {
          method: request.method ?? "GET",
          headers: this.#headersFor(url, hop, request),
          ...(request.body && { body: request.body(watch.alive) }),
          redirect: "manual",
          signal: watch.signal,
        }),
      );
      const location = response.headers.get("location");
      if (!REDIRECTS.includes(response.status) || location === null) return new Answer(response, url, watch);
      await response.body?.cancel().catch(() => {});
      url = new URL(location, url).href;
    }
    throw new RunError({
      code: "run/redirects",
      what: `${redactUrl(request.url())} redirects more than ${MAX_REDIRECTS} times`,
    });
  }

  /** Headers for one hop: the token goes to the Hub and stays there, and other credentials go to the first address. */
  #headersFor(url: string, hop: number, request: HttpRequest): Headers {
    const headers = new Headers(request.headers?.());
    headers.delete("authorization");
    const proof = hop === 0 ? request.credentials?.(url) : undefined;
    for (const [name, value] of Object.entries(proof ?? {})) headers.set(name, value);
    if (new URL(url).origin === this.#hubOrigin && this.#options.hubToken) {
      headers.set("authorization", `Bearer ${this.#options.hubToken}`);
    }
    return headers;
  }

  async #takeTurn(origin: string, signal: AbortSignal | undefined): Promise<void> {
    const { transport } = this.#options;
    for (;;) {
      const wait = this.#budget.notBefore(origin) - transport.now();
      if (wait <= 0) return;
      await transport.sleep(wait, signal);
    }
  }

  /** Reads what the server says about our pace, tells every worker, and returns the wait it asked this request for. */
  #heed(answer: Answer): number {
    const now = this.#options.transport.now();
    const limit = answer.header("ratelimit") ?? "";
    const exhaustedFor = /;\s*r=0\b/.test(limit) ? Number(/;\s*t=(\d+)/.exec(limit)?.[1] ?? 0) * 1000 : 0;
    const retryAfter = isRetriable(answer.status) ? parseRetryAfter(answer.header("retry-after"), now) : 0;
    const asked_ms = Math.max(exhaustedFor, retryAfter);
    if (asked_ms > 0 && asked_ms <= this.#options.retry.max_asked_ms) {
      this.#budget.postpone(new URL(answer.url).origin, now + asked_ms);
    }
    return isRetriable(answer.status) ? asked_ms : 0;
  }
}

function isRetriable(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Milliseconds from `now` that a `Retry-After` header asks for: seconds or an HTTP date; 0 where it says nothing usable. */
export function parseRetryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return redact(String(error));
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return redact(cause?.code ?? cause?.message ?? error.message);
}

function exhausted(request: HttpRequest, what: string, attempts: number, asked_ms: number): RunError {
  const asked = asked_ms > 0 ? `; the server asks to wait ${Math.ceil(asked_ms / 1000)} s` : "";
  const times = attempts === 1 ? "once" : `${attempts} times`;
  return new RunError({
    code: what === BUSY ? "run/rate-limited" : "run/network",
    what: `${request.method ?? "GET"} ${redactUrl(request.url())} failed ${times}: ${what}${asked}`,
    why: "what follows cannot be done without it",
    fix: "check the connection and the server, then run the same command again: it goes on where it stopped",
  });
}
