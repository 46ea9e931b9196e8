/**
 * Files of the store that another task wrote, and the markers that vouch for them: nothing of them is used before it is checked.
 *
 * Invariant: what a reader returns is what was committed, else RunError `store/damaged` says which file, and which marker has to go so
 * that it is made again. Synchronous: tasks run in worker threads and have nothing else to do meanwhile.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type Damage, RunError } from "../../batch/errors.ts";
import { allocate, HEAP, type Memory, release } from "../../batch/memory.ts";
import { BlockSums, checksumOf, checksumOfSums } from "./block-sums.ts";

const PIECE_BYTES = 1 << 20;
const OTHER_CONTENT = "has other content than was committed";

/** What a marker says of a file. */
export interface VouchedFile {
  /** Without folder. */
  readonly name: string;
  readonly size_bytes: number;
  /** 16 hexadecimal digits, see block-sums.ts; of the content alone where sums follow it. */
  readonly checksum: string;
  /** The file ends with the sums of its blocks, so that a part of it can be checked alone. */
  readonly block_sums?: true;
}

/** A file and who vouches for it. */
export interface Vouched {
  readonly folder: string;
  /** Name of the marker in `folder`. */
  readonly marker: string;
  readonly file: VouchedFile;
}

export function pathOf({ folder, file }: Vouched): string {
  return join(folder, file.name);
}

/** The error that names a damaged file, or a damaged marker where there is no file to name. */
export function damagedStore(damage: Damage, what: string, cause?: unknown): RunError {
  const { folder, marker, file } = damage;
  return new RunError(
    {
      code: "store/damaged",
      what: `${join(folder, file ?? marker)} ${what}`,
      why: "what was made from it could not be trusted, and nothing was",
      fix: `run again: it is made anew once ${join(folder, marker)} is gone`,
      damaged: damage,
    },
    cause === undefined ? undefined : { cause },
  );
}

/** {@link damagedStore} for a file that a marker vouches for. */
export function damagedFile({ folder, marker, file }: Vouched, what: string, cause?: unknown): RunError {
  return damagedStore({ folder, marker, file: file.name }, what, cause);
}

/** All of a file. Throws RunError `store/damaged`. */
export function readVouched(vouched: Vouched): Uint8Array<ArrayBuffer> {
  return readWhole(vouched, HEAP);
}

/** All of a large file, in memory the caller gives back with `release`. Throws RunError `store/damaged`. */
export function readLargeVouched(vouched: Vouched): Uint8Array<ArrayBuffer> {
  return readWhole(vouched, { allocate, release });
}

function readWhole(vouched: Vouched, memory: Memory): Uint8Array<ArrayBuffer> {
  const { size_bytes, checksum } = vouched.file;
  return withVouched(vouched, (descriptor) => {
    const bytes = memory.allocate(size_bytes);
    try {
      fillVouched(vouched, descriptor, bytes, 0);
      if (checksumOf(bytes) !== checksum) throw damagedFile(vouched, OTHER_CONTENT);
    } catch (error) {
      memory.release(bytes);
      throw error;
    }
    return bytes;
  });
}

/** Reads all of a file, a piece at a time, to see that it is whole. Throws RunError `store/damaged`. */
export function checkVouched(vouched: Vouched): void {
  withVouched(vouched, (descriptor) => checkOpened(vouched, descriptor));
}

/** {@link checkVouched} for a file that is open. */
export function checkOpened(vouched: Vouched, descriptor: number): void {
  const { size_bytes, checksum } = vouched.file;
  const sums = new BlockSums();
  const piece = new Uint8Array(Math.min(PIECE_BYTES, size_bytes));
  for (let at = 0; at < size_bytes; at += piece.length) {
    const bytes = piece.subarray(0, Math.min(piece.length, size_bytes - at));
    fillVouched(vouched, descriptor, bytes, at);
    sums.update(bytes);
  }
  if (checksumOfSums(sums.finish()) !== checksum) throw damagedFile(vouched, OTHER_CONTENT);
}

/** Opens a file for as long as `use` runs; looks at its size first. */
export function withVouched<Result>(vouched: Vouched, use: (descriptor: number) => Result): Result {
  const descriptor = openVouched(vouched);
  try {
    return use(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A descriptor of a file that has the size it was committed with; the caller closes it. */
export function openVouched(vouched: Vouched): number {
  const descriptor = reading(vouched, () => fs.openSync(pathOf(vouched), "r"));
  const { size } = fs.fstatSync(descriptor);
  if (size === vouched.file.size_bytes) return descriptor;
  fs.closeSync(descriptor);
  throw damagedFile(vouched, `has ${size} bytes where ${vouched.file.size_bytes} were committed`);
}

/** Fills `out` with the bytes from `start`, unchecked. */
export function fillVouched(vouched: Vouched, descriptor: number, out: Uint8Array, start: number): void {
  for (let at = 0; at < out.length; ) {
    const read = reading(vouched, () => fs.readSync(descriptor, out, at, out.length - at, start + at));
    if (read === 0) throw damagedFile(vouched, `ends at byte ${start + at} of ${vouched.file.size_bytes}`);
    at += read;
  }
}

function reading<Result>(vouched: Vouched, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Too many open files and the like say nothing about the file.
    if (code !== "ENOENT" && code !== "EIO") throw error;
    throw damagedFile(vouched, code === "ENOENT" ? "is gone" : "cannot be read: the disk reports an error", error);
  }
}
