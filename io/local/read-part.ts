/**
 * Parts of final files of the store, unchecked: for exports and people, who read what `verify` checks by its sha256.
 *
 * Invariant: exactly the bytes asked for, so that typed arrays can be laid over them. What one task reads of another is checked: vouched.ts.
 */
import fs from "node:fs";
import { RunError } from "../../batch/errors.ts";
import { allocate, release } from "../../batch/memory.ts";

/**
 * Bytes `[start, start + length)` of a file; all of it without them. `opened` is a descriptor of it, where it is read in many places. Throws
 * RunError `run/short-file` where it ends before.
 */
export function readPart(path: string, start = 0, length?: number, opened?: number): Uint8Array {
  const descriptor = opened ?? fs.openSync(path, "r");
  try {
    const bytes = new Uint8Array(length ?? fs.fstatSync(descriptor).size - start);
    fill(descriptor, path, bytes, start);
    return bytes;
  } finally {
    if (opened === undefined) fs.closeSync(descriptor);
  }
}

/** All of a file for as long as `use` runs, in memory that is used again: for who reads many files, one after the other. */
export function withWhole<Result>(path: string, use: (bytes: Uint8Array) => Result): Result {
  const descriptor = fs.openSync(path, "r");
  const bytes = allocate(fs.fstatSync(descriptor).size);
  try {
    fill(descriptor, path, bytes, 0);
    return use(bytes);
  } finally {
    release(bytes);
    fs.closeSync(descriptor);
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
