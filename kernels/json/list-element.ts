/**
 * One element of a JSON list, found on bytes.
 *
 * Invariant: the list is JSON that was checked before; what is found is a view of it. Price: a pass over the elements before it.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** The element at `index`, from 0, with the white space around it; undefined where the list is shorter. */
export function listElement(list: Uint8Array, index: number): Uint8Array | undefined {
  const first = list.indexOf(0x5b) + 1;
  let depth = 0;
  let start = first;
  let left = index;
  for (let at = first; at < list.length; at++) {
    const byte = list[at];
    if (byte === QUOTE) at = endOfString(list, at);
    else if (byte === 0x5b || byte === 0x7b) depth++;
    else if (depth > 0) depth -= byte === 0x5d || byte === 0x7d ? 1 : 0;
    else if (byte === COMMA || byte === 0x5d) {
      if (left === 0) return isBlank(list, start, at) ? undefined : list.subarray(start, at);
      left--;
      start = at + 1;
    }
  }
  return undefined;
}

/** Where the string that begins at `start` ends: its last quote. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes.subarray(start, end).every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
