/** The part of the parity page about URLs: what datatrove's filter says with its own lists beside what ours says with the same. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { runPeer } from "../support/peer.ts";
import { joined, judgeUrls, manyUrls, openUrlJudge, peerReason, sampleUrls } from "../support/urls.ts";
import { type ParitySection, tableOf } from "./section.ts";

const NAMED = 20;
const DEFAULT_URLS = 100_000;
/** Of the list of URLs, lines that are looked at. */
const LISTED_URLS = 2000;

/** URLs with each word of the lists, as a word and as a part of one, two soft words after another, and lines of the list of URLs. */
function wordedUrls(lists: string): string[] {
  const linesOf = (name: string): string[] =>
    readFileSync(path.join(lists, name), "utf8")
      .split(/[\r\n]+/)
      .filter((line) => line !== "" && !line.startsWith("#"));
  const soft = linesOf("soft_banned_words.txt");
  const words = [...linesOf("banned_words.txt"), ...soft, ...linesOf("banned_subwords.txt")];
  return [
    ...words.flatMap((word, i) => [
      `http://a${i}.example.com/${word}/b.html`,
      `https://www.b${i}.co.uk/x${word}y?z=${word.toUpperCase()}`,
      `http://c${i}.de/${word.slice(0, 3)}-${word.slice(3)}`,
    ]),
    ...soft.map((word, i) => `http://d${i}.org/${word}-${soft[(i + 1) % soft.length]}/${word}`),
    ...linesOf("urls")
      .slice(0, LISTED_URLS)
      .flatMap((line) => [line, `http://${line}`]),
  ];
}

export const urls: ParitySection = {
  name: "urls",
  title: "URLs: datatrove 0.10.1",
  run: async (context) => {
    const lists = context.options["url-lists"];
    if (lists === undefined) throw new Error("name the folder of datatrove's lists of URLs: --url-lists DIR");
    const real = await sampleUrls(context.samples);
    const worded = wordedUrls(lists);
    const all = [...manyUrls(real, readFileSync(path.join(lists, "domains")), DEFAULT_URLS), ...worded];
    const { bytes, ends } = joined(all);
    const judged = judgeUrls(openUrlJudge(lists).judge, bytes, ends);
    const ours = all.map((_, url) => peerReason(judged.get(url)));
    context.say(`ours: ${all.length} URLs`);
    const folder = mkdtempSync(path.join(os.tmpdir(), "parity-"));
    try {
      const file = path.join(folder, "urls");
      writeFileSync(file, all.map((url) => `${url}\n`).join(""));
      const answer = runPeer(context.python, "url_filter_peer.py", [file, "1"]);
      const { reasons } = JSON.parse(answer) as { readonly reasons: readonly (string | null)[] };
      const by = new Map<string, { there: number; here: number }>();
      const apart: number[] = [];
      for (const [row, reason] of reasons.entries()) {
        const mine = ours[row] ?? null;
        const count = (name: string | null, side: "there" | "here") => {
          const counts = by.get(name ?? "kept") ?? { there: 0, here: 0 };
          counts[side]++;
          by.set(name ?? "kept", counts);
        };
        count(reason, "there");
        count(mine, "here");
        if (mine !== reason) apart.push(row);
      }
      if (reasons.length !== all.length) throw new Error(`datatrove judged ${reasons.length} of ${all.length} URLs`);
      const table = tableOf(
        ["reason of datatrove", "URLs there", "URLs here"],
        [...by].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { there, here }]) => [`\`${name}\``, there, here]),
      );
      const about =
        `${all.length} URLs: ${DEFAULT_URLS} made of ${real.length} of FineWeb's samples, each many times with another host, a tenth with a ` +
        `host of the list; and ${worded.length} with the words of the lists, as words, in pairs and as parts, or of the list of URLs. Lists are those ` +
        "that datatrove has by default.";
      const named = apart
        .slice(0, NAMED)
        .map((row) => `- ${all[row]}: ${reasons[row] ?? "kept"} there, ${ours[row] ?? "kept"} here`);
      const listed =
        apart.length === 0
          ? "Decisions and reasons are equal for every URL."
          : `${apart.length} differences:\n\n${named.join("\n")}`;
      return {
        text: `${table}\n\n${about} ${listed}`,
        holds: apart.length === 0,
        figures: { urls: all.length, differences: apart.length, reasons: Object.fromEntries(by) },
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
