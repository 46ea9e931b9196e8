/**
 * Damaged zstd files against the native zstd library in Node >= 22.15: `node test/golden/scripts/zstd-mutants.mjs
 * [COUNT]`, after a build.
 *
 * Compares io/codecs with what `node:zlib` makes of COUNT mutants (10,000): the same bytes or the same kind of error.
 * One kind of difference is known and counted: the fast Huffman loop of 64-bit builds does not look whether a stream of
 * literals ends where it should, so out of some damaged blocks without a checksum it makes other content than it should,
 * where ours refuses them (or makes other content too). A native build without that loop refuses them as well. Then
 * writes test/golden/zstd/mutants.json, what every Node is held to.
 */
import { writeFileSync } from "node:fs";
import zlib from "node:zlib";
import { digest, mutant, verdict, zstdSeeds } from "../../../dist/test/io/codecs/mutants.js";

const count = Number(process.argv[2] ?? 10_000);
const GOLDENS = 600;
if (zlib.zstdDecompressSync === undefined) throw new Error("this needs Node 22.15 or later");

/** What the library says by itself, in the codes of io/codecs. `node:zlib` decodes one frame a call. */
function reference(bytes) {
  const options = { info: true, params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 } };
  const frames = [];
  try {
    for (let at = 0; at < bytes.length || at === 0; ) {
      const { buffer, engine } = zlib.zstdDecompressSync(bytes.subarray(at), options);
      frames.push(buffer);
      at += engine.bytesWritten;
    }
    const content = Buffer.concat(frames);
    return `${content.length} ${digest(content)}`;
  } catch ({ code }) {
    if (code === "Z_BUF_ERROR") return "data/truncated-zstd";
    if (code === "ZSTD_error_frameParameter_windowTooLarge") return "data/zstd-window";
    if (code === "ZSTD_error_dictionary_wrong") return "data/zstd-dictionary";
    return "data/corrupt-zstd";
  }
}

/** Kinds of errors that are one here: files whose first bytes are no zstd, frames that ask for a dictionary and too large a window. */
const SAME = { "data/wrong-codec": "data/corrupt-zstd", "data/zstd-dictionary": "data/zstd-window" };
const kindOf = (line) => {
  const kind = line.split(" after ")[0];
  return SAME[kind] ?? kind;
};

const files = zstdSeeds();
const tally = new Map();
const goldens = [];
let loose = 0;
let wrong = 0;
for (let number = 0; number < count; number++) {
  const { damage, original, bytes } = mutant(number, files);
  const ours = await verdict("zstd", bytes);
  const native = reference(bytes);
  const whole = reference(original);
  const isContent = !ours.startsWith("data/");
  if (kindOf(ours) !== kindOf(native)) {
    const isLoose = !native.startsWith("data/") && native !== whole && ours !== whole;
    if (isLoose) loose++;
    else wrong++;
    console.log(`mutant ${number} (${damage}, ${bytes.length} bytes): native ${native}, ours ${ours}`);
  }
  const outcome = isContent ? (ours === whole ? "the same content" : "other content") : kindOf(ours);
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  if (number < GOLDENS) goldens.push(ours);
}
for (const [outcome, times] of [...tally].sort((a, b) => b[1] - a[1])) {
  console.log(`${String(times).padStart(7)} ${outcome}`);
}
console.log(`${count} mutants beside zstd ${process.versions.zstd}: ${wrong} differ, ${loose} where the native one makes content of damage`);
process.exitCode = wrong === 0 ? 0 : 1;
if (wrong === 0) {
  const folder = new URL("../zstd/", import.meta.url);
  writeFileSync(new URL("mutants.json", folder), `${JSON.stringify(goldens, null, 1)}\n`);
}
