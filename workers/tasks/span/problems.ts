/**
 * Rows of a span that could not be used: where each stood, what was wrong with it. One Arrow table beside the
 * ledger of verdicts, written where there are any; of a span that failed it has those that were met.
 *
 * Invariant: it has one entry for every error that the span's marker counts. Memory: 20 bytes a row, and each
 * message that is new.
 */
import { Int32Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import { encodeArrow } from "../../../io/formats/arrow-table.ts";
import type { ReadProblem } from "../../../stages/define.ts";

/** In the place of a row or byte that is not known. */
export const NOWHERE = -1;

export class ProblemLedger {
  readonly #shard = new Int32Builder();
  readonly #row = new Int32Builder();
  readonly #byte: number[] = [];
  readonly #kind = new Words();
  readonly #message = new Words();

  add({ kind, shard, row = NOWHERE, byte = NOWHERE, message }: ReadProblem): void {
    this.#shard.append(shard);
    this.#row.append(row);
    this.#byte.push(byte);
    this.#kind.append(kind);
    this.#message.append(message);
  }

  get rows(): number {
    return this.#byte.length;
  }

  /** Rows count from the start of the span's extent, as in the ledger of verdicts; bytes from that of the file. */
  encode(): Uint8Array {
    const columns = new Map<string, Column>([
      ["shard", { kind: "int32", values: this.#shard.finish() }],
      ["row", { kind: "int32", values: this.#row.finish() }],
      ["byte", { kind: "float64", values: Float64Array.from(this.#byte) }],
      ["kind", this.#kind.finish()],
      ["message", this.#message.finish()],
    ]);
    return encodeArrow(columns, this.#byte.length);
  }
}

/** Texts of which most have been there before. */
class Words {
  readonly #codes = new Int32Builder();
  readonly #known = new Map<string, number>();

  append(text: string): void {
    const code = this.#known.get(text) ?? this.#known.size;
    this.#known.set(text, code);
    this.#codes.append(code);
  }

  finish(): Column {
    return { kind: "dictionary", codes: this.#codes.finish(), values: [...this.#known.keys()] };
  }
}
