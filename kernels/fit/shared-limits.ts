/**
 * The KL projection where training stages share what sources hold: Σ_s b_s x_si ≤ C_i besides caps and Σ_i x_si = 1.
 *
 * The nearest mixture is x_si = min(cap, v_si · exp(a_s − b_s μ_i)), with a level a_s for each stage and a price μ_i ≥ 0 for each limit. Given the
 * levels each price is the root of a falling function of its own, so what is left is a concave function of a few levels, whose gradient is what
 * the stages' sums lack of 1. Newton's steps find its top. Invariant: sums are 1 and limits kept within 1e-12, unless no mixture but one is left.
 * Price: some twenty steps of a few exponentials a share: half a millisecond for 17 sources and two stages.
 */
import { type Bounds, projectStage, type SharedLimit } from "./bounds.ts";
import { solve } from "./cholesky.ts";

const MAX_STEPS = 200;
const MAX_ROOT_STEPS = 200;
const TOLERANCE = 1e-14;
/** A few units in the last place. */
const ROOT_TOLERANCE = 8e-16;
/** Keeps Newton's matrix definite where every source is at its limit. */
const RIDGE = 1e-12;
/** A step changes no level by more: shares by a factor of 150. */
const FAR = 5;
const ENOUGH = 1e-4;
const MAX_HALVINGS = 40;

export function projectShared(shares: Float64Array, bounds: Bounds): Float64Array {
  return new Dual(shares, bounds).solve();
}

class Dual {
  readonly #shares: Float64Array;
  readonly #bounds: Bounds;
  readonly #stageOf: Int32Array;
  /** Position in `shared` of the limit of each share; -1 of one that has none. */
  readonly #limitOf: Int32Array;
  readonly #factorOf: Float64Array;
  readonly #projected: Float64Array;
  readonly #prices: Float64Array;

  constructor(shares: Float64Array, bounds: Bounds) {
    this.#shares = shares;
    this.#bounds = bounds;
    this.#projected = new Float64Array(shares.length);
    this.#prices = new Float64Array(bounds.shared.length);
    this.#stageOf = new Int32Array(shares.length);
    this.#limitOf = new Int32Array(shares.length).fill(-1);
    this.#factorOf = new Float64Array(shares.length);
    for (const [s, columns] of bounds.stages.entries()) for (const k of columns) this.#stageOf[k] = s;
    for (const [i, { columns, factors }] of bounds.shared.entries()) {
      for (const [j, k] of columns.entries()) {
        this.#limitOf[k] = i;
        this.#factorOf[k] = factors[j];
      }
    }
  }

  solve(): Float64Array {
    let levels = this.#start();
    let height = this.#height(levels);
    let lack = this.#lack();
    for (let steps = 0; steps < MAX_STEPS && largest(lack) > TOLERANCE; steps++) {
      const step = solve(this.#curvature(), lack, lack.length);
      if (step === undefined) break;
      const slope = lack.reduce((sum, missing, s) => sum + missing * step[s], 0);
      // Where every source is at its limit the matrix says nothing of how far to go.
      let size = Math.min(1, FAR / largest(step));
      let next = levels;
      let isBetter = false;
      for (let halvings = 0; halvings < MAX_HALVINGS && !isBetter; halvings++, size /= 2) {
        next = levels.map((level, s) => level + size * step[s]);
        const reached = this.#height(next);
        const missing = this.#lack();
        // Near the top the height is all rounding, and what sums lack is not.
        isBetter = reached >= height + ENOUGH * size * slope || largest(missing) < 0.5 * largest(lack);
        if (isBetter) [levels, height, lack] = [next, reached, missing];
      }
      if (!isBetter) break;
    }
    this.#height(levels);
    return this.#projected;
  }

  /** What the sum of each stage lacks of 1. */
  #lack(): Float64Array {
    return Float64Array.from(this.#bounds.stages, (columns) => {
      let sum = 0;
      for (const k of columns) sum += this.#projected[k];
      return 1 - sum;
    });
  }

  /** The levels that stages have where nothing is shared. */
  #start(): Float64Array {
    const { stages, caps } = this.#bounds;
    const alone = new Float64Array(this.#shares.length);
    return Float64Array.from(stages, (columns) => {
      projectStage(this.#shares, columns, caps, alone);
      const scales = columns.filter((k) => this.#shares[k] > 0).map((k) => alone[k] / this.#shares[k]);
      return Math.log(scales.reduce((a, b) => Math.max(a, b), Number.MIN_VALUE));
    });
  }

  /** The dual at these levels; sets prices and shares to theirs. */
  #height(levels: Float64Array): number {
    const { caps, shared } = this.#bounds;
    for (const [i, limit] of shared.entries()) this.#prices[i] = this.#price(limit, levels, this.#prices[i]);
    let height = 0;
    for (const level of levels) height += level;
    for (const [i, { limit }] of shared.entries()) height -= this.#prices[i] * limit;
    for (let k = 0; k < this.#shares.length; k++) {
      if (this.#shares[k] === 0) continue;
      const exponent =
        levels[this.#stageOf[k]] - (this.#limitOf[k] < 0 ? 0 : this.#prices[this.#limitOf[k]] * this.#factorOf[k]);
      const free = this.#shares[k] * Math.exp(exponent);
      const isFree = free <= caps[k];
      this.#projected[k] = isFree ? free : caps[k];
      if (isFree) height -= free;
      else if (caps[k] > 0) height -= caps[k] * (1 + exponent - Math.log(caps[k] / this.#shares[k]));
    }
    return height;
  }

  /** The price at which a limit is kept: Newton's steps between bounds that close in; 0 where it is kept for nothing. */
  #price({ columns, factors, limit }: SharedLimit, levels: Float64Array, guess: number): number {
    let taken = 0;
    let slope = 0;
    const measure = (price: number): void => {
      taken = 0;
      slope = 0;
      for (let j = 0; j < columns.length; j++) {
        const k = columns[j];
        const free = this.#shares[k] * Math.exp(levels[this.#stageOf[k]] - price * factors[j]);
        taken += factors[j] * Math.min(this.#bounds.caps[k], free);
        if (free < this.#bounds.caps[k]) slope += factors[j] * factors[j] * free;
      }
    };
    measure(0);
    if (taken <= limit) return 0;
    let low = 0;
    let high = Number.POSITIVE_INFINITY;
    let price = guess;
    for (let steps = 0; steps < MAX_ROOT_STEPS; steps++) {
      measure(price);
      if (Math.abs(taken - limit) <= ROOT_TOLERANCE * limit) break;
      if (taken > limit) low = price;
      else high = price;
      if (high < Number.POSITIVE_INFINITY && high - low <= ROOT_TOLERANCE * high) break;
      const step = price + (taken - limit) / slope;
      if (Math.abs(step - price) <= ROOT_TOLERANCE * price) break;
      if (step > low && step < high) price = step;
      else price = high === Number.POSITIVE_INFINITY ? 2 * price + 1 : (low + high) / 2;
    }
    return price;
  }

  /** The matrix of Newton's steps: how the stages' sums follow the levels. */
  #curvature(): Float64Array {
    const { stages, caps, shared } = this.#bounds;
    const size = stages.length;
    const matrix = new Float64Array(size * size);
    for (let s = 0; s < size; s++) matrix[s * size + s] = RIDGE;
    const moves = (k: number): boolean => this.#projected[k] > 0 && this.#projected[k] < caps[k];
    for (let k = 0; k < this.#shares.length; k++) {
      if (moves(k)) matrix[this.#stageOf[k] * (size + 1)] += this.#projected[k];
    }
    for (const [i, { columns, factors }] of shared.entries()) {
      if (this.#prices[i] === 0) continue;
      const pulls = columns.map((k, j) => (moves(k) ? factors[j] * this.#projected[k] : 0));
      const sum = pulls.reduce((all, pull, j) => all + pull * factors[j], 0);
      if (sum === 0) continue;
      for (const [j, k] of columns.entries()) {
        for (const [l, m] of columns.entries()) {
          matrix[this.#stageOf[k] * size + this.#stageOf[m]] -= (pulls[j] * pulls[l]) / sum;
        }
      }
    }
    return matrix;
  }
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
