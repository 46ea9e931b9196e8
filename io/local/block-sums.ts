/**
 * The checksum of what tasks hand to each other: one XXH64 for every block of a file, and one over those.
 *
 * Invariant: the checksum names content alone, however it was written in pieces; a block can be checked without the others by who has
 * the sums, and the sums by who has the checksum. It finds damage, it is no defence against forgery: what leaves the store has a sha256.
 * Price: 5 GB/s where WebAssembly runs, 8 bytes a block.
 */
import { contentHasher } from "../row-hasher.ts";

/** Small enough that a row read at random costs little more than its own bytes, large enough that sums are few. */
export const BLOCK_BYTES = 16 * 1024;
/** Bytes of one sum: u64 little-endian. */
export const SUM_BYTES = 8;

/** As many sums as are compared at a time: 256 KiB of content. */
const BATCH_BLOCKS = 16;
const found = new Uint32Array(2 * BATCH_BLOCKS);

/**
 * The first block of `bytes` that does not have the sum it should, or -1. Block 0 begins at the start of `bytes` and has the sum at `first`
 * of `sums`; the last one may be shorter.
 */
export function findDamage(bytes: Uint8Array, sums: Uint32Array, first: number): number {
  const step = BATCH_BLOCKS * BLOCK_BYTES;
  for (let at = 0; at < bytes.length; at += step) {
    const blocks = sumsTo(bytes, at, Math.min(bytes.length, at + step), found, 0);
    const block = at / BLOCK_BYTES;
    for (let word = 0; word < 2 * blocks; word++) {
      if (found[word] !== sums[2 * (first + block) + word]) return block + (word >> 1);
    }
  }
  return -1;
}

/** The checksum that stands for `sums` as a file has them: 16 hexadecimal digits. */
export function checksumOfSums(sums: Uint8Array): string {
  const hash = new Uint32Array(2);
  // The TypeScript twin hashes more than 4 MiB at once, and so do few files: one of 8 GiB has as many sums.
  contentHasher().hash(sums, 0, sums.length, hash);
  return Array.from(hash, hex).join("");
}

/** The checksum of content that lies in memory whole. */
export function checksumOf(content: Uint8Array): string {
  const sums = new BlockSums();
  sums.update(content);
  return checksumOfSums(sums.finish());
}

/** Sums of content that comes in pieces of any size. */
export class BlockSums {
  #sums = new Uint32Array(64);
  #length = 0;
  #rest: Uint8Array | undefined;
  #filled = 0;

  update(bytes: Uint8Array): void {
    let at = 0;
    if (this.#rest !== undefined && this.#filled > 0) {
      at = Math.min(bytes.length, BLOCK_BYTES - this.#filled);
      this.#rest.set(bytes.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < BLOCK_BYTES) return;
      this.#add(this.#rest, 0, BLOCK_BYTES);
      this.#filled = 0;
    }
    const whole = at + Math.floor((bytes.length - at) / BLOCK_BYTES) * BLOCK_BYTES;
    this.#add(bytes, at, whole);
    if (whole === bytes.length) return;
    this.#rest ??= new Uint8Array(BLOCK_BYTES);
    this.#rest.set(bytes.subarray(whole));
    this.#filled = bytes.length - whole;
  }

  /** The sums of everything, as a file has them. Nothing may follow. */
  finish(): Uint8Array {
    if (this.#rest !== undefined) this.#add(this.#rest, 0, this.#filled);
    this.#filled = 0;
    return new Uint8Array(this.#sums.buffer, 0, this.#length * 4);
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#length + 2 * Math.ceil((end - start) / BLOCK_BYTES);
    if (needed > this.#sums.length) {
      const grown = new Uint32Array(Math.max(needed, 2 * this.#sums.length));
      grown.set(this.#sums.subarray(0, this.#length));
      this.#sums = grown;
    }
    this.#length += 2 * sumsTo(bytes, start, end, this.#sums, this.#length);
  }
}

/** Writes the sums of the blocks of `bytes[start, end)` to `out` from `at` on, low word first; returns how many there are. */
function sumsTo(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
  const blocks = Math.ceil((end - start) / BLOCK_BYTES);
  const words = out.subarray(at, at + 2 * blocks);
  contentHasher().hashBlocks(bytes, start, end, BLOCK_BYTES, words);
  for (let word = 0; word < words.length; word += 2) {
    const high = words[word] ?? 0;
    words[word] = words[word + 1] ?? 0;
    words[word + 1] = high;
  }
  return blocks;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
