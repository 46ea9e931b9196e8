/**
 * Walks runs of Parquet's hybrid of run lengths and packed bits without decoding them.
 *
 * Invariant: it ends after as many steps as there are bytes, whatever the bytes say. Price: a few instructions a run.
 */
import { uint8At } from "../../batch/numbers.ts";

/** Values in the runs of `bytes[start, end)`, up to `values`; throws on a run that claims more than that. */
export function walkRuns(bytes: Uint8Array, start: number, end: number, width: number, values: number): number {
  let found = 0;
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
      found += groups * 8;
      at += groups * width;
    } else {
      const length = header / 2;
      if (length > values) throw new Error(`run of ${length} in a page of ${values} values`);
      found += length;
      at += (width + 7) >> 3;
    }
  }
  return found;
}
