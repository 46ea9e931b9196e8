/**
 * Packing benchmark: plans of N synthetic documents, on one core: best-fit decreasing at several row lengths, and concatenation beside it.
 *
 *   node dist/bench/pack.js [--documents 10000000] [--rounds 3] [--rows 4097,32769]
 *
 * Lengths are lognormal with median 550 tokens, as web text. Each variant runs in a process of its own, rounds interleaved, so that its peak
 * memory is its own; a figure is the median of the rounds. Limits of the project: 3 s and 1 GB for ten million documents.
 * Table on stderr, JSON on stdout; exit 1 where a plan loses a token.
 */
import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { planBestFit } from "../kernels/pack/best-fit.ts";
import { planConcat } from "../kernels/pack/concat.ts";
import { PackingMeter } from "../kernels/pack/figures.ts";
import { median } from "./support/figures.ts";
import { deviates } from "./support/lognormal.ts";

interface Result {
  readonly packer: string;
  readonly row_tokens: number;
  readonly documents: number;
  readonly tokens: number;
  /** Wall clock of the plan alone. */
  readonly plan_s: number;
  readonly cpu_s: number;
  /** Of the whole process: Node, the document ends, the plan. */
  readonly peak_rss_bytes: number;
  readonly fill_ratio: number;
  readonly cut_avoidable_ratio: number;
  readonly cut_unavoidable_ratio: number;
}

const MEDIAN_TOKENS = 550;
const SIGMA = 1.05;

/** Exclusive ends of documents with lognormal lengths; the same for the same count. */
function documentEnds(documents: number): Float64Array {
  const ends = new Float64Array(documents);
  const next = deviates();
  let end = 0;
  for (let i = 0; i < documents; i++) {
    end += Math.max(2, Math.round(MEDIAN_TOKENS * Math.exp(SIGMA * next())));
    ends[i] = end;
  }
  return ends;
}

/** One plan, in this process. */
function measure(packer: string, rowTokens: number, documents: number): Result {
  const ends = documentEnds(documents);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const plan =
    packer === "best-fit"
      ? planBestFit(ends, rowTokens, [1, 2], { max_documents: 0 })
      : planConcat(ends, rowTokens, [1, 2]);
  const plan_s = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peak_rss_bytes = process.resourceUsage().maxRSS * 1024;
  const meter = new PackingMeter(rowTokens);
  meter.add(plan, ends, 0, plan.windows);
  const figures = meter.figures();
  if (figures.tokens !== ends[documents - 1]) throw new Error(`${packer}: ${figures.tokens} tokens placed`);
  return {
    packer,
    row_tokens: rowTokens,
    documents,
    tokens: figures.tokens,
    plan_s,
    cpu_s: (user + system) / 1e6,
    peak_rss_bytes,
    fill_ratio: figures.fill_ratio,
    cut_avoidable_ratio: figures.documents_cut_avoidable / documents,
    cut_unavoidable_ratio: figures.documents_cut_unavoidable / documents,
  };
}

function main(): void {
  const { values } = parseArgs({
    options: {
      documents: { type: "string", default: "10000000" },
      rounds: { type: "string", default: "3" },
      rows: { type: "string", default: "4097,32769" },
      one: { type: "string" },
    },
  });
  const documents = Number(values.documents);
  if (values.one !== undefined) {
    const [packer, rowTokens] = values.one.split(":");
    process.stdout.write(JSON.stringify(measure(packer, Number(rowTokens), documents)));
    return;
  }
  const variants = values.rows.split(",").flatMap((row) => [`best-fit:${row}`, `concat:${row}`]);
  const runs = new Map(variants.map((variant) => [variant, [] as Result[]]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const variant of variants) {
      const script = fileURLToPath(import.meta.url);
      const output = execFileSync(process.execPath, [script, "--documents", values.documents, "--one", variant]);
      runs.get(variant)?.push(JSON.parse(output.toString()) as Result);
    }
  }
  const results = [...runs.values()].map((rounds) => ({
    ...rounds[0],
    plan_s: median(rounds.map((result) => result.plan_s)),
    cpu_s: median(rounds.map((result) => result.cpu_s)),
    peak_rss_bytes: median(rounds.map((result) => result.peak_rss_bytes)),
  }));
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  for (const result of results) {
    const fields = [
      result.packer.padEnd(9),
      `row ${result.row_tokens}`.padEnd(10),
      `${result.plan_s.toFixed(2)} s`,
      `${(result.peak_rss_bytes / 1e6).toFixed(0)} MB`,
      `fill ${(100 * result.fill_ratio).toFixed(4)} %`,
      `cut ${(100 * result.cut_avoidable_ratio).toFixed(1)} % needlessly, ${(100 * result.cut_unavoidable_ratio).toFixed(1)} % of need`,
    ];
    process.stderr.write(`${fields.join("  ")}\n`);
  }
}

main();
