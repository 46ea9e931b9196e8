/**
 * How Python prints texts and floats inside of other values: its `repr`.
 *
 * Invariant: characters that are escaped are those that are not printable in Unicode 14.0, the database of Python 3.11, whatever Node has.
 * Price: plain text is scanned once by a regular expression.
 */
import { categorySet, inCategories } from "../unicode/tables.ts";

/** What `str.isprintable` refuses; of the separators the plain space is printable. */
const NOT_PRINTABLE = categorySet("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs");
const PLAIN = /^[ !#-&(-[\]-~]*$/;
const SPACE = 0x20;

/** A text in quotes: single ones, but where it has such and no double ones. */
export function quotedText(text: string): string {
  if (PLAIN.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const character of text) out += escaped(character, quote);
  return out + quote;
}

function escaped(character: string, quote: string): string {
  switch (character) {
    case quote:
    case "\\":
      return `\\${character}`;
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
  }
  const code = character.codePointAt(0) ?? 0;
  if (code === SPACE || !inCategories(code, NOT_PRINTABLE)) return character;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** The shortest digits that are read as the same double, with an exponent where Python writes one: below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
