/**
 * Lower case as Python's `text.lower()` has it, and lower case with white space collapsed, as `"
 * ".join(text.lower().split())` has them.
 *
 * Invariant: the bytes of CPython 3.11 (Unicode 14.0) for every well-formed text; a malformed byte becomes U+FFFD.
 * Price: a nanosecond a byte of ASCII, a decode and two lookups for any other character.
 */
import { isPythonSpace } from "./lines.ts";
import { isFinalSigma, type TextBuffer } from "./normalize.ts";
import { LOWER_DELTAS, LOWER_RUNS } from "./unicode/lower.gen.ts";
import { decodeRuns } from "./unicode/two-stage.ts";
import { CODE_POINT_MASK, decodeAt, encodeAt, LENGTH_SHIFT } from "./unicode/utf8.ts";

// What becomes of a character, 0 for itself: shared with unicode/generate-lower.py.
const SIGMA = 1;
const DOTTED_I = 2;
const FINAL_SIGMA = 0x3c2;
/** From here: the code point changes by the delta at this index. */
const FIRST_DELTA = 3;
/** Most bytes one character can become: `i` and a dot above. */
const MAX_BYTES = 4;

const actions = decodeRuns(LOWER_RUNS, (length) => new Uint8Array(length));

/**
 * By byte of ASCII from the space on, its lower case, or 0x20 for white space; of other bytes what is no more than
 * that: they are decoded.
 */
const ascii = new Uint8Array(256);
for (let byte = 0; byte < 0x80; byte++) {
  const isCapital = byte >= 0x41 && byte <= 0x5a;
  ascii[byte] = isPythonSpace(byte) ? 0x20 : isCapital ? byte + 0x20 : byte < 0x20 ? 0 : byte;
}

/** The lower case of one character, a sigma's wherever it stands; of U+0130 its first character, `i`. */
export function lowerOf(codePoint: number): number {
  const action = actions.values[actions.blocks[codePoint >> 8] + (codePoint & 0xff)];
  if (action >= FIRST_DELTA) return codePoint + LOWER_DELTAS[action - FIRST_DELTA];
  if (action === SIGMA || codePoint === FINAL_SIGMA) return 0x3c3;
  return action === DOTTED_I ? 0x69 : codePoint;
}

/** Replaces `out` by `bytes[start, end)` in lower case. */
export function lowerText(bytes: Uint8Array, start: number, end: number, out: TextBuffer): void {
  let to = out.reserve(end - start + MAX_BYTES);
  let length = 0;
  for (let at = start; at < end; ) {
    const byte = bytes[at];
    if (byte < 0x80) {
      to[length++] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
      at++;
      continue;
    }
    const decoded = decodeAt(bytes, at, end);
    const next = at + (decoded >> LENGTH_SHIFT);
    to = out.reserve(length + MAX_BYTES + end - at);
    length = putLower(bytes, start, at, next, end, decoded & CODE_POINT_MASK, to, length);
    at = next;
  }
  out.length = length;
}

/**
 * Writes the lower case of the character `bytes[at, next)` of the text `bytes[start, end)` to `to` at `length`; returns
 * where it ends.
 */
function putLower(
  bytes: Uint8Array,
  start: number,
  at: number,
  next: number,
  end: number,
  codePoint: number,
  to: Uint8Array,
  length: number,
): number {
  const action = actions.values[actions.blocks[codePoint >> 8] + (codePoint & 0xff)];
  if (action >= FIRST_DELTA) return encodeAt(to, length, codePoint + LOWER_DELTAS[action - FIRST_DELTA]);
  if (action === SIGMA) return encodeAt(to, length, isFinalSigma(bytes, start, at, next, end) ? FINAL_SIGMA : 0x3c3);
  if (action === DOTTED_I) return encodeAt(to, encodeAt(to, length, 0x69), 0x307);
  return encodeAt(to, length, codePoint);
}

/** Whether {@link lowerWords} leaves the character as it is, wherever it stands. */
export function isLower(codePoint: number): boolean {
  return (
    codePoint >= 0x80 &&
    !isPythonSpace(codePoint) &&
    actions.values[actions.blocks[codePoint >> 8] + (codePoint & 0xff)] === 0
  );
}

/** Replaces `out` by the words of `bytes[start, end)` in lower case, one space between them. */
export function lowerWords(bytes: Uint8Array, start: number, end: number, out: TextBuffer): void {
  let to = out.reserve(end - start + MAX_BYTES);
  let length = 0;
  let isSpacePending = false;
  for (let at = start; at < end; ) {
    const byte = bytes[at];
    const simple = ascii[byte];
    if (simple > 0x20) {
      if (isSpacePending) {
        to[length++] = 0x20;
        isSpacePending = false;
      }
      to[length++] = simple;
      at++;
      continue;
    }
    if (simple === 0x20) {
      isSpacePending = length > 0;
      at++;
      continue;
    }
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    const next = at + (decoded >> LENGTH_SHIFT);
    if (isPythonSpace(codePoint)) {
      isSpacePending = length > 0;
      at = next;
      continue;
    }
    to = out.reserve(length + 1 + MAX_BYTES + end - at);
    if (isSpacePending) {
      to[length++] = 0x20;
      isSpacePending = false;
    }
    length = putLower(bytes, start, at, next, end, codePoint, to, length);
    at = next;
  }
  out.length = length;
}
