/**
 * Unicode repair and PII on one core, beside datatrove's formatters with ftfy, in turns.
 *
 *   node dist/bench/text-repair.js [--data DIR] [NAME ...] [--megabytes 4] [--rounds 5]
 *
 * Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples beside the repository. Figures are
 * MB of text per second of CPU time: medians of rounds, after one that warms up; a ratio is the median of the rounds'
 * ratios. The peer runs where SHARDMILL_PYTHON names a Python that has it, once a round, and what both make of every
 * document is compared: `different` counts those on which they disagree. JSON on stdout.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Batch, TARGET_BATCH_BYTES } from "../batch/batch.ts";
import { Utf8Builder } from "../batch/builder.ts";
import { type Utf8Column, utf8String } from "../batch/column.ts";
import { release } from "../batch/memory.ts";
import { NO_RESOURCES, type RewriteOperator, type StageDefinition } from "../stages/define.ts";
import pii from "../stages/rewrite/pii.ts";
import unicodeRepair from "../stages/rewrite/unicode-repair.ts";
import { cpuSeconds, median } from "./support/figures.ts";
import { PEER_PYTHON, runPeer } from "./support/peer.ts";
import { readFolder, readSamples } from "./support/texts.ts";

/** The peer's replacements, one of each kind. */
const ONE_OF_EACH = { email_replacements: ["email@example.com"], ipv4_replacements: ["22.214.171.124"] };
/** Passes over the texts a round: a few milliseconds say nothing. */
const PASSES = 10;

interface Seconds {
  readonly repair: number;
  readonly pii: number;
}

function operatorOf(stage: StageDefinition, options: object): RewriteOperator {
  const operator = stage.create(stage.options.parse(options), NO_RESOURCES);
  if (operator.kind !== "rewrite") throw new Error(`${stage.name} is no rewrite`);
  return operator;
}

function columnsOf(texts: readonly Buffer[]): Utf8Column[] {
  const columns: Utf8Column[] = [];
  let builder = new Utf8Builder();
  for (const [i, text] of texts.entries()) {
    builder.append(text);
    if (builder.byteLength < TARGET_BATCH_BYTES && i + 1 < texts.length) continue;
    columns.push(builder.finish());
    builder = new Utf8Builder();
  }
  return columns;
}

function batchOf(column: Utf8Column): Batch {
  const rows = column.offsets.length - 1;
  const columns = [["text", column]] as const;
  return new Batch({ source: "bench", shards: new Int32Array(rows), rowsInShard: new Int32Array(rows), columns });
}

/** Texts in, texts out, and what that took. */
class Pipeline {
  readonly #repair = operatorOf(unicodeRepair, {});
  readonly #pii = operatorOf(pii, ONE_OF_EACH);

  round(columns: readonly Utf8Column[]): Seconds {
    const seconds = { repair: 0, pii: 0 };
    for (let pass = 0; pass < PASSES; pass++) {
      for (const column of columns) {
        const start = cpuSeconds();
        const repaired = this.#repair.apply(batchOf(column));
        const between = cpuSeconds();
        const made = this.#pii.apply(batchOf(repaired));
        seconds.repair += (between - start) / PASSES;
        seconds.pii += (cpuSeconds() - between) / PASSES;
        for (const each of new Set([repaired, made])) if (each !== column) release(each.data);
      }
    }
    return seconds;
  }

  texts(columns: readonly Utf8Column[]): string[] {
    return columns.flatMap((column) => {
      const made = this.#pii.apply(batchOf(this.#repair.apply(batchOf(column))));
      return Array.from({ length: made.offsets.length - 1 }, (_, row) => utf8String(made, row));
    });
  }
}

interface PeerResult {
  readonly seconds: Seconds;
  readonly texts: readonly string[];
}

function peerRound(texts: readonly Buffer[]): PeerResult | undefined {
  if (PEER_PYTHON === undefined) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
  try {
    const [input, output] = [path.join(folder, "texts.json"), path.join(folder, "result.json")];
    writeFileSync(input, JSON.stringify(texts.map(String)));
    runPeer(PEER_PYTHON, "datatrove_formatters.py", [input, output]);
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const total = ({ repair, pii: data }: Seconds) => repair + data;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    megabytes: { type: "string", default: "4" },
    rounds: { type: "string", default: "5" },
  },
});
const maxBytes = Number(values.megabytes) * 1e6;
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const results: Record<string, unknown> = {};
for (const [name, texts] of corpora) {
  const columns = columnsOf(texts);
  const megabytes = texts.reduce((sum, { length }) => sum + length, 0) / 1e6;
  const pipeline = new Pipeline();
  const own: Seconds[] = [];
  const peer: Seconds[] = [];
  let different: number | undefined;
  pipeline.round(columns);
  for (let round = 0; round < Number(values.rounds); round++) {
    own.push(pipeline.round(columns));
    const result = peerRound(texts);
    if (result === undefined) continue;
    peer.push(result.seconds);
    const made = pipeline.texts(columns);
    different = made.filter((text, i) => text !== result.texts[i]).length;
  }
  const speed = (of: (seconds: Seconds) => number, list: readonly Seconds[]) =>
    median(list.map((seconds) => megabytes / of(seconds)));
  const speeds = (list: readonly Seconds[]) => ({
    repair: speed(({ repair }) => repair, list),
    pii: speed(({ pii: data }) => data, list),
    both: speed(total, list),
  });
  results[name] = {
    documents: texts.length,
    megabytes,
    mb_per_s: speeds(own),
    ...(peer.length > 0 && {
      peer_mb_per_s: speeds(peer),
      ratio: median(peer.map((seconds, i) => total(seconds) / total(own[i]))),
      different,
    }),
  };
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
