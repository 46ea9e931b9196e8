/**
 * Reads the pages of WARC files: responses with their HTTP message opened and their charset decoded.
 *
 * Owns what of a record is the text. Invariants: a page is decoded as browsers do it, from what the byte order mark, the server or the page says, and the
 * same on every Node version; what could not be decoded is reported. Price: 100 MB/s of pages on one core from gzip, 400 from plain files.
 */
import { isUtf8 } from "node:buffer";
import * as z from "zod";
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { withoutEncoding } from "../../io/codecs/content-encoding.ts";
import type { Cell } from "../../io/formats/cells.ts";
import { charsetName, toUtf8 } from "../../io/formats/charsets.ts";
import { byteOrderMark, metaCharset } from "../../kernels/html/charset.ts";
import { charsetParameter, httpResponse, mediaType, withoutChunks } from "../../kernels/http/message.ts";
import { targetOf, type WarcHead } from "../../kernels/warc/record.ts";
import { defineStage, type SourceOperator } from "../define.ts";
import { BATCH_TARGET, type BatchTarget } from "./batch-assembler.ts";
import type { ColumnSpec } from "./column-builders.ts";
import { SOURCE_COLUMNS } from "./columns.ts";
import { ROW_TOO_LARGE, type RowFault } from "./row-faults.ts";
import { isSequential, rowRangeOptions } from "./row-range.ts";
import { archiveSource, RECORD_COLUMNS, splitOption } from "./warc-records.ts";

const options = z.strictObject({
  types: z
    .array(z.enum(["response", "resource", "conversion"]))
    .min(1)
    .default(["response", "resource"])
    .describe(
      "types of records that are rows. Requests, metadata and revisits are none: a revisit has no content of its own, it names the record that has",
    ),
  mime: z
    .array(
      z.string().regex(/^[^\s/;]+\/(?:\*|[^\s/;]+)$/, "write a media type, `text/html`, or all of one kind, `text/*`"),
    )
    .min(1)
    .nullable()
    .default(["text/html", "application/xhtml+xml"])
    .describe(
      "media types of records that are rows, as the crawler has seen them or else as the server says; null for all",
    ),
  ...splitOption,
  ...rowRangeOptions,
});
type Options = z.output<typeof options>;

const COLUMNS: readonly ColumnSpec[] = [
  ...RECORD_COLUMNS,
  { name: "charset", kind: "utf8" },
  { name: "http_status", kind: "int32" },
  { name: "truncated", kind: "utf8" },
];

/** What a record carries, whatever brought it. */
interface Payload {
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** What HTTP calls content encodings. */
  readonly encodings: string | undefined;
  readonly status: number | null;
  /** Whether it ends before its end: the crawler says so, or its last chunk is missing. */
  readonly isCut: boolean;
}

function isFault(found: object): found is RowFault {
  return "kind" in found;
}

/** The record's payload, with what the way of sending it had put around it taken off. */
function payloadOf(head: WarcHead, content: Uint8Array): Payload | RowFault {
  const contentType = head.headers.get("content-type");
  const isCut = head.headers.has("warc-truncated");
  if (mediaType(contentType) !== "application/http")
    return { body: content, contentType, encodings: undefined, status: null, isCut };
  const response = httpResponse(content);
  if (response === undefined) return { kind: "bad_http", message: "the record holds no HTTP response" };
  const { status, headers } = response;
  const isChunked = /\bchunked\b/i.test(headers.get("transfer-encoding") ?? "");
  const chunks = isChunked ? withoutChunks(response.body) : undefined;
  const body = chunks?.body ?? response.body;
  return {
    body,
    contentType: headers.get("content-type"),
    encodings: headers.get("content-encoding"),
    status,
    isCut: isCut || chunks?.isCut === true,
  };
}

/** The body without its content encodings. */
function decoded({ body, encodings, isCut }: Payload): Uint8Array | RowFault {
  if (encodings === undefined) return body;
  const plain = withoutEncoding(body, encodings, MAX_ROW_BYTES, isCut);
  if ("bytes" in plain) return plain.bytes;
  if ("tooLarge" in plain) return { kind: "row_too_large", message: ROW_TOO_LARGE };
  return { kind: "bad_http", message: plain.fault };
}

/** The charset of a page: by its mark, by what the server says, by what it says itself; else UTF-8 where it is that, and windows-1252. */
async function charsetOf(body: Uint8Array, contentType: string | undefined): Promise<string> {
  const mark = byteOrderMark(body);
  if (mark !== undefined) return mark.charset;
  for (const label of [charsetParameter(contentType), metaCharset(body)]) {
    const name = label === undefined ? undefined : await charsetName(label);
    if (name !== undefined) return name;
  }
  return isUtf8(body) ? "utf-8" : "windows-1252";
}

/** The operator behind `read/warc`; tests give it small batches. */
export function warcSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  const types = new Set<string>(given.types);
  const isWanted = mimeFilter(given.mime);
  return archiveSource(
    given,
    {
      columns: COLUMNS,
      wants: ({ type }) => types.has(type),
      row: async (head, content) => {
        const payload = payloadOf(head, content);
        if (isFault(payload)) return payload;
        const mime = mediaType(head.headers.get("warc-identified-payload-type")) ?? mediaType(payload.contentType);
        if (!isWanted(mime)) return undefined;
        const body = decoded(payload);
        if (!(body instanceof Uint8Array)) return body;
        if (body.length === 0) return { kind: "empty_text", message: "the record has no body" };
        const charset = await charsetOf(body, payload.contentType);
        const text = await toUtf8(body, charset);
        if (text.length > MAX_ROW_BYTES) return { kind: "row_too_large", message: ROW_TOO_LARGE };
        const cut = head.headers.get("warc-truncated") ?? (payload.isCut ? "chunk" : null);
        const cells: Cell[] = [text, head.id, targetOf(head), head.headers.get("warc-date") ?? null];
        return [...cells, mime, charset, payload.status, cut];
      },
    },
    target,
  );
}

function mimeFilter(given: Options["mime"]): (mime: string | null) => boolean {
  if (given === null) return () => true;
  const whole = new Set(given.map((mime) => mime.toLowerCase()));
  return (mime) => mime !== null && (whole.has(mime) || whole.has(`${mime.split("/", 1)[0]}/*`));
}

export default defineStage({
  name: "read/warc",
  version: 1,
  kind: "source",
  summary: "Reads the pages of WARC files: HTML as UTF-8, with address, date and what the server said.",
  reference: "ISO 28500 (WARC 1.1); Encoding Standard; HTML Standard, 13.2.3 (charsets)",
  options,
  reads: [],
  writes: [...SOURCE_COLUMNS, ...COLUMNS.filter(({ name }) => name !== "text" && name !== "id")],
  sequential: isSequential,
  reasons: {},
  create: (given) => warcSource(given),
  examples: [],
});
