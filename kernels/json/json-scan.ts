/**
 * Finds wanted values in one line of JSON without making a JavaScript string, and proves on the way that the line is
 * JSON.
 *
 * Owns the grammar of RFC 8259 (what `JSON.parse` accepts) and `NaN`, `Infinity`, `-Infinity`, which Python writes; strings, numbers and
 * keys have modules of their own. Invariant: `scan` accepts a line exactly when `JSON.parse` accepts it with those words as null, given
 * that its bytes are valid UTF-8, which the caller checks. Of equal keys the last wins, also for a parent of a wanted key. Price: one pass, no native calls;
 * nesting is limited by memory only.
 */
import { findKey, type KeyNode, keyTree } from "./json-scan-keys.ts";
import { JsonStrings, type Unescaper } from "./json-scan-strings.ts";
import { atomKind, JsonKind, skipAtom, skipSpace } from "./json-scan-values.ts";

export { JsonKind } from "./json-scan-values.ts";

/** Bytes that must be readable after the newline that ends the scanned line: strings are read in words. */
export const SCAN_SLACK_BYTES = 8;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Whether `bytes[start, end)` is JSON whitespace and nothing else. */
export function isBlankLine(bytes: Uint8Array, start: number, end: number): boolean {
  return skipSpace(bytes, start) >= end;
}

/**
 * Scans line after line of one buffer. After {@link scan}, `kinds` says by wanted path what was found and {@link value}
 * gives its bytes, until the next scan.
 */
export class JsonScanner {
  readonly kinds: Uint8Array;
  /** Whether the line scanned last holds a number that is not finite, anywhere: then it is not JSON as it is. */
  hasNotFinite = false;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #root: KeyNode;
  readonly #strings: JsonStrings;
  #bytes: Uint8Array = new Uint8Array(0);
  #matched: KeyNode | undefined;
  #nodes: (KeyNode | undefined)[] = [];
  #opened = new Int32Array(64);
  #isObject = new Uint8Array(64);

  /**
   * Paths are lists of keys from the outermost object inwards. Equal paths share one value: give each once. With an
   * `unescaper` long strings are faster, and nothing else changes.
   */
  constructor(paths: readonly (readonly string[])[], unescaper?: Unescaper) {
    this.kinds = new Uint8Array(paths.length);
    this.#starts = new Int32Array(paths.length);
    this.#ends = new Int32Array(paths.length);
    this.#root = keyTree(paths);
    this.#strings = new JsonStrings(unescaper);
  }

  /** The buffer that lines lie in from now on. Call it again when the buffer is replaced. */
  attach(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#strings.attach(bytes);
  }

  /**
   * Scans the line `[start, end)` of the attached buffer: `bytes[end]` must be a newline and {@link SCAN_SLACK_BYTES}
   * more bytes must follow it. Returns -1 for a valid line, else the position of the first byte that cannot be JSON
   * (`end` where the line is cut off).
   */
  scan(start: number, end: number): number {
    const bytes = this.#bytes;
    this.kinds.fill(JsonKind.missing);
    this.hasNotFinite = false;
    const strings = this.#strings;
    strings.startLine(start, end);
    let depth = 0;
    let node: KeyNode | undefined = this.#root;
    let at = skipSpace(bytes, start);
    for (;;) {
      const opening = bytes[at];
      if (opening === QUOTE) {
        const wanted = node !== undefined && node.field >= 0;
        const from = strings.arenaLength;
        const close = wanted ? strings.copy(at + 1) : strings.skip(at + 1);
        if (close < 0) return ~close;
        if (wanted) this.#record(node!, JsonKind.string, from, strings.arenaLength);
        at = close + 1;
      } else if (opening === OPEN_OBJECT || opening === OPEN_ARRAY) {
        const isObject = opening === OPEN_OBJECT;
        if (depth === this.#opened.length) this.#deepen();
        this.#isObject[depth] = isObject ? 1 : 0;
        this.#opened[depth] = at;
        this.#nodes[depth] = node;
        depth++;
        at = skipSpace(bytes, at + 1);
        if (bytes[at] !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          if (isObject) {
            at = this.#key(at, node);
            if (at < 0) return ~at;
            node = this.#matched;
          } else {
            node = undefined;
          }
          continue;
        }
      } else {
        const next = skipAtom(bytes, at);
        if (next < 0) return ~next;
        const kind = atomKind(bytes, at);
        if (kind === JsonKind.notFinite) this.hasNotFinite = true;
        if (node !== undefined) this.#record(node, kind, at, next);
        at = next;
      }

      // A value has ended (or an empty container is about to): close containers until the next value begins.
      for (;;) {
        at = skipSpace(bytes, at);
        if (depth === 0) return at === end ? -1 : at;
        const isObject = this.#isObject[depth - 1] === 1;
        const byte = bytes[at];
        if (byte === COMMA) {
          at = skipSpace(bytes, at + 1);
          if (isObject) {
            at = this.#key(at, this.#nodes[depth - 1]);
            if (at < 0) return ~at;
            node = this.#matched;
          } else {
            node = undefined;
          }
          break;
        }
        if (byte !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return at;
        depth--;
        at++;
        const closed = this.#nodes[depth];
        if (closed !== undefined)
          this.#record(closed, isObject ? JsonKind.object : JsonKind.array, this.#opened[depth], at);
      }
    }
  }

  /**
   * The bytes found for path `field` by the last scan, a view that the next scan overwrites: for a string its content
   * in UTF-8, for anything else its JSON text as written.
   */
  value(field: number): Uint8Array {
    const bytes = this.kinds[field] === JsonKind.string ? this.#strings.arena : this.#bytes;
    return bytes.subarray(this.#starts[field], this.#ends[field]);
  }

  #record(node: KeyNode, kind: JsonKind, start: number, end: number): void {
    const { field } = node;
    if (field < 0) return;
    this.kinds[field] = kind;
    this.#starts[field] = start;
    this.#ends[field] = end;
  }

  /** Reads `"key" :` at `at`, sets `#matched`, returns where the value begins, `~at` of a byte that no key has there. */
  #key(at: number, parent: KeyNode | undefined): number {
    const bytes = this.#bytes;
    if (bytes[at] !== QUOTE) return ~at;
    const close = this.#strings.skip(at + 1);
    if (close < 0) return close;
    this.#matched = parent === undefined ? undefined : this.#match(parent, at + 1, close);
    const colon = skipSpace(bytes, close + 1);
    return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : ~colon;
  }

  #match(parent: KeyNode, start: number, end: number): KeyNode | undefined {
    const strings = this.#strings;
    let matched: KeyNode | undefined;
    if (strings.escaped) {
      const from = strings.arenaLength;
      strings.copy(start);
      matched = findKey(parent, strings.arena, from, strings.arenaLength);
      strings.arenaLength = from;
    } else {
      matched = findKey(parent, this.#bytes, start, end);
    }
    if (matched !== undefined) this.#forget(matched);
    return matched;
  }

  /** A key came again: what was found below its earlier value does not count. */
  #forget(node: KeyNode): void {
    if (node.field >= 0) this.kinds[node.field] = JsonKind.missing;
    for (const child of node.children) this.#forget(child);
  }

  #deepen(): void {
    const opened = new Int32Array(this.#opened.length * 2);
    opened.set(this.#opened);
    this.#opened = opened;
    const isObject = new Uint8Array(this.#isObject.length * 2);
    isObject.set(this.#isObject);
    this.#isObject = isObject;
  }
}
