/**
 * Character references of HTML in text: `&hellip;`, `&#39;`, `&#x2019;`, and names in capitals where these are
 * unambiguous.
 *
 * Only references with their semicolon, whole, are read; what they stand for is Python's `html.unescape` and HTML's own
 * rules for numbers.
 */
import { ENTITIES } from "./entities.gen.ts";
import { c1AsWindows1252 } from "./single-byte.ts";

const REFERENCE = /&(#?)([0-9A-Za-z]{1,24});/g;
const NUMBER = /^(?:([0-9]+)|[xX]([0-9A-Fa-f]+))$/;

let byName: ReadonlyMap<string, string> | undefined;

/** Texts by name, of `name=hex+hex …`. */
function names(): ReadonlyMap<string, string> {
  byName ??= new Map(
    ENTITIES.split(" ").map((entry) => {
      const [name = "", hex = ""] = entry.split("=");
      return [name, String.fromCodePoint(...hex.split("+").map((each) => Number.parseInt(each, 16)))];
    }),
  );
  return byName;
}

export function unescapeHtml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(REFERENCE, (whole, sign: string, body: string) => {
    if (sign === "") return names().get(body) ?? whole;
    const [, decimal, hex] = NUMBER.exec(body) ?? [];
    if (decimal !== undefined) return ofNumber(Number.parseInt(decimal, 10), whole);
    return hex === undefined ? whole : ofNumber(Number.parseInt(hex, 16), whole);
  });
}

/** What number `code` refers to; `whole` where it is the semicolon, which would look like a reference that goes on. */
function ofNumber(code: number, whole: string): string {
  if (code === 0x3b) return whole;
  if (code === 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return "\ufffd";
  if (code === 0x0d) return "\r";
  if (code >= 0x80 && code <= 0x9f) return c1AsWindows1252(String.fromCharCode(code));
  return isInvalid(code) ? "" : String.fromCodePoint(code);
}

/** Control characters and what is no character. */
function isInvalid(code: number): boolean {
  if (code < 0x20) return code !== 0x09 && code !== 0x0a && code !== 0x0c;
  return code === 0x7f || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}
