// module
/**
 * LZ4 blocks in WebAssembly. Host: kernels/wasm/lz4.ts; twin: kernels/lz4/.
 *
 * Order of use: the input at `inputAddress`, then `compress` or `decompress`, then the result at `outputAddress`. Loops
 * load and store whole vectors, so both buffers have room around them that belongs to nobody. The host never gives more
 * than `maxContentBytes` to compress and `maxBlockBytes` to decompress. Memory: 0.6 MB, whatever comes. Prices: 270 to
 * 450 MB/s of text to compress, 1.7 GB/s and more to decompress.
 */
import { compressBlock } from "./compress";
import { decompressBlock } from "./decompress";

/** Content of a block. */
const MAX_CONTENT: usize = 1 << 18;
/** The most that content can become: one byte more for every 255 literals, and a token. */
const MAX_BLOCK: usize = MAX_CONTENT + MAX_CONTENT / 255 + 16;
const SLACK: usize = 64;

const INPUT: usize = memory.data(<i32>(MAX_BLOCK + 2 * SLACK), 16) + SLACK;
const OUTPUT: usize = memory.data(<i32>(MAX_BLOCK + SLACK), 16);

export function maxContentBytes(): u32 {
  return <u32>MAX_CONTENT;
}

export function maxBlockBytes(): u32 {
  return <u32>MAX_BLOCK;
}

export function inputAddress(): usize {
  return INPUT;
}

export function outputAddress(): usize {
  return OUTPUT;
}

/** Compresses the first `length` bytes of the input, at most `maxContentBytes`; returns the bytes of the block. */
export function compress(length: u32): u32 {
  return <u32>(compressBlock(INPUT, INPUT + <usize>length, OUTPUT) - OUTPUT);
}

/** Whether the first `length` bytes of the input, at most `maxBlockBytes`, are a block of exactly `content` bytes. */
export function decompress(length: u32, content: u32): bool {
  return decompressBlock(INPUT, INPUT + <usize>length, OUTPUT, OUTPUT + <usize>content);
}
