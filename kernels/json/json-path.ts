/**
 * The value at a path of one JSON text after the other: found on bytes, without parsing the rest into objects.
 *
 * Invariant: a text is looked into only where all of it is JSON; of equal keys the last wins. Price: a copy of the text and the scanner's pass
 * over it. Memory: the largest text.
 */
import { JsonKind, JsonScanner, SCAN_SLACK_BYTES } from "./json-scan.ts";
import type { Unescaper } from "./json-scan-strings.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;

export class JsonPath {
  readonly #scanner: JsonScanner;
  #line = new Uint8Array(1 << 12);

  /** `keys` from the outermost object inwards; none stand for the whole value. */
  constructor(keys: readonly string[], unescaper?: Unescaper) {
    this.#scanner = new JsonScanner([keys], unescaper);
    this.#scanner.attach(this.#line);
  }

  /** What `bytes[start, end)` has at the path; undefined where it is no JSON. */
  find(bytes: Uint8Array, start: number, end: number): JsonKind | undefined {
    const length = end - start;
    if (length + 1 + SCAN_SLACK_BYTES > this.#line.length) {
      this.#line = new Uint8Array(Math.max(length + 1 + SCAN_SLACK_BYTES, this.#line.length * 2));
      this.#scanner.attach(this.#line);
    }
    const line = this.#line;
    line.set(bytes.subarray(start, end));
    line[length] = NEWLINE;
    // The scanner reads lines; between values a line end is white space like any other.
    for (let at = line.indexOf(NEWLINE); at < length; at = line.indexOf(NEWLINE, at + 1)) line[at] = SPACE;
    if (this.#scanner.scan(0, length) !== -1) return undefined;
    return (this.#scanner.kinds[0] as JsonKind | undefined) ?? JsonKind.missing;
  }

  /** What was found last: the content of a string, the text of anything else. A view, until the next `find`. */
  get value(): Uint8Array {
    return this.#scanner.value(0);
  }
}
