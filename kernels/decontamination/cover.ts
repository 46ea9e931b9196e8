/**
 * Which item a text holds, by the share of the item's words that it covers in one place.
 *
 * An n-gram of the item that stands in the text covers its words; n-grams that are near each other in the text are one cluster, and the item is found where one cluster covers enough. What is
 * enough falls with the item's length: all of a short question, half of a long one. One word that was changed costs n n-grams but only one word, so edited copies are found. Judged is the
 * question; where it is too short for that, question and answer. Invariant: what is found is equal words, not hashes. Price: some microseconds an item that has hits.
 */
import type { FoldedText } from "./folded-words.ts";
import type { GramHits } from "./gram-table.ts";
import type { ItemHits } from "./item-hits.ts";
import type { ItemIndex } from "./item-index.ts";
import type { ItemWords } from "./item-words.ts";
import type { TextMatch } from "./text-match.ts";

/** What share of an item's words must be covered: all of them up to `low` words, falling to `least` at `high`. */
export interface CoverNeed {
  readonly low: number;
  readonly high: number;
  readonly least: number;
}

export const COVER_NEED: CoverNeed = { low: 8, high: 20, least: 0.5 };
export const STRICT_COVER_NEED: CoverNeed = { low: 10, high: 30, least: 0.6 };

/** Words that a text must have for anyone to judge by it. */
const MIN_WORDS = 8;
/** Words between n-grams of one cluster, beyond those of an n-gram. */
const MAX_GAP = 11;
/** Words behind the question among which an answer is looked for, and words that an answer may have for that. */
const ANSWER_WITHIN = 40;
const SHORT_ANSWER = 8;
const SPACE = 0x20;
const EPSILON = 1e-9;

/** Whether an item has too few words to be judged. */
export function isTooShort(question: number, answer: number): boolean {
  return question < MIN_WORDS && question + answer < MIN_WORDS;
}

function needOf(words: number, { low, high, least }: CoverNeed): number {
  if (words <= low) return 1;
  return words >= high ? least : 1 - ((1 - least) * (words - low)) / (high - low);
}

export class CoverRule {
  readonly #items: ItemWords;
  readonly #index: ItemIndex;
  readonly #hits: ItemHits;
  readonly #need: CoverNeed;
  readonly #n: number;
  #covered = new Uint8Array(1 << 8);

  constructor(items: ItemWords, index: ItemIndex, hits: ItemHits, need: CoverNeed) {
    this.#items = items;
    this.#index = index;
    this.#hits = hits;
    this.#need = need;
    this.#n = index.table.n;
  }

  /** The item that the text covers most of, of equal ones the first. */
  match(found: GramHits): TextMatch | undefined {
    let best: TextMatch | undefined;
    const { words } = this.#hits;
    this.#hits.group(
      found,
      (item) => (this.#items.questionWords(item) < MIN_WORDS ? 1 : 2),
      ({ item, from, to }) => {
        for (let first = from, at = from + 1; at <= to; at++) {
          if (at < to && words[at] - words[at - 1] <= MAX_GAP + this.#n) continue;
          const match = this.#judge(item, first, at, found);
          if (match !== undefined && (best === undefined || match.score > best.score)) best = match;
          first = at;
        }
      },
    );
    return best;
  }

  /** Judges one cluster: hits `from` to `to`. */
  #judge(item: number, from: number, to: number, text: FoldedText): TextMatch | undefined {
    const n = this.#n;
    const question = this.#items.questionWords(item);
    const answer = this.#items.words(item) - question;
    const judged = question >= MIN_WORDS ? question : question + answer;
    if (isTooShort(question, answer)) return undefined;
    const need = needOf(judged, this.#need);
    if (this.#covered.length < question + answer) this.#covered = new Uint8Array(2 * (question + answer));
    const covered = this.#covered.fill(0, 0, question + answer);
    const { words, places, grams } = this.#hits;
    let isTelling = false;
    let questionEnd = words[from];
    let lastHit = from;
    let end = 0;
    /** Words of the text in these n-grams: one of them covers one word of the item, however often that repeats itself. */
    let inText = 0;
    for (let hit = from; hit < to; hit++) {
      covered.fill(1, places[hit], places[hit] + n);
      if (this.#index.telling[grams[hit]] === 1) isTelling = true;
      inText += Math.max(0, words[hit] + n - Math.max(end, words[hit]));
      end = Math.max(end, words[hit] + n);
      if (places[hit] >= question || words[hit] + n <= questionEnd) continue;
      questionEnd = words[hit] + n;
      lastHit = hit;
    }
    if (!isTelling) return undefined;
    const inQuestion = sum(covered, 0, question);
    const inAnswer = sum(covered, question, question + answer);
    const isAnswered = (): boolean => answer > 0 && this.#isAnswered(item, lastHit, text);
    let part = Math.min(inText, inQuestion);
    if (question < MIN_WORDS) {
      if (part + answer < need * judged - EPSILON) return undefined;
      part = isAnswered() ? part + answer : Math.min(inText, inQuestion + inAnswer);
    }
    if (part < need * judged - EPSILON || !this.#isEqual(item, from, to, text)) return undefined;
    return {
      item,
      score: part / judged,
      need,
      words: part,
      ngrams: new Set(grams.subarray(from, to)).size,
      firstWord: words[from],
      endWord: end,
      gramWord: words[from],
      answer: answer === 0 ? undefined : inAnswer >= Math.min(SHORT_ANSWER, answer) || isAnswered(),
    };
  }

  /** Whether a short answer stands in the text within some words behind the n-gram of a hit, or begins with its last word. */
  #isAnswered(item: number, hit: number, text: FoldedText): boolean {
    const question = this.#items.questionWords(item);
    const answer = this.#items.words(item) - question;
    if (answer > SHORT_ANSWER) return false;
    const { folded, length } = text;
    let place = this.#hits.textPlaces[hit];
    for (let word = 0; word < this.#n + ANSWER_WITHIN; word++) {
      if (word >= this.#n - 1 && this.#items.standsAt(item, question, answer, text, place)) return true;
      while (place < length && folded[place] !== SPACE) place++;
      while (place < length && folded[place] === SPACE) place++;
      if (place >= length) return false;
    }
    return false;
  }

  #isEqual(item: number, from: number, to: number, text: FoldedText): boolean {
    const { textPlaces, places } = this.#hits;
    for (let hit = from; hit < to; hit++) {
      if (!this.#items.standsAt(item, places[hit], this.#n, text, textPlaces[hit])) return false;
    }
    return true;
  }
}

function sum(flags: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) count += flags[i];
  return count;
}
