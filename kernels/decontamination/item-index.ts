/**
 * Where the n-grams of benchmark items stand: by n-gram, the items that have it and at which of their words.
 *
 * Owns the layout, which threads share: the table of n-grams, and lists behind it. Invariant: filled from the same items and texts it has the same bytes, whoever fills it.
 * An n-gram is common where many items have it or where two documents of a sample do: it is not found then. Memory: that of the table, and 17 bytes an n-gram.
 */
import { GramTable } from "./gram-table.ts";
import type { ItemWords } from "./item-words.ts";

/** An n-gram that more items have says which kind of benchmark it is, not which item. */
const MAX_ITEMS = 200;
/** So many documents of a sample make an n-gram common. */
const COMMON_DOCUMENTS = 2;
/** Words of so many letters, and so many of them in an n-gram, make it one that says something: `1 2 3 4 5` stands in the navigation of any page. */
const TELLING = 2;

/** Of which part of items n-grams are taken. */
export type IndexedPart = "question" | "question_and_answer";

export interface IndexedItems {
  readonly words: ItemWords;
  readonly part: IndexedPart;
  readonly n: number;
}

/** N-grams of an item: those of its question, or also those that reach into its answer or lie there. */
export function gramsOf({ words, part, n }: IndexedItems, item: number): number {
  const count = part === "question" ? words.questionWords(item) : words.words(item);
  return Math.max(0, count - n + 1);
}

function allGrams(items: IndexedItems): number {
  let grams = 0;
  for (let item = 0; item < items.words.items; item++) grams += gramsOf(items, item);
  return grams;
}

export class ItemIndex {
  readonly table: GramTable;
  readonly #items: IndexedItems;
  /** By n-gram, where its list begins; one more for the end. */
  readonly starts: Int32Array;
  readonly items: Int32Array;
  readonly places: Int32Array;
  /** By n-gram, how many items have it. */
  readonly counts: Int32Array;
  /** By n-gram, 1 where it has words enough that say something. */
  readonly telling: Uint8Array;

  static bytesFor(items: IndexedItems): number {
    const grams = allGrams(items);
    return GramTable.bytesFor(grams) + 4 * (grams + 1) + 12 * grams + grams;
  }

  constructor(items: IndexedItems, buffer: ArrayBufferLike, start: number) {
    const grams = allGrams(items);
    this.#items = items;
    this.table = new GramTable("folded", items.n, grams, buffer, start);
    let at = start + GramTable.bytesFor(grams);
    const take = (length: number): Int32Array => {
      const array = new Int32Array(buffer, at, length);
      at += 4 * length;
      return array;
    };
    this.starts = take(grams + 1);
    this.items = take(grams);
    this.places = take(grams);
    this.counts = take(grams);
    this.telling = new Uint8Array(buffer, at, grams);
  }

  /** Puts the n-grams in. Those of `documents` in two of them are common. */
  fill(documents: readonly Uint8Array[], progress: () => void): void {
    const { words } = this.#items;
    const { table, starts, items, places, counts } = this;
    table.clear();
    const occurrences = new Int32Array(items.length);
    let at = 0;
    for (let item = 0; item < words.items; item++) {
      const text = words.text(item);
      const grams = gramsOf(this.#items, item);
      table.add(text, 0, text.length, grams, (_word, gram) => {
        occurrences[at++] = gram;
      });
      if (item % 4096 === 0) progress();
    }
    starts.fill(0);
    for (const gram of occurrences) starts[gram + 1]++;
    for (let gram = 0; gram + 1 < starts.length; gram++) starts[gram + 1] += starts[gram];
    const next = starts.slice();
    const last = new Int32Array(counts.length).fill(-1);
    counts.fill(0);
    at = 0;
    for (let item = 0; item < words.items; item++) {
      const grams = gramsOf(this.#items, item);
      for (let place = 0; place < grams; place++) {
        const gram = occurrences[at++];
        const to = next[gram]++;
        items[to] = item;
        places[to] = place;
        if (last[gram] !== item) counts[gram]++;
        last[gram] = item;
        if (to === starts[gram]) this.telling[gram] = this.#isTelling(item, place) ? 1 : 0;
      }
    }
    const common = this.#countDocuments(documents, progress);
    table.markCommon((gram) => counts[gram] > MAX_ITEMS || common[gram] >= COMMON_DOCUMENTS);
  }

  /** Calls `take` for each n-gram of an item, in order. */
  gramsOf(item: number, take: (gram: number) => void): void {
    const text = this.#items.words.text(item);
    this.table.find(text, 0, text.length, gramsOf(this.#items, item), take);
  }

  /** By n-gram, how many of the documents have it. */
  #countDocuments(documents: readonly Uint8Array[], progress: () => void): Int32Array {
    const counts = new Int32Array(this.counts.length);
    const last = new Int32Array(counts.length).fill(-1);
    documents.forEach((bytes, document) => {
      const { count, grams } = this.table.scan(bytes, 0, bytes.length);
      for (let i = 0; i < count; i++) {
        const gram = grams[i];
        if (last[gram] !== document) counts[gram]++;
        last[gram] = document;
      }
      if (document % 256 === 0) progress();
    });
    return counts;
  }

  #isTelling(item: number, place: number): boolean {
    const { words, n } = this.#items;
    let telling = 0;
    for (let word = place; word < place + n; word++) if (words.letters(item, word) >= TELLING) telling++;
    return telling >= Math.min(n, TELLING);
  }
}
