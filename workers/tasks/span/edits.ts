/**
 * The cuts of an editing barrier, made in the rows of a span at the start of the pass that follows.
 *
 * A part that is not the first of its cluster goes. What is left of a text is put together as it stands: a barrier whose parts take their own line
 * ends with them leaves whole lines. Memory: 12 bytes a part of the span, and one new text column.
 */
import type { Batch } from "../../../batch/batch.ts";
import { int32Values, type Utf8Column } from "../../../batch/column.ts";
import { allocate } from "../../../batch/memory.ts";
import { int32At, uint8At } from "../../../batch/numbers.ts";
import { decodeArrow } from "../../../io/formats/arrow-table.ts";
import { readVouched } from "../../../io/local/vouched.ts";
import { spanFiles } from "../../../store/layout.ts";
import { vouchers } from "../../../store/marker.ts";
import type { CutCounts, RootsSlice } from "../../protocol.ts";
import { RootsFile } from "../../roots.ts";

export class Edits {
  readonly #documents: Int32Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #goes: Uint8Array;
  /** The next part: parts ascend by document, as rows do. */
  #at = 0;
  #rows = 0;
  #parts = 0;
  #bytes = 0;
  #emptied = 0;

  /** Reads what barrier `barrier` found in the span; `folder` is that of the pass that sketched it. Throws RunError `store/damaged`. */
  constructor(folder: string, span: number, barrier: number, roots: RootsSlice) {
    const name = spanFiles.parts(span, barrier);
    const { rows, columns } = decodeArrow(readVouched(vouchers(folder, spanFiles.marker(span))(name)), name);
    this.#documents = int32Values(columns, "document");
    this.#starts = int32Values(columns, "start");
    this.#ends = int32Values(columns, "end");
    const found = new RootsFile(roots.file).read(roots.first, rows);
    this.#goes = Uint8Array.from(found, (root, part) => Number(root !== roots.first + part));
  }

  get counts(): CutCounts {
    return { rows: this.#rows, parts: this.#parts, bytes: this.#bytes, emptied: this.#emptied };
  }

  /** The texts of `batch` after the cuts. `emptied` is told of the rows of which nothing but white space is left. */
  apply(batch: Batch, emptied: (row: number, bytes: number) => void): Utf8Column {
    const { data, offsets, validity } = batch.text;
    const out = allocate(int32At(offsets, batch.rows) - int32At(offsets, 0));
    const outOffsets = new Int32Array(batch.rows + 1);
    let length = 0;
    for (let row = 0; row < batch.rows; row++) {
      const begin = length;
      const start = int32At(offsets, row);
      const number = batch.document(row);
      let kept = 0;
      let cut = 0;
      while (this.#at < this.#documents.length && int32At(this.#documents, this.#at) < number) this.#at++;
      for (; this.#at < this.#documents.length && this.#documents[this.#at] === number; this.#at++) {
        if (this.#goes[this.#at] === 0) continue;
        const [from, to] = [int32At(this.#starts, this.#at), int32At(this.#ends, this.#at)];
        out.set(data.subarray(start + kept, start + from), length);
        length += from - kept;
        kept = to;
        cut += to - from;
        this.#parts++;
      }
      out.set(data.subarray(start + kept, int32At(offsets, row + 1)), length);
      length += int32At(offsets, row + 1) - start - kept;
      outOffsets[row + 1] = length;
      if (cut === 0) continue;
      this.#rows++;
      this.#bytes += cut;
      if (!isBlank(out, begin, length)) continue;
      this.#emptied++;
      emptied(row, cut);
    }
    const text: Utf8Column = { kind: "utf8", data: out.subarray(0, length), offsets: outOffsets };
    return validity === undefined ? text : { ...text, validity };
  }
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (uint8At(bytes, at) > 0x20) return false;
  return true;
}
