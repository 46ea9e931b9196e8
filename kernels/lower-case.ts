/**
 * Lower case and white space as Python's `" ".join(text.lower().split())` has them.
 *
 * Invariant: the bytes of CPython 3.11 (Unicode 14.0) for every well-formed text; a malformed byte becomes U+FFFD. Price: a nanosecond a byte of ASCII,
 * a decode and two lookups for any other character.
 */
import { isPythonSpace } from "./lines.ts";
import { isFinalSigma, type TextBuffer } from "./normalize.ts";
import { LOWER_DELTAS, LOWER_RUNS } from "./unicode/lower.gen.ts";
import { decodeRuns } from "./unicode/two-stage.ts";
import { CODE_POINT_MASK, decodeAt, encodeAt, LENGTH_SHIFT } from "./unicode/utf8.ts";

// What becomes of a character: shared with unicode/generate-lower.py.
const COPY = 0;
const SIGMA = 1;
const DOTTED_I = 2;
/** From here: the code point changes by the delta at this index. */
const FIRST_DELTA = 3;
/** Most bytes one character can become: `i` and a dot above. */
const MAX_BYTES = 4;

const actions = decodeRuns(LOWER_RUNS, (length) => new Uint8Array(length));

/** By byte of ASCII from the space on, its lower case, or 0x20 for white space; of other bytes what is no more than that: they are decoded. */
const ascii = new Uint8Array(256);
for (let byte = 0; byte < 0x80; byte++) {
  const isCapital = byte >= 0x41 && byte <= 0x5a;
  ascii[byte] = isPythonSpace(byte) ? 0x20 : isCapital ? byte + 0x20 : byte < 0x20 ? 0 : byte;
}

/** Whether {@link lowerWords} leaves the character as it is, wherever it stands. */
export function isLower(codePoint: number): boolean {
  return (
    codePoint >= 0x80 &&
    !isPythonSpace(codePoint) &&
    actions.values[actions.blocks[codePoint >> 8] + (codePoint & 0xff)] === COPY
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
    const action = actions.values[actions.blocks[codePoint >> 8] + (codePoint & 0xff)];
    if (action >= FIRST_DELTA) length = encodeAt(to, length, codePoint + LOWER_DELTAS[action - FIRST_DELTA]);
    else if (action === SIGMA) length = encodeAt(to, length, isFinalSigma(bytes, start, at, next, end) ? 0x3c2 : 0x3c3);
    else if (action === COPY) length = encodeAt(to, length, codePoint);
    else if (action === DOTTED_I) length = encodeAt(to, encodeAt(to, length, 0x69), 0x307);
    at = next;
  }
  out.length = length;
}
