/**
 * What a rule found in a text: which item, how much of it, and where.
 */

export interface TextMatch {
  readonly item: number;
  /** Share of the item's words that are covered, or what the rule makes of it, and what it had to be. */
  readonly score: number;
  readonly need: number;
  /** Words of the item that the text has in n-grams, and different n-grams. */
  readonly words: number;
  readonly ngrams: number;
  /** Words of the text from the first to behind the last of what matches. */
  readonly firstWord: number;
  readonly endWord: number;
  /** Where the first n-gram begins in the text. */
  readonly gramWord: number;
  /** Whether the answer stands there too; undefined where the item has none. */
  readonly answer: boolean | undefined;
}
