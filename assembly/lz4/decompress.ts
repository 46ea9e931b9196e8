/**
 * The LZ4 decompressor: the same verdict and bytes as kernels/lz4/decompress.ts for any input, well formed or not.
 *
 * Invariant: nothing is stored 16 bytes or more behind `outEnd`, and nothing is believed before it is measured against
 * an end.
 */
const MIN_MATCH: usize = 4;
const LONG: usize = 15;

/** What {@link readLength} read. */
let longLength: usize = 0;

/** Whether `[start, end)` is a block of exactly the bytes from `out` to `outEnd`, which then lie there. */
export function decompressBlock(start: usize, end: usize, out: usize, outEnd: usize): bool {
  let at = start;
  let to = out;
  while (at < end) {
    const token = <usize>load<u8>(at++);
    let literals = token >> 4;
    if (literals == LONG) {
      at = readLength(at, end);
      if (at == 0) return false;
      literals += longLength;
    }
    if (literals > end - at || literals > outEnd - to) return false;
    copyForward(to, at, literals);
    at += literals;
    to += literals;
    if (at == end) return to == outEnd;
    if (end - at < 2) return false;
    const distance = <usize>load<u16>(at);
    at += 2;
    if (distance == 0 || distance > to - out) return false;
    let length = token & LONG;
    if (length == LONG) {
      at = readLength(at, end);
      if (at == 0) return false;
      length += longLength;
    }
    length += MIN_MATCH;
    if (length > outEnd - to) return false;
    if (distance >= 16) copyForward(to, to - distance, length);
    else copyPattern(to, distance, length);
    to += length;
  }
  // A block ends with literals, and the empty one still has a token.
  return false;
}

/** Reads what follows four bits that were all ones; returns the end of it, 0 where the input ends within it. */
function readLength(from: usize, end: usize): usize {
  let at = from;
  let length: usize = 0;
  while (at < end) {
    const more = <usize>load<u8>(at++);
    length += more;
    if (more != 255) {
      longLength = length;
      return at;
    }
  }
  return 0;
}

@inline
function copyForward(to: usize, from: usize, length: usize): void {
  // Most are this short, none at all included: no branch to mispredict.
  v128.store(to, v128.load(from));
  for (let done: usize = 16; done < length; done += 16) v128.store(to + done, v128.load(from + done));
}

/** A match that overlaps itself within a vector: what repeats is spread until eight bytes can be copied at once. */
function copyPattern(to: usize, distance: usize, length: usize): void {
  if (distance >= 8) {
    for (let done: usize = 0; done < length; done += 8) store<u64>(to + done, load<u64>(to + done - distance));
    return;
  }
  for (let done: usize = 0; done < 8; done++) store<u8>(to + done, load<u8>(to + done - distance));
  let period = distance;
  while (period < 8) period += distance;
  for (let done: usize = 8; done < length; done += 8) store<u64>(to + done, load<u64>(to + done - period));
}
