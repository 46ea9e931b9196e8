/**
 * Gets the contents of files from Software Heritage by the ids that data sets of code have instead of texts: The Stack v2, Stack-Edu, Python-Edu.
 *
 * Owns what a content is asked by and how it becomes text. Invariants: an id that has been answered is never asked for again, since answers are kept in the journal; what was not
 * there, could not be decoded or was too large falls by name; contents whose SHA-1 is not their id are counted. Price: that of a GET, and a millisecond a megabyte.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { withoutEncoding } from "../../io/codecs/content-encoding.ts";
import { type SourceDecoder, sourceDecoder } from "../../io/formats/source-encoding.ts";
import { StoreBusy } from "../../io/object-store.ts";
import { ColumnPath } from "../cells.ts";
import { type Answer, defineStage, RetryLater, request, type StageResources } from "../define.ts";
import { requestOptions } from "../request-options.ts";

const options = z.strictObject({
  ...requestOptions,
  concurrency: requestOptions.concurrency.default(64),
  attempts: requestOptions.attempts.default(8),
  column: z.string().min(1).default("blob_id").describe("column with the id of the content"),
  from: z
    .string()
    .min(1)
    .default("s3://softwareheritage/content")
    .describe(
      "where contents lie, each under its id: a bucket, `s3://BUCKET/PREFIX`, or an address, `https://HOST/PATH`. Credentials and region come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION, a store of one's own from AWS_ENDPOINT_URL_S3",
    ),
  decode: z
    .enum(["utf-8", "src_encoding"])
    .default("src_encoding")
    .describe(
      "how contents become text: by the encoding in `encoding_column`, as The Stack v2 has it; or as UTF-8 from which what is none is left out, as Stack-Edu's card has it",
    ),
  encoding_column: z
    .string()
    .min(1)
    .default("src_encoding")
    .describe("column with the name of the content's encoding, where `decode` is src_encoding; null means UTF-8"),
  max_bytes: z
    .int()
    .min(1)
    .max(MAX_ROW_BYTES)
    .default(16 * 1024 * 1024)
    .describe("bytes that a content may have; larger ones fall"),
});
const REASONS = {
  no_id: "the row has no id of a content",
  missing_content: "the archive does not have the content",
  damaged_content: "the object is not gzip as a content must be",
  unknown_encoding: "the encoding of the content is none that is known",
  not_decodable: "the content is not of the encoding that it is said to be",
  empty_content: "the content is empty",
  too_large: "the content is larger than max_bytes",
};
type Reason = keyof typeof REASONS;

type Question = { readonly from: string; readonly id: string };
/** The object as it is, in base64: how it is decoded may change without asking again. */
type Fetched =
  | { readonly object: string }
  | { readonly lost: "missing_content" | "too_large"; readonly detail: string };
type Content =
  | { readonly text: string; readonly bytes: Uint8Array }
  | { readonly lost: Reason; readonly detail: string };

/** Counts of a span, or of all. */
type Account = {
  contents: number;
  content_bytes: number;
  /** Contents whose SHA-1, plain or as git has it, is not the id that they were asked by. */
  unverified: number;
};

const NOTHING: Readonly<Account> = { contents: 0, content_bytes: 0, unverified: 0 };

async function ask({ from, id }: Question, objects: StageResources["objects"], signal: AbortSignal): Promise<Fetched> {
  try {
    const object = await objects.get(from, id, MAX_ROW_BYTES, signal);
    if ("missing" in object) return { lost: "missing_content", detail: `HTTP ${object.missing}` };
    if ("tooLarge" in object) return { lost: "too_large", detail: "larger than any row may be" };
    return { object: Buffer.from(object.bytes).toString("base64") };
  } catch (error) {
    throw error instanceof StoreBusy ? new RetryLater(error.message) : error;
  }
}

/** What an object comes to. */
function contentOf(fetched: Fetched, encoding: string, maxBytes: number, decode: SourceDecoder): Content {
  if ("lost" in fetched) return fetched;
  const object = Buffer.from(fetched.object, "base64");
  const plain = withoutEncoding(object, "gzip", maxBytes, false);
  if ("tooLarge" in plain) return { lost: "too_large", detail: `more than ${maxBytes} bytes` };
  if ("fault" in plain) return { lost: "damaged_content", detail: plain.fault };
  const { bytes } = plain;
  if (bytes === object) return { lost: "damaged_content", detail: "it is not gzip" };
  if (bytes.length === 0) return { lost: "empty_content", detail: "0 bytes" };
  const text = decode(bytes, encoding);
  return "fault" in text ? { lost: text.fault, detail: encoding } : { text: text.text, bytes };
}

function isIdOf(id: string, content: Uint8Array): boolean {
  if (createHash("sha1").update(content).digest("hex") === id) return true;
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex") === id;
}

export default defineStage({
  name: "read/software-heritage",
  version: 1,
  kind: "request",
  summary: "Gets the contents of files from Software Heritage by their ids, as the text of rows.",
  reference: "The Stack v2 and Stack-Edu, dataset cards; AWS Signature Version 4",
  options,
  reads: ({ column, decode, encoding_column }) => [column, ...(decode === "src_encoding" ? [encoding_column] : [])],
  writes: [{ name: "text", kind: "utf8" }],
  reasons: REASONS,
  merge: (states) => {
    const sum: Account = { ...NOTHING };
    for (const state of states as unknown as readonly Account[])
      for (const key of ["contents", "content_bytes", "unverified"] as const) sum[key] += state[key];
    return sum;
  },
  create: (given, { objects }) => {
    const { from, max_bytes, concurrency, attempts, retry_ms } = given;
    const idOf = new ColumnPath(given.column);
    const encodingOf = given.decode === "src_encoding" ? new ColumnPath(given.encoding_column) : undefined;
    let decode: SourceDecoder | undefined;
    let account: Account = { ...NOTHING };
    return request({
      concurrency,
      attempts,
      retry_ms,
      prepare: async () => {
        decode ??= await sourceDecoder();
      },
      question: (batch, row): Question | undefined => {
        const id = textOf(idOf, batch, row);
        return id === null || id === "" ? undefined : { from, id };
      },
      ask: async (question, signal): Promise<Answer> => ask(question as Question, objects, signal),
      apply: (batch, answer, drop) => {
        if (decode === undefined) throw new Error("the stage was not prepared");
        const texts = new Utf8Builder();
        for (let row = 0; row < batch.rows; row++) {
          let text = "";
          const fetched = batch.alive.has(row) ? (answer(row) as Fetched | undefined) : undefined;
          if (fetched === undefined) drop(row, "no_id");
          else {
            const encoding = encodingOf === undefined ? "ignore" : (textOf(encodingOf, batch, row) ?? "utf-8");
            const content = contentOf(fetched, encoding, max_bytes, decode);
            if ("lost" in content) drop(row, content.lost, undefined, content.detail);
            else {
              text = content.text;
              account.contents++;
              account.content_bytes += content.bytes.length;
              if (!isIdOf(textOf(idOf, batch, row) ?? "", content.bytes)) account.unverified++;
            }
          }
          texts.appendString(text);
        }
        return new Map([["text", texts.finish()]]);
      },
      finish: () => {
        const done = account;
        account = { ...NOTHING };
        return done;
      },
    });
  },
  examples: [
    {
      columns: { blob_id: "8df0164c4e34402669262f277c81be417994085c", src_encoding: "UTF-8" },
      writes: { text: "print('hello')\n" },
    },
    {
      columns: { blob_id: "2d17ff2b5b8cc3a4b0d05a5bbc9f5dc7bdd4b9b4", src_encoding: "UTF-8" },
      drops: "missing_content",
    },
    { columns: { blob_id: null, src_encoding: null }, drops: "no_id" },
  ],
});

function textOf(path: ColumnPath, batch: Parameters<ColumnPath["of"]>[0], row: number): string | null {
  const cells = path.of(batch);
  return cells.read(row) === "text" ? Buffer.from(cells.bytes.subarray(cells.start, cells.end)).toString("utf8") : null;
}
