/**
 * One request over a kept connection, a POST or a GET, its body handed over as it arrives, with a clock for every way of being silent.
 *
 * Invariant: it either ends with the whole body or throws a {@link NetworkFailure} that names no address; a redirect is followed nowhere, so a
 * key goes where it was sent. A kept connection that the server had closed is opened again at once: nothing was answered on it.
 * Price: 100 µs of the calling thread for a small answer.
 */
import http from "node:http";
import https from "node:https";
import { urlToHttpOptions } from "node:url";
import { NetworkFailure } from "./fetch.ts";

/** Milliseconds. */
export interface PostTimeouts {
  /** Until the connection stands. */
  readonly connect_ms: number;
  /** From there until the first byte of the answer. */
  readonly first_byte_ms: number;
  /** Between two pieces of it. */
  readonly silence_ms: number;
  /** For all of it. */
  readonly total_ms: number;
}

export interface PostRequest {
  /** POST where nothing is said. A GET has an empty body. */
  readonly method?: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly timeouts: PostTimeouts;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
}

/** Takes a piece of the body; what it throws ends the request. */
export type TakePiece = (piece: Uint8Array, answer: PostAnswer) => void;

/** Connections of one thread to the servers that it asks. */
export class Connections {
  readonly #http = new http.Agent({ keepAlive: true, scheduling: "lifo" });
  readonly #https = new https.Agent({ keepAlive: true, scheduling: "lifo" });
  readonly #targets = new WeakMap<URL, http.RequestOptions>();

  /** Throws {@link NetworkFailure}, what `take` throws, and the signal's reason. */
  async request(request: PostRequest, take: TakePiece): Promise<PostAnswer> {
    for (;;) {
      const attempt = new Attempt(request, take, this.#targetOf(request.url));
      try {
        return await attempt.answer;
      } catch (error) {
        if (!attempt.wasStale || request.signal.aborted) throw error;
      }
    }
  }

  #targetOf(url: URL): http.RequestOptions {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const agent = url.protocol === "https:" ? this.#https : this.#http;
    const target = { ...urlToHttpOptions(url), agent };
    this.#targets.set(url, target);
    return target;
  }
}

/** One connection, one request. */
class Attempt {
  readonly answer: Promise<PostAnswer>;
  readonly #request: PostRequest;
  readonly #take: TakePiece;
  readonly #client: http.ClientRequest;
  readonly #total: NodeJS.Timeout;
  #clock: NodeJS.Timeout | undefined;
  #settle: { resolve: (answer: PostAnswer) => void; reject: (error: unknown) => void } = {
    resolve: () => {},
    reject: () => {},
  };
  #answered = false;
  #isOver = false;
  #failure: unknown;

  constructor(request: PostRequest, take: TakePiece, target: http.RequestOptions) {
    this.#request = request;
    this.#take = take;
    const { url, headers, body, timeouts, signal } = request;
    this.answer = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const { method = "POST" } = request;
    const length = method === "POST" ? { "content-length": String(body.length) } : {};
    const options = { ...target, method, headers: { ...headers, ...length } };
    const isSecure = url.protocol === "https:";
    this.#client = isSecure ? https.request(options) : http.request(options);
    this.#total = setTimeout(() => this.#fail(`not done in ${seconds(timeouts.total_ms)}`), timeouts.total_ms);
    signal.addEventListener("abort", this.#onAbort);
    this.#client.on("socket", (socket) => {
      if (!socket.connecting) this.#wait("no answer", timeouts.first_byte_ms);
      else {
        this.#wait("no connection", timeouts.connect_ms);
        socket.once(isSecure ? "secureConnect" : "connect", () => this.#wait("no answer", timeouts.first_byte_ms));
      }
    });
    this.#client.on("response", (response) => this.#read(response));
    this.#client.on("error", (error) => this.#end(error));
    if (signal.aborted) this.#onAbort();
    else this.#client.end(body);
  }

  /** Whether a kept connection turned out to be closed before anything was answered. */
  get wasStale(): boolean {
    return this.#failure === undefined && this.#client.reusedSocket && !this.#answered;
  }

  readonly #onAbort = (): void => {
    this.#failure ??= this.#request.signal.reason;
    this.#client.destroy();
    this.#end(this.#failure);
  };

  #wait(what: string, ms: number): void {
    clearTimeout(this.#clock);
    this.#clock = setTimeout(() => this.#fail(`${what} for ${seconds(ms)}`), ms);
  }

  #fail(what: string): void {
    this.#failure ??= new NetworkFailure(what);
    this.#client.destroy();
    this.#end(this.#failure);
  }

  #read(response: http.IncomingMessage): void {
    this.#answered = true;
    const answer: PostAnswer = { status: response.statusCode ?? 0, headers: response.headers };
    const { silence_ms } = this.#request.timeouts;
    this.#wait("silence", silence_ms);
    response.on("data", (piece: Uint8Array) => {
      this.#clock?.refresh();
      try {
        this.#take(piece, answer);
      } catch (error) {
        this.#failure ??= error;
        this.#client.destroy();
        this.#end(error);
      }
    });
    response.on("end", () => {
      this.#stopClocks();
      this.#isOver = true;
      this.#settle.resolve(answer);
    });
    response.on("error", (error) => this.#end(error));
    response.on("close", () => this.#end());
  }

  /** What a socket says of itself names an address: only its code is told. */
  #end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopClocks();
    const code = error instanceof Error && "code" in error ? String(error.code) : "the connection broke";
    const cut = error === undefined ? "the answer was cut" : `the answer was cut (${code})`;
    this.#settle.reject(this.#failure ?? new NetworkFailure(this.#answered ? cut : code));
  }

  #stopClocks(): void {
    clearTimeout(this.#clock);
    clearTimeout(this.#total);
    this.#request.signal.removeEventListener("abort", this.#onAbort);
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
