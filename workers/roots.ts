/** Slices of `roots.u32` and `sizes.u32`: one little-endian u32 a document of a dedup group. */
import { readPart } from "../io/local/read-part.ts";

/** Entries `[first, first + count)` of a u32 file. */
export function readRoots(path: string, first: number, count: number): Uint32Array {
  return new Uint32Array(readPart(path, first * 4, count * 4).buffer);
}
