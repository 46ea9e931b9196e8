/**
 * Walks runs of Parquet's hybrid of run lengths and packed bits before a decoder trusts them.
 *
 * Invariant: it ends after as many steps as there are bytes and values, whatever the bytes say. Price: a few instructions a run, and one to
 * eight a packed value where values are counted.
 */
import { uint8At } from "../../batch/numbers.ts";

/** What lies in some runs. */
export interface Runs {
  /** Values in whole: `values` at most, but for the padding of a packed run. */
  readonly found: number;
  /** Of the first `values`, those that equal what was sought. */
  readonly equal: number;
  readonly first: number;
}

/**
 * The runs of `bytes[start, end)` up to `values` values of `width` bits; counts those that equal `sought`, the highest a level may be. Throws on a
 * run that claims more than that, or does not end.
 */
export function walkRuns(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  values: number,
  sought?: number,
): Runs {
  let found = 0;
  let equal = 0;
  let first = 0;
  let at = start;
  while (found < values && at < end) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= end || shift > 28) throw new Error("run header does not end");
      const byte = uint8At(bytes, at++);
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (header & 1) {
      const groups = Math.floor(header / 2);
      const held = Math.min(groups * 8, values - found);
      // Some writers leave out the padding of the last run.
      const least = at + Math.ceil((held * width) / 8);
      const isCut = least === end && groups === Math.ceil(held / 8);
      if (least > end || (at + groups * width > end && !isCut)) throw new Error("packed run does not fit its page");
      if (sought !== undefined) {
        if (found === 0 && held > 0) first = packedAt(bytes, at, 0, width);
        for (let i = 0; i < held; i++) if (packedAt(bytes, at, i, width) === sought) equal++;
      }
      found += groups * 8;
      at += groups * width;
    } else {
      const length = header / 2;
      if (length > values) throw new Error(`run of ${length} in a page of ${values} values`);
      if (sought !== undefined) {
        let value = 0;
        const valueBytes = (width + 7) >> 3;
        if (at + valueBytes > end) throw new Error("run does not fit its page");
        for (let i = 0; i < valueBytes; i++) value |= uint8At(bytes, at + i) << (8 * i);
        if (value > sought) throw new Error(`a level of ${value}, where ${sought} is the highest`);
        if (found === 0) first = value;
        if (value === sought) equal += Math.min(length, values - found);
      }
      found += length;
      at += (width + 7) >> 3;
    }
  }
  return { found, equal, first };
}

/** The first `values` values of the runs of `bytes[start, end)`, which {@link walkRuns} has walked. For widths up to 8. */
export function unpackRuns(bytes: Uint8Array, start: number, end: number, width: number, values: number): Uint8Array {
  const out = new Uint8Array(values);
  const valueBytes = (width + 7) >> 3;
  for (let at = start, to = 0; to < values && at < end; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = uint8At(bytes, at++);
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (header & 1) {
      const groups = Math.floor(header / 2);
      for (let i = 0; i < groups * 8 && to < values; i++) out[to++] = packedAt(bytes, at, i, width);
      at += groups * width;
    } else {
      const stop = Math.min(values, to + header / 2);
      out.fill(uint8At(bytes, at), to, stop);
      to = stop;
      at += valueBytes;
    }
  }
  return out;
}

/** Value `index` of the packed values at `start`, each of `width` bits, low bits first. Widths up to 24. */
function packedAt(bytes: Uint8Array, start: number, index: number, width: number): number {
  const bit = index * width;
  const at = start + (bit >> 3);
  if (width === 1) return (uint8At(bytes, at) >> (bit & 7)) & 1;
  let word = 0;
  for (let i = 0; i < 4 && at + i < bytes.length; i++) word |= uint8At(bytes, at + i) << (8 * i);
  return (word >>> (bit & 7)) & ((1 << width) - 1);
}
