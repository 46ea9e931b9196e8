/**
 * Large files on their way to the Hub's storage: which of them it lacks, and their bytes, whole or in parts.
 *
 * Storage checks what comes against its sha256, and keeps it before any commit names it: what a killed upload has brought is not sent again.
 * Invariants: the token goes to the Hub alone, never to storage; an address that has run out is asked for anew; a file that changed on the way is
 * given up at once. Price: one request per hundred files, and one per file or part.
 */
import { z } from "zod";
import { RunError } from "../../batch/errors.ts";
import type { IoEnvironment } from "../environment.ts";
import { FilePart } from "../local/file-part.ts";
import type { Answer } from "./fetch.ts";
import type { HubPath } from "./hub-path.ts";
import { type Asked, bodyText, nonsense, refusal } from "./hub-refusal.ts";

/** Files, and parts of one file, on their way at the same time. */
const AT_ONCE = 4;
const ASKED_AT_ONCE = 100;
/** What has gone out lies in the system's buffers for a while, and storage has it to look at. */
const UPLOAD_TIMEOUT_MS = 180_000;
/** Addresses that are asked for where storage refuses one. */
const MAX_ADDRESSES = 3;

const LFS_JSON = { accept: "application/vnd.git-lfs+json", "content-type": "application/vnd.git-lfs+json" };

export interface LargeFile {
  /** In the repository; for messages. */
  readonly path: string;
  readonly file: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

export interface UploadContext {
  readonly address: Omit<HubPath, "path">;
  readonly environment: IoEnvironment;
  /** Whether the files are for a pull request that is to be opened. */
  readonly pullRequest: boolean;
  /** Bytes of a file that are sent by now; less than before where an attempt starts over. */
  readonly onProgress: (file: LargeFile, sent_bytes: number) => void;
  /** Files that are on their way are finished, no other is begun. */
  readonly stop?: AbortSignal | undefined;
  readonly kill?: AbortSignal | undefined;
}

const actionShape = z.looseObject({ href: z.url(), header: z.record(z.string(), z.string()).optional() });
const objectShape = z.looseObject({
  oid: z.string(),
  actions: z.looseObject({ upload: actionShape.optional(), verify: actionShape.optional() }).optional(),
  error: z.looseObject({ code: z.int(), message: z.string() }).optional(),
});
const batchShape = z.looseObject({ objects: z.array(objectShape) });

type LfsObject = z.output<typeof objectShape>;
type Action = z.output<typeof actionShape>;

/** Storage does not take a piece at this address (any more). */
class AddressRefused extends Error {
  readonly refusal: Error;

  constructor(refusal: Error) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/** Sends what storage lacks of `files`. Returns how many bytes that were. */
export async function uploadLargeFiles(files: readonly LargeFile[], context: UploadContext): Promise<number> {
  const byHash = new Map(files.map((file) => [file.sha256, file]));
  const distinct = [...byHash.values()];
  let sent = 0;
  for (let at = 0; at < distinct.length; at += ASKED_AT_ONCE) {
    const asked = distinct.slice(at, at + ASKED_AT_ONCE);
    const objects = await askFor(asked, context);
    await inParallel(asked, context.stop, async (file) => {
      const bytes = await upload(file, objects.get(file.sha256), context);
      sent += bytes;
    });
  }
  return sent;
}

async function askFor(files: readonly LargeFile[], context: UploadContext): Promise<ReadonlyMap<string, LfsObject>> {
  const { address, environment, pullRequest, kill } = context;
  const { client, hubUrl } = environment;
  const asked: Asked = { address, doing: `store files of ${address.repo}` };
  const url = `${hubUrl}/datasets/${address.repo}.git/info/lfs/objects/batch`;
  const body = JSON.stringify({
    operation: "upload",
    transfers: ["basic", "multipart"],
    hash_algo: "sha256",
    ...(pullRequest ? {} : { ref: { name: address.revision } }),
    objects: files.map(({ sha256, size_bytes }) => ({ oid: sha256, size: size_bytes })),
  });
  const request = { method: "POST", url: () => url, headers: () => LFS_JSON, body: () => body } as const;
  return client.limited(url, () =>
    client.send({ ...request, ...(kill && { signal: kill }) }, async (answer) => {
      const text = await bodyText(answer);
      if (answer.status >= 300) throw refusal(answer.status, text, asked, environment);
      const { objects } = parsedBatch(text, asked);
      return new Map(objects.map((object) => [object.oid, object]));
    }),
  );
}

function parsedBatch(text: string, asked: Asked): z.output<typeof batchShape> {
  try {
    return batchShape.parse(JSON.parse(text));
  } catch {
    throw nonsense(asked, "it is not what the LFS protocol says");
  }
}

/** Returns the bytes that were sent: none where storage has the file. */
async function upload(file: LargeFile, given: LfsObject | undefined, context: UploadContext): Promise<number> {
  let object = given;
  for (let addresses = 1; ; addresses++) {
    const asked: Asked = { address: context.address, doing: `store ${file.path}` };
    if (object === undefined) throw nonsense(asked, "it says nothing of the file");
    const { error, actions } = object;
    if (error !== undefined) throw refusal(error.code, error.message, asked, context.environment);
    if (actions?.upload === undefined) {
      context.onProgress(file, file.size_bytes);
      return 0;
    }
    try {
      await sendBytes(file, actions.upload, context);
      if (actions.verify !== undefined) await confirm(file, actions.verify, context);
      context.onProgress(file, file.size_bytes);
      return file.size_bytes;
    } catch (error) {
      if (!(error instanceof AddressRefused)) throw error;
      if (addresses === MAX_ADDRESSES) throw error.refusal;
      object = (await askFor([file], context)).get(file.sha256);
    }
  }
}

/** In one piece, or in as many as there are addresses for. */
async function sendBytes(file: LargeFile, action: Action, context: UploadContext): Promise<void> {
  const { chunk_size, ...header } = action.header ?? {};
  const { size_bytes } = file;
  if (chunk_size === undefined) {
    const whole = { start: 0, end: size_bytes, sha256: file.sha256 };
    await put(file, action.href, whole, context, header, (sent) => context.onProgress(file, sent));
    return;
  }
  const step = Number(chunk_size);
  const parts = Object.entries(header)
    .filter(([name]) => /^\d+$/.test(name))
    .map(([name, href]) => ({ number: Number(name), href }))
    .sort((a, b) => a.number - b.number);
  const asked: Asked = { address: context.address, doing: `store ${file.path}` };
  if (!(step > 0) || parts.length !== Math.ceil(size_bytes / step) || parts.some((part, i) => part.number !== i + 1)) {
    throw nonsense(asked, "it does not give one address a part");
  }
  const sent = new Map<number, number>();
  const tags = new Map<number, string>();
  await inParallel(parts, undefined, async ({ number, href }) => {
    const bounds = { start: (number - 1) * step, end: Math.min(number * step, size_bytes) };
    const etag = await put(file, href, bounds, context, {}, (bytes) => {
      sent.set(number, bytes);
      context.onProgress(
        file,
        [...sent.values()].reduce((sum, part) => sum + part, 0),
      );
    });
    if (etag === undefined) throw nonsense(asked, "storage gives no ETag for a part");
    tags.set(number, etag);
  });
  const body = { oid: file.sha256, parts: parts.map(({ number }) => ({ partNumber: number, etag: tags.get(number) })) };
  await post(file, action.href, body, {}, context);
}

/** Returns the ETag that storage gives what it has taken. */
async function put(
  file: LargeFile,
  href: string,
  { start, end, sha256 }: { readonly start: number; readonly end: number; readonly sha256?: string },
  context: UploadContext,
  header: Readonly<Record<string, string>>,
  onProgress: (sent_bytes: number) => void,
): Promise<string | undefined> {
  const { environment, kill } = context;
  const { client } = environment;
  const broken = new AbortController();
  let failure: Error | undefined;
  const body = (alive: () => void): Blob => {
    let sent = 0;
    onProgress(sent);
    return new FilePart({
      file: file.file,
      start,
      end,
      ...(sha256 === undefined ? {} : { sha256 }),
      onPiece: (bytes) => {
        alive();
        sent += bytes;
        onProgress(sent);
      },
      onFailure: (error) => {
        failure = error;
        broken.abort();
      },
    });
  };
  const request = { method: "PUT", url: () => href, headers: () => header } as const;
  const signal = kill === undefined ? broken.signal : AbortSignal.any([broken.signal, kill]);
  try {
    return await client.limited(href, () =>
      client.send({ ...request, body, signal, timeout_ms: UPLOAD_TIMEOUT_MS }, async (answer) => {
        await accepted(answer, file, context);
        return answer.header("etag");
      }),
    );
  } catch (error) {
    throw failure ?? error;
  }
}

async function confirm(file: LargeFile, { href, header }: Action, context: UploadContext): Promise<void> {
  await post(file, href, { oid: file.sha256, size: file.size_bytes }, header ?? {}, context);
}

async function post(
  file: LargeFile,
  href: string,
  json: object,
  header: Readonly<Record<string, string>>,
  context: UploadContext,
): Promise<void> {
  const { environment, kill } = context;
  const { client } = environment;
  const headers = { ...header, ...LFS_JSON };
  const request = {
    method: "POST",
    url: () => href,
    headers: () => headers,
    body: () => JSON.stringify(json),
  } as const;
  await client.limited(href, () =>
    client.send({ ...request, ...(kill && { signal: kill }) }, (answer) => accepted(answer, file, context)),
  );
}

/** Throws {@link AddressRefused} where it was not. */
async function accepted(answer: Answer, file: LargeFile, { address, environment }: UploadContext): Promise<void> {
  const text = await bodyText(answer);
  if (answer.status < 300) return;
  throw new AddressRefused(
    answer.status === 401 || answer.status === 403 || answer.status === 404
      ? storageRefused(answer.status, file)
      : refusal(answer.status, text, { address, doing: `store ${file.path}` }, environment),
  );
}

/** These say nothing about the token: it is not sent there. */
function storageRefused(status: number, { path }: LargeFile): RunError {
  return new RunError({
    code: "run/hub-storage",
    what: `the Hub's storage does not take ${path} (HTTP ${status}), at ${MAX_ADDRESSES} addresses that the Hub gave for it`,
    fix: "run the same command again: it goes on where it stopped. Where a proxy stands between, let PUT requests to storage pass",
  });
}

/** A few at a time; the first failure ends it, when what is under way has settled. Nothing is begun after `stop`. */
async function inParallel<Item>(
  items: readonly Item[],
  stop: AbortSignal | undefined,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (failure !== undefined || stop?.aborted === true) return;
      try {
        await run(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
}
