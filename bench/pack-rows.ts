/**
 * How full packed rows are: TRL's bfd, which packs batches of 1,000 rows, beside best-fit over all of them, on the same lengths.
 *
 *   node dist/bench/pack-rows.js [--rows 1000000] [--capacities 32768,65536]
 *
 * Lengths are lognormal with mean 1,200 tokens, as chats with reasoning have them; the longest are cut at the capacity in both. Table on stderr, JSON on
 * stdout; exit 1 where best-fit fills less than 0.999 of its rows or a packer loses a token.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import type { PackPlan } from "../kernels/pack/plan.ts";
import { NO_RESOURCES } from "../stages/define.ts";
import bestFit from "../stages/pack/best-fit.ts";
import bfd from "../stages/pack/bfd.ts";
import { deviates } from "./support/lognormal.ts";

const MEAN_TOKENS = 1200;
const SIGMA = 1.05;
const MIN_FILL = 0.999;

interface Result {
  readonly packer: string;
  readonly capacity: number;
  readonly rows: number;
  readonly packed_rows: number;
  readonly tokens: number;
  readonly fill_ratio: number;
  readonly seconds: number;
}

function lengthsOf(rows: number, capacity: number): Uint32Array {
  const next = deviates();
  const median = MEAN_TOKENS / Math.exp(SIGMA ** 2 / 2);
  return Uint32Array.from({ length: rows }, () => {
    return Math.min(capacity, Math.max(2, Math.round(median * Math.exp(SIGMA * next()))));
  });
}

function measure(packer: string, capacity: number, lengths: Uint32Array, pack: () => PackPlan | undefined): Result {
  const start = performance.now();
  const plan = pack();
  const seconds = (performance.now() - start) / 1000;
  if (plan === undefined) throw new Error(`${packer} packs no rows`);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const placed = plan.piece_length.reduce((sum, length) => sum + length, 0);
  if (placed !== tokens) throw new Error(`${packer} placed ${placed} of ${tokens} tokens`);
  const fill_ratio = tokens / (plan.windows * capacity);
  return { packer, capacity, rows: lengths.length, packed_rows: plan.windows, tokens, fill_ratio, seconds };
}

function main(): void {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "1000000" },
      capacities: { type: "string", default: "32768,65536" },
    },
  });
  const global = bestFit.create(bestFit.options.parse({}), NO_RESOURCES);
  const results = values.capacities.split(",").flatMap((text) => {
    const capacity = Number(text);
    const lengths = lengthsOf(Number(values.rows), capacity);
    const input = { lengths, capacity, seed: [1, 2] } as const;
    const ofTrl = [1, 12].map((num_proc) => {
      const operator = bfd.create(bfd.options.parse({ num_proc }), NO_RESOURCES);
      return measure(`bfd, ${num_proc} proc`, capacity, lengths, () => operator.rows?.(input));
    });
    return [...ofTrl, measure("best-fit", capacity, lengths, () => global.rows?.(input))];
  });
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  for (const { packer, capacity, packed_rows, fill_ratio, seconds } of results) {
    process.stderr.write(
      `${packer.padEnd(12)} ${String(capacity).padStart(6)}  ${packed_rows} rows  fill ${fill_ratio.toFixed(5)}  ${seconds.toFixed(2)} s\n`,
    );
  }
  if (results.some(({ packer, fill_ratio }) => packer === "best-fit" && fill_ratio < MIN_FILL)) process.exitCode = 1;
}

main();
