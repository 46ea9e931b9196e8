/**
 * Page decompression for Parquet, by codec name as the format spells it.
 *
 * Invariant: a decoder returns exactly the length that the page header promises, in memory of its own, or throws.
 * Price: snappy runs in WebAssembly, gzip and brotli in Node, zstd in io/codecs/zstd.ts. The library of the others takes 8 MB and is loaded
 * when a file needs it.
 */
import * as zlib from "node:zlib";
import type { CompressionCodec } from "hyparquet/src/types.js";
import { unzstdBlock } from "../codecs/zstd.ts";

export type PageDecoder = (input: Uint8Array, outputLength: number) => Uint8Array;

/**
 * The length that a snappy block says it decompresses to: the decoder trusts the page header instead and would not
 * notice.
 */
function snappyLength(input: Uint8Array): number {
  let length = 0;
  let unit = 1;
  for (const byte of input.subarray(0, 5)) {
    length += (byte & 0x7f) * unit;
    if (byte < 0x80) return length;
    unit *= 0x80;
  }
  return -1;
}

const DECODERS: Partial<Record<CompressionCodec, () => PageDecoder | Promise<PageDecoder>>> = {
  UNCOMPRESSED: () => (input) => new Uint8Array(input),
  SNAPPY: async () => {
    const decode = await foreign("SNAPPY");
    return (input, length) => {
      const found = snappyLength(input);
      if (found !== length) throw new Error(`snappy block holds ${found} bytes, its page header says ${length}`);
      return decode(input, length);
    };
  },
  GZIP: () => (input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: () => (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  ZSTD: () => unzstdBlock,
  LZ4: () => foreign("LZ4"),
  LZ4_RAW: () => foreign("LZ4_RAW"),
};

async function foreign(codec: "SNAPPY" | "LZ4" | "LZ4_RAW"): Promise<PageDecoder> {
  const { compressors } = await import("hyparquet-compressors");
  return compressors[codec] as PageDecoder;
}

/** The decoder for `codec`, undefined where there is none. */
export async function pageDecoder(codec: CompressionCodec): Promise<PageDecoder | undefined> {
  const decode = await DECODERS[codec]?.();
  if (!decode) return undefined;
  return (input, length) => {
    const output = decode(input, length);
    if (output.length !== length) throw new Error(`page decompresses to ${output.length} bytes, not ${length}`);
    // Values become views, and views are only checked against the end of their memory.
    // A Buffer's own `slice` would not copy.
    return output.byteLength === output.buffer.byteLength ? output : new Uint8Array(output);
  };
}
