/** How a piece of text is cut into words before merging; no merge crosses their borders. */
export interface PreTokenizer {
  /** The most bytes of words that one byte of text becomes. */
  readonly growth: number;
  /**
   * Starts on `bytes[start, end)`, forgetting what was under way. Returns the text that the words are of, one behind the other from its
   * start; undefined where that is `bytes[start, end)` itself.
   *
   * @param isFirst whether a document begins with it; not where nothing is said
   */
  begin(bytes: Uint8Array, start: number, end: number, isFirst?: boolean): Uint8Array | undefined;
  /** Writes the exclusive ends of the next words, as positions in their text; returns how many, 0 when the text is used up. */
  next(ends: Int32Array): number;
}
