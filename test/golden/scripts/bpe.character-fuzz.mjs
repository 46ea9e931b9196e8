/**
 * Compares ids of both engines with those of `tokenizers` on seeded strings: its own and the tests' hard pieces, tokens of the vocabulary, runs of
 * characters, whole and cut.
 *
 *   node test/golden/scripts/bpe.character-fuzz.mjs FILE.json [STRINGS=1000000] [SEED=1] [--text FILE.jsonl ...]
 *
 * Build first, run from the repository root. With --text it compares the documents of those files instead. Exits 1 at the first difference.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import readline from "node:readline";

const require = createRequire(`${process.cwd()}/package.json`);
const { Tokenizer } = require("tokenizers");
const own = (path) => import(`${process.cwd()}/dist/${path}`);
const { loadTokenizer } = await own("kernels/bpe/tokenizer.js");
const { ByteBpeEncoder } = await own("kernels/bpe/encoder.js");
const { WasmBpeEncoder } = await own("kernels/wasm/bpe.js");
const { wasmModule } = await own("io/wasm.js");
const { fuzzTexts, seeded } = await own("test/kernels/bpe/fuzz-text.js");

const [file, ...rest] = process.argv.slice(2);
const texts = rest.includes("--text") ? rest.splice(rest.indexOf("--text")).slice(1) : [];
const strings = Number(rest[0] ?? 1_000_000);
const seed = Number(rest[1] ?? 1);
const json = fs.readFileSync(file, "utf8");
const { model } = loadTokenizer(Buffer.from(json), { name: file });
const reference = Tokenizer.fromString(json);
const engines = [new ByteBpeEncoder(model, 1 << 20), new WasmBpeEncoder(wasmModule("bpe"), model, 1 << 20)];
const utf8 = new TextEncoder();
let compared = 0;
let bytesCompared = 0;

function idsOf(engine, bytes) {
  const out = new Uint32Array(engine.maxTokens(bytes.length));
  return out.subarray(0, engine.encode(bytes, 0, bytes.length, out, 0, { special: "parse" }));
}

async function compare(text) {
  const bytes = utf8.encode(text);
  const expected = (await reference.encode(text, null, { addSpecialTokens: false })).getIds();
  for (const engine of engines) {
    const ids = idsOf(engine, bytes);
    if (ids.length === expected.length && ids.every((id, i) => id === expected[i])) continue;
    const at = ids.findIndex((id, i) => id !== expected[i]);
    process.stderr.write(`${engine.constructor.name} differs at token ${at}: ${ids.slice(at, at + 8)} for ${expected.slice(at, at + 8)}\n`);
    process.stderr.write(`${JSON.stringify(text.slice(0, 2000))}\n`);
    process.exit(1);
  }
  compared++;
  bytesCompared += bytes.length;
}

/** A string of vocabulary tokens, of pieces of them, of runs, and of any characters. */
function* vocabularyTexts(count) {
  const below = seeded(seed + 77);
  const vocab = JSON.parse(json).model.vocab;
  const tokens = (Array.isArray(vocab) ? vocab.map(([token]) => token) : Object.keys(vocab)).map((token) => token.replaceAll("\u2581", " "));
  const piece = () => {
    const token = tokens[below(tokens.length)];
    switch (below(9)) {
      case 0: return token.slice(below(token.length));
      case 1: return token.slice(0, 1 + below(token.length));
      case 2: return " ";
      case 3: return [" ", "\n", "\u2581", token.slice(0, 1), "-", "0"][below(6)].repeat(1 + below(40));
      case 4: return String.fromCodePoint([below(128), below(0x3000), 0x4e00 + below(0x5200), 0x1f300 + below(0x700), below(0xd800), 0x10000 + below(0x30000)][below(6)]);
      default: return token;
    }
  };
  for (let i = 0; i < count; i++) {
    let text = "";
    for (let parts = 1 + below(12); parts > 0; parts--) text += piece();
    yield text.toWellFormed();
  }
}

const started = Date.now();
for (const path of texts) {
  for await (const line of readline.createInterface({ input: fs.createReadStream(path) })) {
    if (line !== "") await compare(JSON.parse(line).text.toWellFormed());
  }
}
if (texts.length === 0) {
  for (const text of fuzzTexts(seed, Math.floor(strings / 2))) await compare(text.toWellFormed());
  for (const text of vocabularyTexts(Math.ceil(strings / 2))) await compare(text);
}
process.stdout.write(`${file}: ${compared} texts, ${(bytesCompared / 1e6).toFixed(1)} MB, both engines identical, ${Math.round((Date.now() - started) / 1000)} s\n`);
