/**
 * What it costs to compare near-duplicates by their texts before they fall, beside the same rule in plain JavaScript on strings and Sets.
 *
 *   node dist/bench/elect.js --recipe FILE --data DIR --out DIR [--rounds 3] [--peer GROUP,GROUP] [--run-cpu-s N]
 *
 * The recipe, whose `dedup/minhash` has `verify: text`, has run into DIR and kept its intermediates: its elections are made again, which changes nothing.
 * Figures are CPU seconds of one thread by source, the best of rounds; `share` is of the CPU seconds of the whole run where `--run-cpu-s` says them. The peer decodes
 * the tokens of the same rows, splits strings and looks into Sets of 3-grams; it runs once, for the groups that are named, since it takes minutes. JSON on stdout.
 */
import { parseArgs } from "node:util";
import type { ElectTask } from "../workers/protocol.ts";
import { elect } from "../workers/tasks/elect/elect.ts";
import { candidatesOf, openElections } from "./support/election.ts";
import { cpuSeconds } from "./support/figures.ts";

const { values: flags } = parseArgs({
  options: {
    recipe: { type: "string" },
    data: { type: "string" },
    out: { type: "string", default: "." },
    rounds: { type: "string", default: "3" },
    peer: { type: "string", default: "" },
    "run-cpu-s": { type: "string" },
  },
});
if (flags.recipe === undefined || flags.data === undefined)
  throw new Error("--recipe FILE --data DIR --out DIR of a run");
const elections = await openElections(flags.recipe, flags.data, flags.out);

const results: Record<string, unknown> = {};
let total = 0;
for (const { name, tasks } of elections.groups) {
  const seconds: number[] = [];
  let counts: unknown;
  for (let round = 0; round < Number(flags.rounds); round++) {
    const before = cpuSeconds();
    for (const task of tasks) counts = elect(task, elections.context).counts;
    seconds.push(cpuSeconds() - before);
  }
  const own = Math.min(...seconds);
  total += own;
  const peer = flags.peer.split(",").includes(name) ? peerOf(tasks) : undefined;
  results[name] = { cpu_s: own, cold_cpu_s: seconds[0], counts, ...(peer && { peer, ratio: peer.cpu_s / own }) };
}
const whole = flags["run-cpu-s"] === undefined ? undefined : Number(flags["run-cpu-s"]);
const share = whole && { run_cpu_s: whole, share: total / whole };
process.stdout.write(`${JSON.stringify({ cpu_s: total, ...share, ...results }, null, 2)}\n`);

interface Said {
  readonly words: readonly string[];
  readonly known: ReadonlySet<string>;
  readonly grams: ReadonlySet<string>;
}

function saidBy(text: string): Said {
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean);
  return { words, known: new Set(words), grams: new Set(gramsOf(words)) };
}

function gramsOf(words: readonly string[]): string[] {
  return words.slice(2).map((_, i) => `${words[i]} ${words[i + 1]} ${words[i + 2]}`);
}

function holds(holder: Said, text: Said): boolean {
  if (text.words.length > holder.words.length || text.words.some((word) => !holder.known.has(word))) return false;
  let gap = 0;
  const grams = gramsOf(text.words);
  for (const gram of grams) {
    gap = holder.grams.has(gram) ? 0 : gap + 1;
    if (gap > 2) return false;
  }
  return 2 * text.grams.size >= grams.length || ` ${holder.words.join(" ")} `.includes(` ${text.words.join(" ")} `);
}

/** The same elections on strings. */
function peerOf(tasks: readonly ElectTask[]): { cpu_s: number; fallen: number; text_bytes: number } {
  const before = cpuSeconds();
  let fallen = 0;
  let bytes = 0;
  for (const task of tasks) {
    const { finder, clusters, textOf } = candidatesOf(elections, task);
    for (const documents of clusters) {
      const places = finder.find(documents);
      const rows = [...documents.keys()].filter((row) => places.isThere(row)).sort((a, b) => places.compare(a, b));
      const holders: Said[] = [];
      for (const row of rows) {
        const text = textOf(places.at(row));
        bytes += Buffer.byteLength(text);
        const said = saidBy(text);
        if (holders.some((holder) => holds(holder, said))) fallen++;
        else if (holders.length < 32) holders.push(said);
      }
    }
  }
  return { cpu_s: cpuSeconds() - before, fallen, text_bytes: bytes };
}
