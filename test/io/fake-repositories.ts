/**
 * A Hub in this process that is written to: repositories, branches, pull requests, commits on top of a parent, storage on a second port. It takes
 * nothing that the real one would refuse: wrong hashes, chunked uploads, objects that are not stored, commits on top of an older one.
 */
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { createIoEnvironment, type EnvironmentData, type IoEnvironment } from "../../io/environment.ts";
import { type Fault, gitOid, SIGNATURE, sha256, status, TOKEN } from "./fake-hub.ts";

interface StoredFile {
  readonly content: Uint8Array;
  readonly lfs: boolean;
}

export interface FakeCommit {
  readonly branch: string;
  readonly summary: string;
  readonly description: string;
  readonly added: readonly string[];
  readonly deleted: readonly string[];
}

export interface FakeRepository {
  private: boolean;
  /** Name to the commit it is at. */
  readonly branches: Map<string, string>;
  /** Commit to its files. */
  readonly trees: Map<string, ReadonlyMap<string, StoredFile>>;
  readonly commits: FakeCommit[];
  readonly ignored: Set<string>;
}

export interface FakeRepositories {
  readonly url: string;
  readonly storageUrl: string;
  readonly repositories: Map<string, FakeRepository>;
  /** `METHOD url` of every request, `[auth]` where it carried a token; requests to storage start with `storage `. */
  readonly log: string[];
  readonly faults: Fault[];
  /** Objects by hash, and how often each came whole. */
  readonly stored: Map<string, Uint8Array>;
  readonly puts: Map<string, number>;
  /** Called before a commit is looked at, one for each: others who commit too. */
  readonly before: (() => void)[];
  /** So many commits go through, and their answers are lost. */
  lostAnswers: number;
  /** Larger files are asked for in parts of so many bytes. */
  partBytes: number;
  mayWrite: boolean;
  readonly sleeps: number[];
  add(name: string, files?: Readonly<Record<string, string>>): FakeRepository;
  /** What a branch has, as text or, of large files, their hash. */
  files(name: string, branch?: string): Readonly<Record<string, string>>;
  /** Somebody else's commit. */
  push(name: string, files: Readonly<Record<string, string>>, branch?: string): void;
  environment(overrides?: Partial<EnvironmentData>): IoEnvironment;
}

interface Asked {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly body: Buffer;
}

const json = (response: http.ServerResponse, value: unknown, code = 200): void => {
  status(code, {}, JSON.stringify(value))(response);
};

class Refused extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export async function startFakeRepositories(t: TestContext): Promise<FakeRepositories> {
  const log: string[] = [];
  const faults: Fault[] = [];
  const stored = new Map<string, Uint8Array>();
  const puts = new Map<string, number>();
  const parts = new Map<string, Map<number, Buffer>>();
  const sleeps: number[] = [];
  let now = 1_000_000;
  let count = 0;

  const commitTo = (repository: FakeRepository, branch: string, files: Map<string, StoredFile>): string => {
    const head = createHash("sha1").update(`commit ${count++}`).digest("hex");
    repository.trees.set(head, files);
    repository.branches.set(branch, head);
    return head;
  };
  const treeOf = ({ branches, trees }: FakeRepository, branch: string) =>
    new Map(trees.get(branches.get(branch) ?? "") ?? []);

  const listen = (prefix: string, answer: (asked: Asked) => void): Promise<string> => {
    const server = http.createServer((request, response) => {
      log.push(`${prefix}${request.method} ${request.url}${request.headers.authorization ? " [auth]" : ""}`);
      if (faults.some((fault) => fault(request, response))) {
        request.resume();
        return;
      }
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("error", () => {});
      request.on("end", () => {
        try {
          answer({ request, response, body: Buffer.concat(chunks) });
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          json(response, { error: error.message }, error.code);
        }
      });
    });
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    });
  };

  const storageUrl = await listen("storage ", ({ request, response, body }) => {
    const [, kind, oid = "", part] = new URL(request.url ?? "", "http://x").pathname.split("/");
    if (request.headers.authorization) throw new Refused(400, "two ways to sign");
    if (!request.url?.includes(SIGNATURE)) throw new Refused(403, "not signed");
    if (kind === "object" && request.method === "PUT") {
      if (request.headers["content-length"] !== String(body.length)) throw new Refused(501, "chunked");
      if (part !== undefined) {
        const own = parts.get(oid) ?? new Map<number, Buffer>();
        parts.set(oid, own.set(Number(part), body));
        return status(200, { etag: `"part-${part}"` }, "")(response);
      }
      if (sha256(body) !== oid) throw new Refused(400, "other content");
      puts.set(oid, (puts.get(oid) ?? 0) + 1);
      stored.set(oid, body);
      return status(200, {}, "")(response);
    }
    throw new Refused(404, "what?");
  });

  const lfsBatch = (response: http.ServerResponse, body: Buffer): void => {
    const { objects, operation, transfers, hash_algo } = JSON.parse(String(body));
    if (operation !== "upload" || !transfers.includes("basic") || hash_algo !== "sha256") {
      throw new Refused(422, "not an upload");
    }
    const answers = objects.map(({ oid, size }: { oid: string; size: number }) => {
      if (stored.has(oid)) return { oid, size };
      const object = `${storageUrl}/object/${oid}`;
      const numbers = Array.from({ length: Math.ceil(size / hub.partBytes) }, (_, i) => i + 1);
      const header = Object.fromEntries(
        numbers.map((n) => [String(n).padStart(5, "0"), `${object}/${n}?${SIGNATURE}`]),
      );
      const upload =
        size > hub.partBytes
          ? { href: `${url}/complete/${oid}`, header: { chunk_size: String(hub.partBytes), ...header } }
          : { href: `${object}?${SIGNATURE}` };
      return { oid, size, authenticated: true, actions: { upload, verify: { href: `${url}/verify` } } };
    });
    json(response, { transfer: "basic", objects: answers });
  };

  const commit = (repository: FakeRepository, name: string, branch: string, opens: boolean, asked: Asked): void => {
    hub.before.shift()?.();
    const { response, body } = asked;
    const lines = String(body)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    const header = lines[0].value;
    if (lines[0].key !== "header" || typeof header.summary !== "string") throw new Refused(422, "no header");
    const head = repository.branches.get(branch);
    if (head === undefined) throw new Refused(404, "no such branch");
    if (!opens && (header.parentCommit ?? head) !== head) {
      throw new Refused(412, "A commit has happened since. Please refresh and try again.");
    }
    const files = treeOf(repository, branch);
    const added: string[] = [];
    const deleted: string[] = [];
    for (const { key, value } of lines.slice(1)) {
      if (key === "deletedFile") {
        if (!files.delete(value.path)) throw new Refused(404, `no ${value.path}`);
        deleted.push(value.path);
        continue;
      }
      added.push(value.path);
      if (key === "lfsFile") {
        const content = stored.get(value.oid);
        if (content === undefined || content.length !== value.size || value.algo !== "sha256")
          throw new Refused(400, "not in storage");
        files.set(value.path, { content, lfs: true });
      } else if (key === "file" && value.encoding === "base64") {
        files.set(value.path, { content: Buffer.from(value.content, "base64"), lfs: false });
      } else throw new Refused(422, `what is a ${key}?`);
    }
    const target = opens ? `refs/pr/${repository.branches.size}` : branch;
    const oid = commitTo(repository, target, files);
    const { summary, description } = header;
    repository.commits.push({ branch: target, summary, description, added, deleted });
    if (hub.lostAnswers > 0) {
      hub.lostAnswers--;
      response.destroy();
      return;
    }
    const page = `${url}/datasets/${name}`;
    const pullRequestUrl = opens ? `${page}/discussions/${target.split("/")[2]}` : null;
    json(response, { success: true, commitOid: oid, commitUrl: `${page}/commit/${oid}`, pullRequestUrl });
  };

  const url = await listen("", (asked) => {
    const { request, response, body } = asked;
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Refused(401, "Invalid credentials");
    if (request.method === "POST" && !hub.mayWrite) throw new Refused(403, "You have read access only");
    const complete = /^\/complete\/(\w+)$/.exec(pathname)?.[1];
    if (complete !== undefined) {
      const { parts: said } = JSON.parse(String(body)) as { parts: { partNumber: number; etag: string }[] };
      const own = parts.get(complete);
      const isWhole = said.every(({ partNumber, etag }) => own?.has(partNumber) && etag === `"part-${partNumber}"`);
      const content = Buffer.concat(said.map(({ partNumber }) => own?.get(partNumber) ?? Buffer.alloc(0)));
      if (!isWhole || sha256(content) !== complete) throw new Refused(400, "parts do not fit");
      puts.set(complete, (puts.get(complete) ?? 0) + 1);
      stored.set(complete, content);
      return json(response, {});
    }
    if (pathname === "/verify") {
      const { oid, size } = JSON.parse(String(body));
      if (stored.get(oid)?.length !== size) throw new Refused(404, "not stored");
      return json(response, {});
    }
    if (pathname === "/api/repos/create") {
      const { name, organization, private: isPrivate = false, type } = JSON.parse(String(body));
      const full = `${organization}/${name}`;
      if (type !== "dataset") throw new Refused(422, "which type?");
      if (hub.repositories.has(full)) throw new Refused(409, "You already created this dataset repo");
      hub.add(full).private = isPrivate;
      return json(response, { url: `${url}/datasets/${full}`, id: full });
    }
    const [, name = "", rest = ""] =
      /^\/(?:api\/)?datasets\/([^/]+\/[^/.]+)(.*)$/.exec(pathname) ?? ([] as (string | undefined)[]);
    const repository = hub.repositories.get(name);
    if (repository === undefined) throw new Refused(404, "Repository not found");
    if (rest === "") return json(response, { id: name, private: repository.private });
    if (rest === ".git/info/lfs/objects/batch") return lfsBatch(response, body);
    const [, verb = "", at = "", inside = ""] = /^\/(\w+)\/([^/]+)\/?(.*)$/.exec(rest) ?? [];
    const branch = decodeURIComponent(at);
    const path = decodeURIComponent(inside);
    const opens = searchParams.get("create_pr") === "1";
    if (verb === "revision") {
      const sha = repository.branches.get(branch);
      if (sha === undefined) throw new Refused(404, "Invalid rev id");
      return json(response, { id: name, sha });
    }
    if (verb === "branch") {
      if (repository.branches.has(branch)) throw new Refused(409, "Reference already exists");
      repository.branches.set(branch, repository.branches.get("main") ?? "");
      return json(response, {});
    }
    if (verb === "preupload") {
      if (!repository.branches.has(branch)) throw new Refused(404, "Invalid rev id");
      const { files } = JSON.parse(String(body)) as { files: { path: string; size: number; sample: string }[] };
      if (files.length > 256 || files.some(({ sample }) => typeof sample !== "string")) {
        throw new Refused(413, "too many parameters");
      }
      const answers = files.map(({ path, size }) => {
        const isLarge = /\.(parquet|zst|gz|ds)$/.test(path) || size > 10_000_000;
        return { path, uploadMode: isLarge ? "lfs" : "regular", shouldIgnore: repository.ignored.has(path) };
      });
      return json(response, { files: answers });
    }
    if (verb === "commit") return commit(repository, name, branch, opens, asked);
    const tree = repository.trees.get(branch);
    if (tree === undefined) throw new Refused(404, "Invalid rev id");
    if (verb === "resolve") {
      const file = tree.get(path);
      if (file === undefined) throw new Refused(404, "Entry not found");
      return void response.end(file.content);
    }
    if (verb === "tree") {
      const prefix = path === "" ? "" : `${path}/`;
      const there = [...tree].filter(([name]) => name.startsWith(prefix));
      if (there.length === 0 && path !== "") throw new Refused(404, "Entry not found");
      const entries = there
        .filter(([name]) => !name.slice(prefix.length).includes("/"))
        .map(([name, { content, lfs }]) => {
          const large = { lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } };
          return { type: "file", path: name, size: content.length, oid: gitOid(content), ...(lfs && large) };
        });
      return json(response, [{ type: "directory", path: `${prefix}more`, size: 0, oid: "0".repeat(40) }, ...entries]);
    }
    throw new Refused(404, "what?");
  });

  const hub: FakeRepositories = {
    url,
    storageUrl,
    repositories: new Map(),
    log,
    faults,
    stored,
    puts,
    before: [],
    lostAnswers: 0,
    partBytes: Number.POSITIVE_INFINITY,
    mayWrite: true,
    sleeps,
    add(name, files = {}) {
      const repository: FakeRepository = {
        private: false,
        branches: new Map(),
        trees: new Map(),
        commits: [],
        ignored: new Set(),
      };
      hub.repositories.set(name, repository);
      commitTo(repository, "main", new Map());
      hub.push(name, { ".gitattributes": "*.parquet filter=lfs\n", ...files });
      return repository;
    },
    files(name, branch = "main") {
      const tree = treeOf(hub.repositories.get(name) as FakeRepository, branch);
      return Object.fromEntries(
        [...tree].map(([path, { content, lfs }]) => [path, lfs ? sha256(content) : Buffer.from(content).toString()]),
      );
    },
    push(name, files, branch = "main") {
      const repository = hub.repositories.get(name) as FakeRepository;
      const tree = treeOf(repository, branch);
      for (const [path, text] of Object.entries(files)) tree.set(path, { content: Buffer.from(text), lfs: false });
      commitTo(repository, branch, tree);
    },
    environment: (overrides) =>
      createIoEnvironment({
        root: "/nowhere",
        hubUrl: url,
        hubToken: TOKEN,
        cacheDir: "/nowhere",
        ...overrides,
        transport: {
          fetch: globalThis.fetch,
          now: () => now,
          random: () => 0,
          sleep: async (ms) => {
            sleeps.push(ms);
            now += ms;
          },
        },
      }),
  };
  return hub;
}
