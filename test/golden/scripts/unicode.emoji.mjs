/**
 * Writes kernels/unicode/emoji.gen.ts from the emoji properties of the Unicode database of the Node that runs it, whose version it notes.
 * Run from the repository root: node test/golden/scripts/unicode.emoji.mjs
 */
import fs from "node:fs";

const PROPERTIES = [/^\p{Emoji}$/u, /^\p{Emoji_Presentation}$/u, /^\p{Extended_Pictographic}$/u];
const LIMIT = 0x110000;

const bitsOf = (point) => {
  const character = String.fromCodePoint(point);
  return PROPERTIES.reduce((bits, property, bit) => bits | (Number(property.test(character)) << bit), 0);
};
const numbers = [];
let start = 0;
for (let point = 1; point <= LIMIT; point++) {
  if (point < LIMIT && bitsOf(point) === bitsOf(start)) continue;
  numbers.push(point - start, bitsOf(start));
  start = point;
}
const bytes = [];
for (let number of numbers) {
  for (; number >= 0x80; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  bytes.push(number);
}
const lines = Buffer.from(bytes).toString("base64").match(/.{1,118}/g);
fs.writeFileSync(
  "kernels/unicode/emoji.gen.ts",
  `// Made by test/golden/scripts/unicode.emoji.mjs from Unicode ${process.versions.unicode}. Do not edit.
// Run-length table: (length, value) pairs as varints, base64, from U+0000 to U+10FFFF.
// Character data: Unicode, Inc., Unicode License v3.

export const EMOJI_UNICODE_VERSION = "${process.versions.unicode}";

/** Bit 0: Emoji, bit 1: Emoji_Presentation, bit 2: Extended_Pictographic. */
export const EMOJI_RUNS: string =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`,
);
