/**
 * An HTTP response as archives keep it: status, fields and body.
 *
 * Invariant: a body is what the server sent; taking its chunks apart loses no byte of it. Price: a string for the head, a copy for a body in chunks.
 */
import { uint8At } from "../../batch/numbers.ts";
import { type Headers, headerBlockEnd, headersOf } from "../warc/header-block.ts";

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const STATUS = /^HTTP\/\d(?:\.\d)?\s+(\d{3})\b/i;

/** The response that `bytes` hold, undefined where they hold none. Fields that are none are passed over: servers send anything. */
export function httpResponse(bytes: Uint8Array): HttpResponse | undefined {
  const end = headerBlockEnd(bytes, 0);
  // A response that was cut in its head has no body.
  const head = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("latin1");
  const [line = "", ...lines] = head.split(/\r?\n/);
  const status = STATUS.exec(line)?.[1];
  if (status === undefined) return undefined;
  const fields = lines.filter((each, i) => each.indexOf(":") > 0 || (i > 0 && /^[ \t]/.test(each)));
  return {
    status: Number(status),
    headers: headersOf(fields) ?? new Map(),
    body: bytes.subarray(end < 0 ? bytes.length : end),
  };
}

const NEWLINE = 0x0a;
const MAX_SIZE_LINE = 1024;

/** The body that `bytes` hold in chunks; undefined where they are not in chunks, as where an archive has taken them apart and left the field. */
export function withoutChunks(bytes: Uint8Array): { readonly body: Uint8Array; readonly isCut: boolean } | undefined {
  const pieces: Uint8Array[] = [];
  for (let at = 0; ; ) {
    const newline = bytes.subarray(at, at + MAX_SIZE_LINE).indexOf(NEWLINE);
    if (newline < 0) return pieces.length === 0 ? undefined : { body: Buffer.concat(pieces), isCut: true };
    const size = chunkSize(bytes, at, at + newline);
    if (size === undefined) return undefined;
    at += newline + 1;
    if (size === 0) return { body: Buffer.concat(pieces), isCut: false };
    pieces.push(bytes.subarray(at, at + size));
    at += size;
    if (at > bytes.length) return { body: Buffer.concat(pieces), isCut: true };
    if (bytes[at] === 0x0d) at++;
    if (bytes[at] === NEWLINE) at++;
  }
}

/** The size that the line `[from, to)` gives in hexadecimal digits, before an extension. */
function chunkSize(bytes: Uint8Array, from: number, to: number): number | undefined {
  let size = 0;
  let digits = 0;
  for (let at = from; at < to; at++) {
    const digit = hexDigit(uint8At(bytes, at));
    if (digit === undefined) return digits > 0 && isSizeEnd(uint8At(bytes, at)) ? size : undefined;
    size = size * 16 + digit;
    if (++digits > 8) return undefined;
  }
  return digits > 0 ? size : undefined;
}

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

/** A blank, a return, or the semicolon of an extension. */
function isSizeEnd(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x3b;
}

/** The media type in a Content-Type, in lower case and without parameters; null where there is none. */
export function mediaType(contentType: string | undefined): string | null {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  return type !== undefined && /^[^\s/]+\/[^\s/]+$/.test(type) ? type : null;
}

/** The charset parameter of a Content-Type. */
export function charsetParameter(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;]+))/i
    .exec(contentType ?? "")
    ?.slice(1)
    .find((label) => label);
}
