/**
 * Shares drawn from a Dirichlet distribution: gamma variates (Marsaglia and Tsang 2000), normalised.
 *
 * A strength far below 1 gives logarithms of variates below those of the least double, so all is done in logarithms. Invariant: draw `n` is a
 * function of the seed and `n` alone. Price: about a quarter of a microsecond a share.
 */
import { hash64, type Seed } from "./shuffle.ts";

/** Words of one draw start here, times its number: no draw asks for as many. */
const BLOCKS = 1 << 20;

/** Numbers of one draw: uniform and normal. */
class Stream {
  readonly #seed: Seed;
  readonly #words = new Uint32Array(2);
  #block = 0;
  #spare = Number.NaN;

  constructor(seed: Seed) {
    this.#seed = seed;
  }

  start(draw: number): void {
    this.#block = draw * BLOCKS;
    this.#spare = Number.NaN;
  }

  /** In (0, 1), 53 bits. */
  uniform(): number {
    hash64(this.#seed[0], this.#seed[1], this.#block++, this.#words);
    return ((this.#words[0] >>> 5) * 0x400_0000 + (this.#words[1] >>> 6) + 0.5) / 0x20_0000_0000_0000;
  }

  /** Marsaglia's polar method, two at a time. */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const value = this.#spare;
      this.#spare = Number.NaN;
      return value;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const square = u * u + v * v;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** The logarithm of a gamma variate of this shape and scale 1. */
  logGamma(shape: number): number {
    if (shape < 1) return this.logGamma(shape + 1) + Math.log(this.uniform()) / shape;
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const cube = root * root * root;
      if (Math.log(this.uniform()) < 0.5 * x * x + d - d * cube + d * Math.log(cube)) return Math.log(d * cube);
    }
  }
}

/** Draws shares from Dirichlet(`shapes`); a share whose shape is 0 is 0. */
export class DirichletDraws {
  readonly #stream: Stream;

  constructor(seed: Seed) {
    this.#stream = new Stream(seed);
  }

  /** Writes draw number `draw` to `out[at]` and behind. */
  draw(draw: number, shapes: ArrayLike<number>, out: Float64Array, at = 0): void {
    this.#stream.start(draw);
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < shapes.length; k++) {
      const log = shapes[k] > 0 ? this.#stream.logGamma(shapes[k]) : Number.NEGATIVE_INFINITY;
      out[at + k] = log;
      top = Math.max(top, log);
    }
    let sum = 0;
    for (let k = 0; k < shapes.length; k++) {
      out[at + k] = Math.exp(out[at + k] - top);
      sum += out[at + k];
    }
    for (let k = 0; k < shapes.length; k++) out[at + k] /= sum;
  }
}
