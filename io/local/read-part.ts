/**
 * Parts of files that the store itself wrote, read synchronously: tasks run in worker threads and have nothing else to do meanwhile.
 *
 * Invariant: exactly the bytes asked for, so that typed arrays can be laid over them.
 */
import fs from "node:fs";
import { RunError } from "../../batch/errors.ts";
import { allocate, release } from "../../batch/memory.ts";

/** Bytes `[start, start + length)` of a file; all of it without them. Throws RunError `run/short-file` where it ends before. */
export function readPart(path: string, start = 0, length?: number): Uint8Array {
  const descriptor = fs.openSync(path, "r");
  try {
    const bytes = new Uint8Array(length ?? fs.fstatSync(descriptor).size - start);
    fill(descriptor, path, bytes, start);
    return bytes;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** All of a large file, in memory the caller gives back with `release`. Errors as {@link readPart}. */
export function readLarge(path: string): Uint8Array {
  const descriptor = fs.openSync(path, "r");
  try {
    const bytes = allocate(fs.fstatSync(descriptor).size);
    try {
      fill(descriptor, path, bytes, 0);
    } catch (error) {
      release(bytes);
      throw error;
    }
    return bytes;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** What a {@link ForwardReader} reads at once: seeks are paid for, and thousands of readers still fit. */
const READ_BYTES = 256 * 1024;

/**
 * Pieces of `[start, end)` of a file, asked for in ascending order and read in large ones.
 *
 * Keeps no file open between reads: a shard may be merged from more runs than a process may have open.
 */
export class ForwardReader {
  readonly #path: string;
  readonly #end: number;
  #buffer: Uint8Array;
  /** Bytes of the file that the buffer holds. */
  #from: number;
  #to: number;

  constructor(path: string, start: number, end: number) {
    this.#path = path;
    this.#end = end;
    this.#from = start;
    this.#to = start;
    this.#buffer = allocate(Math.min(READ_BYTES, end - start));
  }

  /** `length` bytes from `start`: a view that the next call overwrites. Errors as {@link readPart}. */
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
    const descriptor = fs.openSync(this.#path, "r");
    try {
      fill(descriptor, this.#path, this.#buffer.subarray(0, this.#to - start), start);
    } finally {
      fs.closeSync(descriptor);
    }
  }
}

function fill(descriptor: number, path: string, bytes: Uint8Array, start: number): void {
  for (let at = 0; at < bytes.length; ) {
    const read = fs.readSync(descriptor, bytes, at, bytes.length - at, start + at);
    if (read === 0) throw shortFile(path, start + bytes.length, fs.fstatSync(descriptor).size);
    at += read;
  }
}

function shortFile(path: string, wanted: number, there: number): RunError {
  return new RunError({
    code: "run/short-file",
    what: `${path} has ${there} bytes where ${wanted} were committed`,
    why: "something outside shardmill cut or replaced it",
    fix: "delete the folder it is in and run again: it will be rebuilt",
  });
}
