/** A store that speaks as much of S3 as reading and publishing need, on this machine: objects in memory, signatures checked, faults on request. */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { createIoEnvironment, type IoEnvironment } from "../../io/environment.ts";
import { DEFAULT_RETRY } from "../../io/remote/fetch.ts";
import { signRequest } from "../../kernels/sigv4.ts";

export const KEYS = { access_key_id: "AKIDEXAMPLE", secret_access_key: "SecretSecretSecret0123456789" };

export interface Fault {
  readonly status?: number;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the connection in the middle of the body. */
  readonly cut?: boolean;
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly url: URL;
  readonly body: Buffer;
  readonly bucket: string;
  readonly key: string;
}

type Reply = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: Buffer | string };

export class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  /** Method, path and query of every request, in order. */
  readonly asked: string[] = [];
  /** Objects that a page of a listing has. */
  pageSize = 1000;
  /** Its clock, where it checks signatures. */
  now = Date.now;
  region = "us-east-1";
  /** Answers instead, as long as it says something. */
  fault: (asked: string, count: number) => Fault | undefined = () => undefined;
  readonly #uploads = new Map<string, Map<number, Buffer>>();
  #url = "";

  get url(): string {
    return this.#url;
  }

  put(key: string, body: Buffer | string): void {
    this.objects.set(key, Buffer.from(body));
  }

  async start(t: TestContext): Promise<this> {
    const server = http.createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => this.#answer(request, Buffer.concat(pieces), response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return this;
  }

  /** A reader of this store, with its keys. Retries do not wait. */
  environment(store: Partial<IoEnvironment["store"]> = {}, now = Date.now): IoEnvironment {
    return createIoEnvironment({
      store: {
        credentials: KEYS,
        endpoint: this.#url,
        profile: "default",
        profile_is_named: false,
        credentials_file: "/nowhere",
        config_file: "/nowhere",
        ...store,
      },
      retry: { ...DEFAULT_RETRY, first_delay_ms: 1, max_delay_ms: 1 },
      transport: { fetch: globalThis.fetch, now, sleep: async () => {}, random: () => 0 },
    });
  }

  #answer(request: http.IncomingMessage, body: Buffer, response: http.ServerResponse): void {
    const asked = `${request.method} ${request.url}`;
    this.asked.push(asked);
    const fault = this.fault(asked, this.asked.length);
    const url = new URL(request.url ?? "", this.#url);
    const [, bucket = "", ...key] = decodeURIComponent(url.pathname).split("/");
    const exchange = { request, url, body, bucket, key: key.join("/") };
    const reply =
      fault?.status === undefined
        ? (this.#refusal(exchange) ?? this.#serve(exchange))
        : failure(fault.status, fault.code ?? "Fault");
    const bytes = Buffer.from(reply.body ?? "");
    response.writeHead(reply.status, {
      date: new Date(this.now()).toUTCString(),
      "content-length": String(bytes.length),
      ...reply.headers,
      ...fault?.headers,
    });
    if (fault?.cut) response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
    else response.end(request.method === "HEAD" ? undefined : bytes);
  }

  /** A wrong signature, region or clock. */
  #refusal({ request, url, body }: Exchange): Reply | undefined {
    const { authorization = "", "x-amz-date": stamp = "" } = request.headers;
    const [, day, region, names = ""] =
      /Credential=AKIDEXAMPLE\/(\d+)\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+)/.exec(authorization) ?? [];
    if (day === undefined || region === undefined) return failure(403, "AccessDenied");
    const time = new Date(String(stamp).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    if (Math.abs(time.getTime() - this.now()) > 900_000) return failure(403, "RequestTimeTooSkewed");
    if (region !== this.region) {
      const refusal = failure(400, "AuthorizationHeaderMalformed");
      return { ...refusal, headers: { "x-amz-bucket-region": this.region } };
    }
    const said = String(request.headers["x-amz-content-sha256"]);
    const own = ["host", "x-amz-content-sha256", "x-amz-date"];
    const others = names.split(";").filter((name) => !own.includes(name));
    const expected = signRequest({
      method: request.method as "GET",
      url,
      region,
      credentials: KEYS,
      time,
      headers: Object.fromEntries(others.map((name) => [name, String(request.headers[name])])),
      body_sha256: said,
    });
    if (expected.authorization !== authorization) return failure(403, "SignatureDoesNotMatch");
    const there = createHash("sha256").update(body).digest("hex");
    return said === there ? undefined : failure(400, "XAmzContentSHA256Mismatch");
  }

  #serve(exchange: Exchange): Reply {
    const { request, url, body, bucket, key } = exchange;
    const { searchParams } = url;
    const name = `${bucket}/${key}`;
    if (request.method === "GET" && searchParams.get("list-type") === "2") return this.#list(bucket, searchParams);
    const upload = searchParams.get("uploadId");
    if (request.method === "POST" && searchParams.has("uploads")) return this.#begin(name);
    if (request.method === "POST" && upload !== null) return this.#complete(name, upload, request);
    if (request.method === "DELETE" && upload !== null)
      return this.#uploads.delete(upload) ? { status: 204 } : noUpload();
    if (request.method === "PUT" && upload !== null) {
      const parts = this.#uploads.get(upload);
      if (parts === undefined) return noUpload();
      parts.set(Number(searchParams.get("partNumber")), body);
      return { status: 200, headers: { etag: etagOf(body) } };
    }
    if (request.method === "PUT") {
      if (request.headers["if-none-match"] === "*" && this.objects.has(name)) return failure(412, "PreconditionFailed");
      this.objects.set(name, body);
      return { status: 200, headers: { etag: etagOf(body) } };
    }
    const object = this.objects.get(name);
    if (object === undefined) return failure(404, "NoSuchKey");
    const headers = { etag: etagOf(object), "last-modified": "Thu, 01 Jan 2026 00:00:20 GMT" };
    if (request.headers["if-match"] !== undefined && request.headers["if-match"] !== headers.etag)
      return failure(412, "PreconditionFailed");
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers.range)) ?? [];
    if (from === undefined) return { status: 200, headers, body: object };
    if (Number(from) >= object.length) return failure(416, "InvalidRange");
    const end = Math.min(object.length, to === "" ? object.length : Number(to) + 1);
    const range = `bytes ${from}-${end - 1}/${object.length}`;
    return { status: 206, headers: { ...headers, "content-range": range }, body: object.subarray(Number(from), end) };
  }

  #list(bucket: string, query: URLSearchParams): Reply {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? "";
    const isFlat = query.get("delimiter") === "/";
    const names = [...this.objects.keys()]
      .filter((name) => name.startsWith(`${bucket}/${prefix}`))
      .map((name) => name.slice(bucket.length + 1))
      .filter((name) => name > after && !(isFlat && name.slice(prefix.length).includes("/")))
      .sort();
    const page = names.slice(0, this.pageSize);
    const last = page.at(-1) ?? "";
    const isTruncated = names.length > page.length;
    const contents = page.map((name) => {
      const object = this.objects.get(`${bucket}/${name}`) ?? Buffer.alloc(0);
      return `<Contents><Key>${escaped(name)}</Key><LastModified>2026-01-01T00:00:20.000Z</LastModified><ETag>${escaped(etagOf(object))}</ETag><Size>${object.length}</Size></Contents>`;
    });
    const next = isTruncated ? `<NextContinuationToken>${escaped(last)}</NextContinuationToken>` : "";
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>${bucket}</Name><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`;
    return { status: 200, body };
  }

  #begin(name: string): Reply {
    const id = `upload-${this.#uploads.size + 1}`;
    this.#uploads.set(id, new Map());
    return {
      status: 200,
      body: `<InitiateMultipartUploadResult><Key>${escaped(name)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    };
  }

  #complete(name: string, upload: string, request: http.IncomingMessage): Reply {
    const parts = this.#uploads.get(upload);
    if (parts === undefined) return noUpload();
    if (request.headers["if-none-match"] === "*" && this.objects.has(name)) return failure(412, "PreconditionFailed");
    const ordered = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    this.objects.set(name, Buffer.concat(ordered));
    this.#uploads.delete(upload);
    return { status: 200, body: "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>" };
  }

  /** Uploads that were begun and not ended. */
  get openUploads(): number {
    return this.#uploads.size;
  }
}

export function etagOf(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function failure(status: number, code: string): Reply {
  return {
    status,
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`,
  };
}

function noUpload(): Reply {
  return failure(404, "NoSuchUpload");
}
