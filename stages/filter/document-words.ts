/**
 * The words of a batch's documents, segmented once for all filters that look at them.
 *
 * Owns {@link DocumentWords}. Filters are separate stages called one after the other on the same batch, and the batch keeps what one of them has
 * segmented until its text changes or it ends. Invariant: the words are those of the segmenter, whoever asks first. Price: 8 bytes a word,
 * at most {@link MAX_KEPT_WORDS} words a batch, in memory that the next batch takes over; documents beyond are segmented again.
 */
import type { Batch, Derivation } from "../../batch/batch.ts";
import type { Utf8Column } from "../../batch/column.ts";
import { allocate, release } from "../../batch/memory.ts";
import { int32At } from "../../batch/numbers.ts";
import type { QualityDocument } from "../../kernels/quality/document.ts";
import type { WordList } from "../../kernels/quality/word-list.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WordRanges, type WordRules, type WordSegmenter } from "../../kernels/words/types.ts";

/** 32 MB: the words of 6 MB of English. */
const MAX_KEPT_WORDS = 1 << 22;
/** Bytes a word and the space behind it take at least in most texts: sizes the first allocation, nothing else. */
const BYTES_PER_WORD = 5;

/** The words of a batch, by row, in the order in which they were asked for. */
class KeptWords {
  #starts: Int32Array;
  #ends: Int32Array;
  #used = 0;
  /** By row: where its words begin, -1 where none are kept; and how many they are. */
  readonly #first: Int32Array;
  readonly #counts: Int32Array;

  constructor(rows: number, textBytes: number) {
    const room = Math.min(Math.ceil(textBytes / BYTES_PER_WORD), MAX_KEPT_WORDS);
    this.#starts = allocateIntegers(room);
    this.#ends = allocateIntegers(room);
    this.#first = new Int32Array(rows).fill(-1);
    this.#counts = new Int32Array(rows);
  }

  get(row: number): WordList | undefined {
    return int32At(this.#first, row) < 0 ? undefined : this.#list(row);
  }

  count(row: number): number | undefined {
    return int32At(this.#first, row) < 0 ? undefined : int32At(this.#counts, row);
  }

  /** Copies the words of `row`; the copy outlives what the document does next, whether it is kept or not. */
  put(row: number, { starts, ends, count }: WordList): WordList {
    const end = this.#used + count;
    if (end > MAX_KEPT_WORDS) return { starts: starts.slice(0, count), ends: ends.slice(0, count), count };
    if (end > this.#starts.length) this.#grow(Math.min(Math.max(end, this.#starts.length * 2), MAX_KEPT_WORDS));
    this.#starts.set(starts.subarray(0, count), this.#used);
    this.#ends.set(ends.subarray(0, count), this.#used);
    this.#first[row] = this.#used;
    this.#counts[row] = count;
    this.#used = end;
    return this.#list(row);
  }

  end(): void {
    release(this.#starts);
    release(this.#ends);
  }

  #grow(room: number): void {
    const [starts, ends] = [allocateIntegers(room), allocateIntegers(room)];
    starts.set(this.#starts.subarray(0, this.#used));
    ends.set(this.#ends.subarray(0, this.#used));
    this.end();
    this.#starts = starts;
    this.#ends = ends;
  }

  #list(row: number): WordList {
    const first = int32At(this.#first, row);
    const count = int32At(this.#counts, row);
    return {
      starts: this.#starts.subarray(first, first + count),
      ends: this.#ends.subarray(first, first + count),
      count,
    };
  }
}

function allocateIntegers(count: number): Int32Array {
  const bytes = allocate(count * 4);
  return new Int32Array(bytes.buffer, bytes.byteOffset, count);
}

const keptWords: Derivation<KeptWords> = {
  make: ({ rows, text }) => new KeptWords(rows, text.data.length),
  end: (words) => words.end(),
};
/** Under which key a batch keeps the words of each set of rules. */
const KEPT: Readonly<Record<WordRules, Derivation<KeptWords>>> = {
  unicode: { ...keptWords },
  "spacy-en": { ...keptWords },
};

const CHUNK_BYTES = 2048;
const NEWLINE = 0x0a;

/** Gives documents their words by one set of rules. */
export class DocumentWords {
  readonly #rules: WordRules;
  /** Undefined for the `unicode` rules: documents segment by those themselves. */
  readonly #segmenter: WordSegmenter | undefined;
  readonly #spans = new WordRanges();

  constructor(rules: WordRules) {
    this.#rules = rules;
    this.#segmenter = rules === "unicode" ? undefined : segmenter(rules);
  }

  /** The words of `batch`. Good until the batch ends or its text is replaced. */
  of(batch: Batch): BatchWords {
    return new BatchWords(batch.derived(KEPT[this.#rules]), batch.text, this.#segmenter, this.#spans);
  }
}

/** Gives the documents of one batch their words. */
export class BatchWords {
  readonly #kept: KeptWords;
  readonly #column: Utf8Column;
  readonly #segmenter: WordSegmenter | undefined;
  readonly #spans: WordRanges;

  /** `spans` is room that is used from document to document. */
  constructor(kept: KeptWords, column: Utf8Column, segmenter: WordSegmenter | undefined, spans: WordRanges) {
    this.#kept = kept;
    this.#column = column;
    this.#segmenter = segmenter;
    this.#spans = spans;
  }

  /** Gives an open `document`, which is row `row`, its words, and returns them. */
  load(document: QualityDocument, row: number): WordList {
    const known = this.#kept.get(row);
    if (known !== undefined) {
      document.setWords(known);
      return known;
    }
    const { data, offsets } = this.#column;
    const list = this.#segment(document, data, int32At(offsets, row), int32At(offsets, row + 1));
    if (this.#segmenter !== undefined) document.setWords(list);
    return this.#kept.put(row, list);
  }

  /**
   * Words in an open `document`, which is row `row`; fewer where those already bring `newlines` per word down to `max`.
   * Cuts the text at newlines, which no word crosses.
   */
  count(document: QualityDocument, row: number, newlines: number, max: number): number {
    const known = this.#kept.count(row);
    if (known !== undefined) return known;
    const { data, offsets } = this.#column;
    const end = int32At(offsets, row + 1);
    let count = 0;
    for (let from = int32At(offsets, row); from < end; ) {
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
