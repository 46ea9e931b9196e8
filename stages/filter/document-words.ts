/**
 * The words of a batch's documents, segmented once for all filters that look at them.
 *
 * Owns {@link DocumentWords}. Filters are separate stages called one after the other on the same batch; what one has segmented is kept by its
 * text column, which never changes, and goes when the column goes. Invariant: the words are those of the segmenter, whoever asks first.
 * Price: 8 bytes a word, at most {@link MAX_KEPT_WORDS} a batch; documents beyond are segmented again.
 */
import type { Utf8Column } from "../../batch/column.ts";
import type { QualityDocument } from "../../kernels/quality/document.ts";
import type { WordList } from "../../kernels/quality/word-list.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { type WordRules, type WordSegmenter, WordSpans } from "../../kernels/words.ts";

/** 64 MB: the words of 12 MB of English. */
const MAX_KEPT_WORDS = 1 << 23;

const keptByColumn: Readonly<Record<WordRules, WeakMap<Utf8Column, KeptWords>>> = {
  unicode: new WeakMap(),
  "spacy-en": new WeakMap(),
};

/** Words of the rows of one column, in the order in which they were asked for. */
class KeptWords {
  #starts: Int32Array;
  #ends: Int32Array;
  #used = 0;
  /** By row: where its words begin; -1 where none are kept. */
  readonly #first: Int32Array;
  readonly #counts: Int32Array;

  constructor(column: Utf8Column) {
    const rows = column.offsets.length - 1;
    // A word is rarely shorter than five bytes, its separator included.
    const room = Math.min(column.data.length / 5 + 64, MAX_KEPT_WORDS);
    this.#starts = new Int32Array(room);
    this.#ends = new Int32Array(room);
    this.#first = new Int32Array(rows).fill(-1);
    this.#counts = new Int32Array(rows);
  }

  get(row: number): WordList | undefined {
    const first = this.#first[row];
    if (first < 0) return undefined;
    const count = this.#counts[row];
    return {
      starts: this.#starts.subarray(first, first + count),
      ends: this.#ends.subarray(first, first + count),
      count,
    };
  }

  put(row: number, { starts, ends, count }: WordList): void {
    const end = this.#used + count;
    if (end > MAX_KEPT_WORDS) return;
    if (end > this.#starts.length) {
      const room = Math.min(Math.max(end, this.#starts.length * 2), MAX_KEPT_WORDS);
      this.#starts = grown(this.#starts, room);
      this.#ends = grown(this.#ends, room);
    }
    this.#starts.set(starts.subarray(0, count), this.#used);
    this.#ends.set(ends.subarray(0, count), this.#used);
    this.#first[row] = this.#used;
    this.#counts[row] = count;
    this.#used = end;
  }
}

function grown(values: Int32Array, size: number): Int32Array {
  const out = new Int32Array(size);
  out.set(values);
  return out;
}

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

  /** Gives an open `document`, which is `row` of `column`, its words, and returns them: good until the next call. */
  load(document: QualityDocument, column: Utf8Column, row: number): WordList {
    const kept = this.#keptOf(column);
    const known = kept.get(row);
    if (known !== undefined) {
      document.setWords(known);
      return known;
    }
    const words = this.#segment(document, column.data, column.offsets[row], column.offsets[row + 1]);
    if (this.#segmenter !== undefined) document.setWords(words);
    kept.put(row, words);
    return words;
  }

  /**
   * Words in an open `document`, which is `row` of `column`; fewer where those already bring `newlines` per word down to `max`.
   * Cuts the text at newlines, which no word crosses.
   */
  count(document: QualityDocument, column: Utf8Column, row: number, newlines: number, max: number): number {
    const known = this.#keptOf(column).get(row);
    if (known !== undefined) return known.count;
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

  #keptOf(column: Utf8Column): KeptWords {
    const words = keptByColumn[this.#rules];
    let kept = words.get(column);
    if (kept === undefined) {
      kept = new KeptWords(column);
      words.set(column, kept);
    }
    return kept;
  }
}
