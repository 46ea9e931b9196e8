/**
 * The value at a path of one JSON text after the other: found on bytes, without parsing the rest into objects.
 *
 * Invariant: a text is looked into only where all of it is JSON; of equal keys the last wins. Price: a copy of the text and the scanner's pass
 * over it. Memory: the largest text.
 */
import { JsonKind, JsonScanner, SCAN_SLACK_BYTES } from "./json-scan.ts";
import type { Unescaper } from "./json-scan-strings.ts";
import { listElement } from "./list-element.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** A path that leads through a list: to the list, to one of its elements, and on from there. */
interface ListStep {
  readonly list: JsonPath;
  readonly index: number;
  readonly rest: JsonListPath;
}

/** What is found at a path. */
export interface JsonFinder {
  find(bytes: Uint8Array, start: number, end: number): JsonKind | undefined;
  readonly value: Uint8Array;
}

export class JsonPath implements JsonFinder {
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

/** A path in which a number is a place in a list, from 0, unless it is the key of an object. */
export class JsonListPath implements JsonFinder {
  readonly #path: JsonPath;
  readonly #step: ListStep | undefined;
  #found: JsonFinder;

  constructor(keys: readonly string[], unescaper?: Unescaper) {
    this.#path = new JsonPath(keys, unescaper);
    this.#found = this.#path;
    const at = keys.findIndex((key) => /^\d{1,9}$/.test(key));
    if (at === -1) return;
    const rest = new JsonListPath(keys.slice(at + 1), unescaper);
    this.#step = { list: new JsonPath(keys.slice(0, at), unescaper), index: Number(keys[at]), rest };
  }

  find(bytes: Uint8Array, start: number, end: number): JsonKind | undefined {
    this.#found = this.#path;
    const kind = this.#path.find(bytes, start, end);
    if (kind !== JsonKind.missing || this.#step === undefined) return kind;
    const { list, index, rest } = this.#step;
    if (list.find(bytes, start, end) !== JsonKind.array) return JsonKind.missing;
    const element = listElement(list.value, index);
    if (element === undefined) return JsonKind.missing;
    this.#found = rest;
    return rest.find(element, 0, element.length);
  }

  get value(): Uint8Array {
    return this.#found.value;
  }
}
