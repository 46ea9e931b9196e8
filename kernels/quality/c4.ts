/**
 * C4's line rules: which lines of a document stay, and what is left of them.
 *
 * Owns {@link C4Lines}. Invariant: the rules and their order are those of datatrove's C4QualityFilter; lines are Python's `splitlines`.
 * Price: two passes over the bytes of a line, a copy where it holds a citation.
 */
import { spaceLength, splitLines, strip } from "../lines.ts";
import { isDecimalDigit } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges } from "../words/types.ts";
import { C4_CURLY_BRACKET, C4_JAVASCRIPT, C4_LOREM_IPSUM, C4_POLICY, findC4Phrases } from "./c4-phrases.ts";

/** Line rules; a bound that is null is off. */
export interface C4LineRules {
  readonly removeCitations: boolean;
  readonly filterNoTerminalPunct: boolean;
  readonly minWordsPerLine: number | null;
  /** In code points. */
  readonly maxWordLength: number | null;
  readonly filterJavascript: boolean;
  readonly filterPolicy: boolean;
}

/** Document rules that a line can trip; they come between the line rules. */
export interface C4DocumentRules {
  readonly filterLoremIpsum: boolean;
  readonly filterCurlyBracket: boolean;
}

export type C4Verdict = "keep" | "remove" | "lorem_ipsum" | "curly_bracket";

const ORDINARY = 0;
const ASCII_SPACE = 1;
const CONTINUATION = 2;
const LEAD_OF_SPACE = 3;
const kinds = new Uint8Array(256);
for (const space of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20]) kinds[space] = ASCII_SPACE;
kinds.fill(CONTINUATION, 0x80, 0xc0);
for (const lead of [0xc2, 0xe1, 0xe2, 0xe3]) kinds[lead] = LEAD_OF_SPACE;

const OPEN = 0x5b;
const CLOSE = 0x5d;
const DOT = 0x2e;
const NAMED_CITATIONS = ["[edit]", "[citation needed]"].map((text) => new TextEncoder().encode(text));
/** `.`, `?`, `!`, `"`, `'`. */
const END_MARKS = new Uint8Array(256);
for (const mark of [0x2e, 0x3f, 0x21, 0x22, 0x27]) END_MARKS[mark] = 1;

/** Judges the lines of one document after the other. */
export interface C4LineJudge {
  /** The last line judged, stripped and without citations: `text[start, end)`. White space may be left where a citation was. */
  readonly text: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Lines of the document. */
  readonly count: number;
  /** Begins a document. */
  readonly open: (bytes: Uint8Array, start: number, end: number) => void;
  /** Judges the next of the document's `count` lines. */
  readonly next: () => C4Verdict;
}

export class C4Lines implements C4LineJudge {
  text: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  count = 0;
  /** Position of the line judged next. */
  #line = 0;
  #bytes: Uint8Array = this.text;
  readonly #lines = new WordRanges();
  readonly #range = new Int32Array(2);
  readonly #rules: C4LineRules;
  readonly #documentRules: C4DocumentRules;
  #scratch = new Uint8Array(1 << 12);
  #words = 0;
  #hasLongWord = false;
  #hasBracket = false;

  constructor(rules: C4LineRules, documentRules: C4DocumentRules) {
    this.#rules = rules;
    this.#documentRules = documentRules;
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    splitLines(bytes, start, end, this.#lines);
    this.#bytes = bytes;
    this.count = this.#lines.count;
    this.#line = 0;
  }

  next(): C4Verdict {
    const rules = this.#rules;
    const line = this.#line++;
    strip(this.#bytes, this.#lines.starts[line], this.#lines.ends[line], this.#range);
    this.text = this.#bytes;
    this.start = this.#range[0];
    this.end = this.#range[1];
    this.#scan();
    if (this.#hasLongWord) return "remove";
    if (rules.removeCitations && this.#hasBracket) this.#removeCitations();
    if (rules.filterNoTerminalPunct && !endsSentence(this.text, this.start, this.end)) return "remove";
    if (rules.minWordsPerLine !== null && this.#words < rules.minWordsPerLine) return "remove";
    const phrases = findC4Phrases(this.text, this.start, this.end);
    if (phrases === 0) return "keep";
    if (this.#documentRules.filterLoremIpsum && (phrases & C4_LOREM_IPSUM) !== 0) return "lorem_ipsum";
    if (rules.filterJavascript && (phrases & C4_JAVASCRIPT) !== 0) return "remove";
    if (this.#documentRules.filterCurlyBracket && (phrases & C4_CURLY_BRACKET) !== 0) return "curly_bracket";
    return rules.filterPolicy && (phrases & C4_POLICY) !== 0 ? "remove" : "keep";
  }

  /** Counts the words between white space, looks for one that is too long and for an opening bracket. */
  #scan(): void {
    const { text, end } = this;
    const maxWordLength = this.#rules.maxWordLength ?? Number.POSITIVE_INFINITY;
    let words = 0;
    let length = 0;
    let longest = 0;
    let hasBracket = false;
    for (let at = this.start; at < end; at++) {
      const byte = text[at];
      const kind = kinds[byte];
      if (kind === ORDINARY) {
        length++;
        if (byte === OPEN) hasBracket = true;
        continue;
      }
      if (kind === CONTINUATION) continue;
      if (kind === LEAD_OF_SPACE) {
        const space = spaceLength(text, at, end);
        if (space === 0) {
          length++;
          continue;
        }
        at += space - 1;
      }
      if (length > 0) {
        words++;
        if (length > longest) longest = length;
        length = 0;
      }
    }
    if (length > 0) words++;
    this.#words = words;
    this.#hasLongWord = Math.max(length, longest) > maxWordLength;
    this.#hasBracket = hasBracket;
  }

  /** Copies the line without `[1]`, `[]`, `[edit]` and `[citation needed]`; digits of any script count. */
  #removeCitations(): void {
    const { text, start, end } = this;
    if (this.#scratch.length < end - start) this.#scratch = new Uint8Array((end - start) * 2);
    const scratch = this.#scratch;
    let length = 0;
    for (let at = start; at < end; ) {
      const citation = text[at] === OPEN ? citationLength(text, at, end) : 0;
      if (citation > 0) at += citation;
      else scratch[length++] = text[at++];
    }
    this.text = scratch;
    this.start = 0;
    this.end = length;
  }
}

function citationLength(text: Uint8Array, at: number, end: number): number {
  let next = at + 1;
  while (next < end) {
    const decoded = decodeAt(text, next, end);
    if (!isDecimalDigit(decoded & CODE_POINT_MASK)) break;
    next += decoded >> LENGTH_SHIFT;
  }
  if (next < end && text[next] === CLOSE) return next + 1 - at;
  for (const name of NAMED_CITATIONS) {
    let i = 0;
    while (i < name.length && at + i < end && text[at + i] === name[i]) i++;
    if (i === name.length) return i;
  }
  return 0;
}

/** Whether the line ends in one of C4's marks and not in an ellipsis of three dots. */
function endsSentence(text: Uint8Array, start: number, end: number): boolean {
  if (end === start || END_MARKS[text[end - 1]] === 0) return false;
  return !(end - start >= 3 && text[end - 1] === DOT && text[end - 2] === DOT && text[end - 3] === DOT);
}
