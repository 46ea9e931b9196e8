/**
 * Normalizer steps that `tokenizers` names, on bytes: Prepend, Replace, Lowercase, Strip, StripAccents, and the spelling of blanks.
 *
 * Invariant: characters are read by tables pinned to the reference, not by the running Node's. Malformed UTF-8 is left as it is by steps
 * that look at characters. Price: nothing where a step changes nothing; a string of the text where it looks at characters beyond ASCII.
 */
import { charAt, forEachCategoryRun, WHITESPACE } from "./char-class.ts";
import { ACCENTS, YOUNG_CAPITALS } from "./normal-forms.gen.ts";
import type { Normalizer } from "./normalizer.ts";
import { isAscii, StringStep } from "./string-step.ts";

const BLANK = 0x20;
/** U+2581, which SentencePiece writes for a blank. */
export const BLANK_SIGN = "\u2581";

/** Puts `prefix` before text that is not empty. */
export class Prepend implements Normalizer {
  readonly growth: number;
  readonly #prefix: Uint8Array;

  constructor(prefix: string) {
    this.#prefix = new TextEncoder().encode(prefix);
    this.growth = 1 + this.#prefix.length;
  }

  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    if (start === end || this.#prefix.length === 0) return undefined;
    const made = new Uint8Array(this.#prefix.length + end - start);
    made.set(this.#prefix);
    made.set(bytes.subarray(start, end), this.#prefix.length);
    return made;
  }
}

/** Puts `content` in the place of every `pattern`. */
export class ReplaceText implements Normalizer {
  readonly growth: number;
  readonly #pattern: Buffer;
  readonly #content: Uint8Array;

  /** @param pattern not empty */
  constructor(pattern: string, content: string) {
    this.#pattern = Buffer.from(pattern);
    this.#content = new TextEncoder().encode(content);
    this.growth = Math.max(1, Math.ceil(this.#content.length / this.#pattern.length));
  }

  leaves(bytes: Uint8Array, start: number, end: number): boolean {
    return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).indexOf(this.#pattern) === -1;
  }

  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const pattern = this.#pattern;
    const content = this.#content;
    let at = text.indexOf(pattern);
    if (at === -1) return undefined;
    const made = new Uint8Array(text.length * this.growth);
    let from = 0;
    let length = 0;
    for (; at !== -1; at = text.indexOf(pattern, from)) {
      made.set(text.subarray(from, at), length);
      length += at - from;
      made.set(content, length);
      length += content.length;
      from = at + pattern.length;
    }
    made.set(text.subarray(from), length);
    return made.subarray(0, length + text.length - from);
  }
}

/** Spells SentencePiece's sign for a blank as the blank it stands for: what models that know no other blank are given. */
export function plainBlanks(): Normalizer {
  return new ReplaceText(BLANK_SIGN, " ");
}

/** Puts `content` in the place of every match of a regular expression. */
export class ReplaceMatches extends StringStep {
  readonly growth: number;
  readonly #regex: RegExp;
  readonly #content: string;

  /** @param regex global, and matches no empty text */
  constructor(regex: RegExp, content: string) {
    super();
    this.#regex = regex;
    this.#content = content;
    this.growth = Math.max(1, new TextEncoder().encode(content).length);
  }

  protected concerns(): boolean {
    return true;
  }

  protected change(text: string): string {
    return text.replace(this.#regex, () => this.#content);
  }
}

/** Small letters of each character by itself: no rule looks at neighbours. */
export class Lowercase extends StringStep {
  /** U+0130, two bytes, becomes three; U+023A and U+023E become three; capitals of three bytes stay three at most. */
  readonly growth = 2;
  readonly #young = new Map<string, string>();
  readonly #unknown: RegExp;

  constructor() {
    super();
    const unknown: string[] = [];
    forEachCategoryRun((category, start, end) => {
      if (category === "Cn") unknown.push(`\\u{${start.toString(16)}}-\\u{${(end - 1).toString(16)}}`);
    });
    for (let i = 0; i < YOUNG_CAPITALS.length; i += 2) {
      this.#young.set(String.fromCodePoint(YOUNG_CAPITALS[i]), String.fromCodePoint(YOUNG_CAPITALS[i + 1]));
    }
    // A final sigma is told by its neighbours where a whole string is asked; so it is asked about by itself.
    this.#unknown = new RegExp(`[${unknown.join("")}\u03a3${[...this.#young.keys()].join("")}]`, "gu");
  }

  protected concerns(bytes: Uint8Array, start: number, end: number): boolean {
    for (let p = start; p < end; p++) if (bytes[p] >= 0x80 || (bytes[p] >= 0x41 && bytes[p] <= 0x5a)) return true;
    return false;
  }

  protected change(text: string): string {
    let lowered = "";
    let from = 0;
    for (const { 0: char, index } of text.matchAll(this.#unknown)) {
      const small = char === "\u03a3" ? "\u03c3" : (this.#young.get(char) ?? char);
      lowered += text.slice(from, index).toLowerCase() + small;
      from = index + char.length;
    }
    return lowered + text.slice(from).toLowerCase();
  }
}

/** Removes the characters that `tokenizers` calls combining marks. */
export class StripAccents extends StringStep {
  readonly growth = 1;
  readonly #accents: RegExp;

  constructor() {
    super();
    const ranges: string[] = [];
    for (let i = 0; i < ACCENTS.length; i += 2) {
      ranges.push(`\\u{${ACCENTS[i].toString(16)}}-\\u{${ACCENTS[i + 1].toString(16)}}`);
    }
    this.#accents = new RegExp(`[${ranges.join("")}]+`, "gu");
  }

  protected concerns(bytes: Uint8Array, start: number, end: number): boolean {
    return !isAscii(bytes, start, end);
  }

  protected change(text: string): string {
    return text.replace(this.#accents, "");
  }
}

/** Removes whitespace at the ends. */
export class Strip implements Normalizer {
  readonly growth = 1;
  readonly #left: boolean;
  readonly #right: boolean;

  constructor(left: boolean, right: boolean) {
    this.#left = left;
    this.#right = right;
  }

  /** Where `bytes[start, end)` begins without the whitespace that goes. */
  begin(bytes: Uint8Array, start: number, end: number): number {
    let from = start;
    while (this.#left && from < end && isWhite(bytes, from, end)) from += charAt(bytes, from, end) >> 8;
    return from;
  }

  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const from = this.begin(bytes, start, end);
    let to = end;
    while (this.#right && to > from) {
      let last = to - 1;
      while (last > from && (bytes[last] & 0xc0) === 0x80) last--;
      if (!isWhite(bytes, last, to) || last + (charAt(bytes, last, to) >> 8) !== to) break;
      to = last;
    }
    return from === start && to === end ? undefined : bytes.slice(from, to);
  }
}

function isWhite(bytes: Uint8Array, p: number, end: number): boolean {
  return bytes[p] === BLANK || (charAt(bytes, p, end) & WHITESPACE) !== 0;
}
