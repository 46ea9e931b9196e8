/**
 * JSON texts put into a line as they are, after proof that they are JSON.
 *
 * Invariant: the digits, the order and the escapes of a text stay; line breaks between its tokens become spaces,
 * because a line has none. Price: a copy and a scan, some GB/s.
 */
import type { ByteBuffer } from "../byte-buffer.ts";
import { JsonScanner } from "./json-scan.ts";
import type { Unescaper } from "./json-scan-strings.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The scanner reads in words past the newline behind the text. */
const SLACK_BYTES = 16;

export class JsonSplicer {
  readonly #scanner: JsonScanner;
  #bytes = new Uint8Array(1 << 16);

  constructor(unescaper?: Unescaper) {
    this.#scanner = new JsonScanner([], unescaper);
    this.#scanner.attach(this.#bytes);
  }

  /**
   * Appends the text `source[start, end)`. Returns -1, or the byte of the text that cannot be JSON, and then appends
   * nothing.
   */
  splice(source: Uint8Array, start: number, end: number, out: ByteBuffer): number {
    const length = end - start;
    if (this.#bytes.length < length + SLACK_BYTES) {
      this.#bytes = new Uint8Array(Math.max(length + SLACK_BYTES, 2 * this.#bytes.length));
      this.#scanner.attach(this.#bytes);
    }
    const bytes = this.#bytes;
    bytes.set(source.subarray(start, end));
    bytes[length] = NEWLINE;
    if (bytes.indexOf(NEWLINE) < length) joinLines(bytes, length);
    const problem = this.#scanner.scan(0, length);
    if (problem < 0) out.append(bytes, 0, length);
    return problem;
  }
}

/** Makes spaces of the line breaks outside strings; those inside are errors that the scanner finds. */
function joinLines(bytes: Uint8Array, length: number): void {
  let inString = false;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) inString = !inString;
    else if (inString && byte === BACKSLASH) at++;
    else if (!inString && (byte === NEWLINE || byte === RETURN)) bytes[at] = SPACE;
  }
}
