/**
 * Which parts of a span's texts go: those that are not the first of their cluster, and those without a key where another of their row goes.
 *
 * Memory: 13 bytes a part of the span.
 */
import { int32Values } from "../../../batch/column.ts";
import { int32At } from "../../../batch/numbers.ts";
import { decodeArrow } from "../../../io/formats/arrow-table.ts";
import { readVouched } from "../../../io/local/vouched.ts";
import { spanFiles } from "../../../store/layout.ts";
import { vouchers } from "../../../store/marker.ts";
import type { RootsSlice } from "../../protocol.ts";
import { RootsFile } from "../../roots.ts";
import type { CutSpans, Cuts } from "./edits.ts";
import { NO_KEY } from "./keys.ts";

export class PartCuts implements Cuts {
  readonly #documents: Int32Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #goes: Uint8Array;
  /** The next part: parts ascend by document, as rows do. */
  #at = 0;

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

  ofRow(document: number, cuts: CutSpans): void {
    while (this.#at < this.#documents.length && int32At(this.#documents, this.#at) < document) this.#at++;
    const first = this.#at;
    for (; this.#at < this.#documents.length && this.#documents[this.#at] === document; this.#at++) {
      if (this.#goes[this.#at] === 1) cuts.add(int32At(this.#starts, this.#at), int32At(this.#ends, this.#at));
    }
    if (cuts.count === 0) return;
    for (let part = first; part < this.#at; part++) {
      const end = int32At(this.#ends, part);
      if (end < 0) cuts.add(int32At(this.#starts, part), NO_KEY - end);
    }
  }
}
