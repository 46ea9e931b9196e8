/**
 * How small a text becomes: a measure of how much it repeats itself.
 *
 * Owns {@link CompressedSize}. Invariant: the size is that of this project's LZ4 blocks, which have one form on every
 * machine and in every version of Node; deflate's output changes with the library that Node was built with. A text is
 * compressed in blocks of 256 KiB, so repeats further apart do not count. Price: 3 ns a byte.
 */
import { type Lz4, lz4Bound, MAX_LZ4_CONTENT_BYTES } from "./block.ts";

export class CompressedSize {
  readonly #lz4: Lz4;
  #out = new Uint8Array(1 << 12);

  constructor(lz4: Lz4) {
    this.#lz4 = lz4;
  }

  /** Bytes that `bytes[start, end)` takes as LZ4 blocks. */
  of(bytes: Uint8Array, start: number, end: number): number {
    const room = lz4Bound(Math.min(end - start, MAX_LZ4_CONTENT_BYTES));
    if (this.#out.length < room) this.#out = new Uint8Array(2 * room);
    let size = 0;
    for (let at = start; at < end; at += MAX_LZ4_CONTENT_BYTES) {
      const block = bytes.subarray(at, Math.min(at + MAX_LZ4_CONTENT_BYTES, end));
      size += this.#lz4.compress(block, this.#out, 0);
    }
    return size;
  }
}
