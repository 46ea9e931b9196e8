/** Cuts of rows, collected. */
import type { CutSpans, Cuts } from "../../../workers/tasks/span/edits.ts";

export class PartCutList implements Cuts {
  readonly #cuts = new Map<number, [number, number][]>();
  readonly #tails = new Map<number, [number, number]>();

  add(row: number, start: number, end: number): void {
    this.#cuts.set(row, [...(this.#cuts.get(row) ?? []), [start, end]]);
  }

  /** Goes where another part of its row goes. */
  addTail(row: number, start: number, end: number): void {
    this.#tails.set(row, [start, end]);
  }

  ofRow(row: number, cuts: CutSpans): void {
    const own = this.#cuts.get(row);
    if (own === undefined) return;
    for (const [start, end] of own) cuts.add(start, end);
    const tail = this.#tails.get(row);
    if (tail !== undefined) cuts.add(...tail);
  }
}
