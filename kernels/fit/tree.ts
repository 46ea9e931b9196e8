/**
 * One regression tree over binned shares, grown leaf by leaf, the leaf that gains most first.
 *
 * The gain of a split is S_L² / n_L + S_R² / n_R − S² / n of the residuals; of equal gains the first column, and in it the first bin, wins. The
 * larger child's sums are the parent's less the smaller one's. Invariant: sums go in row order, so a tree is the same on every machine.
 * Price: rows × columns for the root and less for each of its parts: 60 µs for 400 rows of 17 sources and eight leaves.
 */
import { MAX_BINS } from "./bins.ts";

export interface TreeOptions {
  readonly max_leaves: number;
  /** Rows that a leaf has at least. */
  readonly min_leaf_rows: number;
}

/** Nodes by number, the root first. */
export interface Tree {
  /** Column that a node splits by. */
  readonly columns: Uint16Array;
  /** Rows at or below this bin go to the left: all of them in a leaf. */
  readonly bins: Uint8Array;
  /** The node of these rows, and the one after it that of the others; of a leaf itself. */
  readonly left: Uint8Array;
  /** Mean residual of a node's rows. */
  readonly values: Float64Array;
}

interface Split {
  readonly gain: number;
  readonly column: number;
  readonly bin: number;
}

interface Leaf {
  readonly node: number;
  readonly rows: Uint32Array;
  readonly histogram: Histogram;
  readonly split: Split | undefined;
}

/** Sum of residuals, and rows, by column and bin. */
interface Histogram {
  readonly sums: Float64Array;
  readonly counts: Int32Array;
}

/** Smaller differences of gains are rounding. */
const MIN_DIFFERENCE = 1e-15;

/** Grows trees over one set of binned rows. */
export class TreeGrower {
  readonly #codes: Uint8Array;
  readonly #width: number;
  readonly #binCounts: Uint8Array;
  readonly #options: TreeOptions;
  /** Histograms that no leaf holds. */
  readonly #free: Histogram[] = [];

  constructor(codes: Uint8Array, binCounts: Uint8Array, options: TreeOptions) {
    this.#codes = codes;
    this.#width = binCounts.length;
    this.#binCounts = binCounts;
    this.#options = options;
  }

  /** A tree for the residuals of `rows`; adds `rate` times its values to `predicted` at these rows. */
  grow(residuals: Float64Array, rows: Uint32Array, predicted: Float64Array, rate: number): Tree {
    const nodes = 2 * this.#options.max_leaves - 1;
    const tree: Tree = {
      columns: new Uint16Array(nodes),
      bins: new Uint8Array(nodes).fill(255),
      left: Uint8Array.from({ length: nodes }, (_, node) => node),
      values: new Float64Array(nodes),
    };
    const root = this.#filled(residuals, rows);
    const leaves = [this.#leaf(tree, 0, residuals, rows, root)];
    for (let used = 1; leaves.length < this.#options.max_leaves; used += 2) {
      const best = bestLeaf(leaves);
      if (best < 0) break;
      const [leaf] = leaves.splice(best, 1);
      const { node, split } = leaf;
      if (split === undefined) break;
      tree.columns[node] = split.column;
      tree.bins[node] = split.bin;
      tree.left[node] = used;
      const { left, right } = this.#part(leaf.rows, split);
      const isLeftSmaller = left.length <= right.length;
      const smaller = this.#filled(residuals, isLeftSmaller ? left : right);
      const larger = subtracted(leaf.histogram, smaller);
      leaves.push(
        this.#leaf(tree, used, residuals, left, isLeftSmaller ? smaller : larger),
        this.#leaf(tree, used + 1, residuals, right, isLeftSmaller ? larger : smaller),
      );
    }
    for (const { node, rows: own, histogram } of leaves) {
      this.#free.push(histogram);
      const step = rate * tree.values[node];
      for (let i = 0; i < own.length; i++) predicted[own[i]] += step;
    }
    return tree;
  }

  #leaf(tree: Tree, node: number, residuals: Float64Array, rows: Uint32Array, histogram: Histogram): Leaf {
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += residuals[rows[i]];
    tree.values[node] = sum / rows.length;
    const canSplit = rows.length >= 2 * this.#options.min_leaf_rows;
    return { node, rows, histogram, split: canSplit ? this.#bestSplit(histogram, rows.length, sum) : undefined };
  }

  #filled(residuals: Float64Array, rows: Uint32Array): Histogram {
    const size = this.#width * MAX_BINS;
    const histogram = this.#free.pop() ?? { sums: new Float64Array(size), counts: new Int32Array(size) };
    const { sums, counts } = histogram;
    sums.fill(0);
    counts.fill(0);
    const width = this.#width;
    const codes = this.#codes;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const residual = residuals[row];
      for (let column = 0, at = row * width, base = 0; column < width; column++, base += MAX_BINS) {
        const bin = base + codes[at + column];
        sums[bin] += residual;
        counts[bin]++;
      }
    }
    return histogram;
  }

  #bestSplit({ sums, counts }: Histogram, rows: number, total: number): Split | undefined {
    const least = this.#options.min_leaf_rows;
    const base = (total * total) / rows;
    let gain = 0;
    let column = -1;
    let bin = 0;
    for (let c = 0; c < this.#width; c++) {
      const bins = this.#binCounts[c];
      let below = 0;
      let sum = 0;
      for (let b = 0, at = c * MAX_BINS; b < bins; b++, at++) {
        if (counts[at] === 0) continue;
        below += counts[at];
        sum += sums[at];
        if (below < least) continue;
        const above = rows - below;
        if (above < least) break;
        const rest = total - sum;
        const gained = (sum * sum) / below + (rest * rest) / above - base;
        if (gained <= gain + MIN_DIFFERENCE) continue;
        gain = gained;
        column = c;
        bin = b;
      }
    }
    return column < 0 ? undefined : { gain, column, bin };
  }

  #part(rows: Uint32Array, { column, bin }: Split): { readonly left: Uint32Array; readonly right: Uint32Array } {
    const left = new Uint32Array(rows.length);
    const right = new Uint32Array(rows.length);
    let lefts = 0;
    let rights = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (this.#codes[row * this.#width + column] <= bin) left[lefts++] = row;
      else right[rights++] = row;
    }
    return { left: left.subarray(0, lefts), right: right.subarray(0, rights) };
  }
}

/** `from` less `part`, in the place of `from`. */
function subtracted(from: Histogram, part: Histogram): Histogram {
  for (let i = 0; i < from.sums.length; i++) {
    from.sums[i] -= part.sums[i];
    from.counts[i] -= part.counts[i];
  }
  return from;
}

/** The first of those that gain most; -1 where none can be split. */
function bestLeaf(leaves: readonly Leaf[]): number {
  let best = -1;
  let gain = 0;
  for (const [i, { split }] of leaves.entries()) {
    if (split === undefined || split.gain <= gain) continue;
    best = i;
    gain = split.gain;
  }
  return best;
}

/** The value of the leaf that the row at `codes[at]` falls in. */
export function leafValue({ columns, bins, left, values }: Tree, codes: Uint8Array, at: number): number {
  let node = 0;
  for (let down = -1; down !== node; ) {
    down = node;
    node = left[node] + ((bins[node] - codes[at + columns[node]]) >>> 31);
  }
  return values[node];
}

/**
 * Adds `rate` times a tree's value to `sums`, for every row of `codes`. Rows go down as many steps as the deepest leaf has: in a leaf they stay
 * where they are, so that four rows can go down together and none waits for what another one loads.
 */
export function addLeafValues(tree: Tree, codes: Uint8Array, width: number, sums: Float64Array, rate: number): void {
  const { columns, bins, left, values } = tree;
  const steps = depthOf(tree, 0);
  const whole = sums.length & ~3;
  for (let row = 0, at = 0; row < whole; row += 4, at += 4 * width) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let step = 0; step < steps; step++) {
      a = left[a] + ((bins[a] - codes[at + columns[a]]) >>> 31);
      b = left[b] + ((bins[b] - codes[at + width + columns[b]]) >>> 31);
      c = left[c] + ((bins[c] - codes[at + 2 * width + columns[c]]) >>> 31);
      d = left[d] + ((bins[d] - codes[at + 3 * width + columns[d]]) >>> 31);
    }
    sums[row] += rate * values[a];
    sums[row + 1] += rate * values[b];
    sums[row + 2] += rate * values[c];
    sums[row + 3] += rate * values[d];
  }
  for (let row = whole; row < sums.length; row++) sums[row] += rate * leafValue(tree, codes, row * width);
}

function depthOf(tree: Tree, node: number): number {
  const left = tree.left[node];
  return left === node ? 0 : 1 + Math.max(depthOf(tree, left), depthOf(tree, left + 1));
}
