/**
 * A file behind HTTP as a {@link ByteSource}: range reads, and a stream that goes on after a cut.
 *
 * Invariant: every byte handed out lies where it was asked for, in the file that was planned: range, total length and (where known)
 * ETag of every response are checked. Price: one request per read; the address a redirect led to is kept until it is refused, so that
 * a pinned file costs the Hub one request, not one per range.
 */
import { DataError, RunError } from "../../batch/errors.ts";
import type { ByteSource } from "../source.ts";
import { type Answer, type HttpClient, type HttpRequest, NetworkFailure } from "./fetch.ts";

export interface RemoteFileOptions {
  readonly client: HttpClient;
  readonly name: string;
  /** Asked anew for every request. */
  readonly url: () => string;
  /** Done before every request. */
  readonly prepare?: () => Promise<void>;
  /** See {@link HttpRequest}. */
  readonly credentials?: (url: string) => Readonly<Record<string, string>>;
  readonly byteLength: number;
  readonly identity: string;
  /** The ETag every response must have, where the content is not pinned by the URL. */
  readonly etag?: string;
  /** Attempts without a single new byte before a stream gives up. */
  readonly max_attempts: number;
  /** What a refusal (401, 403, 404, …) means for this file, and its body says; a NetworkFailure asks for another attempt. */
  readonly refused: (answer: Answer, body: string) => Error;
}

export class RemoteFile implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  readonly identity: string;
  readonly #options: RemoteFileOptions;
  readonly #closed = new AbortController();
  #redirected: string | undefined;

  constructor(options: RemoteFileOptions) {
    this.#options = options;
    this.name = options.name;
    this.byteLength = options.byteLength;
    this.identity = options.identity;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end > this.byteLength || start > end) throw new RangeError(`${this.name}: read ${start}..${end}`);
    const out = new Uint8Array(end - start);
    if (out.length === 0) return out;
    let have = 0;
    const { client, prepare, url } = this.#options;
    await prepare?.();
    await client.limited(url(), () =>
      this.#request(
        () => [start + have, end],
        async (answer) => {
          if (answer.status === 200) {
            if (out.length < this.byteLength) throw this.#noRanges();
            have = 0;
          }
          for await (const piece of answer.pieces()) {
            if (have + piece.length > out.length) throw this.#changed("more bytes arrive than were asked for");
            out.set(piece, have);
            have += piece.length;
          }
          if (have < out.length) throw new NetworkFailure(`the body ended ${out.length - have} bytes early`);
        },
      ),
    );
    return out;
  }

  async *stream(start = 0): AsyncGenerator<Uint8Array> {
    const { client, prepare, url, max_attempts } = this.#options;
    await prepare?.();
    for (let at = start, fruitless = 0; at < this.byteLength; ) {
      const before = at;
      const answer = await client.limited(url(), () =>
        this.#request(
          () => (at === 0 ? undefined : [at, this.byteLength]),
          (answer) => Promise.resolve(answer),
        ),
      );
      // A server without ranges starts over: what was seen is passed by.
      let skip = answer.status === 200 ? at : 0;
      try {
        for await (const piece of answer.pieces()) {
          const fresh = piece.subarray(Math.min(skip, piece.length));
          skip -= piece.length - fresh.length;
          if (at + fresh.length > this.byteLength) throw this.#changed("more bytes arrive than it should have");
          at += fresh.length;
          if (fresh.length > 0) yield fresh;
        }
        if (at < this.byteLength) throw new NetworkFailure(`the body ended ${this.byteLength - at} bytes early`);
      } catch (error) {
        if (!(error instanceof NetworkFailure) || this.#closed.signal.aborted) throw error;
        fruitless = at > before ? 0 : fruitless + 1;
        if (fruitless >= max_attempts) throw this.#cut(at, error);
        await client.pause(fruitless + 1, this.#closed.signal);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  /** One request for a range (or everything), checked against what the plan knows. */
  #request<Result>(
    range: () => readonly [start: number, end: number] | undefined,
    consume: (answer: Answer) => Promise<Result>,
  ): Promise<Result> {
    const { client, url, prepare, credentials, refused } = this.#options;
    const request: HttpRequest = {
      url: () => this.#redirected ?? url(),
      ...(prepare && { prepare }),
      ...(credentials && { credentials }),
      headers: () => {
        const asked = range();
        const identity = { "accept-encoding": "identity" };
        return asked ? { ...identity, range: `bytes=${asked[0]}-${asked[1] - 1}` } : identity;
      },
      signal: this.#closed.signal,
    };
    return client.send(request, async (answer) => {
      if ((answer.status >= 400 && answer.status !== 416) || answer.status === 301) {
        const body = await answer.message();
        if (this.#redirected === undefined) throw refused(answer, body);
        // The address a redirect gave has run out; ask the origin for a new one.
        this.#redirected = undefined;
        throw new NetworkFailure(`HTTP ${answer.status}`);
      }
      this.#check(answer, range());
      if (answer.url !== request.url()) this.#redirected = answer.url;
      return consume(answer);
    });
  }

  #check(answer: Answer, asked: readonly [number, number] | undefined): void {
    const { etag } = this.#options;
    const there = answer.header("etag");
    if (etag !== undefined && there !== undefined && there !== etag) throw this.#changed("its ETag is another one");
    if (answer.header("content-encoding") && answer.header("content-encoding") !== "identity") {
      throw this.#changed("the server compresses it on the way, so its bytes have no fixed place");
    }
    if (answer.status === 416) throw this.#changed("it is shorter");
    if (answer.status === 200) {
      const length = answer.header("content-length");
      if (length !== undefined && Number(length) !== this.byteLength) throw this.#changed(`it has ${length} bytes`);
      return;
    }
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.header("content-range") ?? "");
    if (answer.status !== 206 || !asked || !range || Number(range[1]) !== asked[0] || Number(range[2]) >= asked[1]) {
      throw this.#changed(`HTTP ${answer.status} does not answer the range that was asked for`);
    }
    if (range[3] !== "*" && Number(range[3]) !== this.byteLength) throw this.#changed(`it has ${range[3]} bytes`);
  }

  #changed(detail: string): DataError {
    return new DataError({
      code: "data/changed",
      what: `${this.name} is not the file that was planned (${this.byteLength} bytes): ${detail}`,
      why: "a run over changing input could not be repeated or resumed",
      fix: "plan the run again, from a place that does not change while it runs",
    });
  }

  #noRanges(): RunError {
    return new RunError({
      code: "run/no-ranges",
      what: `the server of ${this.name} does not answer range requests`,
      why: "columnar files are read in pieces from many places",
      fix: "download the file and name the local copy in the recipe",
    });
  }

  #cut(at: number, error: Error): RunError {
    return new RunError({
      code: "run/network",
      what: `${this.name} breaks off at byte ${at} of ${this.byteLength}, again and again: ${error.message}`,
      why: "the rest of its documents is needed to go on",
      fix: "check the connection and the server, then run the same command again: it goes on where it stopped",
    });
  }
}
