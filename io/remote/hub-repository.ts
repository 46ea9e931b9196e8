/**
 * A data set's repository on the Hub as something that is written to: is it there, what is in it, one commit more.
 *
 * Bytes of large files go through hub-lfs.ts. Invariants: a commit is made on top of the one that was looked at, or not at all; what may not be
 * sent twice is not; listings are of one commit. Price: one request per call, one more per 1,000 files of a folder.
 */
import { z } from "zod";
import type { IoEnvironment } from "../environment.ts";
import { type Answer, NetworkFailure } from "./fetch.ts";
import { hubClient } from "./hub-client.ts";
import type { HubPath } from "./hub-path.ts";
import { type Asked, bodyText, nonsense, refusal } from "./hub-refusal.ts";
import { redact } from "./redact.ts";

/** A commit that adds many files takes the Hub longer than a look-up. */
const COMMIT_TIMEOUT_MS = 300_000;
/** Files that the Hub is asked about at once. */
const ASKED_AT_ONCE = 100;

/** A file as the repository has it. */
export interface RemoteEntry {
  readonly path: string;
  readonly size_bytes: number;
  /** Of large files. */
  readonly sha256?: string;
  /** The hash git knows a small file by. */
  readonly git_oid?: string;
}

/** How the Hub wants a file: in the commit itself, or beside it. */
export type UploadMode = "lfs" | "regular";

export interface FileToAsk {
  readonly path: string;
  readonly size_bytes: number;
  /** Its first bytes: the Hub tells text from binary by them. */
  readonly sample: Uint8Array;
}

export type CommitOperation =
  | { readonly kind: "lfs"; readonly path: string; readonly size_bytes: number; readonly sha256: string }
  | { readonly kind: "regular"; readonly path: string; readonly content: Uint8Array }
  | { readonly kind: "delete"; readonly path: string };

export interface CommitRequest {
  readonly summary: string;
  readonly description?: string;
  /** What the branch was when it was looked at. */
  readonly parent: string;
  readonly pullRequest: boolean;
  readonly operations: readonly CommitOperation[];
}

export interface Committed {
  readonly oid: string;
  readonly url: string;
  /** Of the pull request that this commit opened. */
  readonly pull_request?: { readonly number: number; readonly url: string };
}

const infoShape = z.looseObject({ private: z.boolean() });
const headShape = z.looseObject({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
const modesShape = z.looseObject({
  files: z.array(
    z.looseObject({ path: z.string(), uploadMode: z.enum(["lfs", "regular"]), shouldIgnore: z.boolean().optional() }),
  ),
});
const committedShape = z.looseObject({
  commitOid: z.string().regex(/^[0-9a-f]{40}$/),
  commitUrl: z.string(),
  pullRequestUrl: z.string().nullish(),
});

interface Call {
  readonly doing: string;
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly json?: unknown;
  readonly ndjson?: string;
  readonly repeatable?: boolean;
  readonly timeout_ms?: number;
}

export class HubRepository {
  readonly address: Omit<HubPath, "path">;
  readonly #env: IoEnvironment;
  readonly #signal: AbortSignal | undefined;

  constructor(address: Omit<HubPath, "path">, env: IoEnvironment, signal?: AbortSignal) {
    this.address = address;
    this.#env = env;
    this.#signal = signal;
  }

  /** Undefined where there is none that the token may see. */
  async info(): Promise<{ readonly private: boolean } | undefined> {
    const call = { doing: `look at ${this.address.repo}`, path: this.#api("") };
    return this.#call(call, async (answer) => {
      if (answer.status !== 404) return this.#parsed(call, answer, infoShape);
      await answer.discard();
      return undefined;
    });
  }

  /** The commit that a branch is at; undefined where there is no such branch. */
  async head(): Promise<string | undefined> {
    const { revision } = this.address;
    const call = { doing: `look at ${revision}`, path: this.#api(`/revision/${encodeURIComponent(revision)}`) };
    return this.#call(call, async (answer) => {
      if (answer.status !== 404) return (await this.#parsed(call, answer, headShape)).sha;
      await answer.discard();
      return undefined;
    });
  }

  /** Makes the repository; one that somebody made meanwhile is as good. */
  async create(isPrivate: boolean): Promise<void> {
    const [organization, name] = this.address.repo.split("/");
    const json = { type: "dataset", name, organization, ...(isPrivate && { private: true, visibility: "private" }) };
    const call: Call = { doing: `create ${this.address.repo}`, method: "POST", path: "/api/repos/create", json };
    await this.#call(call, async (answer) => {
      if (answer.status === 409) await answer.discard();
      else await this.#parsed(call, answer, z.looseObject({}));
    });
  }

  /** Makes the branch where the repository's main branch is. */
  async createBranch(): Promise<void> {
    const { revision } = this.address;
    const path = this.#api(`/branch/${encodeURIComponent(revision)}`);
    const call: Call = { doing: `create the branch ${revision}`, method: "POST", path, json: {} };
    await this.#call(call, async (answer) => {
      if (answer.status >= 400 && answer.status !== 409) throw await this.#refused(call, answer);
      await answer.discard();
    });
  }

  /** Files of one folder, without those of folders in it; none where there is no such folder. */
  async list(commit: string, folder: string): Promise<RemoteEntry[]> {
    const doing = `list ${folder === "" ? "files" : folder}`;
    const { hubUrl, client } = this.#env;
    const repo = { type: "dataset", name: this.address.repo } as const;
    const found: RemoteEntry[] = [];
    const { HubApiError, listFiles } = await hubClient();
    try {
      for await (const { type, path, size, oid, lfs } of listFiles({
        repo,
        revision: commit,
        path: encodePath(folder),
        hubUrl,
        fetch: client.fetch,
      })) {
        if (type !== "file") continue;
        const known = lfs
          ? { size_bytes: lfs.size, sha256: lfs.oid }
          : { size_bytes: size, ...(oid && { git_oid: oid }) };
        found.push({ path, ...known });
      }
    } catch (error) {
      if (error instanceof HubApiError) {
        if (error.statusCode === 404) return [];
        throw refusal(error.statusCode, error.message, { address: this.address, doing }, this.#env);
      }
      if (error instanceof SyntaxError || error instanceof TypeError) {
        throw nonsense({ address: this.address, doing }, error.message);
      }
      throw error;
    }
    return found;
  }

  /** A small file as text; undefined where there is none. */
  async read(commit: string, path: string): Promise<string | undefined> {
    const call = {
      doing: `read ${path}`,
      path: `/datasets/${this.address.repo}/resolve/${commit}/${encodePath(path)}`,
    };
    return this.#call(call, async (answer) => {
      if (answer.status === 404) {
        await answer.discard();
        return undefined;
      }
      if (answer.status >= 400) throw await this.#refused(call, answer);
      return bodyText(answer);
    });
  }

  /** How the Hub wants files, and those that the repository's `.gitignore` would keep out. */
  async uploadModes(
    files: readonly FileToAsk[],
    pullRequest: boolean,
  ): Promise<{ readonly modes: ReadonlyMap<string, UploadMode>; readonly ignored: readonly string[] }> {
    const modes = new Map<string, UploadMode>();
    const ignored: string[] = [];
    for (let at = 0; at < files.length; at += ASKED_AT_ONCE) {
      const asked = files.slice(at, at + ASKED_AT_ONCE);
      const json = {
        files: asked.map(({ path, size_bytes, sample }) => {
          return { path, size: size_bytes, sample: Buffer.from(sample).toString("base64") };
        }),
      };
      const path = this.#api(`/preupload/${this.#target(pullRequest)}`);
      const call: Call = { doing: `prepare an upload to ${this.address.repo}`, method: "POST", path, json };
      const answer = await this.#call(call, (answer) => this.#parsed(call, answer, modesShape));
      for (const { path, uploadMode, shouldIgnore } of answer.files) {
        modes.set(path, uploadMode);
        if (shouldIgnore === true) ignored.push(path);
      }
      const missing = asked.find(({ path }) => !modes.has(path));
      if (missing !== undefined)
        throw nonsense({ address: this.address, doing: call.doing }, `no word of ${missing.path}`);
      // Storage for large files takes no empty ones.
      for (const { path, size_bytes } of asked) if (size_bytes === 0) modes.set(path, "regular");
    }
    return { modes, ignored };
  }

  /** Undefined where the branch has moved on, or where that is what a commit that came through without an answer looks like. */
  async commit({
    summary,
    description,
    parent,
    pullRequest,
    operations,
  }: CommitRequest): Promise<Committed | undefined> {
    const header = { summary, description: description ?? "", parentCommit: parent };
    const lines = [{ key: "header", value: header }, ...operations.map(operationLine)];
    const call: Call = {
      doing: `commit to ${this.address.repo}`,
      method: "POST",
      path: this.#api(`/commit/${this.#target(pullRequest)}`),
      ndjson: lines.map((line) => JSON.stringify(line)).join("\n"),
      // A commit sent twice finds that its parent is no longer the last. A pull request would be opened twice.
      repeatable: !pullRequest,
      timeout_ms: COMMIT_TIMEOUT_MS,
    };
    return this.#call(call, async (answer) => {
      if (answer.status === 409 || answer.status === 412) {
        await answer.discard();
        return undefined;
      }
      const { commitOid, commitUrl, pullRequestUrl } = await this.#parsed(call, answer, committedShape);
      if (!pullRequest) return { oid: commitOid, url: redact(commitUrl) };
      const number = /\/discussions\/(\d+)$/.exec(pullRequestUrl ?? "")?.[1];
      if (number === undefined || !pullRequestUrl) {
        throw nonsense({ address: this.address, doing: call.doing }, "it does not say which pull request it opened");
      }
      const pull_request = { number: Number(number), url: redact(pullRequestUrl) };
      return { oid: commitOid, url: redact(commitUrl), pull_request };
    });
  }

  #api(path: string): string {
    return `/api/datasets/${this.address.repo}${path}`;
  }

  #target(pullRequest: boolean): string {
    return `${encodeURIComponent(this.address.revision)}${pullRequest ? "?create_pr=1" : ""}`;
  }

  #call<Result>(
    { method, path, json, ndjson, repeatable, timeout_ms }: Call,
    consume: (answer: Answer) => Promise<Result>,
  ): Promise<Result> {
    const { client, hubUrl } = this.#env;
    const url = `${hubUrl}${path}`;
    const body = ndjson ?? (json === undefined ? undefined : JSON.stringify(json));
    const type = { "content-type": ndjson === undefined ? "application/json" : "application/x-ndjson" };
    return client.limited(url, () =>
      client.send(
        {
          method: method ?? "GET",
          url: () => url,
          headers: () => (body === undefined ? {} : type),
          ...(body === undefined ? {} : { body: () => body }),
          ...(repeatable === undefined ? {} : { repeatable }),
          ...(timeout_ms === undefined ? {} : { timeout_ms }),
          ...(this.#signal && { signal: this.#signal }),
        },
        consume,
      ),
    );
  }

  async #parsed<Shape extends z.ZodType>(call: Call, answer: Answer, shape: Shape): Promise<z.output<Shape>> {
    if (answer.status >= 300) throw await this.#refused(call, answer);
    const text = await bodyText(answer);
    try {
      return shape.parse(JSON.parse(text));
    } catch (error) {
      if (error instanceof NetworkFailure) throw error;
      throw nonsense({ address: this.address, doing: call.doing }, "it is not what the Hub's interface says");
    }
  }

  async #refused({ doing }: Call, answer: Answer): Promise<Error> {
    const asked: Asked = { address: this.address, doing };
    return refusal(answer.status, await bodyText(answer), asked, this.#env);
  }
}

function operationLine(operation: CommitOperation): { readonly key: string; readonly value: object } {
  const { path } = operation;
  switch (operation.kind) {
    case "lfs":
      return { key: "lfsFile", value: { path, algo: "sha256", size: operation.size_bytes, oid: operation.sha256 } };
    case "regular": {
      const content = Buffer.from(operation.content).toString("base64");
      return { key: "file", value: { path, content, encoding: "base64" } };
    }
    case "delete":
      return { key: "deletedFile", value: { path } };
  }
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
