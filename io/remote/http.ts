/**
 * Files on web servers: one URL, one file.
 *
 * Identity is the strong ETag with the length, else `Last-Modified` with the length, else the length alone. The last one is weak: a file
 * replaced by one of equal length goes unnoticed, so pin such input by a local copy or a Hub revision.
 * Invariant: a URL with credentials is refused, because locations are printed in plans.
 */
import { DataError, RecipeError } from "../../batch/errors.ts";
import type { IoEnvironment } from "../environment.ts";
import type { ByteSource, ShardRef } from "../source.ts";
import type { Answer } from "./fetch.ts";
import { etagOf, remoteIdentity } from "./identity.ts";
import { redactUrl } from "./redact.ts";
import { RemoteFile } from "./remote.ts";

const SECRET_PARAMETERS =
  /^(x-amz-|x-goog-|awsaccesskeyid$|signature$|sig$|key-pair-id$|policy$|token$|access_token$|api_?key$)/i;

/** The one file at `url`. Throws RecipeError `recipe/no-match`, `recipe/secret-in-url`, `recipe/http-glob`. */
export async function findHttp(url: string, env: IoEnvironment): Promise<ShardRef> {
  const parsed = checkUrl(url);
  const head = await env.client.limited(url, () => describeFile(url, env));
  if (head.size_bytes === undefined) {
    throw new DataError({
      code: "data/no-length",
      what: `the server of ${redactUrl(url)} does not say how long the file is`,
      why: "without its length a cut download would look complete",
      fix: "download the file and name the local copy in the recipe",
    });
  }
  return {
    key: decodeURIComponent(parsed.pathname.split("/").at(-1) ?? ""),
    location: url,
    size_bytes: head.size_bytes,
    identity: remoteIdentity(head, head.size_bytes),
  };
}

/** Opens a planned URL; makes no request. */
export function openHttp(ref: ShardRef, env: IoEnvironment): ByteSource {
  return new RemoteFile({
    client: env.client,
    name: redactUrl(ref.location),
    url: () => ref.location,
    byteLength: ref.size_bytes,
    identity: ref.identity,
    ...etagOf(ref.identity),
    max_attempts: env.retry.max_attempts,
    refused: ({ status }) => refused(ref.location, status),
  });
}

interface Head {
  readonly size_bytes: number | undefined;
  readonly etag: string | undefined;
  readonly modified: string | undefined;
}

function checkUrl(url: string): URL {
  const parsed = new URL(url);
  const secret = [...parsed.searchParams.keys()].find((name) => SECRET_PARAMETERS.test(name));
  if (parsed.username || parsed.password || secret) {
    throw new RecipeError({
      code: "recipe/secret-in-url",
      what: `${redactUrl(url)} carries a secret (${secret ?? "user information"})`,
      why: "locations are written to plans and messages",
      fix: "download the file and name the local copy in the recipe",
    });
  }
  if (/[*{[]/.test(decodeURIComponent(parsed.pathname))) {
    throw new RecipeError({
      code: "recipe/http-glob",
      what: `${redactUrl(url)} is a pattern, and web servers cannot list files`,
      fix: "list the URLs one by one under `from`",
    });
  }
  if (parsed.pathname.endsWith("/")) {
    throw new RecipeError({ code: "recipe/no-match", what: `${redactUrl(url)} names a folder, not a file` });
  }
  return parsed;
}

async function describeFile(url: string, env: IoEnvironment): Promise<Head> {
  const headers = () => ({ "accept-encoding": "identity" });
  const head = await env.client.send({ method: "HEAD", url: () => url, headers }, async (answer) => answer);
  const length = head.header("content-length");
  if (head.status === 200 && length !== undefined) return headOf(head, Number(length));
  if (head.status === 401 || head.status === 404) throw refused(url, head.status);
  // Some servers refuse HEAD, or leave the length out of it; one byte tells it too.
  const ranged = () => ({ ...headers(), range: "bytes=0-0" });
  return env.client.send({ url: () => url, headers: ranged }, async (answer) => {
    await answer.discard();
    if (answer.status === 200) return headOf(answer, numberOf(answer.header("content-length")));
    if (answer.status === 206) return headOf(answer, numberOf(answer.header("content-range")?.split("/")[1]));
    // A range of an empty file cannot be satisfied.
    if (answer.status === 416) return headOf(answer, 0);
    throw refused(url, answer.status);
  });
}

function headOf(answer: Answer, size_bytes: number | undefined): Head {
  return { size_bytes, etag: answer.header("etag"), modified: answer.header("last-modified") };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function refused(url: string, status: number): Error {
  const name = redactUrl(url);
  if (status === 404 || status === 410) {
    return new RecipeError({ code: "recipe/no-match", what: `there is no file at ${name} (HTTP ${status})` });
  }
  return new DataError({
    code: "data/forbidden",
    what: `${name} cannot be read: HTTP ${status}`,
    fix: "download the file with the access you have and name the local copy in the recipe",
  });
}
