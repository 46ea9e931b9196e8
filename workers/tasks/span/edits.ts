/**
 * The cuts of an editing barrier, made in the rows of a span at the start of the pass that follows.
 *
 * Which bytes go says a list of cuts (part-cuts.ts, fragment-cuts.ts); here they are made, what is left is put together, and the barrier's rules say what
 * becomes of it. Invariant: bytes in = bytes left + bytes counted as cut. Memory: one new text column.
 */
import type { Batch } from "../../../batch/batch.ts";
import type { Utf8Column } from "../../../batch/column.ts";
import { allocate } from "../../../batch/memory.ts";
import { int32At, uint8At } from "../../../batch/numbers.ts";
import type { EditRules } from "../../../stages/define.ts";
import type { CutCounts } from "../../protocol.ts";

/** Says, row after row, what goes. */
export interface Cuts {
  /** The rows of `batch` come next. */
  enter?(batch: Batch): void;
  /** Adds the cuts of the next row. */
  ofRow(document: number, cuts: CutSpans): void;
}

/** The cuts of one row, in order of where they start. */
export class CutSpans {
  count = 0;
  readonly from: number[] = [];
  readonly to: number[] = [];

  /** Bytes from the start of the row's text. One that begins in the last one, or where that ends, is put together with it. */
  add(from: number, to: number): void {
    const last = this.count - 1;
    if (last >= 0 && from <= (this.to[last] ?? 0)) {
      this.to[last] = Math.max(this.to[last] ?? 0, to);
      return;
    }
    this.from[this.count] = from;
    this.to[this.count] = to;
    this.count++;
  }
}

/** Why a row falls that has lost something; `undefined` where nothing is left of it. */
export type EditDrop = (row: number, reason: string | undefined, cut_bytes: number) => void;

export class Edits {
  readonly #cuts: Cuts;
  readonly #rules: EditRules;
  readonly #spans = new CutSpans();
  #rows = 0;
  #pieces = 0;
  #bytes = 0;
  #longest = 0;
  #emptied = 0;

  constructor(cuts: Cuts, rules: EditRules) {
    this.#cuts = cuts;
    this.#rules = rules;
  }

  get counts(): CutCounts {
    return {
      rows: this.#rows,
      pieces: this.#pieces,
      bytes: this.#bytes,
      longest_bytes: this.#longest,
      emptied: this.#emptied,
    };
  }

  /** The texts of `batch` after the cuts. */
  apply(batch: Batch, drop: EditDrop): Utf8Column {
    this.#cuts.enter?.(batch);
    const { data, offsets, validity } = batch.text;
    const { join = new Uint8Array(0), copy = copyAsIs, judge } = this.#rules;
    const spans = this.#spans;
    const size = int32At(offsets, batch.rows) - int32At(offsets, 0);
    // A join is only put where at least one byte went, so it is the longer one that takes room.
    const out = allocate(size * Math.max(1, join.length));
    const outOffsets = new Int32Array(batch.rows + 1);
    let length = 0;
    for (let row = 0; row < batch.rows; row++) {
      const start = int32At(offsets, row);
      const end = int32At(offsets, row + 1);
      spans.count = 0;
      this.#cuts.ofRow(batch.document(row), spans);
      const begin = length;
      let kept = start;
      for (let i = 0; i < spans.count; i++) {
        const from = start + (spans.from[i] ?? 0);
        length = copy(data, kept, from, out, length);
        kept = start + (spans.to[i] ?? 0);
        if (length > begin && kept < end) {
          out.set(join, length);
          length += join.length;
        }
      }
      length = (spans.count > 0 ? copy : copyAsIs)(data, kept, end, out, length);
      if (spans.count > 0) length = this.#judged(row, out, begin, length, end - start, judge, drop);
      outOffsets[row + 1] = length;
    }
    const text: Utf8Column = { kind: "utf8", data: out.subarray(0, length), offsets: outOffsets };
    return validity === undefined ? text : { ...text, validity };
  }

  /** Counts an edited row and does as the rules say; returns where its text ends. */
  #judged(
    row: number,
    out: Uint8Array,
    begin: number,
    end: number,
    before: number,
    judge: EditRules["judge"],
    drop: EditDrop,
  ): number {
    const spans = this.#spans;
    for (let i = 0; i < spans.count; i++) {
      this.#longest = Math.max(this.#longest, (spans.to[i] ?? 0) - (spans.from[i] ?? 0));
    }
    const verdict = isBlank(out, begin, end) ? undefined : (judge?.(out, begin, end) ?? begin);
    let left = end;
    if (typeof verdict === "number" && verdict > begin) {
      out.copyWithin(begin, verdict, end);
      left = begin + end - verdict;
    }
    const cut = before - (left - begin);
    this.#rows++;
    this.#pieces += spans.count;
    this.#bytes += cut;
    if (typeof verdict === "number") return left;
    this.#emptied++;
    drop(row, verdict, cut);
    return left;
  }
}

function copyAsIs(bytes: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  out.set(bytes.subarray(from, to), at);
  return at + to - from;
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (uint8At(bytes, at) > 0x20) return false;
  return true;
}
