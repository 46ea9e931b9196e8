/**
 * One thread's way to S3 stores: where a bucket is, and headers that a request is signed with.
 *
 * Owns what is learned on the way: keys, the region of a bucket, how wrong this machine's clock is. Invariant: keys leave in signatures only, and
 * only to the address of the bucket.
 */
import { RecipeError } from "../../batch/errors.ts";
import { encodeKey, encodeQuery, type SignedRequest, signRequest } from "../../kernels/sigv4.ts";
import { type AwsData, type AwsIdentity, findIdentity } from "./aws-credentials.ts";
import { type Answer, type Fetch, NetworkFailure } from "./fetch.ts";

/** An object, or where keys begin. */
export interface S3Place {
  readonly bucket: string;
  /** Without a slash at the start; may be empty. */
  readonly key: string;
}

export interface AwsOptions {
  readonly data: AwsData;
  readonly fetch: Fetch;
  readonly now: () => number;
}

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;

/** `s3://BUCKET/KEY`. Throws RecipeError `recipe/s3-path`. */
export function parseS3(location: string): S3Place {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]*)\/?(.*)$/s.exec(location) ?? [];
  if (BUCKET.test(bucket)) return { bucket, key };
  throw new RecipeError({
    code: "recipe/s3-path",
    what: `${JSON.stringify(location)} names no bucket`,
    fix: "write s3://BUCKET/PATH; the store's address is AWS_ENDPOINT_URL_S3 where it is not AWS's, and no part of the path",
  });
}

export function formatS3({ bucket, key }: S3Place): string {
  return `s3://${bucket}/${key}`;
}

export class Aws {
  readonly #options: AwsOptions;
  #identity: Promise<AwsIdentity> | undefined;
  #known: AwsIdentity | undefined;
  /** Of buckets that are elsewhere than where they were looked for. */
  readonly #regions = new Map<string, string>();
  #skew_ms = 0;

  constructor(options: AwsOptions) {
    this.#options = options;
  }

  /** Finds keys, or new ones where they run out. Called before every request. Throws RunError `run/aws-credentials`. */
  async ready(): Promise<void> {
    const { data, fetch, now } = this.#options;
    if (this.#known?.renew_at !== undefined && this.#known.renew_at <= now()) this.forget();
    this.#identity ??= findIdentity(data, fetch, now);
    try {
      this.#known = await this.#identity;
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Keys are no longer good: the next request looks for others. */
  forget(): void {
    this.#identity = undefined;
    this.#known = undefined;
  }

  /** Where an object, or a bucket with a query, is asked for. */
  urlOf({ bucket, key }: S3Place, query: Readonly<Record<string, string>> = {}): URL {
    const { endpoint } = this.#identityNow();
    const region = this.regionOf(bucket);
    const host = `s3.${region}.amazonaws.com`;
    // A name with dots fits no certificate of the store.
    const isOwnHost = endpoint === undefined && !bucket.includes(".");
    const base = isOwnHost ? `https://${bucket}.${host}` : `${endpoint ?? `https://${host}`}/${bucket}`;
    const search = encodeQuery(query);
    return new URL(`${base}/${encodeKey(key)}${search === "" ? "" : `?${search}`}`);
  }

  /** Headers that the request is sent with; unsigned where there are no keys. */
  headersFor(request: Omit<SignedRequest, "region" | "credentials" | "time">, bucket: string): Record<string, string> {
    const { credentials } = this.#identityNow();
    if (credentials === undefined) return { ...request.headers };
    const time = new Date(this.#options.now() + this.#skew_ms);
    const { host: _, ...headers } = signRequest({ ...request, region: this.regionOf(bucket), credentials, time });
    return headers;
  }

  regionOf(bucket: string): string {
    return this.#regions.get(bucket) ?? this.#identityNow().region;
  }

  /** For messages: who asks. */
  get who(): string {
    const { credentials, origin } = this.#identityNow();
    return credentials === undefined ? "without credentials" : `with the credentials of ${origin}`;
  }

  /**
   * Learns from a refusal. Returns why the same request is worth another attempt, or undefined where nothing can be done: the bucket is in another
   * region, the clock is wrong, keys ran out. `code` is what the store calls it.
   */
  learn(answer: Pick<Answer, "header">, code: string, bucket: string): NetworkFailure | undefined {
    const region = answer.header("x-amz-bucket-region");
    if (region !== undefined && /^[a-z0-9-]+$/.test(region) && region !== this.regionOf(bucket)) {
      this.#regions.set(bucket, region);
      return new NetworkFailure(`the bucket is in ${region}`);
    }
    const there = Date.parse(answer.header("date") ?? "");
    if (code === "RequestTimeTooSkewed" && !Number.isNaN(there)) {
      const skew_ms = there - this.#options.now();
      // The same skew twice: it is not the clock.
      if (Math.abs(skew_ms - this.#skew_ms) < 60_000) return undefined;
      this.#skew_ms = skew_ms;
      return new NetworkFailure("this machine's clock is wrong");
    }
    if ((code === "ExpiredToken" || code === "TokenRefreshRequired") && this.#known?.renew_at !== undefined) {
      this.forget();
      return new NetworkFailure("the role's keys ran out");
    }
    return undefined;
  }

  #identityNow(): AwsIdentity {
    if (this.#known === undefined) throw new Error("a store is asked before its keys were looked for");
    return this.#known;
  }
}

/** What a store calls its refusal. */
export function refusalCode(body: string): string {
  return /<Code>([A-Za-z0-9]+)<\/Code>/.exec(body)?.[1] ?? "";
}
