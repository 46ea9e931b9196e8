/**
 * Near-duplicates of one cluster compared by their words: what a text costs, however many they are.
 *
 *   node dist/bench/holders.js [--texts 10000,100000,1000000] [--words 200]
 *
 * Texts share all words but the last, which each has for itself: the worst that a cluster can be, since every word of every text is looked up and none falls. Words are
 * numbers here, so that only the comparison is measured. CPU microseconds a text; a line for 100 million. JSON on stdout.
 */
import { parseArgs } from "node:util";
import { Holders } from "../kernels/dedup/holders.ts";

const { values: flags } = parseArgs({
  options: { texts: { type: "string", default: "10000,100000,1000000" }, words: { type: "string", default: "200" } },
});
const count = Number(flags.words);
const words = Int32Array.from({ length: 2 * count }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
let perText = 0;
const results = flags.texts
  .split(",")
  .map(Number)
  .map((texts) => {
    const holders = new Holders();
    const before = process.cpuUsage();
    let stayed = 0;
    for (let text = 0; text < texts; text++) {
      words[2 * count - 1] = Math.imul(text + 7, 0x85ebca6b);
      if (holders.find(words, count) >= 0) continue;
      stayed++;
      holders.add(words, count);
    }
    const { user, system } = process.cpuUsage(before);
    perText = (user + system) / texts;
    return { texts, stayed, cpu_s: (user + system) / 1e6, cpu_us_per_text: perText };
  });
const line = { texts: 1e8, cpu_hours: (perText * 1e8) / 3.6e9 };
process.stdout.write(`${JSON.stringify({ words: count, results, line }, null, 2)}\n`);
