/**
 * fastText's supervised inference: the best labels of a text and their scores.
 *
 * Invariant: labels, their order and their scores are those of fastText's own code (built without fused operations), to the last bit or two. A score is what fastText
 * reports: the probability plus 1e-5. Where rows are folded, sums are rounded otherwise; a text whose answer could change by that is worked out again from the
 * rows of the file, so labels stay equal and scores within 1e-5. A text without any row has no label. Price: adding its rows, which are some words and all
 * their n-grams; a folded row costs a few floats, any other `dim`.
 */
import { BestLabels } from "./best-labels.ts";
import { exp, log } from "./floats.ts";
import { LabelTree } from "./label-tree.ts";
import { copiedRows, dotRow, type Rows, rowsOf } from "./matrix.ts";
import { BadModel } from "./model-file.ts";
import { PlainRowSum, type RowSum, tableRows } from "./row-sum.ts";
import type { ModelTables } from "./tables.ts";
import { type Newlines, TextLine } from "./text-line.ts";

const f = Math.fround;
const SIGMOID_STEPS = 512;
const SIGMOID_BOUND = 8;
/** Texts of more rows are not judged by folded ones: the error grows with their number. */
const MAX_FOLDED_ROWS = 20_000;
/** Logits nearer to each other, or to the border of a step of the sigmoid, are worked out again. */
const FOLDED_ERROR = 1e-4;

/** exp in 32 bits at `SIGMOID_STEPS` + 1 places, as fastText tabulates it. */
const sigmoids = Float32Array.from({ length: SIGMOID_STEPS + 1 }, (_, i) => {
  const x = f(f((i * 2 * SIGMOID_BOUND) / SIGMOID_STEPS) - SIGMOID_BOUND);
  return 1 / (1 + f(exp(-x)));
});

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

/** Predicts one text after another; of one thread. */
export class Classifier {
  readonly #tables: ModelTables;
  readonly #line: TextLine;
  readonly #rowSum: RowSum;
  /** Sums rows of the file where those of the tables are folded. */
  readonly #exact: RowSum | undefined;
  readonly #output: Rows;
  readonly #hidden: Float32Array;
  readonly #logits: Float32Array;
  readonly #best = new BestLabels();
  readonly #tree: LabelTree | undefined;

  /** `makeSum` makes what sums the rows of the tables, in place of the plain one. */
  constructor(tables: ModelTables, newlines: Newlines, makeSum?: (twin: RowSum) => RowSum) {
    const { bytes, description, isFolded } = tables;
    const input = rowsOf(bytes, description.input);
    const twin = new PlainRowSum(tables, tableRows(tables, input));
    this.#tables = tables;
    this.#line = new TextLine(newlines);
    this.#rowSum = makeSum === undefined || tables.rows.length === 0 ? twin : makeSum(twin);
    this.#exact = isFolded ? new PlainRowSum(tables, input) : undefined;
    this.#output = copiedRows(bytes, description.output);
    this.#hidden = new Float32Array(description.dim);
    this.#logits = new Float32Array(description.labels);
    this.#tree = description.loss === "hs" ? new LabelTree(countsOf(tables)) : undefined;
  }

  /** The best `limit` labels of `bytes[start, end)` whose probability is at least `threshold`; all for -1. Returns how many. Throws {@link BadModel}. */
  predict(bytes: Uint8Array, start: number, end: number, limit: number, threshold: number): number {
    const best = this.#best;
    this.#line.open(bytes, start, end);
    const count = limit === -1 ? this.#tables.description.labels : limit;
    best.start(count);
    if (!this.#judge(count, threshold)) return 0;
    best.sort();
    return best.count;
  }

  /** Position of the `i`th best label among those of the model. */
  label(i: number): number {
    return this.#best.labels[i];
  }

  /** Its score. */
  score(i: number): number {
    return f(exp(this.#best.scores[i]));
  }

  /** Offers the labels of the line; false where it has no rows. */
  #judge(limit: number, threshold: number): boolean {
    const { labels } = this.#tables.description;
    if (this.#exact !== undefined) {
      const count = this.#average(this.#rowSum, this.#logits);
      if (count === 0) return false;
      if (count <= MAX_FOLDED_ROWS && this.#isSure(limit, threshold)) {
        this.#offerAll(threshold);
        return true;
      }
    }
    const hidden = this.#hidden;
    if (this.#average(this.#exact ?? this.#rowSum, hidden) === 0) return false;
    const output = this.#output;
    if (this.#tree !== undefined) {
      this.#tree.search((node) => dotRow(output, node, hidden), limit, threshold, this.#best);
      return true;
    }
    for (let label = 0; label < labels; label++) this.#logits[label] = dotRow(output, label, hidden);
    this.#offerAll(threshold);
    return true;
  }

  /** Makes `sum` the mean of the line's rows; returns how many they are. */
  #average(rows: RowSum, sum: Float32Array): number {
    const { bytes, start, end } = this.#line;
    const count = rows.add(bytes, start, end, sum);
    const share = f(1 / count);
    for (let j = 0; j < sum.length; j++) sum[j] *= share;
    return count;
  }

  /** Makes probabilities of the logits and offers them. */
  #offerAll(threshold: number): void {
    const values = this.#logits;
    const bound = f(threshold);
    if (this.#tables.description.loss === "softmax") softmax(values);
    else for (let label = 0; label < values.length; label++) values[label] = sigmoid(values[label]);
    for (let label = 0; label < values.length; label++) {
      if (values[label] < bound) continue;
      const score = f(log(values[label] + 1e-5));
      if (!this.#best.refuses(score)) this.#best.offer(score, label);
    }
  }

  /** Whether no answer hangs on the last bits of the logits. */
  #isSure(limit: number, threshold: number): boolean {
    const { loss, labels } = this.#tables.description;
    if (threshold > 0 || (limit > 1 && labels > 2)) return false;
    if (loss !== "softmax") return this.#logits.every(isInsideStep);
    let first = -Infinity;
    let second = -Infinity;
    for (const logit of this.#logits) {
      second = Math.max(second, Math.min(first, logit));
      first = Math.max(first, logit);
    }
    return first - second > FOLDED_ERROR;
  }
}

/** Replaces logits by their share of the sum of exponentials. */
function softmax(values: Float32Array): void {
  let max = values[0];
  for (let i = 1; i < values.length; i++) max = Math.max(max, values[i]);
  if (Number.isNaN(max)) throw new BadModel("it holds a number that is none (NaN)");
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = exp(f(values[i] - max));
    sum = f(sum + values[i]);
  }
  for (let i = 0; i < values.length; i++) values[i] /= sum;
}

/** fastText's sigmoid: a table. */
function sigmoid(x: number): number {
  if (Number.isNaN(x)) throw new BadModel("it holds a number that is none (NaN)");
  if (x < -SIGMOID_BOUND) return 0;
  if (x > SIGMOID_BOUND) return 1;
  return sigmoids[Math.trunc(f(f(f(f(x + SIGMOID_BOUND) * SIGMOID_STEPS) / SIGMOID_BOUND) / 2))];
}

function isInsideStep(x: number): boolean {
  const step = ((x + SIGMOID_BOUND) * SIGMOID_STEPS) / SIGMOID_BOUND / 2;
  return Math.abs(step - Math.round(step)) > (FOLDED_ERROR * SIGMOID_STEPS) / SIGMOID_BOUND / 2;
}
