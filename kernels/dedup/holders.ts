/**
 * Whether all that a text says stands in one of some texts that stay: what has to be sure before a near-duplicate goes.
 *
 * A holder holds a text when the text has no word that the holder lacks, no run of more than two 3-grams that it lacks, and, where less than half
 * of the text's 3-grams are distinct or it has fewer than three words, stands in it word for word. A line that was taken out leaves two missing 3-grams, a word
 * from elsewhere three: so the text is a row of pieces of the holder, of three words and more. The pieces stand in the holder in the same order: else
 * `a = b` would stand for `b = a` wherever both signs have neighbours in common. No holder has fewer words than what it holds.
 * Invariant: at most {@link MAX_HOLDERS} texts hold, and of those beyond the first at most {@link MAX_HELD_WORDS} words, so that many texts cost as much
 * each as few do. Price: one look into a table a word for all holders together; 3-grams only of holders that have every word.
 */

export const MAX_HOLDERS = 32;
/** 34 MB of words and 50 MB of tables. */
export const MAX_HELD_WORDS = 1 << 22;
/** A text that repeats itself is looked for, word for word, in holders of so many times its length. */
const MAX_SEARCH_RATIO = 16;
const LONGEST_GAP = 2;
/** How far one or two words at an end of a text are looked for: a bound on work that repeats for every text. */
const NEARBY_WORDS = 1 << 12;
const FIRST_CAPACITY = 1 << 10;

/** Why no holder holds a text; `held` where one does. */
export type Outcome = "held" | "own_word" | "own_passage" | "own_order" | "repetitive";

interface Holder {
  readonly words: Int32Array;
  readonly count: number;
  /** Made when a text has no word that it lacks. */
  grams: GramTable | undefined;
}

export class Holders {
  readonly #holders: Holder[] = [];
  #words = 0;
  /** Two entries a slot: the hash of a word. */
  #keys = new Int32Array(2 * FIRST_CAPACITY);
  /** Which holders have the word, a bit each; 0 where the slot is empty. */
  #masks = new Int32Array(FIRST_CAPACITY);
  #filled = 0;
  /** Why the text asked for last is not held. */
  outcome: Outcome = "held";

  get length(): number {
    return this.#holders.length;
  }

  get isFull(): boolean {
    return this.#holders.length === MAX_HOLDERS;
  }

  reset(): void {
    this.#holders.length = 0;
    this.#words = 0;
    this.#filled = 0;
    if (this.#masks.length > FIRST_CAPACITY) {
      this.#keys = new Int32Array(2 * FIRST_CAPACITY);
      this.#masks = new Int32Array(FIRST_CAPACITY);
    } else this.#masks.fill(0);
  }

  /** The first holder that holds the text of these words, `2 * count` entries as WordHashes has them; or -1. */
  find(words: Int32Array, count: number): number {
    let candidates = 0;
    this.#holders.forEach((holder, index) => {
      if (holder.count >= count) candidates |= 1 << index;
    });
    for (let at = 0; at < 2 * count && candidates !== 0; at += 2)
      candidates &= this.#holdersOf(words[at], words[at + 1]);
    this.outcome = "own_word";
    if (candidates === 0) return -1;
    this.outcome = "own_passage";
    let isVaried: boolean | undefined;
    for (let index = 0; index < this.#holders.length; index++) {
      if ((candidates & (1 << index)) === 0) continue;
      const holder = this.#holders[index];
      holder.grams ??= new GramTable(holder.words, holder.count);
      if (holder.grams.longestGap(words, count) > LONGEST_GAP) continue;
      this.outcome = "own_order";
      if (count > 2 && !isInOrder(words, count, holder, holder.grams)) continue;
      isVaried ??= count > 2 && 2 * new GramTable(words, count).distinct >= count - 2;
      if (isVaried || standsIn(words, count, holder)) {
        this.outcome = "held";
        return index;
      }
      this.outcome = "repetitive";
    }
    return -1;
  }

  /** Makes a holder of a text; false where there is no room for it. */
  add(words: Int32Array, count: number): boolean {
    const index = this.#holders.length;
    if (this.isFull || (index > 0 && this.#words + count > MAX_HELD_WORDS)) return false;
    if (index > 0) this.#words += count;
    this.#holders.push({ words: words.slice(0, 2 * count), count, grams: undefined });
    const bit = 1 << index;
    for (let at = 0; at < 2 * count; at += 2) {
      const slot = this.#slotOf(words[at], words[at + 1]);
      if (this.#masks[slot] === 0) {
        this.#keys[2 * slot] = words[at];
        this.#keys[2 * slot + 1] = words[at + 1];
        this.#masks[slot] = bit;
        if (2 * ++this.#filled > this.#masks.length) this.#grow();
      } else this.#masks[slot] |= bit;
    }
    return true;
  }

  #holdersOf(first: number, second: number): number {
    return this.#masks[this.#slotOf(first, second)];
  }

  /** The slot of a word, or the empty one where it would go. */
  #slotOf(first: number, second: number): number {
    const masks = this.#masks;
    const keys = this.#keys;
    const last = masks.length - 1;
    let slot = slotHash(first, second) & last;
    while (masks[slot] !== 0 && (keys[2 * slot] !== first || keys[2 * slot + 1] !== second)) slot = (slot + 1) & last;
    return slot;
  }

  #grow(): void {
    const [keys, masks] = [this.#keys, this.#masks];
    this.#keys = new Int32Array(2 * keys.length);
    this.#masks = new Int32Array(2 * masks.length);
    for (let from = 0; from < masks.length; from++) {
      if (masks[from] === 0) continue;
      const slot = this.#slotOf(keys[2 * from], keys[2 * from + 1]);
      this.#keys[2 * slot] = keys[2 * from];
      this.#keys[2 * slot + 1] = keys[2 * from + 1];
      this.#masks[slot] = masks[from];
    }
  }
}

/** The 3-grams of a text, by 64-bit hashes. */
class GramTable {
  /** Distinct 3-grams. */
  readonly distinct: number;
  /** By slot where its places begin in `#places`, the end of the last one too. */
  readonly #starts: Int32Array;
  /** Where each 3-gram stands, slot by slot, ascending. */
  readonly #places: Int32Array;
  /** Two entries a slot; the second is odd, or 0 where the slot is empty. */
  readonly #keys: Int32Array;
  readonly #last: number;

  constructor(words: Int32Array, count: number) {
    let capacity = 16;
    while (capacity < 2 * count) capacity *= 2;
    this.#keys = new Int32Array(2 * capacity);
    this.#last = capacity - 1;
    const grams = Math.max(0, count - 2);
    const slots = new Int32Array(grams);
    const starts = new Int32Array(capacity + 1);
    let distinct = 0;
    for (let at = 0; at < grams; at++) {
      const [first, second] = [gramHash(words, 2 * at), gramHash(words, 2 * at + 1) | 1];
      const slot = this.#slotOf(first, second);
      slots[at] = slot;
      if (starts[slot + 1]++ > 0) continue;
      this.#keys[2 * slot] = first;
      this.#keys[2 * slot + 1] = second;
      distinct++;
    }
    for (let slot = 0; slot < capacity; slot++) starts[slot + 1] += starts[slot];
    // Descending, each start ends where it was counted to.
    const ends = starts.slice(1);
    this.#places = new Int32Array(grams);
    for (let at = grams - 1; at >= 0; at--) this.#places[--ends[slots[at]]] = at;
    this.#starts = starts;
    this.distinct = distinct;
  }

  /** The first place from `from` on of the 3-gram at word `at`; -1 where there is none. */
  placeOf(words: Int32Array, at: number, from: number): number {
    const slot = this.#slotOf(gramHash(words, 2 * at), gramHash(words, 2 * at + 1) | 1);
    const end = this.#starts[slot + 1];
    let low = this.#starts[slot];
    for (let high = end; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle] < from) low = middle + 1;
      else high = middle;
    }
    return low < end ? this.#places[low] : -1;
  }

  /** Most 3-grams of a text in a row that are not here. */
  longestGap(words: Int32Array, count: number): number {
    let longest = 0;
    let gap = 0;
    for (let at = 0; at + 2 < count && longest <= LONGEST_GAP; at++) {
      const slot = this.#slotOf(gramHash(words, 2 * at), gramHash(words, 2 * at + 1) | 1);
      gap = this.#keys[2 * slot + 1] === 0 ? gap + 1 : 0;
      if (gap > longest) longest = gap;
    }
    return longest;
  }

  #slotOf(first: number, second: number): number {
    const keys = this.#keys;
    const last = this.#last;
    let slot = slotHash(first, second) & last;
    while (keys[2 * slot + 1] !== 0 && (keys[2 * slot] !== first || keys[2 * slot + 1] !== second))
      slot = (slot + 1) & last;
    return slot;
  }
}

/** Of the entries `at`, `at + 2`, `at + 4`: one half of three words. */
function gramHash(words: Int32Array, at: number): number {
  const low = Math.imul(words[at], 0x9e3779b1) ^ (words[at] >>> 15);
  const middle = Math.imul(words[at + 2] ^ (words[at + 2] >>> 13), 0x85ebca6b);
  const high = Math.imul(words[at + 4] ^ (words[at + 4] >>> 16), 0xc2b2ae35);
  const x = Math.imul(low + ((middle << 11) | (middle >>> 21)), 0x27d4eb2f) + ((high << 22) | (high >>> 10));
  return x ^ (x >>> 15);
}

function slotHash(first: number, second: number): number {
  const x = Math.imul(first ^ (second >>> 16), 0x9e3779b1) ^ second;
  return x ^ (x >>> 15);
}

/**
 * Whether a text is a row of pieces of a holder in the order in which they stand there, of three words and more but for what is left at the end. Each
 * piece goes on as long as it can and the next one begins as early as it can, up to two words before the end of the last one: a text that only another
 * choice would find in order is not found, and stays.
 */
function isInOrder(words: Int32Array, count: number, holder: Holder, grams: GramTable): boolean {
  const text = holder.words;
  let at = 0;
  let place = 0;
  // What is left at the beginning of a text, when the line behind it was taken out, may be shorter than a piece.
  while (at <= LONGEST_GAP && at + 2 < count && grams.placeOf(words, at, place) < 0) {
    const end = endOf(words, 0, ++at, holder, 0);
    if (end < 0) return false;
    place = end;
  }
  let pieceStart = at;
  let isOpen = false;
  while (at < count) {
    if (
      isOpen &&
      place < holder.count &&
      words[2 * at] === text[2 * place] &&
      words[2 * at + 1] === text[2 * place + 1]
    ) {
      at++;
      place++;
      continue;
    }
    // Of the ways to begin the next piece, the one that stands first.
    let found = -1;
    let back = 0;
    for (let returned = 0; returned <= LONGEST_GAP; returned++) {
      const begin = at - returned;
      const length = begin - pieceStart;
      if (begin < 0 || begin + 2 >= count || (returned > 0 && length < 3 && length !== 0)) continue;
      const other = grams.placeOf(words, begin, place - returned);
      if (other < 0 || (found >= 0 && other + returned >= found + back)) continue;
      found = other;
      back = returned;
    }
    if (found < 0) return count - at <= LONGEST_GAP && endOf(words, at, count, holder, place) >= 0;
    pieceStart = at - back;
    at = pieceStart + 3;
    place = found + 3;
    isOpen = true;
  }
  return true;
}

/** Behind the first place from `place` on where the words `[from, to)` of a text stand side by side in a holder; -1 where that is not near. */
function endOf(words: Int32Array, from: number, to: number, holder: Holder, place: number): number {
  const entries = 2 * (to - from);
  const last = Math.min(holder.count - (to - from), place + NEARBY_WORDS);
  for (let start = place; start <= last; start++) {
    let same = 0;
    while (same < entries && words[2 * from + same] === holder.words[2 * start + same]) same++;
    if (same === entries) return start + to - from;
  }
  return -1;
}

/** Whether the words of a text stand in a holder one behind the other, by Knuth, Morris and Pratt: linear in both. */
function standsIn(words: Int32Array, count: number, holder: Holder): boolean {
  if (count === 0) return true;
  if (holder.count > MAX_SEARCH_RATIO * count) return false;
  const text = holder.words;
  const same = (a: Int32Array, i: number, b: Int32Array, j: number): boolean =>
    a[2 * i] === b[2 * j] && a[2 * i + 1] === b[2 * j + 1];
  const borders = new Int32Array(count);
  for (let at = 1, border = 0; at < count; at++) {
    while (border > 0 && !same(words, at, words, border)) border = borders[border - 1];
    if (same(words, at, words, border)) border++;
    borders[at] = border;
  }
  for (let at = 0, matched = 0; at < holder.count; at++) {
    while (matched > 0 && !same(text, at, words, matched)) matched = borders[matched - 1];
    if (same(text, at, words, matched)) matched++;
    if (matched === count) return true;
  }
  return false;
}
