/**
 * Word segmentation: which byte ranges of a text are words.
 *
 * Two rules exist, and every figure says which one it was made with: `unicode` (fast, every script) and `spacy-en` (the tokens
 * datatrove sees for English, for parity). Invariant: spans ascend, do not overlap and hold no empty word.
 */

/** Growable list of byte ranges, reused from document to document so that segmenting allocates nothing. */
export class WordRanges {
  starts = new Int32Array(1024);
  ends = new Int32Array(1024);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  push(start: number, end: number): void {
    if (this.count === this.starts.length) {
      const starts = new Int32Array(this.count * 2);
      const ends = new Int32Array(this.count * 2);
      starts.set(this.starts);
      ends.set(this.ends);
      this.starts = starts;
      this.ends = ends;
    }
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }
}

export const WORD_RULES = ["unicode", "spacy-en"] as const;
export type WordRules = (typeof WORD_RULES)[number];

export interface WordSegmenter {
  readonly rules: WordRules;
  /** Replaces the content of `out` by the words of `bytes[start, end)`, as positions in `bytes`. */
  readonly segment: (bytes: Uint8Array, start: number, end: number, out: WordRanges) => void;
}
