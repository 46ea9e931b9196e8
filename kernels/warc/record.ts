/**
 * The head of a WARC record: version, type, id and the other named fields (ISO 28500, versions 0.17 to 1.1).
 *
 * Invariant: a head has the version, a type, an id and a length, or it is a fault. Price: some µs a record.
 */
import { type Headers, headerBlockEnd, headersOf } from "./header-block.ts";

export interface WarcHead {
  readonly type: string;
  /** As it is written, with its angle brackets: `<urn:uuid:…>`. */
  readonly id: string;
  readonly headers: Headers;
  /** Where the content begins in the bytes that the head was read from. */
  readonly content_at: number;
  readonly content_bytes: number;
}

/** How every record begins. */
export const WARC_MAGIC = new TextEncoder().encode("WARC/");

/** What is said of bytes that do not begin like a record. */
export const NO_RECORD = "no WARC record stands where one should begin";

/** A longer head is none. */
const MAX_WARC_HEAD_BYTES = 1 << 20;

const VERSION = /^WARC\/\d+\.\d+$/;

/** The head at `at`, what is wrong with it, or undefined where `bytes` end before it does. */
export function warcHead(bytes: Uint8Array, at: number): WarcHead | string | undefined {
  const end = headerBlockEnd(bytes, at);
  if (end < 0) return bytes.length - at > MAX_WARC_HEAD_BYTES ? "the head of the record has no end" : undefined;
  const [version = "", ...lines] = Buffer.from(bytes.subarray(at, end)).toString("utf8").split(/\r?\n/);
  if (!VERSION.test(version)) return NO_RECORD;
  const headers = headersOf(lines);
  if (headers === undefined) return "a line of the record's head is no field";
  const type = headers.get("warc-type");
  const id = headers.get("warc-record-id");
  const length = headers.get("content-length") ?? "";
  if (type === undefined) return "the record has no WARC-Type";
  if (id === undefined) return "the record has no WARC-Record-ID";
  if (!/^\d{1,15}$/.test(length)) return "the record has no Content-Length";
  return { type: type.toLowerCase(), id, headers, content_at: end, content_bytes: Number(length) };
}

/** The address that a record is about. Old writers put it in angle brackets. */
export function targetOf({ headers }: WarcHead): string | null {
  const target = headers.get("warc-target-uri");
  return target === undefined ? null : target.replace(/^<(.*)>$/, "$1");
}

/** Where blank lines behind a record end. */
export function skipBlankLines(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x0a || bytes[at] === 0x0d) at++;
  return at;
}
