/** The columns of languages, row by row. Invariant: rows that were not set are null. Price: eight bytes a row. */
import { Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import type { LanguageOptions } from "./language-options.ts";

export class LanguageColumns {
  readonly #options: LanguageOptions;
  readonly #labels: readonly string[];
  readonly #codes: Int32Array;
  readonly #scores: Float32Array;
  readonly #validity: Uint8Array;
  /** Of rows whose label has a script. */
  readonly #scriptValidity: Uint8Array;
  readonly #top: Utf8Builder | undefined;
  readonly #rows: number;

  constructor(options: LanguageOptions, labels: readonly string[], rows: number) {
    this.#options = options;
    this.#labels = labels;
    this.#rows = rows;
    this.#codes = new Int32Array(rows);
    this.#scores = new Float32Array(rows);
    this.#validity = new Uint8Array((rows + 7) >> 3);
    this.#scriptValidity = new Uint8Array((rows + 7) >> 3);
    if (options.min_top_score !== null) this.#top = new Utf8Builder();
  }

  /** `label` -1: the row has none. */
  set(row: number, label: number, score: number): void {
    if (label < 0) return;
    this.#codes[row] = label;
    this.#scores[row] = score;
    setBit(this.#validity, row);
    if (this.#labels[label]?.includes("_")) setBit(this.#scriptValidity, row);
  }

  /** What the row's column of top languages holds, as JSON. Rows come in order. */
  addTop(row: number, top: string): void {
    this.#fillTop(row);
    this.#top?.appendString(top);
  }

  /** The rows before `end` that have no top languages are null. */
  #fillTop(end: number): void {
    while (this.#top !== undefined && this.#top.rows < end) this.#top.appendNull();
  }

  finish(): Map<string, Column> {
    const { language_column, score_column, script_column, top_column } = this.#options;
    const codes = this.#codes;
    const validity = this.#validity;
    const columns = new Map<string, Column>();
    if (script_column === null) {
      columns.set(language_column, { kind: "dictionary", codes, values: this.#labels, validity });
    } else {
      const values = this.#labels.map((label) => label.split("_"));
      const languages = values.map(([language = ""]) => language);
      const scripts = values.map(([, script = ""]) => script);
      columns.set(language_column, { kind: "dictionary", codes, values: languages, validity });
      columns.set(script_column, {
        kind: "dictionary",
        codes: codes.slice(),
        values: scripts,
        validity: this.#scriptValidity,
      });
    }
    columns.set(score_column, { kind: "float32", values: this.#scores, validity: validity.slice() });
    this.#fillTop(this.#rows);
    if (this.#top !== undefined) columns.set(top_column, this.#top.finish());
    return columns;
  }
}

function setBit(bits: Uint8Array, row: number): void {
  bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
}
