/**
 * Compares the normalizer Precompiled with that of `tokenizers` on seeded texts of clusters and on the tests' hard strings.
 *
 *   node test/golden/scripts/bpe.precompiled-fuzz.mjs [CHARSMAP.base64 | - =the tests' own] [STRINGS=100000] [SEED=1]
 *
 * Build first, run from the repository root. `bpe.precompiled.py --nmt` writes the charsmap of T5 and XLM-R. Exits 1 at the first difference.
 */
import fs from "node:fs";
import { createRequire } from "node:module";

const { precompiled } = createRequire(`${process.cwd()}/package.json`)("tokenizers");
const own = (path) => import(`${process.cwd()}/dist/${path}`);
const { Charsmap } = await own("kernels/bpe/charsmap.js");
const { Precompiled } = await own("kernels/bpe/precompiled.js");
const { clusterTexts, countingCharsmap } = await own("test/kernels/bpe/cluster-texts.js");
const { fuzzTexts } = await own("test/kernels/bpe/fuzz-text.js");

const [file = "-", strings = "100000", seed = "1"] = process.argv.slice(2);
const maps =
  file === "-"
    ? [countingCharsmap(), Buffer.from(JSON.parse(fs.readFileSync("test/golden/bpe/precompiled.json", "utf8")).precompiled_charsmap, "base64")]
    : [Buffer.from(fs.readFileSync(file, "utf8").trim(), "base64")];
for (const bytes of maps) {
  const reference = precompiled([...bytes]);
  const normalizer = new Precompiled(new Charsmap(bytes));
  let changed = 0;
  for (const [i, text] of [...clusterTexts(Number(seed), Number(strings)), ...fuzzTexts(Number(seed), Number(strings))].entries()) {
    const source = Buffer.from(text);
    const normal = Buffer.from(normalizer.normalize(source, 0, source.length) ?? source).toString();
    const expected = reference.normalizeString(text);
    if (normal !== expected) {
      process.stderr.write(`string ${i} differs: ${JSON.stringify([text, normal, expected])}\n`);
      process.exit(1);
    }
    if (normal !== text) changed++;
  }
  process.stdout.write(`${2 * Number(strings)} strings, ${changed} of them changed, growth ${normalizer.growth}: no difference\n`);
}
