/**
 * A Hub in this process: the calls our reader makes, answered as the real one answers them, with faults on demand.
 * LFS files are served by a CDN on a second port, that is, from another origin. It also plays a plain web server under `/web/`.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { createIoEnvironment, type EnvironmentData, type IoEnvironment } from "../../io/environment.ts";

export const TOKEN = "hf_SecretSecretSecret0123456789";
export const COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
export const SIGNATURE = "X-Amz-Signature=SignedSecret99";

/** Answers a request in place of the server; returns false to let it through. */
export type Fault = (request: http.IncomingMessage, response: http.ServerResponse) => boolean;

export interface FakeHub {
  readonly url: string;
  readonly cdnUrl: string;
  /** Path in the repository `o/r` to content. */
  readonly files: Map<string, Uint8Array>;
  /** The same of the model `o/m`. */
  readonly model: Map<string, Uint8Array>;
  /** Path under `/web/` to content. */
  readonly web: Map<string, { body: Uint8Array; etag?: string; modified?: string; ranges?: boolean; head?: boolean }>;
  /** `METHOD url` of every request, `[auth]` where it carried a token, and the range; CDN requests start with `cdn `. */
  readonly log: string[];
  /** Asked for every request, first to last; the first that answers wins. */
  readonly faults: Fault[];
  /** Raw listing entries added to what `files` give. */
  readonly extraEntries: object[];
  pageSize: number;
  /** Epoch ms of the injected clock, and every sleep asked for. */
  now: number;
  readonly sleeps: number[];
  environment(overrides?: Partial<EnvironmentData>): IoEnvironment;
}

const digest = (kind: "sha1" | "sha256", ...parts: (string | Uint8Array)[]) => {
  const hash = createHash(kind);
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
export const sha256 = (bytes: Uint8Array): string => digest("sha256", bytes);
export const gitOid = (bytes: Uint8Array): string => digest("sha1", `blob ${bytes.length}\0`, bytes);
const isLfs = (name: string) => /\.(parquet|zst|gz|bin)$/.test(name);

/** A fault that strikes the first `times` requests that `match`. */
export function strike(times: number, match: RegExp, fault: (response: http.ServerResponse) => void): Fault {
  let left = times;
  return (request, response) => {
    if (left <= 0 || !match.test(`${request.method} ${request.url}`)) return false;
    left--;
    fault(response);
    return true;
  };
}

export const status =
  (code: number, headers: http.OutgoingHttpHeaders = {}, body = '{"error":"no"}') =>
  (response: http.ServerResponse): void => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(body);
  };

function sendRanged(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: Uint8Array,
  headers: http.OutgoingHttpHeaders,
): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]) + 1, body.length) : body.length;
  if (range && start >= body.length) {
    response.writeHead(416, { "content-range": `bytes */${body.length}` });
    response.end();
    return;
  }
  const partial = range ? { "content-range": `bytes ${start}-${end - 1}/${body.length}` } : {};
  response.writeHead(range ? 206 : 200, { ...headers, ...partial, "content-length": end - start });
  response.end(request.method === "HEAD" ? undefined : body.subarray(start, end));
}

function listen(t: TestContext, handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

export async function startFakeHub(t: TestContext, cacheDir: string): Promise<FakeHub> {
  const log: string[] = [];
  const faults: Fault[] = [];
  const handle = (prefix: string, answer: (request: http.IncomingMessage, response: http.ServerResponse) => void) => {
    return (request: http.IncomingMessage, response: http.ServerResponse) => {
      const marks = [request.headers.authorization ? "[auth]" : "", request.headers.range ?? ""].filter((mark) => mark);
      log.push([`${prefix}${request.method} ${request.url}`, ...marks].join(" "));
      if (!faults.some((fault) => fault(request, response))) answer(request, response);
    };
  };
  const cdnUrl = await listen(
    t,
    handle("cdn ", (request, response) => {
      const oid = (request.url ?? "").split("/")[2].split("?")[0];
      const body =
        [...hub.files.values(), ...hub.model.values()].find((bytes) => sha256(bytes) === oid) ?? new Uint8Array(0);
      sendRanged(request, response, body, { etag: `"cdn-${oid}"` });
    }),
  );
  const url = await listen(
    t,
    handle("", (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
      if (pathname.startsWith("/web/")) return sendWeb(hub, pathname.slice(5), request, response);
      if (request.headers.authorization !== `Bearer ${TOKEN}`) return status(401)(response);
      const revision = /^\/api\/(?:datasets\/o\/r|models\/o\/m)\/revision\/(.+)$/.exec(pathname);
      if (revision) {
        const known = ["main", "v1", "refs%2Fconvert%2Fparquet", COMMIT].includes(revision[1]);
        if (!known) return status(404, { "x-error-code": "RevisionNotFound" })(response);
        return status(200, {}, JSON.stringify({ _id: "1", id: "o/r", sha: COMMIT }))(response);
      }
      const tree = /^(\/api\/(?:datasets\/o\/r|models\/o\/m)\/tree)\/([^/]+)\/?(.*)$/.exec(pathname);
      if (tree && tree[2] === COMMIT) {
        const files = tree[1].startsWith("/api/models") ? hub.model : hub.files;
        const listing = { files, pageSize: hub.pageSize, extraEntries: hub.extraEntries };
        return sendTree(listing, decodeURIComponent(tree[3]), searchParams, `${url}${tree[1]}`, response);
      }
      const resolve = /^\/(datasets\/o\/r|o\/m)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
      const name = decodeURIComponent(resolve?.[3] ?? "");
      const body = (resolve?.[1] === "o/m" ? hub.model : hub.files).get(name);
      if (!resolve || resolve[2] !== COMMIT || !body) return status(404, { "x-error-code": "EntryNotFound" })(response);
      if (!isLfs(name)) return sendRanged(request, response, body, { etag: `"${gitOid(body)}"` });
      const location = `${cdnUrl}/cdn/${sha256(body)}?${SIGNATURE}`;
      response.writeHead(302, { location, "x-linked-etag": `"${sha256(body)}"`, "x-repo-commit": COMMIT });
      response.end();
    }),
  );
  const hub: FakeHub = {
    url,
    cdnUrl,
    log,
    faults,
    files: new Map(),
    model: new Map(),
    web: new Map(),
    extraEntries: [],
    pageSize: 1000,
    now: 1_000_000,
    sleeps: [],
    environment: (overrides) =>
      createIoEnvironment({
        root: "/nowhere",
        hubUrl: url,
        hubToken: TOKEN,
        cacheDir,
        ...overrides,
        transport: {
          fetch: globalThis.fetch,
          now: () => hub.now,
          random: () => 0,
          sleep: async (ms) => {
            hub.sleeps.push(ms);
            hub.now += ms;
          },
        },
      }),
  };
  return hub;
}

function sendTree(
  hub: Pick<FakeHub, "files" | "pageSize" | "extraEntries">,
  folder: string,
  query: URLSearchParams,
  base: string,
  response: http.ServerResponse,
): void {
  const prefix = folder === "" ? "" : `${folder}/`;
  const inside = [...hub.files].filter(([name]) => name.startsWith(prefix));
  if (inside.length === 0 && folder !== "") {
    status(404, { "x-error-code": "EntryNotFound" })(response);
    return;
  }
  const recursive = query.get("recursive") === "true";
  const entries = new Map<string, object>();
  for (const [name, bytes] of inside) {
    const parts = name.slice(prefix.length).split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = prefix + parts.slice(0, depth).join("/");
      if (recursive || depth === 1) entries.set(path, { type: "directory", path, size: 0, oid: "0".repeat(40) });
    }
    if (!recursive && parts.length > 1) continue;
    const lfs = isLfs(name) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } } : {};
    entries.set(name, { type: "file", path: name, size: bytes.length, oid: gitOid(bytes), ...lfs });
  }
  const all = [...entries.values(), ...hub.extraEntries];
  const at = Number(query.get("cursor") ?? 0);
  const next = at + hub.pageSize;
  query.set("cursor", String(next));
  const path = `/${COMMIT}/${encodeURIComponent(folder)}`;
  const link = next < all.length ? { link: `<${base}${path}?${query}>; rel="next"` } : {};
  status(200, link, JSON.stringify(all.slice(at, next)))(response);
}

function sendWeb(hub: FakeHub, name: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const file = hub.web.get(decodeURIComponent(name));
  if (!file || (request.method === "HEAD" && file.head === false)) {
    status(file ? 405 : 404)(response);
    return;
  }
  const headers = {
    ...(file.etag ? { etag: file.etag } : {}),
    ...(file.modified ? { "last-modified": file.modified } : {}),
  };
  if (file.ranges === false) delete request.headers.range;
  sendRanged(request, response, file.body, headers);
}
