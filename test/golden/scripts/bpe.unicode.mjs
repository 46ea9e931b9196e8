/**
 * Writes kernels/bpe/unicode.gen.ts by asking the reference encoders, not the running Node: `tiktoken` for the general category
 * of every code point (a pattern of one class keeps exactly the text of that class), `tokenizers` for which code points its
 * NFC does not know. Run from the repository root: node test/golden/scripts/bpe.unicode.mjs
 */
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/package.json`);
const { Tiktoken } = require("tiktoken");
const { nfcNormalizer } = require("tokenizers");

const CATEGORIES = "Cn Cc Cf Co Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs Cs".split(" ");
const CODES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#%&";
const LIMIT = 0x110000;
const isSurrogate = (c) => c >= 0xd800 && c < 0xe000;

const bytes = Array.from({ length: 256 }, (_, i) => Buffer.from([i]).toString("base64")).join(" ");
const category = new Uint8Array(LIMIT);
const pieces = [];
for (let c = 0; c < LIMIT; c += 4096) {
  let text = "";
  for (let d = c; d < c + 4096; d++) if (!isSurrogate(d)) text += String.fromCodePoint(d);
  if (text !== "") pieces.push(text);
}
for (const [index, name] of CATEGORIES.entries()) {
  if (name === "Cn" || name === "Cs") continue;
  const encoder = new Tiktoken(`! 0 ${bytes}`, {}, `\\p{${name}}`);
  for (const piece of pieces) {
    const kept = Buffer.from(encoder.encode_ordinary(piece)).toString("utf8");
    for (const char of kept) category[char.codePointAt(0)] = index;
  }
  encoder.free();
}
category.fill(CATEGORIES.indexOf("Cs"), 0xd800, 0xe000);

let runs = "";
for (let start = 0; start < LIMIT; ) {
  let end = start;
  while (end < LIMIT && category[end] === category[start]) end++;
  runs += CODES[category[start]] + (end - start > 1 ? (end - start).toString(36) : "");
  start = end;
}

// NFC: code points whose composition or reordering the running Node knows and `tokenizers` does not.
const nfc = nfcNormalizer();
const marks = [0x0334, 0x0323, 0x0301, 0x0345, 0x093c, 0x3099, 0x05b0, 0x0327].map((c) => String.fromCodePoint(c));
const opaque = new Set();
for (let c = 0; c < LIMIT; c++) {
  if (isSurrogate(c) || category[c] === 0) continue;
  const char = String.fromCodePoint(c);
  const apart = char.normalize("NFD");
  const probes = [char, apart, `${apart}\u0301`];
  for (const mark of marks) probes.push(`a${mark}${char}`, `a${char}${mark}`, char + mark, `e${mark}${char}\u0301`);
  if (probes.some((probe) => probe.normalize("NFC") !== nfc.normalizeString(probe))) {
    opaque.add(c);
    if (apart !== char) opaque.add(apart.codePointAt(0));
  }
}
const ranges = [];
for (const c of [...opaque].sort((a, b) => a - b)) {
  const last = ranges.at(-1);
  if (last && last[1] === c - 1) last[1] = c;
  else ranges.push([c, c]);
}

const lines = runs.match(/.{1,110}/g).map((line) => `  "${line}"`);
fs.writeFileSync(
  "kernels/bpe/unicode.gen.ts",
  `// Made by test/golden/scripts/bpe.unicode.mjs from the reference encoders. Do not edit.

/** General categories in the order of their codes in {@link CATEGORY_RUNS}. */
export const CATEGORIES: readonly string[] = "${CATEGORIES.join(" ")}".split(" ");
/** One character per category, in the order of {@link CATEGORIES}. */
export const CATEGORY_CODES = "${CODES}";
/** Category of every code point, run-length coded: category character, then the run's length in base 36 where it is not 1. */
export const CATEGORY_RUNS =
${lines.join(" +\n")};
/** Code points that normalisation must leave alone, as inclusive ranges: first, last, first, last, … */
export const NFC_OPAQUE: readonly number[] = [
  ${ranges.map(([a, b]) => `0x${a.toString(16)}, 0x${b.toString(16)}`).join(",\n  ")},
];
`,
);
console.log(`${runs.length} characters of runs, ${ranges.length} opaque ranges`);
