/**
 * A text column of which most rows stay as they are.
 *
 * Invariant: nothing is copied before the first edit, and without one the column is the one that was there. Rows that
 * are not edited are copied many at a time. Price: one copy of the text where there is an edit.
 */
import type { Utf8Column } from "../../batch/column.ts";
import { allocate, release } from "../../batch/memory.ts";
import { int32At } from "../../batch/numbers.ts";

export class EditedText {
  readonly #text: Utf8Column;
  readonly #rows: number;
  #data: Uint8Array | undefined;
  readonly #offsets: Int32Array;
  #length = 0;
  /** Rows before it are written. */
  #row = 0;

  constructor(text: Utf8Column) {
    this.#text = text;
    this.#rows = text.offsets.length - 1;
    this.#offsets = new Int32Array(this.#rows + 1);
  }

  /** Begins to write `row` anew: rows come in order, those between stay as they are. */
  begin(row: number): void {
    this.#keep(row);
  }

  /** Adds to the row that was begun. */
  write(part: Uint8Array): void {
    this.#reserve(part.length);
    this.#data?.set(part, this.#length);
    this.#length += part.length;
  }

  /** Bytes of the row that was begun. */
  get openBytes(): number {
    return this.#length - int32At(this.#offsets, this.#row);
  }

  /** Ends the row that was begun. */
  end(): void {
    this.#row++;
    this.#offsets[this.#row] = this.#length;
  }

  /** The column; the object must not be used afterwards. */
  finish(): Utf8Column {
    if (this.#data === undefined) return this.#text;
    this.#keep(this.#rows);
    const { validity } = this.#text;
    const data = this.#data.subarray(0, this.#length);
    return { kind: "utf8", data, offsets: this.#offsets, ...(validity && { validity }) };
  }

  /** Copies rows as they are, up to `row`. */
  #keep(row: number): void {
    const { data, offsets } = this.#text;
    const start = int32At(offsets, this.#row);
    const shift = this.#length - start;
    this.write(data.subarray(start, int32At(offsets, row)));
    for (; this.#row < row; this.#row++) this.#offsets[this.#row + 1] = int32At(offsets, this.#row + 1) + shift;
  }

  #reserve(bytes: number): void {
    const before = this.#data;
    const needed = this.#length + bytes;
    if (before !== undefined && needed <= before.length) return;
    // The text as it was, and something for what grows.
    const least = before === undefined ? int32At(this.#text.offsets, this.#rows) + 4096 : before.length * 2;
    const grown = allocate(Math.max(needed, least));
    if (before !== undefined) {
      grown.set(before.subarray(0, this.#length));
      release(before);
    }
    this.#data = grown;
  }
}
