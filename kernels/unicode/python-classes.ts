/**
 * Character classes of Python's `str` that are no general category: `isupper` and `isdigit` of one character.
 *
 * Invariant: CPython 3.11's answers (Unicode 14.0) for every character. Price: a lookup, and a walk through a dozen
 * ranges for characters outside ASCII.
 */
import { categorySet, inCategories } from "./tables.ts";

const UPPERCASE = categorySet("Lu");
const DECIMAL = categorySet("Nd");

/** Roman numerals and letters in circles and squares: upper case without being letters. */
const OTHER_UPPERCASE = [0x2160, 0x216f, 0x24b6, 0x24cf, 0x1f130, 0x1f149, 0x1f150, 0x1f169, 0x1f170, 0x1f189];
/**
 * Superscripts, subscripts, digits in circles, in parentheses, before full stops and commas, and of Ethiopic,
 * Kharoshthi and Brahmi.
 */
const OTHER_DIGITS = [
  0xb2, 0xb3, 0xb9, 0xb9, 0x1369, 0x1371, 0x19da, 0x19da, 0x2070, 0x2070, 0x2074, 0x2079, 0x2080, 0x2089, 0x2460,
  0x2468, 0x2474, 0x247c, 0x2488, 0x2490, 0x24ea, 0x24ea, 0x24f5, 0x24fd, 0x24ff, 0x24ff, 0x2776, 0x277e, 0x2780,
  0x2788, 0x278a, 0x2792, 0x10a40, 0x10a43, 0x10e60, 0x10e68, 0x11052, 0x1105a, 0x1f100, 0x1f10a,
];

function inRanges(codePoint: number, ranges: readonly number[]): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (codePoint < ranges[i]) return false;
    if (codePoint <= ranges[i + 1]) return true;
  }
  return false;
}

/** `str.isupper` of one character. */
export function isUpper(codePoint: number): boolean {
  return inCategories(codePoint, UPPERCASE) || (codePoint >= 0x80 && inRanges(codePoint, OTHER_UPPERCASE));
}

/** `str.isdigit` of one character. */
export function isDigit(codePoint: number): boolean {
  return inCategories(codePoint, DECIMAL) || (codePoint >= 0x80 && inRanges(codePoint, OTHER_DIGITS));
}
