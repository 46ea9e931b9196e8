/**
 * DCLM's rules for lines, which come after its rules for pages: shouting, numbers, counters, single words, three scraps
 * of shop and login pages.
 *
 * Owns {@link DclmLineRules}. DCLM walks over all lines once for each rule and takes white space off the ends of the
 * text between them, so the rules see other lines than a single walk would: that is kept. Invariant: the text that
 * DCLM's Python leaves. Price: 10 ns a byte; a string only for short lines that may hold a scrap.
 */
import { skipSpace, spaceLength, strip, trimSpace } from "../lines.ts";
import { lowerText } from "../lower-case.ts";
import { TextBuffer } from "../normalize.ts";
import { isDigit, isUpper } from "../unicode/python-classes.ts";
import { isDecimalDigit, isWordCharacter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges } from "../words/types.ts";
import { splitWords } from "../words/white-space.ts";

/** What counters count. */
const COUNTED = new Set(
  "likes shares comments retweets reposts quotes bookmarks upvotes downvotes downloads views followers".split(" "),
);
/** `k`, `m` and `b` behind a number: thousands, millions, billions. */
const MAGNITUDES = new Set([0x6b, 0x6d, 0x62]);

export interface DclmLineBounds {
  readonly maxUppercaseRatio: number | null;
  readonly maxDigitsRatio: number | null;
  readonly removeCounters: boolean;
  readonly minWords: number | null;
  /** Scraps are looked for in lines of at most so many words; null for none. */
  readonly scrapWords: number | null;
}

const NEWLINE = 0x0a;

/** Python's `\s`. */
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
/** Python's letters without case: `i` and `s` have relatives outside ASCII. */
const anyCase = (text: string) =>
  text.replaceAll(/[a-z]/g, (letter) => {
    const relatives = letter === "i" ? "\u0131\u0130" : letter === "s" ? "\u017f" : "";
    return `[${letter}${letter.toUpperCase()}${relatives}]`;
  });
/** The dots of `Read more...` stand for any character in DCLM. */
const SCRAPS = [
  { key: "n cart", pattern: new RegExp(`${SPACE}?${anyCase("items in cart")}`, "g") },
  { key: "read more", pattern: new RegExp(`${SPACE}?${anyCase("read more")}[^\\n]{3}$`, "u") },
  { key: "gn-", pattern: new RegExp(`^${anyCase("sign-in")}${SPACE}?`) },
] as const;

export class DclmLineRules {
  /** What is left of the text that was read last: `bytes[0, length)`. Nothing where no line stays. */
  readonly text = new TextBuffer();
  readonly #bounds: DclmLineBounds;
  /** The text, and behind it the lines that were changed. */
  readonly #bytes = new TextBuffer();
  readonly #lower = new TextBuffer();
  readonly #words = new WordRanges();
  readonly #lines = new WordRanges();
  readonly #range = new Int32Array(2);

  constructor(bounds: DclmLineBounds) {
    this.#bounds = bounds;
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    const { maxUppercaseRatio, maxDigitsRatio, removeCounters, minWords, scrapWords } = this.#bounds;
    this.#bytes.reserve(end - start).set(bytes.subarray(start, end));
    this.#bytes.length = end - start;
    this.#split();
    if (maxUppercaseRatio !== null) {
      this.#keep((from, to) => this.#share(from, to, isUpper) <= maxUppercaseRatio);
      this.#strip();
    }
    if (maxDigitsRatio !== null) {
      this.#keep((from, to) => this.#share(from, to, isDigit) <= maxDigitsRatio);
      this.#strip();
    }
    if (removeCounters) {
      this.#keep((from, to) => !this.#isCounter(from, to));
      this.#strip();
    }
    if (minWords !== null) this.#keep((from, to) => from === to || this.#countWords(from, to) >= minWords);
    for (const scrap of scrapWords === null ? [] : SCRAPS) {
      this.#takeOut(scrap.key, scrap.pattern, scrapWords ?? 0);
      this.#strip();
    }
    this.#join();
  }

  #split(): void {
    const { bytes, length } = this.#bytes;
    this.#lines.clear();
    for (let from = 0; ; ) {
      const found = bytes.indexOf(NEWLINE, from);
      const end = found < 0 || found >= length ? length : found;
      this.#lines.push(from, end);
      if (end === length) return;
      from = end + 1;
    }
  }

  #keep(stays: (start: number, end: number) => boolean): void {
    const { starts, ends } = this.#lines;
    let kept = 0;
    for (let line = 0; line < this.#lines.count; line++) {
      if (!stays(starts[line], ends[line])) continue;
      starts[kept] = starts[line];
      ends[kept++] = ends[line];
    }
    this.#lines.count = kept;
  }

  /** Takes white space off both ends of the text, with the lines that are nothing else. */
  #strip(): void {
    const { bytes } = this.#bytes;
    const lines = this.#lines;
    let first = 0;
    while (first < lines.count) {
      lines.starts[first] = skipSpace(bytes, lines.starts[first], lines.ends[first]);
      if (lines.starts[first] < lines.ends[first]) break;
      first++;
    }
    lines.starts.copyWithin(0, first, lines.count);
    lines.ends.copyWithin(0, first, lines.count);
    lines.count -= first;
    for (; lines.count > 0; lines.count--) {
      const last = lines.count - 1;
      lines.ends[last] = trimSpace(bytes, lines.starts[last], lines.ends[last]);
      if (lines.starts[last] < lines.ends[last]) break;
    }
  }

  /** Share of the characters of a line that are of a class; 0 of an empty one. */
  #share(start: number, end: number, isIn: (codePoint: number) => boolean): number {
    const { bytes } = this.#bytes;
    let found = 0;
    let chars = 0;
    for (let at = start; at < end; chars++) {
      const decoded = decodeAt(bytes, at, end);
      if (isIn(decoded & CODE_POINT_MASK)) found++;
      at += decoded >> LENGTH_SHIFT;
    }
    return chars === 0 ? 0 : found / chars;
  }

  #countWords(start: number, end: number): number {
    splitWords(this.#bytes.bytes, start, end, this.#words);
    return this.#words.count;
  }

  /** Whether the line is a number and what it counts: `1,024 likes`, `3K followers`. */
  #isCounter(start: number, end: number): boolean {
    const digit = skipOthers(this.#bytes.bytes, start, end);
    if (digit === end || !isDecimalDigit(decodeAt(this.#bytes.bytes, digit, end) & CODE_POINT_MASK)) return false;
    lowerText(this.#bytes.bytes, digit, end, this.#lower);
    const { bytes, length } = this.#lower;
    let at = 0;
    for (; at < length; ) {
      const decoded = decodeAt(bytes, at, length);
      const code = decoded & CODE_POINT_MASK;
      if (code !== 0x2c && code !== 0x2e && !isDecimalDigit(code)) break;
      at += decoded >> LENGTH_SHIFT;
    }
    if (at < length && MAGNITUDES.has(bytes[at])) at++;
    if (at >= length || spaceLength(bytes, at, length) === 0) return false;
    at = skipSpace(bytes, at, length);
    let to = at;
    while (to < length && bytes[to] >= 0x61 && bytes[to] <= 0x7a) to++;
    const word = Buffer.from(bytes.subarray(at, to)).toString("latin1");
    return COUNTED.has(word) && skipOthers(bytes, to, length) === length;
  }

  /** Takes a scrap out of short lines; lines of which nothing is left go. */
  #takeOut(key: string, pattern: RegExp, maxWords: number): void {
    const lines = this.#lines;
    let kept = 0;
    for (let line = 0; line < lines.count; line++) {
      let [start, end] = [lines.starts[line], lines.ends[line]];
      if (holds(this.#bytes.bytes, start, end, key) && this.#countWords(start, end) <= maxWords) {
        const text = Buffer.from(this.#bytes.bytes.subarray(start, end)).toString("utf8");
        const left = Buffer.from(text.replace(pattern, ""));
        start = this.#bytes.length;
        this.#bytes.reserve(start + left.length).set(left, start);
        this.#bytes.length += left.length;
        end = this.#bytes.length;
        strip(this.#bytes.bytes, start, end, this.#range);
        if (this.#range[0] === this.#range[1]) continue;
      } else if (start < end && this.#isBlank(start, end) && this.#countWords(start, end) <= maxWords) continue;
      lines.starts[kept] = start;
      lines.ends[kept++] = end;
    }
    lines.count = kept;
  }

  #isBlank(start: number, end: number): boolean {
    return skipSpace(this.#bytes.bytes, start, end) === end;
  }

  #join(): void {
    const { starts, ends, count } = this.#lines;
    let size = count;
    for (let line = 0; line < count; line++) size += ends[line] - starts[line];
    const out = this.text.reserve(size);
    let to = 0;
    for (let line = 0; line < count; line++) {
      if (line > 0) out[to++] = NEWLINE;
      out.set(this.#bytes.bytes.subarray(starts[line], ends[line]), to);
      to += ends[line] - starts[line];
    }
    this.text.length = to;
  }
}

/** Whether a line may hold `key`, of ASCII, in any case. */
function holds(bytes: Uint8Array, start: number, end: number, key: string): boolean {
  const first = key.charCodeAt(0);
  for (let at = start; at + key.length <= end; at++) {
    if ((bytes[at] | 0x20) !== first) continue;
    let i = 1;
    while (i < key.length && (bytes[at + i] | 0x20) === key.charCodeAt(i)) i++;
    if (i === key.length) return true;
  }
  return false;
}

/** The first position in `[start, end]` where a character of `\w` stands, or the end. */
function skipOthers(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const decoded = decodeAt(bytes, at, end);
    if (isWordCharacter(decoded & CODE_POINT_MASK)) break;
    at += decoded >> LENGTH_SHIFT;
  }
  return at;
}
