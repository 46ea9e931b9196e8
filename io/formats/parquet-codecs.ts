/**
 * Page decompression for Parquet, by codec name as the format spells it.
 *
 * Invariant: a decoder returns exactly the length that the page header promises, in memory of its own, or throws.
 * Price: snappy runs in WebAssembly, gzip and brotli in Node; zstd takes the fastest of Node (>= 22.15), the optional
 * package `zstd-napi`, and a JavaScript decoder about eight times slower.
 */
import * as zlib from "node:zlib";
import * as fzstd from "fzstd";
import type { CompressionCodec } from "hyparquet/src/types.js";
import { compressors } from "hyparquet-compressors";

export type PageDecoder = (input: Uint8Array, outputLength: number) => Uint8Array;

type Decompress = (input: Uint8Array) => Uint8Array;

/** Decompressed size of the zstd frame at the start of `input` (RFC 8878, 3.1.1), undefined where it does not say. */
function zstdFrameBytes(input: Uint8Array): number | undefined {
  if (input.length < 14) return undefined;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = (descriptor & 3) === 3 ? 4 : descriptor & 3;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? input[at] : undefined;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return input.length < at + 8 ? undefined : Number(view.getBigUint64(at, true));
  }
}

/** Decompresses one zstd frame, whose content has a length that is known, with the fastest decoder there is. */
export async function zstdBlock(): Promise<PageDecoder> {
  const decompress = await fastestZstd();
  return (input, length) => {
    const size = zstdFrameBytes(input);
    if (size !== undefined && size !== length) throw new Error(`zstd frame of ${size} bytes, not ${length}`);
    return decompress(input, length);
  };
}

async function fastestZstd(): Promise<(input: Uint8Array, size: number | undefined) => Uint8Array> {
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: Decompress };
  if (zstdDecompressSync) return (input) => zstdDecompressSync(input);
  try {
    // A name in a variable: the package is optional, so the compiler must not look for it.
    const optional = "zstd-napi";
    const { decompress } = (await import(optional)) as { decompress: Decompress };
    return (input) => decompress(input);
  } catch {
    return (input, size) => fzstd.decompress(input, size === undefined ? undefined : new Uint8Array(size));
  }
}

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
  SNAPPY: () => (input, length) => {
    const found = snappyLength(input);
    if (found !== length) throw new Error(`snappy block holds ${found} bytes, its page header says ${length}`);
    return (compressors.SNAPPY as PageDecoder)(input, length);
  },
  GZIP: () => (input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: () => (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  ZSTD: zstdBlock,
  LZ4: () => compressors.LZ4 as PageDecoder,
  LZ4_RAW: () => compressors.LZ4_RAW as PageDecoder,
};

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
