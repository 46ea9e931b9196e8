/**
 * What is kept of the samples of a document: words that say, in order, which fragments each stands for.
 *
 * A document's fragments are cut into runs, one a sample, and its words follow one another as they do. A run is a *record*, which has a key; *followers*,
 * runs that are equal to a record of the same document and overlap it; or *repeats*, which are equal to one that they do not overlap. Price: 4 bytes a
 * record, 8 a run of followers, 4 a run of repeats.
 */

/** Longest fragment, in symbols: a record's fragments and the place of its k-gram have 15 bits each. */
export const MAX_FRAGMENT = 32767;

const OFFSET_BITS = 15;
const OFFSET_MASK = (1 << OFFSET_BITS) - 1;
const FOLLOWER = 0x40000000;
const REPEAT = 0x80000000;
const PAYLOAD = 0x3fffffff;

/** The word of a record of `count` fragments, whose k-gram begins `offset` symbols behind the first of them. */
export function recordWord(count: number, offset: number): number {
  return (count << OFFSET_BITS) | offset;
}

/** How many fragments the word of a record says. */
export function countOf(word: number): number {
  return word >>> OFFSET_BITS;
}

/** How far behind the first fragment the k-gram begins, as the word of a record says. */
export function offsetOf(word: number): number {
  return word & OFFSET_MASK;
}

/** The first word of followers of a record, by its number in the document; the second is how many they are. */
export function followerWord(record: number): number {
  return (FOLLOWER | record) >>> 0;
}

/** The word of `fragments` that are repeats. */
export function repeatWord(fragments: number): number {
  return (REPEAT | fragments) >>> 0;
}

/** Takes the runs of a document. `start` is the first fragment of a run. */
export interface RunVisitor {
  record(start: number, count: number, offset: number): void;
  /** `runs` copies of record `record` of the document, one after the other. */
  followers(start: number, record: number, runs: number, count: number): void;
  repeats(start: number, fragments: number): void;
}

/** Shows `visitor` the runs of the document whose words are `words[from, end)`. */
export function visitRuns(words: Uint32Array, from: number, end: number, visitor: RunVisitor): void {
  const counts: number[] = [];
  let start = 0;
  for (let at = from; at < end; at++) {
    const word = words[at];
    if (word >= REPEAT) {
      visitor.repeats(start, word & PAYLOAD);
      start += word & PAYLOAD;
    } else if (word >= FOLLOWER) {
      const record = word & PAYLOAD;
      const runs = words[++at];
      const count = counts[record];
      visitor.followers(start, record, runs, count);
      start += runs * count;
    } else {
      const count = countOf(word);
      counts.push(count);
      visitor.record(start, count, offsetOf(word));
      start += count;
    }
  }
}
