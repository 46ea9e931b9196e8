/**
 * The n-grams that a text shares with items, put together by item.
 *
 * Invariant: items ascend, and the n-grams of an item ascend by their place in the text. Price: nothing for a text without hits; a sort of those of items that have enough.
 */
import type { GramHits } from "./gram-table.ts";
import type { ItemIndex } from "./item-index.ts";

/** Shifts an item's number over the number of a hit: both fit in the integers of a double. */
const ITEM = 2 ** 24;

/** N-grams of one item in the text: entries `from` to `to` of the lists. */
export interface HitRange {
  readonly item: number;
  readonly from: number;
  readonly to: number;
}

export class ItemHits {
  readonly #index: ItemIndex;
  /** By item, how many hits it has; zeros between calls. */
  readonly #counts: Int32Array;
  #keys = new Float64Array(1 << 8);
  #allWords = new Int32Array(1 << 8);
  #allPlaces = new Int32Array(1 << 8);
  #allGrams = new Int32Array(1 << 8);
  #allTextPlaces = new Int32Array(1 << 8);
  /** Sorted: the word of the text where an n-gram begins, the word of the item, the n-gram, and where it begins in the folded text. */
  words = new Int32Array(1 << 8);
  places = new Int32Array(1 << 8);
  grams = new Int32Array(1 << 8);
  textPlaces = new Int32Array(1 << 8);

  constructor(index: ItemIndex, items: number) {
    this.#index = index;
    this.#counts = new Int32Array(items);
  }

  /** Calls `take` for each item that has at least `least(item)` of the hits. */
  group(found: GramHits, least: (item: number) => number, take: (hits: HitRange) => void): void {
    const { count, words, grams } = found;
    const { starts, items, places } = this.#index;
    const counts = this.#counts;
    let all = 0;
    for (let hit = 0; hit < count; hit++) {
      const gram = grams[hit];
      for (let at = starts[gram]; at < starts[gram + 1] && all < ITEM; at++) {
        if (all === this.#keys.length) this.#grow();
        this.#keys[all] = items[at];
        this.#allWords[all] = words[hit];
        this.#allPlaces[all] = places[at];
        this.#allTextPlaces[all] = found.places[hit];
        this.#allGrams[all++] = gram;
        counts[items[at]]++;
      }
    }
    let kept = 0;
    for (let entry = 0; entry < all; entry++) {
      const item = this.#keys[entry];
      if (counts[item] >= least(item)) this.#keys[kept++] = item * ITEM + entry;
    }
    for (let hit = 0; hit < count; hit++) {
      for (let at = starts[grams[hit]]; at < starts[grams[hit] + 1]; at++) counts[items[at]] = 0;
    }
    const sorted = this.#keys.subarray(0, kept).sort();
    for (let i = 0; i < kept; i++) {
      const entry = sorted[i] % ITEM;
      this.words[i] = this.#allWords[entry];
      this.places[i] = this.#allPlaces[entry];
      this.grams[i] = this.#allGrams[entry];
      this.textPlaces[i] = this.#allTextPlaces[entry];
    }
    for (let from = 0; from < kept; ) {
      const item = Math.floor(sorted[from] / ITEM);
      let to = from + 1;
      while (to < kept && Math.floor(sorted[to] / ITEM) === item) to++;
      take({ item, from, to });
      from = to;
    }
  }

  #grow(): void {
    const length = 2 * this.#keys.length;
    const keys = new Float64Array(length);
    keys.set(this.#keys);
    this.#keys = keys;
    const grown = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(length);
      larger.set(array);
      return larger;
    };
    this.#allWords = grown(this.#allWords);
    this.#allPlaces = grown(this.#allPlaces);
    this.#allGrams = grown(this.#allGrams);
    this.#allTextPlaces = grown(this.#allTextPlaces);
    this.textPlaces = new Int32Array(length);
    this.words = new Int32Array(length);
    this.places = new Int32Array(length);
    this.grams = new Int32Array(length);
  }
}
