/**
 * Functions of text as Python's `str` has them, where JavaScript's differ: white space, characters of more than one unit, counts, lines.
 *
 * Invariant: positions and lengths count code points. Price: text without surrogates, nearly all, goes by units.
 */
import { isPythonSpace } from "../lines.ts";
import { valueError } from "./errors.ts";

const SURROGATE = /[\ud800-\udfff]/;
const LINE_ENDS: ReadonlySet<string> = new Set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");

/** Parts that are paid for at once. */
const PAID_PARTS = 4096;

/** Whether every character is one unit. */
export function isPlain(text: string): boolean {
  return !SURROGATE.test(text);
}

export function codePointLength(text: string): number {
  if (isPlain(text)) return text.length;
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** The characters of a text: units where each is one, else code points. */
export function charactersOf(text: string): ArrayLike<string> {
  return isPlain(text) ? text : Array.from(text);
}

export type Side = "left" | "right" | "both";

/** `strip`, `lstrip`, `rstrip`; `characters` null is white space. */
export function strip(text: string, characters: string | null, side: Side): string {
  const isGone = characters === null ? isSpace : isOneOf(characters);
  let start = 0;
  let end = text.length;
  if (side !== "right") for (let at = start; at < end && isGone(text, at); at = start) start = after(text, at);
  if (side !== "left")
    for (let at = before(text, end); end > start && isGone(text, at); at = before(text, end)) end = at;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isSpace(text: string, at: number): boolean {
  return isPythonSpace(text.charCodeAt(at));
}

function isOneOf(characters: string): (text: string, at: number) => boolean {
  const codes = new Set(Array.from(characters, (character) => character.codePointAt(0)));
  return (text, at) => codes.has(text.codePointAt(at));
}

function after(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
}

function before(text: string, end: number): number {
  return end > 1 && (text.codePointAt(end - 2) ?? 0) > 0xffff ? end - 2 : end - 1;
}

/** `split`; `separator` null is runs of white space, `limit` below 0 none. `pay` is told of parts before there are many. */
export function split(text: string, separator: string | null, limit: number, pay: (parts: number) => void): string[] {
  if (separator === null) return splitSpace(text, limit, pay);
  if (separator === "") throw valueError("empty separator");
  if (limit < 0) {
    pay(countOf(text, separator) + 1);
    return text.split(separator);
  }
  const parts: string[] = [];
  let start = 0;
  while (parts.length < limit) {
    const found = text.indexOf(separator, start);
    if (found < 0) break;
    parts.push(text.slice(start, found));
    start = found + separator.length;
  }
  parts.push(text.slice(start));
  return parts;
}

function splitSpace(text: string, limit: number, pay: (parts: number) => void): string[] {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    if (parts.length % PAID_PARTS === PAID_PARTS - 1) pay(PAID_PARTS);
    while (at < text.length && isSpace(text, at)) at++;
    if (at === text.length) return parts;
    if (limit >= 0 && parts.length === limit) {
      parts.push(text.slice(at));
      return parts;
    }
    const start = at;
    while (at < text.length && !isSpace(text, at)) at++;
    parts.push(text.slice(start, at));
  }
}

/** `rsplit`. */
export function splitRight(
  text: string,
  separator: string | null,
  limit: number,
  pay: (parts: number) => void,
): string[] {
  if (limit < 0) return split(text, separator, limit, pay);
  if (separator === null) return splitSpaceRight(text, limit);
  if (separator === "") throw valueError("empty separator");
  const parts: string[] = [];
  let end = text.length;
  while (parts.length < limit) {
    const found = end < separator.length ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (found < 0) break;
    parts.push(text.slice(found + separator.length, end));
    end = found;
  }
  parts.push(text.slice(0, end));
  return parts.reverse();
}

function splitSpaceRight(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = strip(text, null, "right");
  while (rest !== "") {
    let start = rest.length;
    while (start > 0 && !isSpace(rest, start - 1)) start--;
    if (parts.length === limit) start = 0;
    parts.push(rest.slice(start));
    rest = strip(rest.slice(0, start), null, "right");
  }
  return parts.reverse();
}

/** `replace`; `limit` below 0 is all. */
export function replace(text: string, old: string, by: string, limit: number): string {
  if (old === "") return replaceNothing(text, by, limit);
  return limit < 0 ? text.replaceAll(old, () => by) : split(text, old, limit, () => {}).join(by);
}

/** Python puts `by` before every character and at the end. */
function replaceNothing(text: string, by: string, limit: number): string {
  let left = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  let out = "";
  for (const character of text) out += left-- > 0 ? by + character : character;
  return left > 0 ? out + by : out;
}

/** `splitlines`. */
export function splitLines(text: string, keepEnds: boolean): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (!LINE_ENDS.has(text.charAt(at))) continue;
    const end = at;
    if (text.startsWith("\r\n", at)) at++;
    lines.push(text.slice(start, keepEnds ? at + 1 : end));
    start = at + 1;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

/** How often `part` stands in `text` without overlap. */
export function countOf(text: string, part: string): number {
  if (part === "") return codePointLength(text) + 1;
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}
