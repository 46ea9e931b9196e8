/**
 * The URL filter on one core with lists of datatrove's size, beside datatrove's own.
 *
 *   node dist/bench/url-filter.js --lists DIR [--urls 100000] [--rounds 5]
 *
 * DIR has `domains`, `urls`, `banned_words.txt`, `soft_banned_words.txt` and `banned_subwords.txt`: what datatrove unpacks, and its assets. URLs are those of the
 * FineWeb samples beside the repository, each many times with another host; a tenth have a host of the list. The peer runs where SHARDMILL_PYTHON names a Python
 * that has it, between two halves of the rounds, and must say the same of every URL. Figures are microseconds of CPU time a URL, the best of rounds. JSON on stdout.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { cpuSeconds } from "./support/figures.ts";
import { PEER_PYTHON, runPeer } from "./support/peer.ts";
import { joined, judgeUrls, manyUrls, openUrlJudge, peerReason, sampleUrls } from "./support/urls.ts";

const { values } = parseArgs({
  options: {
    lists: { type: "string" },
    urls: { type: "string", default: "100000" },
    rounds: { type: "string", default: "6" },
  },
});
if (values.lists === undefined) throw new Error("name the folder of the lists: --lists DIR");
const folder = values.lists;
const real = await sampleUrls("../shared/samples");
const urls = manyUrls(real, readFileSync(path.join(folder, "domains")), Number(values.urls));
const { bytes, ends } = joined(urls);
const before = cpuSeconds();
const { judge, shared_bytes } = openUrlJudge(folder);
const open_cpu_s = cpuSeconds() - before;
const rounds = Number(values.rounds);
const half = Math.ceil(rounds / 2);
const first = judged(half);
const peer = peerFigures(half);
const second = judged(rounds - half);
const microseconds_per_url = (1e6 * Math.min(first.seconds, second.seconds)) / urls.length;
const differences = peer?.reasons.filter((said, i) => said !== peerReason(first.reasons.get(i))).length;
const { reasons, ...peerNumbers } = peer ?? {};
process.stdout.write(
  `${JSON.stringify(
    {
      urls: urls.length,
      dropped: first.reasons.size,
      open_cpu_s,
      shared_mb: shared_bytes / 1e6,
      microseconds_per_url,
      ...(peer && { peer: peerNumbers, ratio: peer.microseconds_per_url / microseconds_per_url, differences }),
    },
    null,
    2,
  )}\n`,
);

function judged(times: number): { seconds: number; reasons: ReadonlyMap<number, string> } {
  let seconds = Number.POSITIVE_INFINITY;
  let reasons: ReadonlyMap<number, string> = new Map();
  for (let round = 0; round < times; round++) {
    const start = cpuSeconds();
    reasons = judgeUrls(judge, bytes, ends);
    seconds = Math.min(seconds, cpuSeconds() - start);
  }
  return { seconds, reasons };
}

interface PeerFigures {
  readonly open_cpu_s: number;
  readonly microseconds_per_url: number;
  readonly peak_mb: number;
  readonly reasons: readonly (string | null)[];
}

function peerFigures(times: number): PeerFigures | undefined {
  if (PEER_PYTHON === undefined) return undefined;
  const scratch = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
  try {
    const file = path.join(scratch, "urls");
    writeFileSync(file, urls.map((url) => `${url}\n`).join(""));
    return JSON.parse(runPeer(PEER_PYTHON, "url_filter_peer.py", [file, String(times)])) as PeerFigures;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
