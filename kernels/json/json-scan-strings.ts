/**
 * Strings of JSON: where they end, and their content in UTF-8.
 *
 * Owns the grammar of strings and the unescaping. Invariant: escapes are decoded as `JSON.parse` followed by UTF-8 encoding
 * does it: a surrogate pair becomes its code point, a lone surrogate U+FFFD. Positions: that of the closing quote, or `~at`
 * of the byte at `at` that cannot be there. Price: 16 bytes a step, four where something is special; past the first bytes
 * of a string an {@link Unescaper}, where there is one, goes several times as fast.
 */

/** Goes over the content of a string as far as it is sure of it: the rest is left to {@link JsonStrings}. */
export interface Unescaper {
  /** Bytes that the last {@link advance} went over, and what they came to. */
  readonly read: number;
  readonly written: number;
  /**
   * Goes from `bytes[start]`, which begins no part of a character's escape, towards `end` and never beyond; writes the
   * content at `to` of `out`, if given. Never goes past a closing quote or anything that JSON forbids.
   */
  advance(bytes: Uint8Array, start: number, end: number, out: Uint8Array | undefined, to: number): void;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** Bytes of a string looked at together. */
const RUN_BYTES = 16;
/** Strings this short are no matter for an unescaper: ids, addresses, dates, keys. */
const SHORT_BYTES = 128;
/** What UTF-8 encoding makes of a surrogate without its other half. */
const REPLACEMENT = 0xfffd;

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

/** The code unit written by four hexadecimal digits at `at`, negative if one of them is not a digit. */
function codeUnit(bytes: Uint8Array, at: number): number {
  return (HEX[bytes[at]] << 12) | (HEX[bytes[at + 1]] << 8) | (HEX[bytes[at + 2]] << 4) | HEX[bytes[at + 3]];
}

/**
 * A non-zero mask if one of the four bytes of `word` is a quote, a backslash or a control character; its lowest set bit
 * marks the first of them. Flipping bit 1 puts the quote just above the control characters, so one comparison finds
 * both.
 */
export function specialBytes(word: number): number {
  const low = word ^ 0x02020202;
  const slash = word ^ 0x5c5c5c5c;
  return (((low - 0x21212121) & ~low) | ((slash - 0x01010101) & ~slash)) & 0x80808080;
}

function firstSpecial(mask: number): number {
  return (31 - Math.clz32(mask & -mask)) >> 3;
}

/** Strings of one line after the other: {@link attach} the buffer, {@link startLine}, then positions upwards. */
export class JsonStrings {
  /** Contents copied from the current line, back to back: together never longer than the line. */
  arena = new Uint8Array(1 << 16);
  arenaLength = 0;
  /** Whether the string skipped last may hold escapes. */
  escaped = false;
  readonly #unescaper: Unescaper | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #arenaView = new DataView(this.arena.buffer);
  #lineEnd = 0;

  constructor(unescaper?: Unescaper) {
    this.#unescaper = unescaper;
  }

  attach(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  startLine(start: number, end: number): void {
    this.#lineEnd = end;
    this.arenaLength = 0;
    const needed = end - start + RUN_BYTES;
    if (this.arena.length >= needed) return;
    this.arena = new Uint8Array(Math.max(needed, this.arena.length * 2));
    this.#arenaView = new DataView(this.arena.buffer);
  }

  /** Where the string ends whose content begins at `at`. */
  skip(at: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    this.escaped = false;
    let runsEnd = view.byteLength - RUN_BYTES;
    const short = this.#unescaper === undefined ? Number.POSITIVE_INFINITY : at + SHORT_BYTES;
    if (short < runsEnd) runsEnd = short;
    for (;;) {
      while (at <= runsEnd) {
        const first = specialBytes(view.getInt32(at, true)) | specialBytes(view.getInt32(at + 4, true));
        const second = specialBytes(view.getInt32(at + 8, true)) | specialBytes(view.getInt32(at + 12, true));
        if ((first | second) !== 0) break;
        at += RUN_BYTES;
      }
      if (at > runsEnd && runsEnd === short) {
        at += this.#skipAhead(at);
        runsEnd = view.byteLength - RUN_BYTES;
      }
      const special = specialBytes(view.getInt32(at, true));
      if (special === 0) {
        at += 4;
        continue;
      }
      at += firstSpecial(special);
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      if (byte !== BACKSLASH) return ~at;
      this.escaped = true;
      at = this.#skipEscape(at);
      if (at < 0) return at;
    }
  }

  /** As {@link skip}, appending the content to the arena on the way. */
  copy(at: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    const arenaView = this.#arenaView;
    let to = this.arenaLength;
    let runsEnd = view.byteLength - RUN_BYTES;
    const short = this.#unescaper === undefined ? Number.POSITIVE_INFINITY : at + SHORT_BYTES;
    if (short < runsEnd) runsEnd = short;
    for (;;) {
      while (at <= runsEnd) {
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
      if (at > runsEnd && runsEnd === short) {
        this.#unescaper!.advance(bytes, at, this.#lineEnd, this.arena, to);
        at += this.#unescaper!.read;
        to += this.#unescaper!.written;
        runsEnd = view.byteLength - RUN_BYTES;
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
        this.arenaLength = to;
        return at;
      }
      if (byte !== BACKSLASH) return ~at;
      const after = this.#skipEscape(at);
      if (after < 0) return after;
      const single = ESCAPED[bytes[at + 1]];
      if (single !== 0) {
        this.arena[to++] = single;
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
      to = putCodePoint(this.arena, to, code);
    }
  }

  #skipAhead(at: number): number {
    const unescaper = this.#unescaper!;
    unescaper.advance(this.#bytes, at, this.#lineEnd, undefined, 0);
    if (unescaper.written < unescaper.read) this.escaped = true;
    return unescaper.read;
  }

  /** Position after the escape that begins at `at`. */
  #skipEscape(at: number): number {
    const bytes = this.#bytes;
    const letter = bytes[at + 1];
    if (ESCAPED[letter] !== 0) return at + 2;
    if (letter !== LETTER_U) return ~(at + 1);
    for (let digit = at + 2; digit < at + 6; digit++) {
      if (HEX[bytes[digit]] < 0) return ~digit;
    }
    return at + 6;
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
