/** Slices of `roots.u32` and `sizes.u32`: one little-endian u32 a document of a dedup group. */
import { Blocks } from "../io/local/blocks.ts";
import { type MarkedFile, vouch } from "../store/marker.ts";

/** A u32 file, of which parts are read. Throws RunError `store/damaged`, then and when it is read. */
export class RootsFile {
  readonly #blocks: Blocks;

  constructor(file: MarkedFile) {
    this.#blocks = new Blocks(vouch(file));
  }

  /** Entries `[first, first + count)`. */
  read(first: number, count: number): Uint32Array {
    return new Uint32Array(this.#blocks.read(first * 4, count * 4).buffer);
  }
}
