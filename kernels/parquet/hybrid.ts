/**
 * Parquet's hybrid of run lengths and bit packing: levels and dictionary indexes.
 *
 * Invariant: a run of eight or more equal values that begins at a multiple of eight of its packed run is written as a
 * run. Values fit `bitWidth` bits. Price: below 5 ns a value; runs cost nothing.
 */
import type { ByteBuffer } from "../byte-buffer.ts";

/** Least number of equal values that is written as a run, and the size of a packed group. */
const GROUP = 8;

/** Bits that hold every number from 0 to `max`. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

/** Appends `values[0, count)`. */
export function encodeHybrid(values: ArrayLike<number>, count: number, width: number, out: ByteBuffer): void {
  const valueBytes = (width + 7) >> 3;
  for (let at = 0; at < count; ) {
    const run = runLength(values, at, count);
    if (run >= GROUP) {
      out.varint(run * 2);
      for (let byte = 0; byte < valueBytes; byte++) out.byte((values[at] >> (8 * byte)) & 0xff);
      at += run;
      continue;
    }
    const start = at;
    do at += GROUP;
    while (at < count && runLength(values, at, Math.min(count, at + GROUP)) < GROUP);
    const groups = (at - start) / GROUP;
    out.varint(groups * 2 + 1);
    pack(values, start, Math.min(at, count), groups * GROUP, width, out);
  }
}

function runLength(values: ArrayLike<number>, at: number, end: number): number {
  const value = values[at];
  let to = at + 1;
  while (to < end && values[to] === value) to++;
  return to - at;
}

/** Least significant bit first; zeros fill up to `padded` values. */
function pack(
  values: ArrayLike<number>,
  start: number,
  end: number,
  padded: number,
  width: number,
  out: ByteBuffer,
): void {
  let bits = 0;
  let held = 0;
  for (let i = 0; i < padded; i++) {
    // Widths stay below 24 (indexes below 2^16, levels below 2^8), so that eight bits left over and a value fit 32.
    bits |= (start + i < end ? values[start + i] : 0) << held;
    held += width;
    for (; held >= 8; held -= 8) {
      out.byte(bits & 0xff);
      bits >>>= 8;
    }
  }
}
