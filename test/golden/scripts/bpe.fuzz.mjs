/**
 * Compares ids with those of Python's `tokenizers` on many strings that are hard on added tokens and borders, or on the lines of files.
 *
 *   python -m venv venv && venv/bin/pip install tokenizers==0.23.2
 *   npm run build && node test/golden/scripts/bpe.fuzz.mjs --python venv/bin/python [--count 1000000] [--seed 1] [--lines FILE.jsonl]… [--plain] FILE…
 *
 * FILE is a tokenizer.json; `forms` stands for those of test/golden/bpe/forms.json. A line a file on standard output; stops at the first
 * string that differs, with exit code 1. Every string is encoded four times: special tokens as text and parsed, by both engines' own ways.
 * `--plain` encodes it once, special tokens as text, by the engine that runs use: for corpora of gigabytes.
 */
import { spawn } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const { Bitmap } = await import(`${ROOT}dist/batch/bitmap.js`);
const { Utf8Builder } = await import(`${ROOT}dist/batch/builder.js`);
const { loadTokenizer } = await import(`${ROOT}dist/io/tokenizer-files.js`);
const { ByteBpeEncoder } = await import(`${ROOT}dist/kernels/bpe/encoder.js`);
const { fuzzTexts, seeded } = await import(`${ROOT}dist/test/kernels/bpe/fuzz-text.js`);

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: "python3" },
    count: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    lines: { type: "string", multiple: true },
    plain: { type: "boolean", default: false },
  },
});
const BATCH = 5000;
const MODES = options.plain ? ["text"] : ["text", "parse"];
/** A batch of fuzz in so many is encoded by the TypeScript engine too. */
const TWIN_SHARE = 10;
const BLANKS = [" ", "  ", "   ", "        ", "\n", "\t", "\u3000", "\u00a0", "\r\n"];
const OTHERS = ["a", "B", "_", "1", "é", "e\u0301", "\u0301", "\u0338", "中", "か\u3099", "カ・カ", "\u3040", "🙂", "\u200d", "ⓐ", "<", "|", ">", "'s", ".", "½"];

/** Strings full of a tokenizer's added tokens, of what nearly is one, of blanks and of what may stick to them. */
function* hardTexts(contents, seed, count) {
  const below = seeded(seed);
  const pick = (list) => list[below(list.length)];
  const part = () => {
    const kind = below(8);
    if (contents.length > 0 && kind < 3) return pick(contents);
    if (contents.length > 0 && kind === 3) {
      const whole = [...pick(contents)];
      return below(2) === 0 ? whole.slice(0, below(whole.length + 1)).join("") : whole.slice(below(whole.length)).join("");
    }
    return pick(kind < 6 ? BLANKS : OTHERS);
  };
  for (let made = 0; made < count; ) {
    const size = Math.min(500, count - made);
    const plain = fuzzTexts(seed + made, size);
    for (const [i, text] of plain.entries()) {
      if (i % 2 === 0) yield text;
      else {
        let hard = "";
        for (let n = 1 + below(12); n > 0; n--) hard += below(6) === 0 ? text.slice(0, below(20)) : part();
        yield hard.toWellFormed?.() ?? Buffer.from(hard).toString();
      }
    }
    made += size;
  }
}

async function* linesOf(files) {
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.parse(line).text.toWellFormed();
  }
}

/** The reference: a list of texts to a list of ids for each mode. */
function reference(file) {
  const child = spawn(options.python, [join(ROOT, "test/golden/scripts/bpe.fuzz.py"), file, ...MODES], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const chunks = child.stdout[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  const read = async (size) => {
    const parts = [rest];
    let length = rest.length;
    while (length < size) {
      const { done, value } = await chunks.next();
      if (done) throw new Error("the reference ended");
      parts.push(value);
      length += value.length;
    }
    const all = Buffer.concat(parts);
    rest = all.subarray(size);
    return all.subarray(0, size);
  };
  return {
    async encode(texts) {
      child.stdin.write(`${JSON.stringify(texts)}\n`);
      const lists = [];
      for (let i = 0; i < MODES.length; i++) {
        const data = await read((await read(4)).readUInt32LE());
        lists.push(new Uint32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length)));
      }
      return lists;
    },
    end: () => child.stdin.end(),
  };
}

function compare(name, texts, column, encoder, special, expected) {
  const { values, offsets } = encoder.encodeDocuments(column, Bitmap.full(texts.length), 0, { special });
  let at = 0;
  for (let row = 0; row < texts.length; row++) {
    const count = expected[at++];
    let same = offsets[row + 1] - offsets[row] - 1 === count;
    for (let i = 0; same && i < count; i++) same = values[offsets[row] + i] === expected[at + i];
    if (!same) {
      const ours = [...values.subarray(offsets[row], offsets[row + 1] - 1)].slice(0, 200);
      const theirs = [...expected.subarray(at, at + count)].slice(0, 200);
      console.log(`${name}, special tokens ${special}: ${JSON.stringify(texts[row].slice(0, 1000))}\n  ${ours}\n  ${theirs}`);
      process.exit(1);
    }
    at += count;
  }
}

async function check(name, file) {
  const tokenizer = loadTokenizer(name, readFileSync(file));
  const twin = new ByteBpeEncoder(tokenizer.model);
  const oracle = reference(file);
  const contents = tokenizer.model.addedTokens.map((token) => token.content);
  const texts = options.lines ? linesOf(options.lines) : hardTexts(contents, Number(options.seed), Number(options.count));
  let [batch, strings, bytes, batches] = [[], 0, 0, 0];
  const flush = async () => {
    const builder = new Utf8Builder();
    for (const text of batch) builder.append(Buffer.from(text));
    const column = builder.finish();
    const expected = await oracle.encode(batch);
    const engines = batches++ % TWIN_SHARE === 0 && !options.plain ? [tokenizer.encoder, twin] : [tokenizer.encoder];
    for (const engine of engines) {
      for (const [i, mode] of MODES.entries()) compare(name, batch, column, engine, mode, expected[i]);
    }
    strings += batch.length;
    bytes += column.data.length;
    batch = [];
  };
  for await (const text of texts) {
    batch.push(text);
    if (batch.length === (options.lines ? 50 : BATCH)) await flush();
  }
  if (batch.length > 0) await flush();
  oracle.end();
  console.log(`${name}: ${strings} strings, ${bytes} bytes, the same ids`);
}

for (const file of files) {
  if (file !== "forms") {
    await check(file.split("/").slice(-3).join("/"), file);
    continue;
  }
  const { model, forms } = JSON.parse(readFileSync(join(ROOT, "test/golden/bpe/forms.json"), "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "forms-"));
  for (const [name, form] of Object.entries(forms)) {
    const path = join(folder, "tokenizer.json");
    writeFileSync(path, JSON.stringify({ ...form.file, model }));
    await check(name, path);
  }
}
