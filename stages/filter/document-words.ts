/**
 * The words of a batch's documents, segmented once for all filters that look at them.
 *
 * Owns {@link DocumentWords}. Filters are separate stages called one after the other on the same batch; what one has segmented is kept for
 * its text column, which never changes, until another column comes. Invariant: the words are those of the segmenter, whoever asks
 * first. Price: 8 bytes a word, at most {@link MAX_KEPT_WORDS} words a thread; documents beyond are segmented again.
 */
import type { Utf8Column } from "../../batch/column.ts";
import type { QualityDocument } from "../../kernels/quality/document.ts";
import { widen } from "../../kernels/quality/range-set.ts";
import type { WordList } from "../../kernels/quality/word-list.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { type WordRules, type WordSegmenter, WordSpans } from "../../kernels/words/types.ts";

/** 32 MB: the words of 6 MB of English. */
const MAX_KEPT_WORDS = 1 << 22;

/** The words of one column at a time, by row, in the order in which they were asked for. */
class KeptWords {
  /** Which columns were kept when; the one kept now is the last. */
  readonly #turns = new WeakMap<Utf8Column, number>();
  #turn = 0;
  #starts = new Int32Array(1 << 12);
  #ends = new Int32Array(1 << 12);
  #used = 0;
  /** By row: where its words begin, -1 where none are kept; and how many they are. */
  #first = new Int32Array(0);
  #counts = new Int32Array(0);

  /** Makes `column` the one whose words are kept. */
  turnTo(column: Utf8Column): void {
    if (this.#turns.get(column) === this.#turn) return;
    this.#turns.set(column, ++this.#turn);
    this.#used = 0;
    const rows = column.offsets.length - 1;
    if (rows > this.#first.length) {
      this.#first = new Int32Array(rows);
      this.#counts = new Int32Array(rows);
    }
    this.#first.fill(-1, 0, rows);
  }

  get(row: number): WordList | undefined {
    return this.#first[row] < 0 ? undefined : this.#list(row);
  }

  count(row: number): number | undefined {
    return this.#first[row] < 0 ? undefined : this.#counts[row];
  }

  /** Copies the words of `row`; the copy outlives what the document does next, whether it is kept or not. */
  put(row: number, { starts, ends, count }: WordList): WordList {
    const end = this.#used + count;
    if (end > MAX_KEPT_WORDS) return { starts: starts.slice(0, count), ends: ends.slice(0, count), count };
    if (end > this.#starts.length) {
      const room = Math.min(Math.max(end, this.#starts.length * 2), MAX_KEPT_WORDS);
      this.#starts = widen(this.#starts, room);
      this.#ends = widen(this.#ends, room);
    }
    this.#starts.set(starts.subarray(0, count), this.#used);
    this.#ends.set(ends.subarray(0, count), this.#used);
    this.#first[row] = this.#used;
    this.#counts[row] = count;
    this.#used = end;
    return this.#list(row);
  }

  #list(row: number): WordList {
    const first = this.#first[row];
    const count = this.#counts[row];
    return {
      starts: this.#starts.subarray(first, first + count),
      ends: this.#ends.subarray(first, first + count),
      count,
    };
  }
}

/** What is kept is a function of the column, so that all filters of a thread may share it. */
const kept: Readonly<Record<WordRules, KeptWords>> = { unicode: new KeptWords(), "spacy-en": new KeptWords() };

const CHUNK_BYTES = 2048;
const NEWLINE = 0x0a;

/** Gives documents their words by one set of rules. */
export class DocumentWords {
  readonly #rules: WordRules;
  /** Undefined for the `unicode` rules: documents segment by those themselves. */
  readonly #segmenter: WordSegmenter | undefined;
  readonly #spans = new WordSpans();

  constructor(rules: WordRules) {
    this.#rules = rules;
    this.#segmenter = rules === "unicode" ? undefined : segmenter(rules);
  }

  /** Gives an open `document`, which is `row` of `column`, its words, and returns them: good until the next column. */
  load(document: QualityDocument, column: Utf8Column, row: number): WordList {
    const words = kept[this.#rules];
    words.turnTo(column);
    const known = words.get(row);
    if (known !== undefined) {
      document.setWords(known);
      return known;
    }
    const list = this.#segment(document, column.data, column.offsets[row], column.offsets[row + 1]);
    if (this.#segmenter !== undefined) document.setWords(list);
    return words.put(row, list);
  }

  /**
   * Words in an open `document`, which is `row` of `column`; fewer where those already bring `newlines` per word down to `max`.
   * Cuts the text at newlines, which no word crosses.
   */
  count(document: QualityDocument, column: Utf8Column, row: number, newlines: number, max: number): number {
    kept[this.#rules].turnTo(column);
    const known = kept[this.#rules].count(row);
    if (known !== undefined) return known;
    const { data, offsets } = column;
    const end = offsets[row + 1];
    let count = 0;
    for (let from = offsets[row]; from < end; ) {
      let to = Math.min(from + CHUNK_BYTES, end);
      while (to < end && data[to - 1] !== NEWLINE) to++;
      count += this.#segment(document, data, from, to).count;
      if (count > 0 && newlines / count <= max) break;
      from = to;
    }
    return count;
  }

  #segment(document: QualityDocument, bytes: Uint8Array, start: number, end: number): WordList {
    if (this.#segmenter === undefined) return document.segment(start, end);
    this.#segmenter.segment(bytes, start, end, this.#spans);
    return this.#spans;
  }
}
