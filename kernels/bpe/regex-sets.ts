/**
 * Sets of characters in regular expressions, as Oniguruma has them for UTF-8, spelled out from the pinned tables: neither `\s` nor
 * `\p{…}` depends on the running Node.
 */
import { forEachCategoryRun, LETTER_SYMBOLS, WHITE_SPACE_RANGES } from "./char-class.ts";
import { SCRIPTS } from "./scripts.gen.ts";

/** Inclusive ranges of code points. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/** Part of a regular expression that has no exact JavaScript equivalent here. */
export class Untranslatable extends Error {}

const LAST = 0x10ffff;
const LAST_ASCII = 0x7f;

/** Long names of general categories, as {@link looseName} leaves them. */
const CATEGORY_NAMES: Readonly<Record<string, string>> = {
  letter: "L",
  uppercaseletter: "Lu",
  lowercaseletter: "Ll",
  titlecaseletter: "Lt",
  modifierletter: "Lm",
  otherletter: "Lo",
  mark: "M",
  nonspacingmark: "Mn",
  spacingmark: "Mc",
  enclosingmark: "Me",
  number: "N",
  decimalnumber: "Nd",
  letternumber: "Nl",
  othernumber: "No",
  punctuation: "P",
  connectorpunctuation: "Pc",
  dashpunctuation: "Pd",
  openpunctuation: "Ps",
  closepunctuation: "Pe",
  initialpunctuation: "Pi",
  finalpunctuation: "Pf",
  otherpunctuation: "Po",
  symbol: "S",
  mathsymbol: "Sm",
  currencysymbol: "Sc",
  modifiersymbol: "Sk",
  othersymbol: "So",
  separator: "Z",
  spaceseparator: "Zs",
  lineseparator: "Zl",
  paragraphseparator: "Zp",
  control: "Cc",
  format: "Cf",
};
/** Categories whose characters other characters fold to: what a set of them is without case is not known here. */
const MAY_FOLD = /^(?:L|M|Nl|So)/;

export function single(codePoint: number): Ranges {
  return [[codePoint, codePoint]];
}

export function isSingle(ranges: Ranges): boolean {
  return ranges.length === 1 && ranges[0][0] === ranges[0][1];
}

export function union(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const top = merged.at(-1);
    if (top !== undefined && first <= top[1] + 1) top[1] = Math.max(top[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

export function complement(ranges: Ranges): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of union(ranges)) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) gaps.push([next, LAST]);
  return gaps;
}

export function intersection(a: Ranges, b: Ranges): Ranges {
  return complement([...complement(a), ...complement(b)]);
}

function hex(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}

/** The set as JavaScript writes it. */
export function render(ranges: Ranges): string {
  if (isSingle(ranges)) return hex(ranges[0][0]);
  const parts = union(ranges).map(([first, last]) => (first === last ? hex(first) : `${hex(first)}-${hex(last)}`));
  return `[${parts.join("")}]`;
}

function categoryRanges(matches: (category: string) => boolean): Ranges {
  const ranges: [number, number][] = [];
  forEachCategoryRun((category, start, end) => {
    if (matches(category)) ranges.push([start, end - 1]);
  });
  return union(ranges);
}

export const WHITE_SPACE: Ranges = WHITE_SPACE_RANGES;

export function decimalDigits(): Ranges {
  return categoryRanges((category) => category === "Nd");
}

/** `\w`: unlike Rust's it has the Latin-1 superscripts and fractions and lacks the joiners. */
export function wordCharacters(): Ranges {
  const letters = categoryRanges((category) => /^(?:L.|M.|Nd|Nl|Pc)$/.test(category));
  return union([...letters, ...LETTER_SYMBOLS, [0xb2, 0xb3], [0xb9, 0xb9], [0xbc, 0xbe]]);
}

function looseName(name: string): string {
  return name.toLowerCase().replaceAll(/[ _-]/g, "");
}

/** `\p{name}`: a general category or a script. */
export function property(name: string): Ranges {
  const loose = looseName(name);
  if (loose === "any") return [[0, LAST]];
  if (loose === "ascii") return [[0, LAST_ASCII]];
  const wanted = CATEGORY_NAMES[loose] ?? (loose.length <= 2 ? loose[0]?.toUpperCase() + loose.slice(1) : "");
  const ranges =
    wanted === ""
      ? []
      : categoryRanges((category) => category === wanted || (wanted.length === 1 && category[0] === wanted));
  if (ranges.length > 0) return ranges;
  const script = Object.keys(SCRIPTS).find((key) => looseName(key) === loose);
  if (script === undefined) throw new Untranslatable(`\\p{${name}}`);
  return scriptRanges(SCRIPTS[script]);
}

/** Ranges as pairs of distance from the last one's end, and length less one, in base 36. */
function scriptRanges(coded: string): Ranges {
  const numbers = coded.split(" ").map((number) => Number.parseInt(number, 36));
  const ranges: [number, number][] = [];
  let at = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const first = at + numbers[i];
    at = first + numbers[i + 1];
    ranges.push([first, at]);
  }
  return ranges;
}

/** The set with all that folds to a member: known for ASCII, and for characters that have no case. */
export function withoutCase(ranges: Ranges): Ranges {
  const beyond = intersection(ranges, [[LAST_ASCII + 1, LAST]]);
  if (
    beyond.length > 0 &&
    intersection(
      beyond,
      categoryRanges((category) => MAY_FOLD.test(category)),
    ).length > 0
  ) {
    throw new Untranslatable("letters outside ASCII without case");
  }
  const folded: [number, number][] = [];
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    const lower = upper | 0x20;
    if (!ranges.some(([first, last]) => (first <= upper && upper <= last) || (first <= lower && lower <= last)))
      continue;
    folded.push([upper, upper], [lower, lower]);
    if (lower === 0x73) folded.push([0x17f, 0x17f]);
    if (lower === 0x6b) folded.push([0x212a, 0x212a]);
  }
  return union([...ranges, ...folded]);
}
