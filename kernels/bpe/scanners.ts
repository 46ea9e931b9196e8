/**
 * The pre-tokenizers of the known vocabularies as byte scanners.
 *
 * Each word function is one regular expression, decided alternative by alternative; the expression stands above it and `known-regexes.ts`
 * maps it here by exact text. Invariant: words are those the regular expression's leftmost-first matching gives, and a scanner looks
 * at no byte before the word it is in. Price: one class load per character, no allocation.
 */
import {
  CASELESS,
  charAt,
  LETTER,
  LOWER,
  MARK,
  NEWLINE,
  NUMBER,
  OTHER,
  SPACE,
  skip,
  UPPER,
  WHITESPACE,
} from "./char-class.ts";
import { deepSeekWord } from "./deepseek-scanner.ts";
import { blanks, blanksOrLines, numbers } from "./plain-words.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";

const BLANK = 0x20;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const SYMBOL = OTHER | MARK;

/**
 * Length of `'s|'t|'re|'ve|'m|'ll|'d` at `p`, 0 where there is none. Any letter case when `anyCase`, and then U+017F too, which
 * folds to `s`.
 */
function contraction(bytes: Uint8Array, p: number, end: number, anyCase: boolean): number {
  if (p + 1 >= end || bytes[p] !== APOSTROPHE) return 0;
  const fold = anyCase ? 0x20 : 0;
  const first = bytes[p + 1] | fold;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 2; // s t m d
  if (p + 2 >= end) return 0;
  if (anyCase && bytes[p + 1] === 0xc5 && bytes[p + 2] === 0xbf) return 3; // U+017F
  const second = bytes[p + 2] | fold;
  if (second === 0x65 && (first === 0x72 || first === 0x76)) return 3; // re ve
  return first === 0x6c && second === 0x6c ? 3 : 0; // ll
}

/** `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` */
function gpt2Word(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  let char = charAt(bytes, p, end);
  if (bytes[p] === BLANK) {
    if (++p === end) return p;
    char = charAt(bytes, p, end);
    if ((char & WHITESPACE) !== 0) return blanks(bytes, start, end);
  } else if ((char & WHITESPACE) !== 0) {
    return blanks(bytes, start, end);
  } else if (bytes[p] === APOSTROPHE) {
    const length = contraction(bytes, p, end, false);
    if (length !== 0) return p + length;
  }
  const set = (char & LETTER) !== 0 ? LETTER : (char & NUMBER) !== 0 ? NUMBER : SYMBOL;
  return skip(bytes, p, end, set);
}

/**
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
 * with `digits` for the 3.
 */
function cl100kWord(bytes: Uint8Array, p: number, end: number, digits: number): number {
  const char = charAt(bytes, p, end);
  const after = p + (char >> 8);
  if ((char & LETTER) !== 0) return skip(bytes, after, end, LETTER);
  if ((char & NUMBER) !== 0) return numbers(bytes, after, end, digits - 1);
  if ((char & NEWLINE) !== 0) return blanksOrLines(bytes, p, end);
  if (bytes[p] === APOSTROPHE) {
    const length = contraction(bytes, p, end, true);
    if (length !== 0) return p + length;
  }
  if (after === end) return end;
  const next = charAt(bytes, after, end);
  if ((next & LETTER) !== 0) return skip(bytes, after + (next >> 8), end, LETTER);
  if ((char & SPACE) !== 0 && (bytes[p] !== BLANK || (next & SYMBOL) === 0)) return blanksOrLines(bytes, p, end);
  return skip(bytes, skip(bytes, after, end, SYMBOL), end, NEWLINE);
}

const CAPITALS = UPPER | CASELESS | MARK;
const SMALLS = LOWER | CASELESS | MARK;

/** `[Lu Lt Lm Lo M]*[Ll Lm Lo M]+` at `start`; -1 where it fails, which leaves capitals only. */
function capitalsThenSmalls(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  let lastShared = -1; // end of the last character both sets have: where backtracking out of the capitals stops
  while (p < end) {
    const char = charAt(bytes, p, end);
    if ((char & CAPITALS) === 0) return (char & LOWER) !== 0 ? skip(bytes, p, end, SMALLS) : lastShared;
    p += char >> 8;
    if ((char & SMALLS) !== 0) lastShared = p;
  }
  return lastShared;
}

/**
 * `[^\r\n\p{L}\p{N}]?[Lu Lt Lm Lo M]*[Ll Lm Lo M]+C?|[^\r\n\p{L}\p{N}]?[Lu Lt Lm Lo M]+[Ll Lm Lo M]*C?` at `p`, where C is a
 * contraction; -1 where neither matches. `after` is the position behind the first character.
 */
function casedWord(bytes: Uint8Array, p: number, after: number, char: number, end: number, isTekken: boolean): number {
  const prefixed = (char & LETTER) === 0;
  let stop = prefixed ? capitalsThenSmalls(bytes, after, end) : -1;
  if (stop === -1 && (char & (LETTER | MARK)) !== 0) stop = capitalsThenSmalls(bytes, p, end);
  if (stop === -1) {
    // No small letter follows: the second alternative, which then is a run of capitals.
    const from = prefixed ? after : p;
    stop = skip(bytes, from, end, CAPITALS);
    if (stop === from) return -1;
  }
  return isTekken ? stop : stop + contraction(bytes, stop, end, true);
}

/**
 * The case-aware expression of o200k: {@link casedWord}, then `\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*` and whitespace as in cl100k; `isTekken`
 * without contractions, and numbers of one digit.
 */
function o200kWord(bytes: Uint8Array, p: number, end: number, isTekken: boolean): number {
  const char = charAt(bytes, p, end);
  const after = p + (char >> 8);
  if ((char & NUMBER) !== 0) return numbers(bytes, after, end, isTekken ? 0 : 2);
  if ((char & NEWLINE) !== 0) return blanksOrLines(bytes, p, end);
  const word = casedWord(bytes, p, after, char, end, isTekken);
  if (word !== -1) return word;
  if (after === end) return end;
  if ((char & SPACE) !== 0 && (bytes[p] !== BLANK || (charAt(bytes, after, end) & SYMBOL) === 0)) {
    return blanksOrLines(bytes, p, end);
  }
  p = skip(bytes, after, end, SYMBOL);
  while (p < end && (bytes[p] === SLASH || bytes[p] === 0x0a || bytes[p] === 0x0d)) p++;
  return p;
}

/** The end of the word that starts at `p`; needs `p < end`. */
type WordEnd = (bytes: Uint8Array, p: number, end: number) => number;

class Scanner implements PreTokenizer {
  readonly growth = 1;
  readonly #wordEnd: WordEnd;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;

  constructor(wordEnd: WordEnd) {
    this.#wordEnd = wordEnd;
  }

  begin(bytes: Uint8Array, start: number, end: number): undefined {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  next(ends: Int32Array): number {
    const wordEnd = this.#wordEnd;
    const bytes = this.#bytes;
    const end = this.#end;
    let p = this.#position;
    let count = 0;
    while (count < ends.length && p < end) {
      p = wordEnd(bytes, p, end);
      ends[count++] = p;
    }
    this.#position = p;
    return count;
  }
}

/** GPT-2's expression: GPT-2, r50k, p50k and every `ByteLevel` with `use_regex`. */
export function gpt2Scanner(): PreTokenizer {
  return new Scanner(gpt2Word);
}

/** The expression of cl100k and Llama 3 (three digits a word) and of Qwen 2 and 3 (one). */
export function cl100kScanner(digits: number): PreTokenizer {
  return new Scanner((bytes, p, end) => cl100kWord(bytes, p, end, digits));
}

/** The expression of o200k. */
export function o200kScanner(): PreTokenizer {
  return new Scanner((bytes, p, end) => o200kWord(bytes, p, end, false));
}

/** The expression of Mistral's Tekken. */
export function tekkenScanner(): PreTokenizer {
  return new Scanner((bytes, p, end) => o200kWord(bytes, p, end, true));
}

/** The three splits of DeepSeek V3. */
export function deepSeekScanner(): PreTokenizer {
  return new Scanner(deepSeekWord);
}
