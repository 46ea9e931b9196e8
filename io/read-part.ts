/**
 * Parts of files that the store itself wrote, read synchronously: tasks run in worker threads and have nothing else to do meanwhile.
 *
 * Invariant: exactly the bytes asked for, in memory of their own, so that typed arrays can be laid over them.
 */
import fs from "node:fs";
import { RunError } from "../batch/errors.ts";

/** Bytes `[start, start + length)` of a file; all of it without them. Throws RunError `run/short-file` where it ends before. */
export function readPart(path: string, start = 0, length?: number): Uint8Array {
  const descriptor = fs.openSync(path, "r");
  try {
    const bytes = new Uint8Array(length ?? fs.fstatSync(descriptor).size - start);
    for (let at = 0; at < bytes.length; ) {
      const read = fs.readSync(descriptor, bytes, at, bytes.length - at, start + at);
      if (read === 0) throw shortFile(path, start + bytes.length, start + at);
      at += read;
    }
    return bytes;
  } finally {
    fs.closeSync(descriptor);
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
