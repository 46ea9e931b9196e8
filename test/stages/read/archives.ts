/** Web archives made in memory: records, HTTP messages, members. */
import { gzipSync } from "node:zlib";

type Bytes = string | Uint8Array;

export interface RecordParts {
  readonly type?: string;
  readonly url?: string;
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Bytes;
  /** What the head says, where that is not so. */
  readonly length?: number;
}

/** A record with the two line ends behind it. */
export function record({ type = "response", url, id = "a", headers = {}, content = "", length }: RecordParts): Buffer {
  const body = Buffer.from(content);
  const fields = {
    "WARC-Type": type,
    "WARC-Record-ID": `<urn:uuid:${id}>`,
    "WARC-Date": "2024-05-18T01:58:10Z",
    ...(url && { "WARC-Target-URI": url }),
    ...(type === "response" && { "Content-Type": "application/http; msgtype=response" }),
    ...headers,
    "Content-Length": String(length ?? body.length),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`WARC/1.0\r\n${lines.join("")}\r\n`), body, Buffer.from("\r\n\r\n")]);
}

export const INFO = record({ type: "warcinfo", id: "info", content: "software: test\r\n" });

/** An HTTP response. */
export function http(body: Bytes, headers: Readonly<Record<string, string>> = { "Content-Type": "text/html" }): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join("")}\r\n`), Buffer.from(body)]);
}

/** A member for each record. */
export function members(records: readonly Uint8Array[], level = 6): Buffer {
  return Buffer.concat(records.map((bytes) => gzipSync(bytes, { level })));
}
