/** Pieces of a checked file that are asked for in ascending order: the shuffle merges thousands of runs with it. */
import fs from "node:fs";
import { allocate, release } from "../../batch/memory.ts";
import type { Blocks } from "./blocks.ts";

/** What a {@link ForwardReader} reads at once: seeks are paid for, and thousands of readers still fit. */
const READ_BYTES = 256 * 1024;

/**
 * Pieces of `[start, end)` of a file, asked for in ascending order and read in large ones.
 *
 * Keeps no file open between reads: a shard may be merged from more runs than a process may have open.
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
    this.#end = end;
    this.#from = start;
    this.#to = start;
    this.#buffer = allocate(Math.min(READ_BYTES, end - start));
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
    if (length > this.#buffer.length) {
      release(this.#buffer);
      this.#buffer = allocate(length);
    }
    this.#from = start;
    this.#to = Math.min(this.#end, start + this.#buffer.length);
    const descriptor = this.#blocks.open();
    try {
      this.#blocks.fill(descriptor, this.#buffer.subarray(0, this.#to - start), start);
    } finally {
      fs.closeSync(descriptor);
    }
  }
}
