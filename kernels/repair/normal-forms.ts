/**
 * Unicode normalisation with the data of Unicode 14.0, as CPython 3.11 has it.
 *
 * Normalisation of a character never changes once it is assigned, so the running Node gives the same answer for all
 * text but characters that are newer: those are left alone and cut the text. Price: a look at each character, and
 * Node's own work.
 */
import { generalCategory } from "../unicode/tables.ts";
import type { NormalForm } from "./classes.ts";

export function normalize(text: string, form: NormalForm): string {
  let out = "";
  let start = 0;
  for (let at = 0; at < text.length; ) {
    const codePoint = text.codePointAt(at) ?? 0;
    const end = at + (codePoint > 0xffff ? 2 : 1);
    if (codePoint >= 0x80 && generalCategory(codePoint) === "Cn") {
      out += text.slice(start, at).normalize(form) + text.slice(at, end);
      start = end;
    }
    at = end;
  }
  return start === 0 ? text.normalize(form) : out + text.slice(start).normalize(form);
}
