/**
 * Contents of files in the encodings that data sets of code name, as Python names them.
 *
 * Invariant: strict but for `ignore`: what is not of its encoding is a fault, as it is an exception in Python. Where Python and browsers mean different things by a name, Python's
 * counts: ISO-8859-1 has controls where windows-1252 has quotes. Price: see charsets.ts.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { validUtf8 } from "../../kernels/unicode/valid-utf8.ts";

export type DecodedContent = { readonly text: string } | { readonly fault: "unknown_encoding" | "not_decodable" };

const LATIN1 = /^(?:iso[-_ ]?8859[-_ ]?1|latin[-_ ]?1|l1|8859)$/;
const ASCII = /^(?:us[-_ ]?ascii|ascii|646)$/;
const UTF8 = /^(?:utf[-_ ]?8|u8|cp65001)$/;

/** Gives the text of contents; `ignore` is UTF-8 without what is none. A byte order mark stays, but that of UTF-16. */
export type SourceDecoder = (bytes: Uint8Array, encoding: string) => DecodedContent;

/** Loads the tables of encodings. */
export async function sourceDecoder(): Promise<SourceDecoder> {
  const { normalizeEncoding, TextDecoder } = await import("@exodus/bytes/encoding.js");
  return (bytes, encoding) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (encoding === "ignore") return { text: utf8(isUtf8(bytes) ? buffer : validUtf8(bytes)) };
    const name = encoding.trim().toLowerCase();
    if (UTF8.test(name)) return isUtf8(bytes) ? { text: utf8(buffer) } : { fault: "not_decodable" };
    if (ASCII.test(name)) return isAscii(bytes) ? { text: utf8(buffer) } : { fault: "not_decodable" };
    if (LATIN1.test(name)) return { text: buffer.toString("latin1") };
    const known = normalizeEncoding(name) ?? normalizeEncoding(name.replaceAll("_", "-"));
    if (known === null || known === "replacement") return { fault: "unknown_encoding" };
    // UTF-16 is of the order that its mark says.
    const isBigEndian = known === "utf-16le" && name === "utf-16" && bytes[0] === 0xfe && bytes[1] === 0xff;
    try {
      return { text: new TextDecoder(isBigEndian ? "utf-16be" : known, { fatal: true }).decode(bytes) };
    } catch {
      return { fault: "not_decodable" };
    }
  };
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
