/**
 * LZ4 blocks: what a block codec is, and the plain-TypeScript one.
 *
 * Invariants: blocks are of the standard LZ4 block format; the same content gives the same bytes whichever codec made
 * them; input that is no block of the expected content is refused, never followed out of bounds. Twin:
 * kernels/wasm/lz4.ts. Memory: 64 KB. Price: a third of the twin's speed.
 */
import { compressBlock, TABLE_SLOTS } from "./compress.ts";
import { decompressBlock } from "./decompress.ts";

/**
 * Most content of one block: a compressor's buffers stay in the cache, and a match reaches back 64 KB at most anyway.
 */
export const MAX_LZ4_CONTENT_BYTES = 1 << 18;

/** Most bytes that a block of `bytes` of content takes. */
export function lz4Bound(bytes: number): number {
  return bytes + Math.floor(bytes / 255) + 16;
}

export interface Lz4 {
  /**
   * Compresses `content`, at most {@link MAX_LZ4_CONTENT_BYTES}, to `out` from `at` on, where {@link lz4Bound} bytes
   * must be free. Returns the bytes of the block.
   */
  compress(content: Uint8Array, out: Uint8Array, at: number): number;
  /**
   * Fills `content` from `block`. False where `block` is no block of exactly so many bytes; `content` is then garbage.
   */
  decompress(block: Uint8Array, content: Uint8Array): boolean;
}

export class PlainLz4 implements Lz4 {
  readonly #table = new Uint16Array(TABLE_SLOTS);

  compress(content: Uint8Array, out: Uint8Array, at: number): number {
    checkSizes(content, out, at);
    return compressBlock(content, out, at, this.#table) - at;
  }

  decompress(block: Uint8Array, content: Uint8Array): boolean {
    return decompressBlock(block, content);
  }
}

/** Throws where a caller does not keep to {@link Lz4.compress}. */
export function checkSizes(content: Uint8Array, out: Uint8Array, at: number): void {
  if (content.length > MAX_LZ4_CONTENT_BYTES) throw new Error(`lz4: ${content.length} bytes in one block`);
  if (out.length - at < lz4Bound(content.length)) throw new Error(`lz4: only ${out.length - at} bytes of room`);
}
