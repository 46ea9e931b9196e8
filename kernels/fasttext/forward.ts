/**
 * The forward pass of a model: from a text to the mean of its rows, and from that to logits.
 *
 * Invariant: floats of 32 bits, added one after the other in an order that is told, whoever adds them. In order, that is fastText's; by words, the rows of each
 * word are added up first, which a cache of words can keep, and only last bits differ. Price: of the plain one, see line-rows.ts, and a nanosecond a float.
 */
import { LineRows } from "./line-rows.ts";
import { addRow, copiedRows, dotRow, type Rows, rowsOf } from "./matrix.ts";
import type { ModelTables } from "./tables.ts";

/** Passes one text after another. */
export interface ForwardPass {
  /** The mean of the text's rows. */
  readonly hidden: Float32Array;
  /** Of each label; where rows are folded, `hidden` itself. Of a tree, of each inner node. May be longer. */
  readonly logits: Float32Array;
  /** Makes `hidden` that of `bytes[start, end)`, one line; returns how many rows it has. */
  mean(bytes: Uint8Array, start: number, end: number, inOrder: boolean): number;
  /** Makes `logits` of `hidden`. */
  project(): void;
}

export class PlainForwardPass implements ForwardPass {
  readonly hidden: Float32Array;
  readonly logits: Float32Array;
  readonly #line: LineRows;
  readonly #rows: Rows;
  readonly #word: Float32Array;
  /** Undefined where rows are folded. */
  readonly #output: Rows | undefined;

  /** `isExact`: of the rows that the file has, whatever the tables have. */
  constructor(tables: ModelTables, isExact = false) {
    const { bytes, description, isFolded, rows, width, stride } = tables;
    this.#line = new LineRows(tables);
    const isPlain = isExact || rows.length === 0;
    this.#rows = isPlain ? rowsOf(bytes, description.input) : { kind: "dense", columns: width, stride, floats: rows };
    this.hidden = new Float32Array(isPlain ? description.dim : width);
    this.#word = new Float32Array(this.hidden.length);
    this.#output = isFolded && !isPlain ? undefined : copiedRows(bytes, description.output);
    this.logits = this.#output === undefined ? this.hidden : new Float32Array(description.labels);
  }

  mean(bytes: Uint8Array, start: number, end: number, inOrder: boolean): number {
    const line = this.#line;
    const { hidden } = this;
    line.read(bytes, start, end);
    hidden.fill(0);
    let row = 0;
    for (let word = 0; word < line.words && !inOrder; word++) row = this.#addWord(row, line.wordEnds[word]);
    for (; row < line.count; row++) addRow(this.#rows, line.rows[row], hidden);
    const share = Math.fround(1 / line.count);
    for (let j = 0; j < hidden.length && line.count > 0; j++) hidden[j] *= share;
    return line.count;
  }

  project(): void {
    if (this.#output === undefined) return;
    for (let i = 0; i < this.logits.length; i++) this.logits[i] = dotRow(this.#output, i, this.hidden);
  }

  /** Adds the sum of the rows of a word, and returns where they end. */
  #addWord(from: number, end: number): number {
    const word = this.#word;
    word.fill(0);
    for (let row = from; row < end; row++) addRow(this.#rows, this.#line.rows[row], word);
    for (let j = 0; j < word.length; j++) this.hidden[j] += word[j];
    return end;
  }
}
