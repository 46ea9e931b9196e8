/** Pieces of a checked file that are asked for in ascending order: the shuffle merges thousands of runs with it. */
import fs from "node:fs";
import { allocate, release } from "../../batch/memory.ts";
import { BLOCK_BYTES } from "./block-sums.ts";
import type { Blocks } from "./blocks.ts";

/** What a {@link ForwardReader} reads at once, in whole blocks: seeks are paid for, and thousands of readers still fit. */
const READ_BYTES = 16 * BLOCK_BYTES;

/**
 * Pieces of `[start, end)` of a file, asked for in ascending order and read in large ones.
 *
 * Only whole blocks are read, so that each is read and checked once or, at a piece that crosses it, twice. Keeps no file open between reads: a
 * shard may be merged from more runs than a process may have open.
 */
export class ForwardReader {
  readonly #blocks: Blocks;
  readonly #end: number;
  #buffer: Uint8Array;
  /** Bytes of the file that the buffer holds. */
  #from: number;
  #to: number;

  constructor(blocks: Blocks, start: number, end: number) {
    this.#blocks = blocks;
    this.#end = Math.min(blocks.content_bytes, blockEnd(end));
    this.#from = start;
    this.#to = start;
    this.#buffer = allocate(Math.min(READ_BYTES, blockEnd(end) - blockStart(start)));
  }

  /** `length` bytes from `start`: a view that the next call overwrites. Throws RunError `store/damaged`. */
  read(start: number, length: number): Uint8Array {
    if (start < this.#from || start + length > this.#to) this.#refill(start, length);
    return this.#buffer.subarray(start - this.#from, start - this.#from + length);
  }

  close(): void {
    release(this.#buffer);
  }

  #refill(start: number, length: number): void {
    this.#from = blockStart(start);
    const needed = blockEnd(start + length) - this.#from;
    if (needed > this.#buffer.length) {
      release(this.#buffer);
      this.#buffer = allocate(needed);
    }
    this.#to = Math.min(this.#end, this.#from + this.#buffer.length);
    const descriptor = this.#blocks.open();
    try {
      this.#blocks.fill(descriptor, this.#buffer.subarray(0, this.#to - this.#from), this.#from);
    } finally {
      fs.closeSync(descriptor);
    }
  }
}

/** Where the block of a byte begins. */
function blockStart(at: number): number {
  return at - (at % BLOCK_BYTES);
}

/** Where the last block of what ends at `at` would end, if the file went on. */
function blockEnd(at: number): number {
  return Math.ceil(at / BLOCK_BYTES) * BLOCK_BYTES;
}
