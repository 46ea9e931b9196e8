/**
 * A fastText classifier on one core, beside fastText's own Python module.
 *
 *   node dist/bench/fasttext.js --model FILE [--data DIR] [NAME ...] [--megabytes 4] [--rounds 5]
 *
 * Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples beside the repository. Each corpus is judged as documents of about 3,000 bytes and
 * as lines of about 100, by the best label. Figures are MB of text per second of CPU time, the best of rounds; `cold` is the first round, with an empty cache of
 * words. The peer runs where SHARDMILL_PYTHON names a Python that has it. JSON on stdout.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { AssetLibrary } from "../io/assets.ts";
import type { Assets } from "../stages/define.ts";
import { openFasttext } from "../stages/fasttext-model.ts";
import { readFolder, readSamples } from "./support/texts.ts";

const SIZES = { documents: 3000, lines: 100 };
/** Between records of a file for the peer: in no text. */
const SEPARATOR = 1;

/** `text` in pieces of about `size` bytes that end at characters. */
function pieces(text: Buffer, size: number): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + size);
    while (end < text.length && (text[end] & 0xc0) === 0x80) end++;
    out.push(text.subarray(at, end));
    at = end;
  }
  return out;
}

/** The model's file, and tables that nobody shares. */
function assetsOf(file: string): Assets {
  const library = new AssetLibrary();
  return {
    bytes: () => readFileSync(file),
    name: () => path.basename(file),
    tables: (size_bytes, fill) => library.tables("bench", "bench", size_bytes, fill),
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function peerSpeed(model: string, texts: readonly Buffer[]): number | undefined {
  const python = process.env.SHARDMILL_PYTHON;
  if (python === undefined) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
  try {
    const file = path.join(folder, "texts");
    writeFileSync(file, Buffer.concat(texts.flatMap((text) => [text, Buffer.of(SEPARATOR)])));
    const { stdout } = spawnSync(python, ["bench/peers/fasttext_peer.py", model, file], { encoding: "utf8" });
    return Number(stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string" },
    data: { type: "string" },
    megabytes: { type: "string", default: "4" },
    rounds: { type: "string", default: "5" },
  },
});
if (values.model === undefined) throw new Error("name a model: --model FILE");
const maxBytes = Number(values.megabytes) * 1e6;
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const results: Record<string, unknown> = { model: path.basename(values.model) };
for (const [name, corpus] of corpora) {
  const whole = Buffer.from(
    Buffer.concat(corpus.flatMap((text) => [text, Buffer.from(" ")])).filter((byte) => byte !== SEPARATOR),
  );
  for (const [kind, size] of Object.entries(SIZES)) {
    const texts = pieces(whole, size);
    const { classifier } = openFasttext(assetsOf(values.model), { asset: values.model }, "space");
    const speeds: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const before = cpuSeconds();
      for (const text of texts) classifier.predict(text, 0, text.length, 1, 0);
      speeds.push(whole.length / (cpuSeconds() - before) / 1e6);
    }
    const [cold] = speeds;
    const figures = { texts: texts.length, mb_per_s: Math.max(...speeds), cold_mb_per_s: cold };
    results[`${name}, ${kind}`] = { ...figures, peer_mb_per_s: peerSpeed(values.model, texts) };
  }
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
