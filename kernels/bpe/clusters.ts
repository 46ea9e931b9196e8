/**
 * Where text is cut into extended grapheme clusters, by the tables of the reference.
 *
 * Rules are those of UAX #29; regional indicators are left out, whose clusters are too long for anyone who asks ({@link WHOLE_BYTES}). Invariant:
 * malformed UTF-8 is cut byte by byte. Price: 1 to 2 ms and 90 kB once, two loads a character.
 */
import { decodeRuns, lookup } from "../unicode/two-stage.ts";
import { charAt, codePointOf } from "./char-class.ts";
import { CLUSTER_RUNS } from "./clusters.gen.ts";

/** Longest cluster that is looked at as a whole. Two regional indicators, or one and what it carries, are longer. */
export const WHOLE_BYTES = 5;

const CONTROL = 1;
/** Belongs to what stands before it. */
const JOINS = 2;
/** Belongs to what stands behind it. */
const PREPENDS = 4;
const PICTOGRAPH = 8;
/** Of the joining ones: may stand between a pictograph and the joiner behind it. */
const EXTENDS = 16;
const CONSONANT = 32;
/** Makes one conjunct of the consonants around it. */
const LINKER = 64;
/** May stand between consonant and linker. */
const CONJUNCT = 128;
/** Hangul: belongs to a leading consonant before it, to a vowel, to a trailing consonant. */
const AFTER_LEADING = 256;
const AFTER_VOWEL = 512;
const AFTER_TRAILING = 1024;
/** Hangul that ends as one of these does; of several the first counts. */
const LEADING = 2048;
const VOWEL = 4096;
const TRAILING = 8192;

const JOINER = 0x200d;
const RETURN = 0x0d;
const LINE_FEED = 0x0a;

const table = decodeRuns(CLUSTER_RUNS, (length) => new Uint16Array(length));

/** How far the characters so far have come in a row that one more may complete. */
const NONE = 0;
const BEGUN = 1;
const OPEN = 2;

function syllableGoesOn(before: number, bits: number): boolean {
  if ((before & LEADING) !== 0) return (bits & AFTER_LEADING) !== 0;
  if ((before & VOWEL) !== 0) return (bits & AFTER_VOWEL) !== 0;
  return (before & TRAILING) !== 0 && (bits & AFTER_TRAILING) !== 0;
}

/** The exclusive end of the cluster that begins at `bytes[start]`; needs `start < end`, and a cluster to begin there. */
export function clusterEnd(bytes: Uint8Array, start: number, end: number): number {
  let before = 0;
  let emoji = NONE;
  let conjunct = NONE;
  let p = start;
  while (p < end) {
    const size = charAt(bytes, p, end) >> 8;
    const codePoint = codePointOf(bytes, p, size);
    const bits = lookup(table, codePoint);
    if (p > start) {
      if (((before | bits) & CONTROL) !== 0) {
        const isLineEnd = p === start + 1 && bytes[start] === RETURN && codePoint === LINE_FEED;
        return isLineEnd ? p + 1 : p;
      }
      const joined =
        (bits & JOINS) !== 0 ||
        (before & PREPENDS) !== 0 ||
        (emoji === OPEN && (bits & PICTOGRAPH) !== 0) ||
        (conjunct === OPEN && (bits & CONSONANT) !== 0) ||
        syllableGoesOn(before, bits);
      if (!joined) return p;
    }
    if ((bits & PICTOGRAPH) !== 0) emoji = BEGUN;
    else if (emoji === BEGUN && codePoint === JOINER) emoji = OPEN;
    else if (emoji !== BEGUN || (bits & EXTENDS) === 0) emoji = NONE;
    if ((bits & CONSONANT) !== 0) conjunct = BEGUN;
    else if (conjunct !== NONE && (bits & LINKER) !== 0) conjunct = OPEN;
    else if ((bits & CONJUNCT) === 0) conjunct = NONE;
    before = bits;
    p += size;
  }
  return end;
}
