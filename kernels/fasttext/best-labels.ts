/**
 * The best labels of a text, with the heap of the C++ library: it decides which of equal scores come first, and equal scores are common.
 *
 * Invariant: after the same offers, the same labels in the same order as fastText's. Price: log2 of how many are kept, for each offer that is kept.
 */

export class BestLabels {
  /** Best first, once {@link sort} was called. */
  labels = new Int32Array(8);
  scores = new Float32Array(8);
  count = 0;
  #limit = 1;

  start(limit: number): void {
    this.count = 0;
    this.#limit = limit;
    if (this.labels.length < limit + 1) {
      this.labels = new Int32Array(limit + 1);
      this.scores = new Float32Array(limit + 1);
    }
  }

  /** Whether an offer of `score` would be refused. */
  refuses(score: number): boolean {
    return this.count === this.#limit && score < this.scores[0];
  }

  offer(score: number, label: number): void {
    this.#rise(this.count++, score, label);
    if (this.count > this.#limit) {
      this.#takeWorst(this.count);
      this.count--;
    }
  }

  sort(): void {
    for (let n = this.count; n > 1; n--) this.#takeWorst(n);
  }

  /** `push_heap`: moves an entry up from `hole`, above those that are better. */
  #rise(from: number, score: number, label: number): void {
    const { labels, scores } = this;
    let hole = from;
    for (let parent = (hole - 1) >> 1; hole > 0 && scores[parent] > score; parent = (hole - 1) >> 1) {
      scores[hole] = scores[parent];
      labels[hole] = labels[parent];
      hole = parent;
    }
    scores[hole] = score;
    labels[hole] = label;
  }

  /** `pop_heap` of the first `n` entries: the worst one goes behind the others. */
  #takeWorst(n: number): void {
    const { labels, scores } = this;
    const last = n - 1;
    const score = scores[last];
    const label = labels[last];
    scores[last] = scores[0];
    labels[last] = labels[0];
    let hole = 0;
    let child = 0;
    while (child < (last - 1) >> 1) {
      child = 2 * (child + 1);
      if (scores[child] > scores[child - 1]) child--;
      scores[hole] = scores[child];
      labels[hole] = labels[child];
      hole = child;
    }
    if ((last & 1) === 0 && child === (last - 2) >> 1) {
      child = 2 * child + 1;
      scores[hole] = scores[child];
      labels[hole] = labels[child];
      hole = child;
    }
    this.#rise(hole, score, label);
  }
}
