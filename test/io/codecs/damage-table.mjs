/**
 * What becomes of damaged files, by format: `node test/io/codecs/damage-table.mjs [COUNT]`, after a build.
 *
 * COUNT mutants of each format (600), bytes flipped, changed, zeroed, lost, repeated, or the file cut: found (an error),
 * identical (the content all the same), silent (other content). Where this Node has zstd of its own, also how many of
 * the silent ones the native library is silent about too.
 */
import fs from "node:fs";
import zlib from "node:zlib";
import { blockEncoder } from "../../../dist/io/codecs/encoder.js";
import { content, digest, mutant, verdict } from "../../../dist/test/io/codecs/mutants.js";

const count = Number(process.argv[2] ?? 600);
const KINDS = ["flip", "byte", "head", "cut", "zero", "lose", "repeat"];
const texts = [2, 3, 6, 7, 10, 11].map((seed) => content(seed, 3000 * seed));
const zstd = blockEncoder("zstd");
const golden = (name) => fs.readFileSync(new URL(`../../golden/compressed/${name}`, import.meta.url));
const formats = [
  ["gzip", "gzip", texts.map((text) => zlib.gzipSync(text))],
  ["zstd with checksum", "zstd", texts.map((text) => Buffer.from(zstd.frame(text)))],
  ["zstd without checksum", "zstd", texts.map((text) => Buffer.from(zstd.block(text)))],
  ["bzip2", "bzip2", [golden("text.bz2"), golden("runs.bz2"), golden("bytes.bz2")]],
  ["xz (CRC64)", "xz", [golden("text.xz")]],
];

function nativeContent(file) {
  try {
    const found = zlib.zstdDecompressSync(file);
    return `${found.length} ${digest(found)}`;
  } catch {
    return "error";
  }
}

console.log("| format                | mutants | found | identical | silent | of those the native library too |");
console.log("| --------------------- | ------- | ----- | --------- | ------ | ------------------------------- |");
for (const [name, codec, files] of formats) {
  const wholes = await Promise.all(files.map((file) => verdict(codec, file)));
  const tally = { found: 0, identical: 0, silent: 0, native: 0 };
  for (let number = 0; number < count; number++) {
    const { bytes, original } = mutant(number, files, KINDS);
    const outcome = await verdict(codec, bytes);
    const whole = wholes[files.indexOf(original)];
    if (outcome.startsWith("data/")) tally.found++;
    else if (outcome === whole) tally.identical++;
    else {
      tally.silent++;
      const native = codec === "zstd" && zlib.zstdDecompressSync !== undefined ? nativeContent(bytes) : "error";
      if (native !== "error" && native !== whole) tally.native++;
    }
  }
  const { found, identical, silent, native } = tally;
  const cells = [count, found, identical, silent, silent === 0 ? "" : native];
  console.log(`| ${[name.padEnd(21), ...cells].join(" | ")} |`);
}
