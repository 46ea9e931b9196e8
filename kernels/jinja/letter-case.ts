/**
 * Upper, lower and title case, letters and digits as Python 3.11 has them.
 *
 * Invariant: letters that Unicode 14.0 does not know stay as they are, though the running Node may know them, and no letter becomes one of them.
 * Price: the engine's own functions for text without such letters.
 */
import {
  generalCategory,
  isCased as isCasedCode,
  isCaseIgnorable,
  isDecimalDigit,
  isLetter,
} from "../unicode/tables.ts";
import { OTHER_DIGITS, TITLE_CASE } from "./characters.gen.ts";

const UNASSIGNED = "Cn";
const ASCII = /^[\0-\x7f]*$/;

export function upper(text: string): string {
  return mapCase(text, (part) => part.toUpperCase());
}

export function lower(text: string): string {
  return mapCase(text, (part) => part.toLowerCase());
}

/** The title case of one character. */
export function titleOf(character: string): string {
  return TITLE_CASE.get(character) ?? upper(character);
}

/** `capitalize`. */
export function capitalize(text: string): string {
  const first = String.fromCodePoint(...(text === "" ? [] : [text.codePointAt(0) ?? 0]));
  return titleOf(first) + lower(text).slice(lower(first).length);
}

/** `title`: letters that follow no letter. */
export function title(text: string): string {
  let inWord = false;
  return mapEach(text, (character, lowered) => {
    const mapped = inWord ? lowered : titleOf(character);
    inWord = isCased(character);
    return mapped;
  });
}

export function swapCase(text: string): string {
  return mapEach(text, (character, lowered) => {
    if (isAll(character, "upper")) return lowered;
    return isAll(character, "lower") ? upper(character) : character;
  });
}

/** Maps each character, given what it is in lower case where it stands: a capital sigma at the end of a word has another one. */
function mapEach(text: string, map: (character: string, lowered: string) => string): string {
  const characters = Array.from(text);
  return characters
    .map((character, at) => {
      const isFinal = character === "Σ" && isNearLetter(characters, at, -1) && !isNearLetter(characters, at, 1);
      return map(character, isFinal ? "ς" : lower(character));
    })
    .join("");
}

/** Whether the first character on one side that counts for the rule of the final sigma is cased. */
function isNearLetter(characters: readonly string[], at: number, step: 1 | -1): boolean {
  for (let near = at + step; near >= 0 && near < characters.length; near += step) {
    const code = characters[near].codePointAt(0) ?? 0;
    if (!isCaseIgnorable(code)) return isCasedCode(code);
  }
  return false;
}

/** `isupper` or `islower`: there is a cased character, and all of them are of that case. */
export function isAll(text: string, wanted: "upper" | "lower"): boolean {
  let found = false;
  for (const character of text) {
    if (!isCased(character)) continue;
    if (/\p{Lt}/u.test(character)) return false;
    if (!(wanted === "upper" ? /\p{Uppercase}/u : /\p{Lowercase}/u).test(character)) return false;
    found = true;
  }
  return found;
}

/** Every character is a letter, and there is one. */
export function isAlphabetic(text: string): boolean {
  return text !== "" && Array.from(text).every((character) => isLetter(character.codePointAt(0) ?? 0));
}

/** `isdigit`. */
export function isDigits(text: string): boolean {
  const isDigit = (character: string): boolean =>
    OTHER_DIGITS.has(character) || isDecimalDigit(character.codePointAt(0) ?? 0);
  return text !== "" && Array.from(text).every(isDigit);
}

function isCased(character: string): boolean {
  return /[\p{Uppercase}\p{Lowercase}\p{Lt}]/u.test(character) && !isUnknown(character);
}

function mapCase(text: string, map: (part: string) => string): string {
  const mapped = map(text);
  if (ASCII.test(text) || !(hasUnknown(text) || hasUnknown(mapped))) return mapped;
  return Array.from(text, (character) => {
    const other = map(character);
    return isUnknown(character) || hasUnknown(other) ? character : other;
  }).join("");
}

function hasUnknown(text: string): boolean {
  for (const character of text) if (isUnknown(character)) return true;
  return false;
}

function isUnknown(character: string): boolean {
  return generalCategory(character.codePointAt(0) ?? 0) === UNASSIGNED;
}
