/**
 * A fastText classifier on one core, beside fastText's own Python module.
 *
 *   node dist/bench/fasttext.js --model FILE [--data DIR] [NAME ...] [--megabytes 4] [--rounds 5] [--unfolded]
 *
 * Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples beside the repository. Each corpus is judged as documents of about 3,000 bytes and
 * as lines of about 100, by the best label. Figures are MB of text per second of CPU time, the best of rounds; in each round both sides take their turn. `cold`: with an
 * empty cache of words. The peer runs where SHARDMILL_PYTHON names a Python that has it. JSON on stdout.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Classifier } from "../kernels/fasttext/classifier.ts";
import { openFasttext } from "../stages/fasttext-model.ts";
import { cpuSeconds } from "./support/figures.ts";
import { fileAssets } from "./support/file-assets.ts";
import { PEER_PYTHON } from "./support/peer.ts";
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

/** Says how long the peer takes for a file. */
class Peer {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
  readonly #file = path.join(this.#folder, "texts");

  constructor(python: string, model: string) {
    this.#child = spawn(python, ["bench/peers/fasttext_peer.py", model], { stdio: ["pipe", "pipe", "ignore"] });
  }

  use(texts: readonly Buffer[]): void {
    writeFileSync(this.#file, Buffer.concat(texts.flatMap((text) => [text, Buffer.of(SEPARATOR)])));
  }

  async seconds(): Promise<number> {
    const { stdin, stdout } = this.#child;
    if (stdin === null || stdout === null) throw new Error("the peer has no pipes");
    const lines = createInterface({ input: stdout });
    stdin.write(`${this.#file}\n`);
    const [line] = (await once(lines, "line")) as [string];
    lines.close();
    return Number(line);
  }

  end(): void {
    this.#child.stdin?.end();
    rmSync(this.#folder, { recursive: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string" },
    data: { type: "string" },
    megabytes: { type: "string", default: "4" },
    rounds: { type: "string", default: "5" },
    unfolded: { type: "boolean", default: false },
  },
});
if (values.model === undefined) throw new Error("name a model: --model FILE");
const maxBytes = Number(values.megabytes) * 1e6;
const rounds = Number(values.rounds);
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const model = openFasttext(fileAssets(), { asset: values.model }, values.unfolded ? { foldBytes: Infinity } : {});
const peer = PEER_PYTHON === undefined ? undefined : new Peer(PEER_PYTHON, values.model);
const results: Record<string, unknown> = { model: path.basename(values.model), unfolded: values.unfolded };

/** CPU seconds for all texts. */
function seconds(classifier: Classifier, texts: readonly Buffer[]): number {
  const before = cpuSeconds();
  for (const text of texts) classifier.judge(text, 0, text.length);
  return cpuSeconds() - before;
}

for (const [name, corpus] of corpora) {
  const whole = Buffer.from(
    Buffer.concat(corpus.flatMap((text) => [text, Buffer.from(" ")])).filter((byte) => byte !== SEPARATOR),
  );
  for (const [kind, size] of Object.entries(SIZES)) {
    const texts = pieces(whole, size);
    peer?.use(texts);
    const best = { cold: Infinity, warm: Infinity, peer: Infinity };
    seconds(model.classifier({ newlines: "space" }), texts);
    for (let round = 0; round < rounds; round++) {
      const classifier = model.classifier({ newlines: "space" });
      best.cold = Math.min(best.cold, seconds(classifier, texts));
      best.warm = Math.min(best.warm, seconds(classifier, texts));
      if (peer !== undefined) best.peer = Math.min(best.peer, await peer.seconds());
    }
    const speed = (time: number): number => Number((whole.length / time / 1e6).toFixed(2));
    results[`${name}, ${kind}`] = {
      texts: texts.length,
      mb_per_s: speed(best.warm),
      cold_mb_per_s: speed(best.cold),
      ...(peer && {
        peer_mb_per_s: speed(best.peer),
        ratio: Number((best.peer / best.warm).toFixed(1)),
        cold_ratio: Number((best.peer / best.cold).toFixed(1)),
      }),
    };
  }
}
peer?.end();
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
