/**
 * What Dolma's Gopher tagger measures of a text.
 *
 * Owns {@link DolmaMeasures}. Words are what stands between white space; lengths are code points; lines are cut at `\n`
 * alone, the empty ones among them. Unlike Gopher's rules elsewhere, all copies of a repeated line or n-gram count, the
 * first too. Invariant: the tagger's numbers, to the last bit of a double. Price: 150 ns a word, for the n-grams.
 */
import { countCodePoints } from "../lines.ts";
import { isLetter } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges } from "../words/types.ts";
import { splitWords } from "../words/white-space.ts";
import { STOP_WORDS, StopWords } from "./gopher.ts";
import { NgramTable } from "./ngram-table.ts";

const NEWLINE = 0x0a;

export class DolmaMeasures {
  words = 0;
  /** Code points of the words. */
  chars = 0;
  medianWordLength = 0;
  /** Words with `#` or U+2026. */
  symbolWords = 0;
  /** Words with a letter. */
  alphabeticWords = 0;
  /** Occurrences of stop words, as they are written. */
  requiredWords = 0;
  lines = 0;
  bulletLines = 0;
  ellipsisLines = 0;
  /** Lines that occur more than once, every copy, and their code points. */
  duplicateLines = 0;
  duplicateLineChars = 0;
  readonly #spans = new WordRanges();
  readonly #lineSpans = new WordRanges();
  readonly #table = new NgramTable();
  readonly #required = new StopWords(STOP_WORDS);
  #lengths = new Int32Array(1 << 10);

  /** Measures words and lines of `bytes[start, end)`. */
  measure(bytes: Uint8Array, start: number, end: number): void {
    splitWords(bytes, start, end, this.#spans);
    this.#measureWords(bytes);
    this.#measureLines(bytes, start, end);
    this.#table.load(bytes, this.#spans);
  }

  /**
   * Goes on to n-grams of one word more, from 2 on: to be called after {@link measure}, before the two measures below.
   */
  nextNgrams(): void {
    this.#table.next();
  }

  /**
   * Share of the characters of words that the most frequent n-gram takes, the one that occurs first where several are;
   * 0 without n-grams.
   */
  topNgramRatio(): number {
    const { counts, distinct, firsts, count, n } = this.#table;
    if (count === 0) return 0;
    let top = 0;
    for (let id = 1; id < distinct; id++) if (counts[id] > counts[top]) top = id;
    return (counts[top] * this.#charsAt(firsts[top], n)) / Math.max(this.chars, 1);
  }

  /**
   * Characters of the n-grams that occur more than once over those of all, each counted with every n-gram it is in; 0
   * without n-grams.
   */
  duplicateNgramRatio(): number {
    const { counts, distinct, firsts, n } = this.#table;
    let all = 0;
    let duplicate = 0;
    for (let id = 0; id < distinct; id++) {
      const chars = counts[id] * this.#charsAt(firsts[id], n);
      all += chars;
      if (counts[id] > 1) duplicate += chars;
    }
    return duplicate / Math.max(all, 1);
  }

  #charsAt(word: number, n: number): number {
    let chars = 0;
    for (let i = word; i < word + n; i++) chars += this.#lengths[i];
    return chars;
  }

  #measureWords(bytes: Uint8Array): void {
    const { starts, ends, count } = this.#spans;
    if (this.#lengths.length < count) this.#lengths = new Int32Array(2 * count);
    const lengths = this.#lengths;
    this.words = count;
    this.chars = 0;
    this.symbolWords = 0;
    this.alphabeticWords = 0;
    for (let word = 0; word < count; word++) {
      lengths[word] = countCodePoints(bytes, starts[word], ends[word]);
      this.chars += lengths[word];
      const kind = kindOf(bytes, starts[word], ends[word]);
      if ((kind & SYMBOL) !== 0) this.symbolWords++;
      if ((kind & ALPHABETIC) !== 0) this.alphabeticWords++;
    }
    const sorted = lengths.slice(0, count).sort();
    const middle = count >> 1;
    if (count === 0) this.medianWordLength = 0;
    else this.medianWordLength = count % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    this.requiredWords = this.#required.countAll(bytes, this.#spans);
  }

  #measureLines(bytes: Uint8Array, start: number, end: number): void {
    const lines = this.#lineSpans;
    lines.clear();
    this.bulletLines = 0;
    this.ellipsisLines = 0;
    for (let from = start; ; ) {
      let at = from;
      while (at < end && bytes[at] !== NEWLINE) at++;
      lines.push(from, at);
      if (at > from && (bytes[from] === 0x2a || bytes[from] === 0x2d)) this.bulletLines++;
      if (isEllipsis(bytes, at - 3, from)) this.ellipsisLines++;
      if (at === end) break;
      from = at + 1;
    }
    // A line that occurs more than once is a repeated unigram of lines.
    const table = this.#table;
    table.load(bytes, lines);
    this.lines = lines.count;
    this.duplicateLines = 0;
    this.duplicateLineChars = 0;
    for (let id = 0; id < table.distinct; id++) {
      if (table.counts[id] < 2) continue;
      const line = table.firsts[id];
      this.duplicateLines += table.counts[id];
      this.duplicateLineChars += table.counts[id] * countCodePoints(bytes, lines.starts[line], lines.ends[line]);
    }
  }
}

const SYMBOL = 1;
const ALPHABETIC = 2;

function kindOf(bytes: Uint8Array, start: number, end: number): number {
  let kind = 0;
  for (let at = start; at < end && kind !== (SYMBOL | ALPHABETIC); ) {
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    if (codePoint === 0x23 || codePoint === 0x2026) kind |= SYMBOL;
    else if ((kind & ALPHABETIC) === 0 && isLetter(codePoint)) kind |= ALPHABETIC;
    at += decoded >> LENGTH_SHIFT;
  }
  return kind;
}

/** Whether U+2026 stands at `at`, not before `start`. */
function isEllipsis(bytes: Uint8Array, at: number, start: number): boolean {
  return at >= start && bytes[at] === 0xe2 && bytes[at + 1] === 0x80 && bytes[at + 2] === 0xa6;
}
