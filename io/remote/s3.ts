/**
 * Files of S3 stores: `s3://BUCKET/PATH` and patterns of them, listed and read in ranges.
 *
 * Identity is the ETag with the length; every response must have it, so an object that is replaced while it is read ends the run. Invariants:
 * what a listing names becomes part of row addresses, so a name that could mean another place is refused; folder marks are no files.
 * Price: one request a thousand listed objects, with keys below a pattern's fixed part alone; one request a range.
 */
import { DataError, RecipeError } from "../../batch/errors.ts";
import type { IoEnvironment } from "../environment.ts";
import { globDepth, globMatcher, splitPattern } from "../local/glob.ts";
import type { ByteSource, ShardRef } from "../source.ts";
import { type Aws, formatS3, parseS3, refusalCode, type S3Place } from "./aws.ts";
import type { Answer, HttpRequest } from "./fetch.ts";
import { etagOf, remoteIdentity } from "./identity.ts";
import { RemoteFile } from "./remote.ts";

interface Listed {
  readonly key: string;
  readonly size_bytes: number;
  readonly etag: string;
  readonly modified: string;
}

/** The objects that a location or pattern names. Throws RecipeError `recipe/no-match`, `recipe/s3-path`; DataError `data/forbidden`, `data/unsafe-name`. */
export async function findS3(location: string, env: IoEnvironment): Promise<ShardRef[]> {
  const { bucket, key } = parseS3(location);
  const { base, rest, isGlob } = splitPattern(key);
  if (!isGlob) return [await describeObject({ bucket, key }, env)];
  const prefix = base === "" ? "" : `${base}/`;
  const matches = globMatcher(rest);
  const shards: ShardRef[] = [];
  // The part of the first segment before its first magic sign narrows the listing further.
  const fixed = /^[^*?[\]{}()!+@\\]*/.exec(rest)?.[0] ?? "";
  const narrowed = prefix + (fixed.includes("/") ? "" : fixed);
  for await (const object of list({ bucket, key: narrowed }, globDepth(rest) === 0, env)) {
    if (object.key.endsWith("/")) continue;
    const relative = object.key.slice(prefix.length);
    if (!matches(relative)) continue;
    checkName(bucket, object.key);
    shards.push(refOf({ bucket, key: object.key }, relative, object));
  }
  if (shards.length > 0) return shards;
  throw new RecipeError({
    code: "recipe/no-match",
    what: `no object matches ${location}`,
    fix: "correct the bucket or the pattern; `*` stands for names inside one folder, `**` for folders",
  });
}

/** Opens a planned object; makes no request. */
export function openS3(ref: ShardRef, env: IoEnvironment): ByteSource {
  const place = parseS3(ref.location);
  const { aws } = env;
  return new RemoteFile({
    client: env.client,
    name: ref.location,
    url: () => aws.urlOf(place).href,
    prepare: () => aws.ready(),
    credentials: (url) => aws.headersFor({ method: "GET", url: new URL(url) }, place.bucket),
    byteLength: ref.size_bytes,
    identity: ref.identity,
    ...etagOf(ref.identity),
    max_attempts: env.retry.max_attempts,
    refused: (answer, body) => refused(answer, body, place, aws),
  });
}

async function describeObject(place: S3Place, env: IoEnvironment): Promise<ShardRef> {
  if (place.key === "" || place.key.endsWith("/")) {
    throw new RecipeError({
      code: "recipe/no-match",
      what: `${formatS3(place)} names a folder, not a file`,
      fix: `write ${formatS3(place)}*.parquet, or \`**\` for all folders below`,
    });
  }
  checkName(place.bucket, place.key);
  const name = place.key.split("/").at(-1) ?? "";
  // One byte and not HEAD, whose refusals have no body that says why.
  return ask(place, {}, { range: "bytes=0-0" }, env, async (answer) => {
    await answer.discard();
    const length = answer.status === 200 ? answer.header("content-length") : totalOf(answer);
    if (length === undefined || !/^\d+$/.test(length)) {
      throw new DataError({
        code: "data/no-length",
        what: `the store does not say how long ${formatS3(place)} is`,
        why: "without its length a cut download would look complete",
        fix: "check that AWS_ENDPOINT_URL_S3 is the address of an S3 store",
      });
    }
    const [etag = "", modified = ""] = [answer.header("etag"), answer.header("last-modified")];
    return refOf(place, name, { key: place.key, size_bytes: Number(length), etag, modified });
  });
}

/** Bytes of the object that a range was asked of. An empty one has none to give: 416, and not every store tells its length then. */
function totalOf(answer: Answer): string | undefined {
  const total = answer.header("content-range")?.split("/")[1];
  return answer.status === 416 ? (total ?? "0") : total;
}

/** Objects whose keys begin with `place.key`; where `flat`, those alone that no further slash parts from it. */
async function* list(place: S3Place, flat: boolean, env: IoEnvironment): AsyncGenerator<Listed> {
  for (let token: string | undefined; ; ) {
    const query: Record<string, string> = {
      "list-type": "2",
      prefix: place.key,
      ...(flat && { delimiter: "/" }),
      ...(token !== undefined && { "continuation-token": token }),
    };
    const page = await ask({ bucket: place.bucket, key: "" }, query, {}, env, async (answer) =>
      readPage((await answer.bytes()).toString()),
    );
    yield* page.objects;
    if (page.next === undefined) return;
    if (page.next === token) throw brokenListing(place, "its pages go round in a circle");
    token = page.next;
  }
}

async function ask<Result>(
  place: S3Place,
  query: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  env: IoEnvironment,
  consume: (answer: Answer) => Promise<Result>,
): Promise<Result> {
  const { aws, client } = env;
  await aws.ready();
  const request: HttpRequest = {
    url: () => aws.urlOf(place, query).href,
    prepare: () => aws.ready(),
    headers: () => ({ ...headers, "accept-encoding": "identity" }),
    credentials: (url) => aws.headersFor({ method: "GET", url: new URL(url) }, place.bucket),
  };
  return client.limited(request.url(), () =>
    client.send(request, async (answer) => {
      if (answer.status < 300 || answer.status === 416) return consume(answer);
      throw refused(answer, await answer.message(), place, aws);
    }),
  );
}

/** One page of a listing. */
async function readPage(xml: string): Promise<{ readonly objects: Listed[]; readonly next: string | undefined }> {
  const { Parser } = await import("htmlparser2");
  const objects: Listed[] = [];
  let fields: Record<string, string> | undefined;
  const page: Record<string, string> = {};
  let text = "";
  const parser = new Parser(
    {
      onopentag: (name) => {
        if (name === "Contents") fields = {};
        text = "";
      },
      ontext: (piece) => {
        text += piece;
      },
      onclosetag: (name) => {
        if (name === "Contents" && fields !== undefined) {
          const { Key = "", Size = "", ETag = "", LastModified = "" } = fields;
          if (Key === "" || !/^\d+$/.test(Size)) throw brokenListing(undefined, "an object has no key or no size");
          objects.push({ key: Key, size_bytes: Number(Size), etag: ETag, modified: LastModified });
          fields = undefined;
        } else (fields ?? page)[name] = text;
        text = "";
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(xml);
  if (!("IsTruncated" in page)) throw brokenListing(undefined, "the answer is no listing");
  const { IsTruncated, NextContinuationToken = "" } = page;
  if (IsTruncated === "true" && NextContinuationToken === "") throw brokenListing(undefined, "a page has no successor");
  return { objects, next: IsTruncated === "true" ? NextContinuationToken : undefined };
}

function refOf(place: S3Place, key: string, { size_bytes, etag, modified }: Listed): ShardRef {
  // Some stores leave the quotes out.
  const quoted = /^[^"/]+$/.test(etag) ? `"${etag}"` : etag;
  return {
    key,
    location: formatS3(place),
    size_bytes,
    identity: remoteIdentity({ etag: quoted, modified }, size_bytes),
  };
}

/** Names become addresses and paths; a control character or a step upwards has no business there. */
function checkName(bucket: string, key: string): void {
  const hasSafeParts = key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (hasSafeParts && !/[\p{Cc}\\]/u.test(key)) return;
  throw new DataError({
    code: "data/unsafe-name",
    what: `bucket ${bucket} has an object named ${JSON.stringify(key)}`,
    why: "empty parts, `.`, `..`, backslashes and control characters mean other places on other machines",
    fix: "rename it, or narrow the pattern so that it does not match",
  });
}

function refused(answer: Answer, body: string, place: S3Place, aws: Aws): Error {
  const code = refusalCode(body);
  const again = aws.learn(answer, code, place.bucket);
  if (again !== undefined) return again;
  const told = `HTTP ${answer.status}${code === "" ? "" : ` ${code}`}`;
  const where = place.key === "" ? `bucket ${place.bucket}` : formatS3(place);
  if (answer.status === 404 || answer.status === 410) {
    return new RecipeError({ code: "recipe/no-match", what: `there is no ${where} (${told})` });
  }
  if (answer.status === 412) {
    return new DataError({ code: "data/changed", what: `${where} is not the object that was planned (${told})` });
  }
  return new DataError({
    code: "data/forbidden",
    what: `${where} cannot be read ${aws.who}, region ${aws.regionOf(place.bucket)}: ${told}`,
    fix: "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL_S3, and what the key may do",
  });
}

function brokenListing(place: S3Place | undefined, problem: string): DataError {
  return new DataError({
    code: "data/corrupt-listing",
    what: `${place === undefined ? "a store" : formatS3(place)} lists its objects in a way that cannot be: ${problem}`,
    fix: "check that AWS_ENDPOINT_URL_S3 is the address of an S3 store",
  });
}
