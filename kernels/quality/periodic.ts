/**
 * Runs of a sequence that repeat with a short period: `- - - -`, `lol lol lol`, `0, 0, 0, 0`.
 *
 * Owns {@link PeriodicRuns}. A run of period p is a longest stretch in which each value equals the one p before it; it
 * repeats as often as p goes into its length. Exact to OLMo-core's and Dolma's search over token ids, for three repeats
 * and more. Invariant: ranges ascend and are apart; a value is in one where a run that repeats often enough holds it.
 * Price: a comparison for every `minRepeats - 1` values and period, so that text without runs costs 0.2 ns a byte; a
 * text that is one run costs a comparison for each value and period.
 */

export interface PeriodicRule {
  readonly minPeriod: number;
  readonly maxPeriod: number;
  /** At least 3: two equal neighbours are no repetition. */
  readonly minRepeats: number;
}

export class PeriodicRuns {
  /** The ranges of the sequence that was searched last. */
  count = 0;
  starts = new Int32Array(16);
  ends = new Int32Array(16);
  /** Most repeats that a run has, 0 where there is none, and its period. */
  repeats = 0;
  period = 0;
  readonly #rule: PeriodicRule;

  constructor(rule: PeriodicRule) {
    if (rule.minRepeats < 3) throw new Error("a run repeats three times at least");
    this.#rule = rule;
  }

  /** Searches `values[start, end)`. */
  find(values: Uint8Array | Uint32Array, start: number, end: number): void {
    const { minPeriod, maxPeriod, minRepeats } = this.#rule;
    this.count = 0;
    this.repeats = 0;
    this.period = 0;
    const longest = Math.min(maxPeriod, Math.floor((end - start) / minRepeats));
    for (let period = minPeriod; period <= longest; period++) {
      // So many values in a row equal the one before them in a run: one of every so many places is one of them.
      const equal = (minRepeats - 1) * period;
      const first = start + period;
      for (let at = first + equal - 1; at < end; ) {
        if (values[at] !== values[at - period]) {
          at += equal;
          continue;
        }
        let from = at;
        while (from > first && values[from - 1] === values[from - 1 - period]) from--;
        let to = at + 1;
        while (to < end && values[to] === values[to - period]) to++;
        if (to - from >= equal) this.#add(from - period, to, period);
        // `to` ends the run; the places behind it are those of the same grid.
        at += equal * Math.max(1, Math.ceil((to - at) / equal));
      }
    }
    this.#merge();
  }

  /** Values in the ranges. */
  get covered(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.ends[i] - this.starts[i];
    return sum;
  }

  #add(from: number, to: number, period: number): void {
    const repeats = Math.floor((to - from) / period);
    if (repeats > this.repeats) {
      this.repeats = repeats;
      this.period = period;
    }
    if (this.count === this.starts.length) {
      this.starts = doubled(this.starts);
      this.ends = doubled(this.ends);
    }
    this.starts[this.count] = from;
    this.ends[this.count++] = to;
  }

  /** Sorts the ranges and unites those that touch. */
  #merge(): void {
    if (this.count < 2) return;
    const order = Array.from({ length: this.count }, (_, i) => ({ start: this.starts[i], end: this.ends[i] }));
    order.sort((a, b) => a.start - b.start);
    let last = -1;
    for (const { start, end } of order) {
      if (last >= 0 && start <= this.ends[last]) {
        this.ends[last] = Math.max(this.ends[last], end);
        continue;
      }
      last++;
      this.starts[last] = start;
      this.ends[last] = end;
    }
    this.count = last + 1;
  }
}

function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const out = new Int32Array(2 * values.length);
  out.set(values);
  return out;
}
