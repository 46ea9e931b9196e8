/**
 * Which item a text holds, by the score of Ai2's decon: rare n-grams of the question weigh more, and answer and passage must stand beside it.
 *
 * Rebuilt from its documentation and source, on words where that counts tokens, and with every position probed where that samples every tenth. The idf of an n-gram is ln(items / items that have it);
 * the question's part is the idf of its n-grams in a cluster over that of all. Invariant: with an answer in the reference, a text that holds only the question stays below 0.75 and
 * is not found at the default threshold. Price: as of {@link ./cover.ts}.
 */
import type { FoldedWords } from "./folded-words.ts";
import type { GramHits } from "./gram-table.ts";
import type { ItemHits } from "./item-hits.ts";
import type { ItemIndex } from "./item-index.ts";
import type { ItemWords } from "./item-words.ts";
import type { TextMatch } from "./text-match.ts";

const DECON_THRESHOLD = 0.8;
const MIN_WORDS = 20;
const MIN_DISTINCT_WORDS = 4;
const MAX_MISSES = 11;
/** Words of an item up to which all of it must be there, and from which the threshold is enough. */
const STRICT_WORDS = 20;
const LENIENT_WORDS = 50;
/** Different n-grams of a question, and words of an answer, that make it count in full. */
const CONFIDENT_GRAMS = 20;
const CONFIDENT_ANSWER = 4;
const EXACT_ANSWER = 3;
const ANSWER_GRAM = 3;
const PASSAGE_GRAM = 4;
const EXACT_WITHIN = 50;
const WITHIN = 100;
const EPSILON = 1e-9;

/** Weights of question, answer and passage, by which of them an item has. */
const WEIGHTS = {
  q: [1, 0, 0],
  qa: [0.75, 0.25, 0],
  qp: [0.85, 0, 0.15],
  qap: [0.7, 0.2, 0.1],
} as const;

export class DeconRule {
  readonly #items: ItemWords;
  /** Passages by item, as items of their own: an empty one where there is none. */
  readonly #passages: ItemWords;
  readonly #index: ItemIndex;
  readonly #hits: ItemHits;

  constructor(items: ItemWords, passages: ItemWords, index: ItemIndex, hits: ItemHits) {
    this.#items = items;
    this.#passages = passages;
    this.#index = index;
    this.#hits = hits;
  }

  isTooShort(item: number): boolean {
    const words = this.#items.words(item) + this.#passages.words(item);
    return words < MIN_WORDS || this.#items.distinctWords(item, MIN_DISTINCT_WORDS) < MIN_DISTINCT_WORDS;
  }

  /** The item with the highest score, of equal ones the first. */
  match(found: GramHits, read: () => FoldedWords): TextMatch | undefined {
    let best: TextMatch | undefined;
    const { words } = this.#hits;
    const n = this.#index.table.n;
    this.#hits.group(
      found,
      () => 1,
      ({ item, from, to }) => {
        if (this.isTooShort(item)) return;
        const all = this.#idfOf(item);
        for (let first = from, at = from + 1; at <= to; at++) {
          if (at < to && words[at] - words[at - 1] <= MAX_MISSES + n) continue;
          const match = this.#judge(item, first, at, all, read);
          if (match !== undefined && (best === undefined || match.score > best.score)) best = match;
          first = at;
        }
      },
    );
    return best;
  }

  #judge(
    item: number,
    from: number,
    to: number,
    all: { readonly idf: number; readonly grams: number },
    read: () => FoldedWords,
  ): TextMatch | undefined {
    const { words, grams, places } = this.#hits;
    const n = this.#index.table.n;
    const seen = new Set<number>();
    let idf = 0;
    for (let hit = from; hit < to; hit++) {
      if (!seen.has(grams[hit])) idf += this.#idf(grams[hit]);
      seen.add(grams[hit]);
    }
    const overlap = all.idf > 0 ? idf / all.idf : 0;
    const question = this.#items.questionWords(item);
    const answer = this.#items.words(item) - question;
    const passage = this.#passages.words(item);
    const weights = weightsOf(answer, passage, all.grams);
    const need = needOf(question + answer + passage);
    // What even a perfect answer and passage would not lift is not worth a look at them.
    if (overlap * weights[0] + weights[1] + weights[2] < need - EPSILON) return undefined;
    const text = read();
    const end = words[to - 1] + n;
    const answerPart = answer === 0 ? 0 : this.#answer(item, question, answer, end, text);
    const passagePart = passage === 0 ? 0 : this.#passage(item, passage, words[from], text);
    const score = overlap * weights[0] + answerPart * weights[1] + passagePart * weights[2];
    if (score < need - EPSILON) return undefined;
    for (let i = 0; i < n; i++) {
      if (!this.#items.isWord(item, places[from] + i, text, words[from] + i)) return undefined;
    }
    return {
      item,
      score,
      need,
      words: Math.min(question, seen.size + n - 1),
      ngrams: seen.size,
      firstWord: words[from],
      endWord: end,
      gramWord: words[from],
      answer: answer === 0 ? undefined : answerPart > 0.5,
    };
  }

  /** Of all different n-grams of the question. */
  #idfOf(item: number): { readonly idf: number; readonly grams: number } {
    const seen = new Set<number>();
    let idf = 0;
    this.#index.gramsOf(item, (gram) => {
      if (seen.has(gram)) return;
      seen.add(gram);
      idf += this.#idf(gram);
    });
    return { idf, grams: seen.size };
  }

  #idf(gram: number): number {
    return Math.log(this.#items.items / this.#index.counts[gram]);
  }

  /** How much of the answer stands behind the question: all of a short one or nothing, else the share of its n-grams. */
  #answer(item: number, question: number, answer: number, end: number, text: FoldedWords): number {
    const isExact = answer <= EXACT_ANSWER;
    const n = isExact ? answer : ANSWER_GRAM;
    const last = Math.min(text.count, end + (isExact ? EXACT_WITHIN : Math.max(WITHIN, 2 * answer)));
    return this.#share(this.#items, item, question, answer, n, Math.max(0, end - 1), last, text);
  }

  #passage(item: number, passage: number, start: number, text: FoldedWords): number {
    const first = Math.max(0, start - Math.max(WITHIN, 2 * passage));
    return this.#share(this.#passages, item, 0, passage, Math.min(PASSAGE_GRAM, passage), first, start, text);
  }

  /** The share of n-grams of `length` words of an item from `first` on that stand in words `from` to `to` of the text. */
  #share(
    items: ItemWords,
    item: number,
    first: number,
    length: number,
    n: number,
    from: number,
    to: number,
    text: FoldedWords,
  ): number {
    let found = 0;
    const grams = length - n + 1;
    for (let gram = 0; gram < grams; gram++) {
      for (let at = from; at + n <= to; at++) {
        let same = 0;
        while (same < n && items.isWord(item, first + gram + same, text, at + same)) same++;
        if (same < n) continue;
        found++;
        break;
      }
    }
    return grams > 0 ? found / grams : 0;
  }
}

function weightsOf(answer: number, passage: number, grams: number): readonly [number, number, number] {
  const [q, a, p] = WEIGHTS[answer > 0 ? (passage > 0 ? "qap" : "qa") : passage > 0 ? "qp" : "q"];
  if (answer === 0 && passage === 0) return [q, 0, 0];
  const confidence = grams < CONFIDENT_GRAMS ? 0.5 + (0.5 * grams) / CONFIDENT_GRAMS : 1;
  const trust = answer > 0 && answer < CONFIDENT_ANSWER ? 0.5 + (0.5 * answer) / CONFIDENT_ANSWER : 1;
  // What the question loses goes to the others by their weights; what a short answer loses goes to the question.
  const spare = q * (1 - confidence);
  const others = a + p;
  const lost = (a + (spare * a) / others) * (1 - trust);
  return [q * confidence + lost, a + (spare * a) / others - lost, p + (spare * p) / others];
}

function needOf(words: number): number {
  if (words <= STRICT_WORDS) return 1;
  if (words >= LENIENT_WORDS) return DECON_THRESHOLD;
  return 1 - ((1 - DECON_THRESHOLD) * (words - STRICT_WORDS)) / (LENIENT_WORDS - STRICT_WORDS);
}
