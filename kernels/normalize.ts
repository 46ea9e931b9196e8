/**
 * Text normalization as datatrove's `simplify_text` does it before hashing words: lower case, numbers to 0, punctuation to spaces,
 * white space collapsed, decomposed (NFD) without nonspacing marks, stripped.
 *
 * Invariant: the same bytes as datatrove 0.10 on CPython 3.11 (Unicode 14.0) for every well-formed text; a later Python differs only in
 * characters assigned after 2021. A malformed byte becomes U+FFFD. The order of the steps shows and is kept: a mark that is dropped
 * still separates two spaces, a decomposition may bring back a character that would have been punctuation.
 * Price: one pass; ASCII costs a table lookup a byte, other characters a decode and a two-stage lookup.
 */

import { MOVABLE_MAPPINGS, NORMALIZE_MAPPINGS, NORMALIZE_RUNS } from "./unicode/tables.gen.ts";
import { isCased, isCaseIgnorable } from "./unicode/tables.ts";
import { decodeRuns } from "./unicode/two-stage.ts";
import { CODE_POINT_MASK, decodeAt, decodeBefore, encodeAt, LENGTH_SHIFT } from "./unicode/utf8.ts";

// What happens to a character, in the order of unicode/generate.py.
const COPY = 0;
const SPACE = 1;
const DIGIT = 2;
/** A nonspacing mark: left out. */
const DROP = 3;
/** A nonspacing mark of combining class 0, which canonical ordering does not move others across: left out. */
const DROP_STARTER = 4;
const HANGUL = 5;
const SIGMA = 6;
/** From here: a kept mark of the combining class at this index, smallest first. */
const FIRST_REORDER = 8;
/** From here: replaced by a mapping. */
const FIRST_MAPPING = 32;

const actions = decodeRuns(NORMALIZE_RUNS, (length) => new Uint16Array(length));
const mappings = new Uint8Array(Buffer.from(NORMALIZE_MAPPINGS, "base64"));
const mappingStarts: number[] = [0];
mappings.forEach((byte, at) => {
  if (byte === 0) mappingStarts.push(at + 1);
});
mappingStarts.push(mappings.length + 1);

/** What an ASCII byte becomes: itself, its lower case, 0x20 for space and punctuation, 0x30 for digits, 0 for a byte to decode. */
const ascii = new Uint8Array(256);
for (let byte = 0; byte < 0x80; byte++) {
  const action = actions.values[actions.blocks[0] + byte];
  if (action === SPACE) ascii[byte] = 0x20;
  else if (action === DIGIT) ascii[byte] = 0x30;
  else ascii[byte] = action === COPY ? byte : mappings[mappingStarts[action - FIRST_MAPPING]];
}

/** Characters that may stand between the two halves of one number. */
const NUMBER_SEPARATORS = new Set([0x2e, 0x2c, 0x60c, 0x66b, 0x2396, 0x2397, 0x2398]);
/** Most bytes one character can become. */
const MAX_MAPPED_BYTES = 16;

/** A growable run of bytes, reused from document to document: `bytes[0, length)`. */
export class TextBuffer {
  bytes: Uint8Array = new Uint8Array(4096);
  length = 0;

  /** Makes room for `capacity` bytes, keeping what is there. */
  reserve(capacity: number): Uint8Array {
    if (capacity > this.bytes.length) {
      const bytes = new Uint8Array(capacity * 2);
      bytes.set(this.bytes);
      this.bytes = bytes;
    }
    return this.bytes;
  }
}

/** Replaces `out` by the normalized form of `bytes[start, end)`; with `digits: "keep"` numbers stay as they are written. */
export function simplifyText(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: TextBuffer,
  digits: "zero" | "keep" = "zero",
): void {
  let to = out.reserve(end - start + MAX_MAPPED_BYTES);
  let length = 0;
  let at = start;
  // A space is written when something follows it, so that runs collapse and the end is stripped.
  let spacePending = false;
  while (at < end) {
    const simple = ascii[bytes[at]];
    if (simple > 0x30) {
      if (spacePending) {
        to[length++] = 0x20;
        spacePending = false;
      }
      to[length++] = simple;
      at++;
      continue;
    }
    if (simple === 0x20) {
      spacePending = length > 0;
      at++;
      continue;
    }
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    const action = actions.values[actions.blocks[codePoint >> 8] + (codePoint & 0xff)];
    if (action === SPACE) {
      spacePending = length > 0;
      at += decoded >> LENGTH_SHIFT;
      continue;
    }
    if (spacePending) {
      to[length++] = 0x20;
      spacePending = false;
    }
    const next = at + (decoded >> LENGTH_SHIFT);
    if (action === DIGIT && digits === "zero") {
      to[length++] = 0x30;
      at = skipNumber(bytes, at, end);
      continue;
    }
    // ASCII never grows, so that room for what is left and one mapping is always enough.
    to = out.reserve(length + MAX_MAPPED_BYTES + end - at);
    if (action === COPY || action === DIGIT) {
      length = encodeAt(to, length, codePoint);
    } else if (action >= FIRST_MAPPING) {
      const mapping = action - FIRST_MAPPING;
      const last = mappingStarts[mapping + 1] - 1;
      for (let i = mappingStarts[mapping]; i < last; i++) to[length++] = mappings[i];
      if (mapping < MOVABLE_MAPPINGS) {
        // The mapping ends in marks that may have to be put in order with those that follow: take them back.
        let marks = length;
        while (isMovable(to, marks)) marks -= decodeBefore(to, 0, marks) >> LENGTH_SHIFT;
        const taken = to.slice(marks, length);
        out.length = marks;
        at = appendMarks(taken, bytes, next, end, out);
        to = out.bytes;
        length = out.length;
        continue;
      }
    } else if (action >= FIRST_REORDER) {
      out.length = length;
      at = appendMarks(NO_MARKS, bytes, at, end, out);
      to = out.bytes;
      length = out.length;
      continue;
    } else if (action === HANGUL) {
      length = appendJamo(to, length, codePoint);
    } else if (action === SIGMA) {
      length = encodeAt(to, length, isFinalSigma(bytes, start, at, next, end) ? 0x3c2 : 0x3c3);
    } else if (action !== DROP && action !== DROP_STARTER) {
      throw new Error(`the normalizer knows no action ${action}`);
    }
    at = next;
  }
  // Dropped marks can leave a space at the end.
  while (length > 0 && to[length - 1] === 0x20) length--;
  out.length = length;
}

/** Whether {@link simplifyText} leaves the character as it is, wherever it stands. */
export function isSimple(codePoint: number): boolean {
  return codePoint >= 0x80 && actionOf(codePoint) === COPY;
}

function actionOf(codePoint: number): number {
  return actions.values[actions.blocks[codePoint >> 8] + (codePoint & 0xff)];
}

/** Position after the number at `at`: digits, and once a separator that digits follow. */
function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  const whole = skipDigits(bytes, at, end);
  if (whole >= end) return whole;
  const separator = decodeAt(bytes, whole, end);
  if (!NUMBER_SEPARATORS.has(separator & CODE_POINT_MASK)) return whole;
  const fraction = whole + (separator >> LENGTH_SHIFT);
  const after = skipDigits(bytes, fraction, end);
  return after > fraction ? after : whole;
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at];
    if (byte < 0x80) {
      if (byte < 0x30 || byte > 0x39) break;
      at++;
      continue;
    }
    const decoded = decodeAt(bytes, at, end);
    if (actionOf(decoded & CODE_POINT_MASK) !== DIGIT) break;
    at += decoded >> LENGTH_SHIFT;
  }
  return at;
}

const NO_MARKS = new Uint8Array(0);

function isMovable(bytes: Uint8Array, end: number): boolean {
  if (end === 0) return false;
  const action = actionOf(decodeBefore(bytes, 0, end) & CODE_POINT_MASK);
  return action >= FIRST_REORDER && action < FIRST_MAPPING;
}

/**
 * Appends the kept marks of `taken` and of the marks that follow at `from`, in canonical order: by combining class, else as they stand.
 * Returns the position of the first character that is no mark.
 */
function appendMarks(taken: Uint8Array, bytes: Uint8Array, from: number, end: number, out: TextBuffer): number {
  const marks: { codePoint: number; order: number }[] = [];
  for (let i = 0; i < taken.length; ) {
    const decoded = decodeAt(taken, i, taken.length);
    marks.push({ codePoint: decoded & CODE_POINT_MASK, order: actionOf(decoded & CODE_POINT_MASK) });
    i += decoded >> LENGTH_SHIFT;
  }
  let at = from;
  while (at < end) {
    const decoded = decodeAt(bytes, at, end);
    const action = actionOf(decoded & CODE_POINT_MASK);
    if (action >= FIRST_REORDER && action < FIRST_MAPPING) {
      marks.push({ codePoint: decoded & CODE_POINT_MASK, order: action });
    } else if (action !== DROP) break;
    at += decoded >> LENGTH_SHIFT;
  }
  marks.sort((a, b) => a.order - b.order);
  const to = out.reserve(out.length + 4 * marks.length + MAX_MAPPED_BYTES + end - at);
  for (const { codePoint } of marks) out.length = encodeAt(to, out.length, codePoint);
  return at;
}

/** A Hangul syllable as its two or three conjoining jamo (the algorithm of the Unicode standard, section 3.12). */
function appendJamo(to: Uint8Array, length: number, codePoint: number): number {
  const index = codePoint - 0xac00;
  let after = encodeAt(to, length, 0x1100 + Math.floor(index / 588));
  after = encodeAt(to, after, 0x1161 + Math.floor((index % 588) / 28));
  return index % 28 === 0 ? after : encodeAt(to, after, 0x11a7 + (index % 28));
}

/** Whether the capital sigma in `bytes[at, next)` ends a word: a cased letter before it, none after, ignorable characters aside. */
export function isFinalSigma(bytes: Uint8Array, start: number, at: number, next: number, end: number): boolean {
  for (let i = at; ; ) {
    if (i <= start) return false;
    const decoded = decodeBefore(bytes, start, i);
    i -= decoded >> LENGTH_SHIFT;
    if (isCaseIgnorable(decoded & CODE_POINT_MASK)) continue;
    if (!isCased(decoded & CODE_POINT_MASK)) return false;
    break;
  }
  for (let i = next; i < end; ) {
    const decoded = decodeAt(bytes, i, end);
    if (!isCaseIgnorable(decoded & CODE_POINT_MASK)) return !isCased(decoded & CODE_POINT_MASK);
    i += decoded >> LENGTH_SHIFT;
  }
  return true;
}
