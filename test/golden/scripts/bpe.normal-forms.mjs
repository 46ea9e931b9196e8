/**
 * Writes kernels/bpe/normal-forms.gen.ts by asking `tokenizers`, not the running Node: which code points its compatibility forms and its
 * lowercase treat otherwise than the oldest Node that is supported, and which its accent stripper removes.
 * Build first, then run from the repository root: node test/golden/scripts/bpe.normal-forms.mjs
 */
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/package.json`);
const { lowercase, nfkdNormalizer, stripAccentsNormalizer } = require("tokenizers");
const { forEachCategoryRun } = await import(`${process.cwd()}/dist/kernels/bpe/char-class.js`);
const { NFC_OPAQUE } = await import(`${process.cwd()}/dist/kernels/bpe/unicode.gen.js`);

const assigned = new Uint8Array(0x110000);
forEachCategoryRun((category, start, end) => {
  if (category !== "Cn" && category !== "Cs") assigned.fill(1, start, end);
});
for (let i = 0; i < NFC_OPAQUE.length; i += 2) assigned.fill(2, NFC_OPAQUE[i], NFC_OPAQUE[i + 1] + 1);

const [lower, compatible, plain] = [lowercase(), nfkdNormalizer(), stripAccentsNormalizer()];
const opaque = [];
const marks = [];
const lowered = [];
/** Unicode 15.0, which the oldest Node has, ends here: later versions gave case to these blocks only. */
const CASED_LATER = /[\ua7cb-\ua7cf\ua7d2\ua7d4\ua7da-\ua7dc\u1c89\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/u;
function note(ranges, codePoint) {
  const last = ranges.at(-1);
  if (last !== undefined && last[1] === codePoint - 1) last[1] = codePoint;
  else ranges.push([codePoint, codePoint]);
}
for (let codePoint = 0; codePoint < 0x110000; codePoint++) {
  if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
  const char = String.fromCodePoint(codePoint);
  if (assigned[codePoint] === 1 && compatible.normalizeString(char) !== char.normalize("NFKD")) note(opaque, codePoint);
  if (plain.normalizeString(`a${char}`) === "a") note(marks, codePoint);
  const small = lower.normalizeString(char);
  if (small === char) continue;
  if (CASED_LATER.test(char) || assigned[codePoint] === 0) lowered.push([codePoint, small.codePointAt(0)]);
  else if (small !== char.toLowerCase()) throw new Error(`this Node is too old to be asked about ${codePoint}`);
}
const listed = (pairs) => pairs.map(([a, b]) => `0x${a.toString(16)}, 0x${b.toString(16)}`).join(",\n  ");
fs.writeFileSync(
  "kernels/bpe/normal-forms.gen.ts",
  `// Made by test/golden/scripts/bpe.normal-forms.mjs from the reference encoder. Do not edit.

/** What compatibility forms leave alone beside NFC_OPAQUE, as inclusive ranges: first, last, first, last, … */
export const NFK_OPAQUE: readonly number[] = [
  ${listed(opaque)},
];
/** What stripping accents removes, as inclusive ranges. */
export const ACCENTS: readonly number[] = [
  ${listed(marks)},
];
/** Capitals younger than the oldest Node, each before its small letter. */
export const YOUNG_CAPITALS: readonly number[] = [
  ${listed(lowered)},
];
`,
);
process.stdout.write(`${opaque.length} opaque ranges, ${marks.length} of accents, ${lowered.length} capitals\n`);
