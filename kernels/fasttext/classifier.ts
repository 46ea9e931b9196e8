/**
 * fastText's supervised inference: the best labels of a text and their scores.
 *
 * Two ways. `predict` gives labels, their order and their scores as fastText's own code does (built without fused operations), to the last bit or two. `judge` is the fast
 * one, for the best label and those that are watched: it adds rows by words, or folded ones, and a text whose answer could change by that is predicted instead; so labels
 * stay equal, scores within 1e-5, and on the same side of the bounds. A score is what fastText reports: the probability plus 1e-5. A text without any row has no
 * label. Price: of `judge` see kernels/wasm/fasttext.ts; `predict` adds the rows of all words and their n-grams one by one.
 */
import { isInsideStep, logScore, SIGMOID_STEP, scoreOfLog, sigmoid, softmax } from "./activations.ts";
import { BestLabels } from "./best-labels.ts";
import { type ForwardPass, PlainForwardPass } from "./forward.ts";
import { LabelTree } from "./label-tree.ts";
import { copiedRows, dotRow, type Rows } from "./matrix.ts";
import type { ModelTables } from "./tables.ts";
import { type Newlines, TextLine } from "./text-line.ts";

const f = Math.fround;
/**
 * Texts of more rows are predicted: what sums in other orders differ by grows with their number. Measured on lid.176 and a folded model, 5,700 and 1,200 documents, scores were off by at
 * most 2e-6 up to 2,048 rows and 6e-6 up to 4,096, folded 2e-6 up to 8,192.
 */
const MAX_ROWS = 3000;
const MAX_FOLDED_ROWS = 10_000;
/** Logits nearer to each other, or to the border of a step of the sigmoid, decide nothing. */
const NEAR = 1e-4;
/** Nor do scores that are nearer to a bound. */
const NEAR_BOUND = 1e-5;
/** fastText cuts a tree where scores fall below. */
const MIN_TREE_SCORE = 1e-5;
/** Nodes of a tree are multiplied all at once where they are no more floats, else when they are looked at. */
const MAX_PROJECTED = 1 << 16;

/** The labels of a model, in its order, with the prefix they were trained with. */
export function labelsOf({ bytes, description, starts }: ModelTables): string[] {
  return Array.from({ length: description.labels }, (_, label) => {
    const start = starts[description.words + label];
    return Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString("utf8");
  });
}

function countsOf({ bytes, description, starts }: ModelTables): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: description.labels }, (_, label) => {
    const at = bytes.indexOf(0, starts[description.words + label]) + 1;
    return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  });
}

/** What `judge` is asked besides the best label. */
export interface Question {
  readonly newlines: Newlines;
  /** Positions of labels whose scores are wanted. */
  readonly watched?: readonly number[];
  /** What scores are compared with. */
  readonly bounds?: readonly number[];
  /** Of labels with equal scores the best is the first of those that fastText lists for k = -1, not the one that it gives for k = 1. So it is where some are watched. */
  readonly listsAll?: boolean;
  /** Makes what passes the tables, in place of the plain one. */
  readonly makePass?: ((twin: ForwardPass) => ForwardPass) | undefined;
}

/** Predicts one text after another; of one thread. */
export class Classifier {
  readonly #tables: ModelTables;
  readonly #line: TextLine;
  readonly #watched: readonly number[];
  readonly #bounds: readonly number[];
  readonly #listsAll: boolean;
  readonly #pass: ForwardPass;
  /** Passes rows of the file where those of the tables are folded. */
  readonly #exact: ForwardPass;
  /** Whether every word is one row, so that their order is the file's whichever way they are added. */
  readonly #isOrdered: boolean;
  readonly #best = new BestLabels();
  readonly #tree: LabelTree | undefined;
  readonly #output: Rows;
  /** The best label that `judge` found, and its score; then those of the watched ones. */
  label = -1;
  score = Number.NaN;
  readonly scores: Float64Array;

  constructor(tables: ModelTables, { newlines, watched = [], bounds = [], listsAll = false, makePass }: Question) {
    const { bytes, description, isFolded } = tables;
    const twin = new PlainForwardPass(tables);
    this.#tables = tables;
    this.#line = new TextLine(newlines);
    this.#watched = watched;
    this.#bounds = bounds;
    this.#listsAll = listsAll || watched.length > 0;
    this.scores = new Float64Array(watched.length);
    this.#pass = makePass === undefined || tables.rows.length === 0 ? twin : makePass(twin);
    this.#exact = isFolded ? new PlainForwardPass(tables, true) : this.#pass;
    this.#isOrdered = description.maxn === 0 && !isFolded;
    this.#output = copiedRows(bytes, description.output);
    this.#tree = description.loss === "hs" ? new LabelTree(countsOf(tables)) : undefined;
  }

  /** Judges `bytes[start, end)`; false where the model knows nothing in it. Throws BadModel. */
  judge(bytes: Uint8Array, start: number, end: number): boolean {
    this.#line.open(bytes, start, end);
    const line = this.#line;
    const count = this.#pass.mean(line.bytes, line.start, line.end, this.#isOrdered);
    if (count === 0) return false;
    const isSafe = this.#isOrdered || count <= (this.#tables.isFolded ? MAX_FOLDED_ROWS : MAX_ROWS);
    if (!isSafe || !this.#find(this.#isOrdered ? 0 : NEAR) || this.#isNearBound())
      this.#predictWatched(bytes, start, end);
    return true;
  }

  /** The best `limit` labels of `bytes[start, end)` whose probability is at least `threshold`; all for -1. Returns how many. Throws BadModel. */
  predict(bytes: Uint8Array, start: number, end: number, limit: number, threshold: number): number {
    const best = this.#best;
    const pass = this.#exact;
    const { labels, loss } = this.#tables.description;
    const line = this.#line;
    line.open(bytes, start, end);
    const count = limit === -1 ? labels : limit;
    best.start(count);
    if (pass.mean(line.bytes, line.start, line.end, true) === 0) return 0;
    if (this.#tree !== undefined) this.#tree.search(this.#nodes(pass), count, threshold, best);
    else {
      pass.project();
      if (loss === "softmax") softmax(pass.logits);
      else for (let label = 0; label < labels; label++) pass.logits[label] = sigmoid(pass.logits[label]);
      this.#offerAll(pass.logits, f(threshold));
    }
    best.sort();
    return best.count;
  }

  /** Position of the `i`th best label among those of the model, as `predict` found it. */
  labelAt(i: number): number {
    return this.#best.labels[i];
  }

  /** Its score. */
  scoreAt(i: number): number {
    return scoreOfLog(this.#best.scores[i]);
  }

  /** Finds the best label and the scores. False where logits are nearer than `near` to what would decide otherwise. */
  #find(near: number): boolean {
    const tree = this.#tree;
    if (tree !== undefined) {
      tree.seek(this.#nodes(this.#pass), 1 - NEAR);
      this.label = tree.leaf;
      this.score = f(tree.first);
      for (const [i, label] of this.#watched.entries()) {
        const score = tree.scoreOf(label);
        // As predict has it, which does not look further down where less is left.
        this.scores[i] = score < MIN_TREE_SCORE ? 0 : f(score);
      }
      return tree.second < tree.first * (1 - NEAR);
    }
    this.#pass.project();
    const isSure = this.#tables.description.loss === "softmax" ? this.#findShare() : this.#findStep(near);
    const { logits } = this.#pass;
    for (const [i, label] of this.#watched.entries()) this.scores[i] = scoreOfLog(logScore(logits[label]));
    return isSure;
  }

  #findShare(): boolean {
    const { logits } = this.#pass;
    let label = 0;
    let second = -Infinity;
    for (let i = 1; i < logits.length; i++) {
      if (logits[i] <= logits[label]) second = Math.max(second, logits[i]);
      else {
        second = logits[label];
        label = i;
      }
    }
    const isSure = logits[label] - second > NEAR;
    softmax(logits);
    this.label = label;
    this.score = scoreOfLog(logScore(logits[label]));
    return isSure;
  }

  /** Labels of the same step are equal, and common: the heap says which is best. */
  #findStep(near: number): boolean {
    const { logits } = this.#pass;
    let best = logits[0];
    for (let i = 1; i < logits.length; i++) best = Math.max(best, logits[i]);
    let isSure = true;
    const floor = best - 2 * SIGMOID_STEP;
    for (let i = 0; i < logits.length && near > 0; i++) {
      if (logits[i] >= floor || this.#watched.includes(i)) isSure &&= isInsideStep(logits[i], near);
    }
    for (let i = 0; i < logits.length; i++) logits[i] = sigmoid(logits[i]);
    this.#best.start(1);
    this.#offerAll(logits, 0);
    this.label = this.labelAt(0);
    this.score = this.scoreAt(0);
    return isSure && !(this.#listsAll && logits.some((value, i) => i !== this.label && value === logits[this.label]));
  }

  #isNearBound(): boolean {
    for (const bound of this.#isOrdered ? [] : this.#bounds) {
      if (Math.abs(this.score - bound) <= NEAR_BOUND) return true;
      for (const score of this.scores) if (Math.abs(score - bound) <= NEAR_BOUND) return true;
    }
    return false;
  }

  /** As `judge`, by `predict`. */
  #predictWatched(bytes: Uint8Array, start: number, end: number): void {
    const count = this.predict(bytes, start, end, this.#listsAll ? -1 : 1, 0);
    this.scores.fill(0);
    this.label = this.labelAt(0);
    this.score = this.scoreAt(0);
    for (let i = 0; i < count && this.#watched.length > 0; i++) {
      const watched = this.#watched.indexOf(this.labelAt(i));
      if (watched >= 0) this.scores[watched] = this.scoreAt(i);
    }
  }

  #nodes(pass: ForwardPass): (node: number) => number {
    const { logits, hidden } = pass;
    if (logits.length * hidden.length > MAX_PROJECTED) return (node) => dotRow(this.#output, node, hidden);
    pass.project();
    return (node) => logits[node];
  }

  #offerAll(probabilities: Float32Array, threshold: number): void {
    for (let label = 0; label < probabilities.length; label++) {
      const probability = probabilities[label];
      if (probability < threshold) continue;
      const score = logScore(probability);
      if (!this.#best.refuses(score)) this.#best.offer(score, label);
    }
  }
}
