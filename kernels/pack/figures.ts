/**
 * What windows look like from inside: how full, how many documents, how much of its own document a token sees, how uneven attention is.
 *
 * Taken window by window from plans, so figures of a range, of a shard or of a store are made the same way. A document counts where its first
 * piece is, so ranges that share no window add up. Invariant: sums are exact below 2^53; quantiles are those of whole numbers below 4096 and
 * within 1/2048 above. Price: one pass over pieces; a few hundred KB a meter.
 */
import type { PackPlan } from "./plan.ts";

export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface PackingFigures {
  readonly windows: number;
  readonly window_tokens: number;
  /** Documents whose first piece is here. */
  readonly documents: number;
  readonly tokens: number;
  readonly padding_tokens: number;
  readonly fill_ratio: number;
  readonly documents_cut_avoidable: number;
  readonly documents_cut_unavoidable: number;
  /** Pieces, padding not counted. */
  readonly documents_per_window: Spread;
  /** Tokens of its own document a token attends to, itself included; the mean over tokens. */
  readonly effective_context_tokens: number;
  /** Sum of squared piece lengths per window: what attention within documents costs. */
  readonly squared_lengths: Spread;
}

/** Adds windows up. */
export class PackingMeter {
  readonly #windowTokens: number;
  readonly #perWindow = new Histogram();
  readonly #squares = new Histogram();
  #documents = 0;
  #tokens = 0;
  #padding = 0;
  #avoidable = 0;
  #unavoidable = 0;

  constructor(windowTokens: number) {
    this.#windowTokens = windowTokens;
  }

  /** Windows `[from, to)` of a plan over documents with these ends. */
  add(plan: PackPlan, documentEnds: Float64Array, from: number, to: number): void {
    for (let window = from; window < to; window++) {
      let pieces = 0;
      let squares = 0;
      for (let piece = plan.window_pieces[window]; piece < plan.window_pieces[window + 1]; piece++) {
        const document = plan.piece_document[piece];
        const length = plan.piece_length[piece];
        if (document < 0) {
          this.#padding += length;
          continue;
        }
        pieces++;
        squares += length * length;
        this.#tokens += length;
        if (plan.piece_start[piece] > 0) continue;
        this.#documents++;
        const whole = documentEnds[document] - (document === 0 ? 0 : documentEnds[document - 1]);
        if (length === whole) continue;
        if (whole > this.#windowTokens) this.#unavoidable++;
        else this.#avoidable++;
      }
      this.#perWindow.add(pieces);
      this.#squares.add(squares);
    }
  }

  figures(): PackingFigures {
    const windows = this.#perWindow.count;
    const capacity = windows * this.#windowTokens;
    return {
      windows,
      window_tokens: this.#windowTokens,
      documents: this.#documents,
      tokens: this.#tokens,
      padding_tokens: this.#padding,
      fill_ratio: capacity === 0 ? 1 : this.#tokens / capacity,
      documents_cut_avoidable: this.#avoidable,
      documents_cut_unavoidable: this.#unavoidable,
      documents_per_window: this.#perWindow.spread(),
      // A piece of n tokens sees 1 + 2 + … + n.
      effective_context_tokens: this.#tokens === 0 ? 0 : (this.#squares.sum + this.#tokens) / 2 / this.#tokens,
      squared_lengths: this.#squares.spread(),
    };
  }
}

/** Whole numbers below 2^53, counted in bins: one a number below 4096, above that 2048 a power of two. */
class Histogram {
  count = 0;
  sum = 0;
  #max = 0;
  readonly #bins = new Float64Array(4096 + 41 * 2048);

  add(value: number): void {
    this.count++;
    this.sum += value;
    if (value > this.#max) this.#max = value;
    this.#bins[binOf(value)]++;
  }

  spread(): Spread {
    return {
      mean: this.count === 0 ? 0 : this.sum / this.count,
      p50: this.#quantile(0.5),
      p99: this.#quantile(0.99),
      max: this.#max,
    };
  }

  /** The smallest number that at least `share` of all are not above, up to the width of a bin. */
  #quantile(share: number): number {
    let left = Math.ceil(share * this.count);
    for (let bin = 0; bin < this.#bins.length && left > 0; bin++) {
      left -= this.#bins[bin];
      if (left <= 0) return Math.min(this.#max, lowest(bin));
    }
    return this.#max;
  }
}

function binOf(value: number): number {
  let bin = value;
  let power = 0;
  while (bin >= 4096) {
    bin = Math.floor(bin / 2);
    power++;
  }
  return power * 2048 + bin;
}

/** The inverse of {@link binOf}: the smallest number of a bin. */
function lowest(bin: number): number {
  if (bin < 4096) return bin;
  const power = Math.floor(bin / 2048) - 1;
  return (bin - power * 2048) * 2 ** power;
}
