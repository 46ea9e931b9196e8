/**
 * The Huffman tree over a model's labels, and the best labels in it.
 *
 * Leaves are 0 to K-1, the labels in the file's order, inner nodes K to 2K-2, the root last; inner node i has the output row i-K. A score is the product of
 * p + 1e-5 on the way. Invariant: `search` gives the answers of fastText's own, which adds logarithms, goes left first and cuts what is below the worst that is kept;
 * `seek` multiplies, which differs in last bits, and says how near the second best is. Price: for one label few nodes, since a likely leaf is looked up
 * first and cuts the rest; for all labels every node once.
 */
import { notANumber } from "./activations.ts";
import type { BestLabels } from "./best-labels.ts";
import { exp, log } from "./floats.ts";

const f = Math.fround;
const UNBUILT = 1e15;
/** What a score may grow by on the way down, a level, since p + 1e-5 may be more than 1. */
const GROWTH = 1.1e-5;

export class LabelTree {
  readonly #labels: number;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #parent: Int32Array;
  readonly #height: Float64Array;
  /** Factors of both ways from an inner node, by node; known where its stamp is the text's. */
  readonly #leftFactor: Float64Array;
  readonly #rightFactor: Float64Array;
  readonly #stamps: Float64Array;
  #stamp = 0;
  #logit: (node: number) => number = () => 0;
  /** Of the last {@link seek}: the best leaf, its score, and the next best one's, or less where that is far below. */
  leaf = -1;
  first = 0;
  second = 0;

  /** `counts` of the labels, in the file's order. */
  constructor(counts: Float64Array) {
    const labels = counts.length;
    const nodes = 2 * labels - 1;
    this.#labels = labels;
    this.#left = new Int32Array(nodes).fill(-1);
    this.#right = new Int32Array(nodes).fill(-1);
    this.#height = new Float64Array(nodes);
    this.#parent = new Int32Array(nodes).fill(-1);
    this.#leftFactor = new Float64Array(nodes);
    this.#rightFactor = new Float64Array(nodes);
    this.#stamps = new Float64Array(nodes);
    const sums = new Float64Array(nodes).fill(UNBUILT);
    sums.set(counts);
    let leaf = labels - 1;
    let inner = labels;
    const rarest = (): number => (leaf >= 0 && sums[leaf] < sums[inner] ? leaf-- : inner++);
    for (let node = labels; node < nodes; node++) {
      const left = rarest();
      const right = rarest();
      this.#left[node] = left;
      this.#right[node] = right;
      this.#parent[left] = node;
      this.#parent[right] = node;
      sums[node] = sums[left] + sums[right];
      this.#height[node] = 1 + Math.max(this.#height[left], this.#height[right]);
    }
  }

  /** Offers labels to `best`, which keeps `limit`. `logit(i)` is that of inner node K+i. */
  search(logit: (node: number) => number, limit: number, threshold: number, best: BestLabels): void {
    this.#logit = logit;
    this.#stamp++;
    const root = 2 * this.#labels - 2;
    const floor = f(log(f(threshold) + 1e-5));
    this.#visit(root, 0, floor, limit === 1 ? this.#likelyScore(root) : -Infinity, best);
  }

  /** Finds the best leaf; others are looked at where their scores are above its own times `near`. */
  seek(logit: (node: number) => number, near: number): void {
    this.#logit = logit;
    this.#stamp++;
    this.leaf = -1;
    this.first = 0;
    this.second = 0;
    this.#seek(2 * this.#labels - 2, 1, near);
  }

  /** The score of any leaf, of the text that was sought last. */
  scoreOf(leaf: number): number {
    let score = 1;
    for (let node = leaf, parent = this.#parent[node]; parent >= 0; node = parent, parent = this.#parent[node]) {
      this.#open(parent);
      score *= this.#left[parent] === node ? this.#leftFactor[parent] : this.#rightFactor[parent];
    }
    return score;
  }

  #seek(node: number, score: number, near: number): void {
    if (score * (1 + GROWTH * this.#height[node]) < this.first * near) return;
    if (node < this.#labels) {
      if (score > this.first) {
        this.second = this.first;
        this.first = score;
        this.leaf = node;
      } else this.second = Math.max(this.second, score);
      return;
    }
    this.#open(node);
    const left = score * this.#leftFactor[node];
    const right = score * this.#rightFactor[node];
    if (left > right) this.#seek(this.#left[node], left, near);
    this.#seek(this.#right[node], right, near);
    if (left <= right) this.#seek(this.#left[node], left, near);
  }

  /** Score of the leaf that is reached by going the likelier way. */
  #likelyScore(root: number): number {
    let node = root;
    let score = 0;
    while (node >= this.#labels) {
      this.#open(node);
      const goesLeft = this.#leftFactor[node] > this.#rightFactor[node];
      score = f(score + f(log(goesLeft ? this.#leftFactor[node] : this.#rightFactor[node])));
      node = goesLeft ? this.#left[node] : this.#right[node];
    }
    return score;
  }

  #visit(node: number, score: number, floor: number, likely: number, best: BestLabels): void {
    if (score < floor || best.refuses(score)) return;
    if (score + GROWTH * this.#height[node] < likely) return;
    if (node < this.#labels) {
      best.offer(score, node);
      return;
    }
    this.#open(node);
    const right = f(score + f(log(this.#rightFactor[node])));
    this.#visit(this.#left[node], f(score + f(log(this.#leftFactor[node]))), floor, likely, best);
    this.#visit(this.#right[node], right, floor, likely, best);
  }

  #open(node: number): void {
    if (this.#stamps[node] === this.#stamp) return;
    this.#stamps[node] = this.#stamp;
    const logit = this.#logit(node - this.#labels);
    if (Number.isNaN(logit)) throw notANumber();
    const p = f(1 / f(1 + f(exp(-logit))));
    this.#leftFactor[node] = f(1 - p) + 1e-5;
    this.#rightFactor[node] = p + 1e-5;
  }
}
