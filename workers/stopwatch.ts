/**
 * Where a worker's time goes: wall-clock time by part of the work, for people who want to know what a stage costs.
 *
 * Invariant: parts add up to the time between {@link Stopwatch.start} and the last lap; nothing of it is ever written into a marker.
 * Price: a reading of the clock per stage and batch, some 50 ns.
 */

/** Milliseconds by part: a stage by its name; `read`, `write` and `commit` of ingest; the other phases as a whole. */
export type TimeSpent = Readonly<Record<string, number>>;

export class Stopwatch {
  #parts: Record<string, number> = {};
  #last = 0;

  start(): void {
    this.#parts = {};
    this.#last = performance.now();
  }

  /** The time since the last lap was spent on `part`. */
  lap(part: string): void {
    const now = performance.now();
    this.#parts[part] = (this.#parts[part] ?? 0) + now - this.#last;
    this.#last = now;
  }

  get parts(): TimeSpent {
    return this.#parts;
  }
}

/** Adds the parts of one task to those of a run. */
export function addTime(total: Map<string, number>, parts: TimeSpent): void {
  for (const [part, ms] of Object.entries(parts)) total.set(part, (total.get(part) ?? 0) + ms);
}
