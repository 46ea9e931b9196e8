/**
 * Repairs of single characters: ligatures, widths, quotes, line breaks, terminal escapes, control characters.
 *
 * Owns what replaces what, as ftfy 6.3.1 has it. Each is a function of a string that gives the same string back where
 * there is nothing to do.
 */
import { isDecimalDigit } from "../unicode/tables.ts";
import { CONTROL, classesThatAskFor, repairTables } from "./classes.ts";
import { LIGATURES, WIDTHS } from "./tables.gen.ts";

/** Texts by character, of `hex=hex+hex …`. */
function replacements(table: string): ReadonlyMap<string, string> {
  const text = (hex: string) => String.fromCodePoint(...hex.split("+").map((each) => Number.parseInt(each, 16)));
  return new Map(
    table.split(" ").map((entry) => {
      const [from = "", to = ""] = entry.split("=");
      return [text(from), text(to)];
    }),
  );
}

/** Replaces characters by a table of them. */
function replacer(table: string): (text: string) => string {
  let byCharacter: ReadonlyMap<string, string> | undefined;
  let any: RegExp | undefined;
  return (text) => {
    byCharacter ??= replacements(table);
    any ??= new RegExp(`[${[...byCharacter.keys()].join("")}]`, "g");
    const known = byCharacter;
    return text.replace(any, (character) => known.get(character) ?? character);
  };
}

export const splitLigatures = replacer(LIGATURES);
export const standardWidth = replacer(WIDTHS);

export function straightenQuotes(text: string): string {
  return text.replace(/[\u201c-\u201f]/g, '"').replace(/[\u02bc\u2018-\u201b]/g, "'");
}

export function standardLineBreaks(text: string): string {
  return text.replace(/\r\n|[\r\u2028\u2029\u0085]/g, "\n");
}

const ESCAPE = "\x1b[";

/** Takes out `ESC [`, numbers and semicolons, a letter: colours and the like. */
export function withoutTerminalEscapes(text: string): string {
  let out = "";
  let done = 0;
  for (let at = text.indexOf(ESCAPE); at >= 0; at = text.indexOf(ESCAPE, at + 1)) {
    let end = at + ESCAPE.length;
    for (;;) {
      const codePoint = text.codePointAt(end) ?? 0;
      if (codePoint !== 0x3b && !isDecimalDigit(codePoint)) break;
      end += codePoint > 0xffff ? 2 : 1;
    }
    const last = (text.charCodeAt(end) || 0) | 0x20;
    if (last < 0x61 || last > 0x7a || text.charCodeAt(end) > 0x7a) continue;
    out += text.slice(done, at);
    done = end + 1;
  }
  return done === 0 ? text : out + text.slice(done);
}

let isControl: Uint8Array | undefined;

/** Takes out control characters but white space and C1, deprecated Arabic ones, annotations, U+FFFC and U+FEFF. */
export function withoutControlCharacters(text: string): string {
  isControl ??= classesThatAskFor(CONTROL);
  const { blocks, values } = repairTables().classes;
  let out = "";
  let done = 0;
  // All of them are single units; halves of pairs are none of them.
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isControl[values[blocks[unit >> 8] + (unit & 0xff)]] === 0) continue;
    out += text.slice(done, at);
    done = at + 1;
  }
  return done === 0 ? text : out + text.slice(done);
}
