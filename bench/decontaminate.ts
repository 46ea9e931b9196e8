/**
 * Decontamination on one core, in turns with a Python program.
 *
 *   node dist/bench/decontaminate.js [--items DIR] [--rule cover] [--data DIR] [NAME ...] [--megabytes 6] [--rounds 6]
 *
 * Items: evaluation files of DIR, the samples beside the repository by default. Texts: DIR/NAME.jsonl, all of them or those named; without --data the real samples. Figures are MB of text per second of
 * CPU time, the best of rounds, half of them before the peer and half behind it. The peer runs where SHARDMILL_PYTHON names a Python that has it: a script of open-r1's rule for `ngram`, else
 * datatrove; for `ngram` and `datatrove` it must find the same rows. JSON on stdout.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { batchOf, openRule, writeItems } from "./support/contamination-score.ts";
import { readEvaluationItems } from "./support/evaluation-items.ts";
import { cpuSeconds } from "./support/figures.ts";
import { fileAssets } from "./support/file-assets.ts";
import { PEER_PYTHON, runPeer } from "./support/peer.ts";
import { readFolder, readSamples } from "./support/texts.ts";

const assets = fileAssets();

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    items: { type: "string", default: "../shared/samples/eval" },
    rule: { type: "string", default: "cover" },
    data: { type: "string" },
    megabytes: { type: "string", default: "6" },
    rounds: { type: "string", default: "6" },
  },
});
const { rule } = values;
const maxBytes = Number(values.megabytes) * 1e6;
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const items = readEvaluationItems(values.items);
const folder = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
try {
  const started = cpuSeconds();
  const operator = await openRule(writeItems(folder, items), { rule }, assets);
  const results: Record<string, unknown> = { rule, items: items.length, open_cpu_s: cpuSeconds() - started };
  for (const [name, texts] of corpora) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    const batch = batchOf(texts);
    let rows: number[] = [];
    const fastest = (rounds: number): number => {
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < rounds; round++) {
        rows = [];
        // What is dropped stays alive here, so that every round sees all.
        const before = cpuSeconds();
        operator.apply(batch, (row) => rows.push(row));
        best = Math.min(best, cpuSeconds() - before);
      }
      return best;
    };
    const rounds = Math.ceil(Number(values.rounds) / 2);
    const first = fastest(rounds);
    const told = peer(texts);
    const mb_per_s = bytes / Math.min(first, fastest(rounds)) / 1e6;
    results[name] = {
      texts: texts.length,
      contaminated: rows.length,
      mb_per_s,
      ...(told && { peer_mb_per_s: told.mb_per_s, ratio: mb_per_s / told.mb_per_s }),
      ...(told && (rule === "ngram" || rule === "datatrove")
        ? { peer_finds_the_same: JSON.stringify(told.rows) === JSON.stringify(rows) }
        : {}),
    };
  }
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

interface PeerResult {
  readonly rows: readonly number[];
  readonly mb_per_s: number;
}

function peer(texts: readonly Buffer[]): PeerResult | undefined {
  if (PEER_PYTHON === undefined) return undefined;
  const strings = texts.map((text) => text.toString("utf8"));
  const suites = [...new Set(items.map(({ suite }) => suite))];
  const input =
    rule === "ngram"
      ? { benchmarks: suites.map((suite) => [path.join(folder, `${suite}.jsonl`), ["question"]]), ngram: 8 }
      : { items: items.map(({ question, answer }) => [question, answer]) };
  const script = rule === "ngram" ? "ngram_decontamination.py" : "datatrove_decontamination.py";
  return JSON.parse(runPeer(PEER_PYTHON, script, [], JSON.stringify({ ...input, texts: strings }))) as PeerResult;
}
