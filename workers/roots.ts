/** Slices of `roots.u32` and `sizes.u32`: one little-endian u32 a document of a dedup group. */
import fs from "node:fs";

/** Entries `[first, first + count)` of a u32 file. */
export function readRoots(path: string, first: number, count: number): Uint32Array {
  const values = new Uint32Array(count);
  const bytes = new Uint8Array(values.buffer);
  const descriptor = fs.openSync(path, "r");
  try {
    for (let at = 0; at < bytes.length; ) {
      const read = fs.readSync(descriptor, bytes, at, bytes.length - at, first * 4 + at);
      if (read === 0) throw new Error(`${path} ends before document ${first + count}`);
      at += read;
    }
  } finally {
    fs.closeSync(descriptor);
  }
  return values;
}
