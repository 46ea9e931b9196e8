/** Words as byte ranges, to be read: what a WordRanges holds. Invariant: `count` of them, ascending, without overlap, none empty. */
export interface WordList {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly count: number;
}
