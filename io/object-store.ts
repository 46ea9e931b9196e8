/**
 * Gets objects by their keys: of a bucket (`s3://BUCKET/PREFIX`), signed where there are credentials, or below an address (`https://HOST/PATH`).
 *
 * Owns what becomes of a refusal: {@link StoreBusy} for what may go away, "missing" for a key that nobody has, a RunError for what no other key would change: credentials,
 * the region, the bucket. Invariants: credentials come from the process environment and go to the store that a request is for; no message has one. A store that does not
 * let its keys be listed says 403 for those it does not have: that counts as missing as soon as it has given something, and not before. Price: that of a GET.
 */
import { RecipeError, RunError } from "../batch/errors.ts";
import { encodeKey } from "../kernels/sigv4.ts";
import { type Aws, parseS3, refusalCode } from "./remote/aws.ts";
import { NetworkFailure, parseRetryAfter } from "./remote/fetch.ts";
import { Connections, type PostTimeouts } from "./remote/post.ts";
import { RateBudget } from "./remote/rate-budget.ts";

/** The same object may be had later. */
export class StoreBusy extends Error {}

/** An object; or that there is none, or a larger one than was asked for. */
export type StoreAnswer = { readonly bytes: Uint8Array } | { readonly missing: number } | { readonly tooLarge: true };

const TIMEOUTS: PostTimeouts = { connect_ms: 10_000, first_byte_ms: 60_000, silence_ms: 60_000, total_ms: 600_000 };
const NO_BODY = new Uint8Array(0);
const MAX_MESSAGE_BYTES = 64 * 1024;
/** Longest wait that a store may ask for. */
const MAX_ASKED_MS = 600_000;
/** What S3 says where credentials are wrong, or are no longer right. */
const BAD_CREDENTIALS =
  /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired|RequestTimeTooSkewed|AccountProblem|InvalidSecurity|CredentialsNotSupported)$/;

export interface ObjectStoreOptions {
  readonly aws: Aws;
  readonly rateMemory: SharedArrayBuffer;
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** One thread's client. */
export class ObjectStore {
  readonly #options: ObjectStoreOptions;
  readonly #rate: RateBudget;
  readonly #connections = new Connections();
  /** Places that have given an object. */
  readonly #generous = new Set<string>();

  constructor(options: ObjectStoreOptions) {
    this.#options = options;
    this.#rate = new RateBudget(options.rateMemory);
  }

  /**
   * The object `key` below `place`, where it has at most `maxBytes`. Throws {@link StoreBusy}; RecipeError `recipe/object-store`; RunError
   * `run/object-store-refuses`.
   */
  async get(place: string, key: string, maxBytes: number, signal: AbortSignal): Promise<StoreAnswer> {
    await this.#options.aws.ready();
    const url = this.#urlOf(place, key);
    const wait = this.#rate.notBefore(url.origin) - this.#options.now();
    if (wait > 0) await this.#options.sleep(wait, signal);
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
      const { status, headers } = await this.#connections.request(
        { method: "GET", url, headers: this.#headersOf(place, url), body: NO_BODY, timeouts: TIMEOUTS, signal },
        (piece, answer) => {
          size += piece.length;
          if (answer.status === 200 && size > maxBytes) throw new TooLarge();
          if (answer.status === 200 || size <= MAX_MESSAGE_BYTES) pieces.push(piece);
        },
      );
      if (status === 200) {
        this.#generous.add(place);
        return { bytes: Buffer.concat(pieces) };
      }
      const asked_ms = Math.min(MAX_ASKED_MS, parseRetryAfter(headers["retry-after"], this.#options.now()));
      if (asked_ms > 0) this.#rate.postpone(url.origin, this.#options.now() + asked_ms);
      return this.#refused(place, status, refusalCode(Buffer.concat(pieces).toString("utf8")));
    } catch (error) {
      if (error instanceof TooLarge) return { tooLarge: true };
      if (!(error instanceof NetworkFailure)) throw error;
      throw new StoreBusy(`${place}: ${error.message}`);
    }
  }

  /** What an answer other than 200 means; `code` is what an S3 store calls it. */
  #refused(place: string, status: number, code: string): StoreAnswer {
    const told = `HTTP ${status}${code === "" ? "" : ` ${code}`}`;
    if (status === 408 || status === 429 || status >= 500) throw new StoreBusy(`${place}: ${told}`);
    if (BAD_CREDENTIALS.test(code) || code === "NoSuchBucket") throw this.#refuses(place, told);
    if (status === 404 || status === 410) return { missing: status };
    if (status !== 403) throw this.#refuses(place, told);
    if (this.#generous.has(place)) return { missing: status };
    throw new StoreBusy(
      `${place}: ${told}, and it has given nothing so far; its keys may be missing, or its door shut`,
    );
  }

  #urlOf(place: string, key: string): URL {
    if (place.startsWith("s3://")) {
      const { bucket, key: prefix } = parseS3(place);
      return this.#options.aws.urlOf({ bucket, key: prefix === "" ? key : joined(prefix, key) });
    }
    const address = joined(place, encodeKey(key));
    if (!/^https?:\/\//.test(address) || !URL.canParse(address)) throw badPlace(place);
    return new URL(address);
  }

  #headersOf(place: string, url: URL): Readonly<Record<string, string>> {
    const headers = { "accept-encoding": "identity" };
    if (!place.startsWith("s3://")) return headers;
    return { ...headers, ...this.#options.aws.headersFor({ method: "GET", url }, parseS3(place).bucket) };
  }

  #refuses(place: string, told: string): RunError {
    const { aws } = this.#options;
    const region = place.startsWith("s3://") ? `, region ${aws.regionOf(parseS3(place).bucket)}` : "";
    return new RunError({
      code: "run/object-store-refuses",
      what: `${place} gives nothing ${aws.who}${region}: ${told}`,
      why: "no other object would be given either; every one so far is kept",
      fix: "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and the bucket, then run the same command again",
    });
  }
}

class TooLarge extends Error {}

function joined(base: string, key: string): string {
  return base.endsWith("/") ? base + key : `${base}/${key}`;
}

function badPlace(place: string): RecipeError {
  return new RecipeError({
    code: "recipe/object-store",
    what: `${JSON.stringify(place)} is no place of objects`,
    fix: "write s3://BUCKET/PREFIX, or an address that keys are put behind: https://HOST/PATH",
  });
}
