/**
 * Takes the lines out of a page that are not its text, by RefinedWeb's corrections of lines.
 *
 * Owns the order of rules, which is DCLM-Baseline's, and what is left. Each rule sees what the one before has left,
 * stripped of white space at both ends where DCLM strips it. Invariant: lines are cut at line feeds alone; a text that
 * no rule touches is left as it is. Price: several passes over short lines, 20 ns a byte.
 */
import { skipSpace, spaceLength, trimSpace } from "../lines.ts";
import { CODE_POINT_MASK, decodeBefore, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges } from "../words/types.ts";
import { countFasttextWords, countWords, isAllDigits, isCounter, startsWith, upperCaseRatio } from "./line-signs.ts";

export interface BoilerplateRules {
  /** Share of characters that may be capitals; null: any. */
  readonly maxUppercaseRatio: number | null;
  readonly removeNumeric: boolean;
  readonly removeCounters: boolean;
  readonly minWordsPerLine: number;
  readonly removePhrases: boolean;
}

/** Lines of more words keep their phrases. */
const MAX_PHRASE_WORDS = 10;
const LINE_FEED = 0x0a;
const SEPARATOR = Uint8Array.of(LINE_FEED);
const encoder = new TextEncoder();
const IN_CART = encoder.encode("items in cart");
/** DCLM's pattern is `Read more...`, in which a full stop is any character. */
const READ_MORE = encoder.encode("read more");
const READ_MORE_TAIL = 3;
const SIGN_IN = encoder.encode("sign-in");

export class BoilerplateLines {
  /** Whether nothing is left of the text that was opened last. */
  isEmpty = false;
  readonly #rules: BoilerplateRules;
  #lines = new WordRanges();
  #next = new WordRanges();
  /** The text, or a copy in which lines were shortened. */
  #text: Uint8Array = new Uint8Array(0);
  #isCopy = false;
  #changed = false;

  constructor(rules: BoilerplateRules) {
    this.#rules = rules;
  }

  /** Applies the rules to `bytes[start, end)`; whether the text changes. */
  open(bytes: Uint8Array, start: number, end: number): boolean {
    const rules = this.#rules;
    this.#text = bytes.subarray(start, end);
    this.#isCopy = false;
    this.#changed = false;
    this.#split();
    const { maxUppercaseRatio, minWordsPerLine } = rules;
    if (maxUppercaseRatio !== null) {
      this.#keep((from, to) => upperCaseRatio(this.#text, from, to) <= maxUppercaseRatio);
      this.#strip();
    }
    if (rules.removeNumeric) {
      this.#keep((from, to) => !isAllDigits(this.#text, from, to));
      this.#strip();
    }
    if (rules.removeCounters) {
      this.#keep((from, to) => !isCounter(this.#text, from, to));
      this.#strip();
    }
    if (minWordsPerLine > 0)
      this.#keep((from, to) => from === to || countWords(this.#text, from, to, minWordsPerLine) >= minWordsPerLine);
    if (rules.removePhrases) {
      for (const shorten of [this.#withoutCart, this.#withoutReadMore, this.#withoutSignIn]) {
        this.#shorten(shorten);
        this.#strip();
      }
    }
    this.isEmpty =
      this.#lines.count === 0 || (this.#lines.count === 1 && this.#lines.starts[0] === this.#lines.ends[0]);
    return this.#changed;
  }

  /** Words of what is left. */
  words(): number {
    let words = 0;
    for (let i = 0; i < this.#lines.count; i++)
      words += countFasttextWords(this.#text, this.#lines.starts[i], this.#lines.ends[i]);
    return words;
  }

  /** Gives what is left to `write`. */
  write(write: (part: Uint8Array) => void): void {
    for (let i = 0; i < this.#lines.count; i++) {
      if (i > 0) write(SEPARATOR);
      write(this.#text.subarray(this.#lines.starts[i], this.#lines.ends[i]));
    }
  }

  #split(): void {
    this.#lines.clear();
    let from = 0;
    for (let at = 0; at < this.#text.length; at++) {
      if (this.#text[at] !== LINE_FEED) continue;
      this.#lines.push(from, at);
      from = at + 1;
    }
    this.#lines.push(from, this.#text.length);
  }

  #keep(judge: (start: number, end: number) => boolean): void {
    const { starts, ends, count } = this.#lines;
    this.#next.clear();
    for (let i = 0; i < count; i++) if (judge(starts[i], ends[i])) this.#next.push(starts[i], ends[i]);
    if (this.#next.count < count) this.#changed = true;
    [this.#lines, this.#next] = [this.#next, this.#lines];
  }

  /** Python's `strip` of the text that the lines make. */
  #strip(): void {
    const { starts, ends, count } = this.#lines;
    let first = 0;
    let last = count - 1;
    while (first < last && this.#isBlank(starts[first], ends[first])) first++;
    while (last > first && this.#isBlank(starts[last], ends[last])) last--;
    if (count === 0) return;
    const from = skipSpace(this.#text, starts[first], ends[first]);
    const to = trimSpace(this.#text, first === last ? from : starts[last], ends[last]);
    if (first === 0 && last === count - 1 && from === starts[0] && to === ends[last]) return;
    this.#changed = true;
    this.#next.clear();
    for (let i = first; i <= last; i++) this.#next.push(i === first ? from : starts[i], i === last ? to : ends[i]);
    [this.#lines, this.#next] = [this.#next, this.#lines];
  }

  /**
   * Shortens lines of few words; a line of which nothing is left goes. `shorten` gives the new range, `[start, end]`.
   */
  #shorten(shorten: (start: number, end: number) => readonly [number, number]): void {
    const { starts, ends, count } = this.#lines;
    this.#next.clear();
    for (let i = 0; i < count; i++) {
      const [start, end] = [starts[i], ends[i]];
      const isShort = countWords(this.#text, start, end, MAX_PHRASE_WORDS + 1) <= MAX_PHRASE_WORDS;
      const [from, to] = isShort ? shorten(start, end) : [start, end];
      if (from !== start || to !== end) this.#changed = true;
      // Lines of white space go as well, phrase or not; empty ones stay.
      if (isShort && end > start && this.#isBlank(from, to)) this.#changed = true;
      else this.#next.push(from, to);
    }
    [this.#lines, this.#next] = [this.#next, this.#lines];
  }

  /** Without `items in cart` and a white space before it, wherever they stand. */
  readonly #withoutCart = (start: number, end: number): readonly [number, number] => {
    let to = start;
    let from = start;
    for (let at = start; at < end; at++) {
      if (!startsWith(this.#text, at, end, IN_CART)) continue;
      this.#own();
      const stop = this.#beforeSpace(from, at);
      this.#text.copyWithin(to, from, stop);
      to += stop - from;
      from = at + IN_CART.length;
      at = from - 1;
    }
    if (from === start) return [start, end];
    this.#text.copyWithin(to, from, end);
    return [start, to + end - from];
  };

  /** Without `Read more` and three characters at the end, and a white space before them. */
  readonly #withoutReadMore = (start: number, end: number): readonly [number, number] => {
    let tail = end;
    for (let i = 0; i < READ_MORE_TAIL && tail > start; i++)
      tail -= decodeBefore(this.#text, start, tail) >> LENGTH_SHIFT;
    const at = tail - READ_MORE.length;
    if (at < start || !startsWith(this.#text, at, tail, READ_MORE)) return [start, end];
    return [start, this.#beforeSpace(start, at)];
  };

  /** Without `Sign-in` at the beginning and a white space behind it. */
  readonly #withoutSignIn = (start: number, end: number): readonly [number, number] => {
    if (!startsWith(this.#text, start, end, SIGN_IN)) return [start, end];
    const at = start + SIGN_IN.length;
    return [at < end ? at + spaceLength(this.#text, at, end) : at, end];
  };

  #isBlank(start: number, end: number): boolean {
    return skipSpace(this.#text, start, end) === end;
  }

  /** Where the white space begins that ends at `at`, or `at`. */
  #beforeSpace(from: number, at: number): number {
    if (at === from) return at;
    const decoded = decodeBefore(this.#text, from, at);
    const before = at - (decoded >> LENGTH_SHIFT);
    return spaceLength(this.#text, before, at) > 0 && (decoded & CODE_POINT_MASK) !== LINE_FEED ? before : at;
  }

  /** Makes the text a copy that may be written to. */
  #own(): void {
    if (this.#isCopy) return;
    this.#text = this.#text.slice();
    this.#isCopy = true;
  }
}
