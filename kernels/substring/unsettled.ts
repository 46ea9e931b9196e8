/**
 * What the verdicts on the records of a document say of its fragments: ranges of duplicates, and runs that are to be compared symbol by symbol.
 *
 * A record that is a copy takes its followers along. One that is unsettled goes on with the places of its followers, because they hold the same symbols
 * and only differ in how far they are from an earlier copy. Memory: the unsettled records of one document.
 */
import { type RunVisitor, visitRuns } from "./sample-words.ts";

// Verdicts on a record; 0 is none, for runs that are alone.
export const COPY = 1;
export const UNSETTLED = 2;

/** A run of fragments of a document, and runs that are equal to it and overlap it. */
export interface UnsettledRun {
  readonly record: number;
  readonly start: number;
  readonly count: number;
  /** Of its k-gram behind `start`. */
  readonly offset: number;
  /** Pairs: where followers begin, how many there are one behind the other. */
  readonly followers: number[];
}

/** Fragments `[from, to)` of a document, by where they start, that have a copy before them. */
export type RangeVisitor = (from: number, to: number) => void;

export class DocumentVerdicts implements RunVisitor {
  #verdicts: Uint8Array = new Uint8Array(0);
  #first = 0;
  #records = 0;
  #range: RangeVisitor = () => undefined;
  #from = 0;
  #to = 0;
  readonly #unsettled: UnsettledRun[] = [];
  readonly #byRecord = new Map<number, UnsettledRun>();

  /**
   * Tells `range` of the duplicates among the fragments of the document whose words are `words[from, end)` and whose first record is `first` of `verdicts`, and returns
   * the unsettled runs, in order: valid until the next call. Ranges ascend and do not touch.
   */
  settle(
    words: Uint32Array,
    from: number,
    end: number,
    verdicts: Uint8Array,
    first: number,
    range: RangeVisitor,
  ): readonly UnsettledRun[] {
    this.#verdicts = verdicts;
    this.#first = first;
    this.#records = 0;
    this.#range = range;
    this.#from = 0;
    this.#to = 0;
    this.#unsettled.length = 0;
    if (this.#byRecord.size > 0) this.#byRecord.clear();
    visitRuns(words, from, end, this);
    this.#flush();
    return this.#unsettled;
  }

  /** Records of the document that was seen last. */
  get records(): number {
    return this.#records;
  }

  record(start: number, count: number, offset: number): void {
    const record = this.#records++;
    const verdict = this.#verdicts[this.#first + record];
    if (verdict === COPY) this.#add(start, start + count);
    if (verdict !== UNSETTLED) return;
    const run = { record, start, count, offset, followers: [] };
    this.#unsettled.push(run);
    this.#byRecord.set(record, run);
  }

  followers(start: number, record: number, runs: number, count: number): void {
    const verdict = this.#verdicts[this.#first + record];
    if (verdict === COPY) this.#add(start, start + runs * count);
    if (verdict === UNSETTLED) this.#byRecord.get(record)?.followers.push(start, runs);
  }

  repeats(start: number, fragments: number): void {
    this.#add(start, start + fragments);
  }

  #add(from: number, to: number): void {
    if (from !== this.#to || this.#from === this.#to) {
      this.#flush();
      this.#from = from;
    }
    this.#to = to;
  }

  #flush(): void {
    if (this.#to > this.#from) this.#range(this.#from, this.#to);
    this.#from = this.#to;
  }
}
