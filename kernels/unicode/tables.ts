/**
 * Character properties by code point, pinned to Unicode 14.0.
 *
 * 14.0 is the database of CPython 3.11, which the tools we match (datatrove's normalizer and filters, spaCy's
 * tokenizer) consult at run time; a newer database differs only in characters assigned after September 2021, which are
 * unassigned ("Cn") here. Byte-pair tokenizers follow the database of *their* regex engine, so a pre-tokenizer that
 * must agree with one brings its own tables. Invariant: nothing depends on the Unicode data of the running Node. Price:
 * 64 KB of memory, a few milliseconds at first import.
 */

import { CASE_CONTEXT_RUNS, CATEGORIES, GENERAL_CATEGORY_RUNS } from "./tables.gen.ts";
import { decodeRuns, lookup } from "./two-stage.ts";

export { UNICODE_VERSION } from "./tables.gen.ts";
export type GeneralCategory = (typeof CATEGORIES)[number];

const category = decodeRuns(GENERAL_CATEGORY_RUNS, (length) => new Uint8Array(length));
const caseContext = decodeRuns(CASE_CONTEXT_RUNS, (length) => new Uint8Array(length));

/** Bit set of general categories, for {@link inCategories}. `L` stands for Lu, Ll, Lt, Lm, Lo, and so on. */
export function categorySet(...names: readonly (GeneralCategory | "L" | "M" | "N" | "P" | "S" | "Z")[]): number {
  let set = 0;
  for (const name of names) {
    CATEGORIES.forEach((each, index) => {
      if (each === name || (name.length === 1 && each[0] === name)) set |= 1 << index;
    });
  }
  return set;
}

/** Whether a code point's general category is in a set made by {@link categorySet}. */
export function inCategories(codePoint: number, set: number): boolean {
  return ((set >>> lookup(category, codePoint)) & 1) === 1;
}

/** General category of a code point, such as `Lu`. */
export function generalCategory(codePoint: number): GeneralCategory {
  return CATEGORIES[lookup(category, codePoint)];
}

const LETTER = categorySet("L");
const PUNCTUATION = categorySet("P");
const SYMBOL = categorySet("S");
const DIGIT = categorySet("Nd");
const ALPHANUMERIC = categorySet("L", "N");

/** `\p{L}`; the same characters as Python's `str.isalpha`. */
export function isLetter(codePoint: number): boolean {
  return inCategories(codePoint, LETTER);
}
/** `\p{L}` and `\p{N}`; the same characters as Python's `str.isalnum`. */
export function isAlphanumeric(codePoint: number): boolean {
  return inCategories(codePoint, ALPHANUMERIC);
}
/** The same characters as Python's `\w`. */
export function isWordCharacter(codePoint: number): boolean {
  return codePoint === 0x5f || inCategories(codePoint, ALPHANUMERIC);
}
/** `\p{Nd}`; the same characters as Python's `str.isdecimal`. */
export function isDecimalDigit(codePoint: number): boolean {
  return inCategories(codePoint, DIGIT);
}
/** `\p{P}`. */
export function isPunctuation(codePoint: number): boolean {
  return inCategories(codePoint, PUNCTUATION);
}
/** `\p{S}`. */
export function isSymbol(codePoint: number): boolean {
  return inCategories(codePoint, SYMBOL);
}

/** `\p{White_Space}`. Python's `str.isspace` is this and U+001C to U+001F: see `isPythonSpace` in kernels/lines.ts. */
export function isWhiteSpace(codePoint: number): boolean {
  if (codePoint < 0x80) return codePoint === 0x20 || (codePoint >= 0x09 && codePoint <= 0x0d);
  return (
    codePoint === 0x85 ||
    codePoint === 0xa0 ||
    codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000
  );
}

/**
 * Cased as the final-sigma rule of `str.lower` sees it (a cased character that is also ignorable counts as ignorable).
 */
export function isCased(codePoint: number): boolean {
  return lookup(caseContext, codePoint) === 1;
}
/** Case-ignorable: skipped when the final-sigma rule looks for a neighbour. */
export function isCaseIgnorable(codePoint: number): boolean {
  return lookup(caseContext, codePoint) === 2;
}
