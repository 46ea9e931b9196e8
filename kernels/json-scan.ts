/**
 * Finds wanted values in one line of JSON without making a JavaScript string, and proves on the way that the line is
 * JSON.
 *
 * Owns the grammar of RFC 8259 (what `JSON.parse` accepts, nothing else) and the unescaping of string values to UTF-8.
 * Invariant: `scan` accepts a line exactly when `JSON.parse` accepts it, given that its bytes are valid UTF-8, which
 * the caller checks. Of equal keys the last wins, also for a parent of a wanted key. Escapes are decoded as
 * `JSON.parse` followed by UTF-8 encoding does it: a surrogate pair becomes its code point, a lone surrogate U+FFFD.
 * Price: one pass, four bytes a step inside strings, no native calls; nesting is limited by memory only.
 */

export const JsonKind = {
  missing: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  string: 5,
  array: 6,
  object: 7,
} as const;
export type JsonKind = (typeof JsonKind)[keyof typeof JsonKind];

/** Bytes that must be readable after the newline that ends the scanned line: strings are read in words. */
export const SCAN_SLACK_BYTES = 8;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;
const LETTER_U = 0x75;

/** What a single-letter escape stands for, 0 where there is no such escape. */
const ESCAPED = new Uint8Array(256);
for (const [letter, byte] of [
  ['"', 0x22],
  ["\\", 0x5c],
  ["/", 0x2f],
  ["b", 0x08],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
] as const) {
  ESCAPED[letter.charCodeAt(0)] = byte;
}

/** Value of a hexadecimal digit, -1 for any other byte. */
const HEX = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX["0123456789abcdef".charCodeAt(digit)] = digit;
  HEX["0123456789ABCDEF".charCodeAt(digit)] = digit;
}

const encoder = new TextEncoder();

const LITERALS = [
  { bytes: encoder.encode("null"), kind: JsonKind.null },
  { bytes: encoder.encode("true"), kind: JsonKind.true },
  { bytes: encoder.encode("false"), kind: JsonKind.false },
] as const;

/** Bytes of a string looked at together. */
const RUN_BYTES = 16;

/** What UTF-8 encoding makes of a surrogate without its other half. */
const REPLACEMENT = 0xfffd;

/** A key on the way to a wanted value. */
interface KeyNode {
  readonly name: string;
  readonly key: Uint8Array;
  /** Index of the wanted path that ends here, -1 where none does. */
  field: number;
  readonly children: KeyNode[];
}

/** The code unit written by four hexadecimal digits at `at`, negative if one of them is not a digit. */
function codeUnit(bytes: Uint8Array, at: number): number {
  return (HEX[bytes[at]] << 12) | (HEX[bytes[at + 1]] << 8) | (HEX[bytes[at + 2]] << 4) | HEX[bytes[at + 3]];
}

/**
 * A non-zero mask if one of the four bytes of `word` is a quote, a backslash or a control character; its lowest set bit
 * marks the first of them. Flipping bit 1 puts the quote just above the control characters, so one comparison finds
 * both.
 */
function specialBytes(word: number): number {
  const low = word ^ 0x02020202;
  const slash = word ^ 0x5c5c5c5c;
  return (((low - 0x21212121) & ~low) | ((slash - 0x01010101) & ~slash)) & 0x80808080;
}

function firstSpecial(mask: number): number {
  return (31 - Math.clz32(mask & -mask)) >> 3;
}

/** First position at or after `at` that is not JSON whitespace within a line. */
function skipSpace(bytes: Uint8Array, at: number): number {
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at++;
  return at;
}

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
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #root: KeyNode = { name: "", key: new Uint8Array(0), field: -1, children: [] };
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Unescaped strings of the current line, back to back: together never longer than the line. */
  #arena = new Uint8Array(1 << 16);
  #arenaView = new DataView(this.#arena.buffer);
  #arenaLength = 0;
  #stringEscaped = false;
  #invalidAt = 0;
  #matched: KeyNode | undefined;
  #atomKind: JsonKind = JsonKind.missing;
  #nodes: (KeyNode | undefined)[] = [];
  #opened = new Int32Array(64);
  #isObject = new Uint8Array(64);

  /** Paths are lists of keys from the outermost object inwards. Equal paths share one value: give each once. */
  constructor(paths: readonly (readonly string[])[]) {
    this.kinds = new Uint8Array(paths.length);
    this.#starts = new Int32Array(paths.length);
    this.#ends = new Int32Array(paths.length);
    for (const [field, path] of paths.entries()) {
      let node = this.#root;
      for (const name of path) {
        let child = node.children.find((other) => other.name === name);
        if (!child) {
          child = { name, key: encoder.encode(name), field: -1, children: [] };
          node.children.push(child);
        }
        node = child;
      }
      node.field = field;
    }
  }

  /** The buffer that lines lie in from now on. Call it again when the buffer is replaced. */
  attach(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Scans the line `[start, end)` of the attached buffer: `bytes[end]` must be a newline and {@link SCAN_SLACK_BYTES}
   * more bytes must follow it. Returns -1 for a valid line, else the position of the first byte that cannot be JSON
   * (`end` where the line is cut off).
   */
  scan(start: number, end: number): number {
    const bytes = this.#bytes;
    this.kinds.fill(JsonKind.missing);
    this.#clearArena(end - start);
    let depth = 0;
    let node: KeyNode | undefined = this.#root;
    let at = skipSpace(bytes, start);
    for (;;) {
      const opening = bytes[at];
      if (opening === QUOTE) {
        const wanted = node !== undefined && node.field >= 0;
        const from = this.#arenaLength;
        const close = wanted ? this.#copyString(at + 1) : this.#skipString(at + 1);
        if (close < 0) return this.#invalidAt;
        if (wanted) this.#record(node!, JsonKind.string, from, this.#arenaLength);
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
            if (at < 0) return this.#invalidAt;
            node = this.#matched;
          } else {
            node = undefined;
          }
          continue;
        }
      } else {
        const next = this.#atom(at);
        if (next < 0) return this.#invalidAt;
        if (node !== undefined) this.#record(node, this.#atomKind, at, next);
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
            if (at < 0) return this.#invalidAt;
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
    const bytes = this.kinds[field] === JsonKind.string ? this.#arena : this.#bytes;
    return bytes.subarray(this.#starts[field], this.#ends[field]);
  }

  #clearArena(lineBytes: number): void {
    this.#arenaLength = 0;
    const needed = lineBytes + RUN_BYTES;
    if (this.#arena.length >= needed) return;
    this.#arena = new Uint8Array(Math.max(needed, this.#arena.length * 2));
    this.#arenaView = new DataView(this.#arena.buffer);
  }

  #record(node: KeyNode, kind: JsonKind, start: number, end: number): void {
    const { field } = node;
    if (field < 0) return;
    this.kinds[field] = kind;
    this.#starts[field] = start;
    this.#ends[field] = end;
  }

  /** Reads `"key" :` at `at`, sets `#matched`, returns where the value begins, -1 if this is not a key. */
  #key(at: number, parent: KeyNode | undefined): number {
    const bytes = this.#bytes;
    if (bytes[at] !== QUOTE) return this.#fail(at);
    const close = this.#skipString(at + 1);
    if (close < 0) return -1;
    this.#matched = parent === undefined ? undefined : this.#match(parent, at + 1, close);
    const colon = skipSpace(bytes, close + 1);
    if (bytes[colon] !== COLON) return this.#fail(colon);
    return skipSpace(bytes, colon + 1);
  }

  #match(parent: KeyNode, start: number, end: number): KeyNode | undefined {
    if (!this.#stringEscaped) return this.#matchBytes(parent, this.#bytes, start, end);
    const from = this.#arenaLength;
    this.#copyString(start);
    const matched = this.#matchBytes(parent, this.#arena, from, this.#arenaLength);
    this.#arenaLength = from;
    return matched;
  }

  #matchBytes(parent: KeyNode, bytes: Uint8Array, start: number, end: number): KeyNode | undefined {
    const length = end - start;
    search: for (const child of parent.children) {
      const { key } = child;
      if (key.length !== length) continue;
      for (let i = 0; i < length; i++) {
        if (key[i] !== bytes[start + i]) continue search;
      }
      this.#forget(child);
      return child;
    }
    return undefined;
  }

  /** A key came again: what was found below its earlier value does not count. */
  #forget(node: KeyNode): void {
    if (node.field >= 0) this.kinds[node.field] = JsonKind.missing;
    for (const child of node.children) this.#forget(child);
  }

  /** Position of the quote that closes the string whose content begins at `at`, -1 if it is not a valid string. */
  #skipString(at: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    this.#stringEscaped = false;
    const lastRun = view.byteLength - RUN_BYTES;
    for (;;) {
      while (at <= lastRun) {
        const first = specialBytes(view.getInt32(at, true)) | specialBytes(view.getInt32(at + 4, true));
        const second = specialBytes(view.getInt32(at + 8, true)) | specialBytes(view.getInt32(at + 12, true));
        if ((first | second) !== 0) break;
        at += RUN_BYTES;
      }
      const special = specialBytes(view.getInt32(at, true));
      if (special === 0) {
        at += 4;
        continue;
      }
      at += firstSpecial(special);
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      if (byte !== BACKSLASH) return this.#fail(at);
      this.#stringEscaped = true;
      at = this.#skipEscape(at);
      if (at < 0) return -1;
    }
  }

  /** As {@link #skipString}, appending the content to the arena on the way. */
  #copyString(at: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const arenaView = this.#arenaView;
    let to = this.#arenaLength;
    const lastRun = view.byteLength - RUN_BYTES;
    for (;;) {
      while (at <= lastRun) {
        const a = view.getInt32(at, true);
        const b = view.getInt32(at + 4, true);
        const c = view.getInt32(at + 8, true);
        const d = view.getInt32(at + 12, true);
        arenaView.setInt32(to, a, true);
        arenaView.setInt32(to + 4, b, true);
        arenaView.setInt32(to + 8, c, true);
        arenaView.setInt32(to + 12, d, true);
        if ((specialBytes(a) | specialBytes(b) | specialBytes(c) | specialBytes(d)) !== 0) break;
        at += RUN_BYTES;
        to += RUN_BYTES;
      }
      const word = view.getInt32(at, true);
      // Bytes after the first special one are written too, and overwritten by what comes next.
      arenaView.setInt32(to, word, true);
      const special = specialBytes(word);
      if (special === 0) {
        at += 4;
        to += 4;
        continue;
      }
      const plain = firstSpecial(special);
      at += plain;
      to += plain;
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#arenaLength = to;
        return at;
      }
      if (byte !== BACKSLASH) return this.#fail(at);
      const after = this.#skipEscape(at);
      if (after < 0) return -1;
      const single = ESCAPED[bytes[at + 1]];
      if (single !== 0) {
        this.#arena[to++] = single;
        at = after;
        continue;
      }
      let code = codeUnit(bytes, at + 2);
      at = after;
      if ((code & 0xf800) === 0xd800) {
        const low =
          code < 0xdc00 && bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U ? codeUnit(bytes, at + 2) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          at += 6;
        } else {
          code = REPLACEMENT;
        }
      }
      to = putCodePoint(this.#arena, to, code);
    }
  }

  /** Position after the escape that begins at `at`, -1 if there is no such escape. */
  #skipEscape(at: number): number {
    const bytes = this.#bytes;
    const letter = bytes[at + 1];
    if (ESCAPED[letter] !== 0) return at + 2;
    if (letter !== LETTER_U) return this.#fail(at + 1);
    for (let digit = at + 2; digit < at + 6; digit++) {
      if (HEX[bytes[digit]] < 0) return this.#fail(digit);
    }
    return at + 6;
  }

  /** End of the number or literal at `at`, -1 if there is none. */
  #atom(at: number): number {
    const bytes = this.#bytes;
    const first = bytes[at];
    if (first !== MINUS && (first < 0x30 || first > 0x39)) return this.#literal(at);
    this.#atomKind = JsonKind.number;
    if (first === MINUS) at++;
    if (bytes[at] === 0x30) at++;
    else {
      at = this.#digits(at);
      if (at < 0) return -1;
    }
    if (bytes[at] === 0x2e) {
      at = this.#digits(at + 1);
      if (at < 0) return -1;
    }
    if ((bytes[at] | 0x20) === 0x65) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === MINUS) at++;
      at = this.#digits(at);
    }
    return at;
  }

  #digits(at: number): number {
    const bytes = this.#bytes;
    const start = at;
    while (bytes[at] >= 0x30 && bytes[at] <= 0x39) at++;
    return at === start ? this.#fail(at) : at;
  }

  #literal(at: number): number {
    const bytes = this.#bytes;
    for (const literal of LITERALS) {
      if (bytes[at] !== literal.bytes[0]) continue;
      for (let i = 1; i < literal.bytes.length; i++) {
        if (bytes[at + i] !== literal.bytes[i]) return this.#fail(at + i);
      }
      this.#atomKind = literal.kind;
      return at + literal.bytes.length;
    }
    return this.#fail(at);
  }

  #fail(at: number): -1 {
    this.#invalidAt = at;
    return -1;
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

function putCodePoint(out: Uint8Array, to: number, code: number): number {
  if (code < 0x80) {
    out[to++] = code;
  } else if (code < 0x800) {
    out[to++] = 0xc0 | (code >> 6);
    out[to++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    out[to++] = 0xe0 | (code >> 12);
    out[to++] = 0x80 | ((code >> 6) & 0x3f);
    out[to++] = 0x80 | (code & 0x3f);
  } else {
    out[to++] = 0xf0 | (code >> 18);
    out[to++] = 0x80 | ((code >> 12) & 0x3f);
    out[to++] = 0x80 | ((code >> 6) & 0x3f);
    out[to++] = 0x80 | (code & 0x3f);
  }
  return to;
}
