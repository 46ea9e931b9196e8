/**
 * The URL filter on one core with lists of datatrove's size, beside datatrove's own.
 *
 *   node dist/bench/url-filter.js --lists DIR [--urls 100000] [--rounds 5]
 *
 * DIR has `domains`, `urls`, `banned_words.txt`, `soft_banned_words.txt` and `banned_subwords.txt`: what datatrove unpacks, and its assets. URLs are those of the
 * FineWeb samples beside the repository, each many times with another host; a tenth have a host of the list. The peer runs where SHARDMILL_PYTHON names a Python
 * that has it, between two halves of the rounds, and must say the same of every URL. Figures are microseconds of CPU time a URL, the best of rounds. JSON on stdout.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { reserveMemory } from "../io/asset-memory.ts";
import { AssetLibrary } from "../io/assets.ts";
import { TABLES_START } from "../io/shared-tables.ts";
import type { Assets } from "../stages/define.ts";
import filterUrl, { UrlJudge } from "../stages/filter/url.ts";
import { openUrlLists } from "../stages/filter/url-lists.ts";

const SAMPLES = "../shared/samples/fineweb/sample-10BT-legal-annotated";
/** datatrove's names of reasons. */
const PEER_REASONS: Readonly<Record<string, string>> = {
  blocked_domain: "domain",
  blocked_host: "subdomain",
  blocked_url: "url",
  banned_word: "hard_blacklisted",
  soft_banned_words: "soft_blacklisted",
  banned_subword: "blacklisted_subword",
};

async function sampleUrls(): Promise<string[]> {
  const urls: string[] = [];
  for (const name of readdirSync(SAMPLES).toSorted()) {
    const file = new Uint8Array(readFileSync(path.join(SAMPLES, name))).buffer;
    for (const row of await parquetReadObjects({ file, columns: ["url"], compressors })) urls.push(String(row.url));
  }
  return urls;
}

/** `count` URLs, all different, none with a line end. */
function manyUrls(real: readonly string[], domains: Uint8Array, count: number): string[] {
  const listed = Buffer.from(domains);
  return Array.from({ length: count }, (_, i) => {
    const [, scheme = "http://", host = "a.com", rest = "/"] =
      /^(\w+:\/\/)?([^/]*)(.*)$/.exec(real[i % real.length]) ?? [];
    if (i % 10 !== 0) return i < real.length ? `${scheme}${host}${rest}` : `${scheme}${i}-${host}${rest}`;
    const at = listed.indexOf("\n", Math.floor((listed.length / count) * i)) + 1;
    const end = listed.indexOf("\n", at);
    return `${scheme}${listed.toString("utf8", at, end < 0 ? undefined : end).trim()}${rest}`;
  });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const { values } = parseArgs({
  options: {
    lists: { type: "string" },
    urls: { type: "string", default: "100000" },
    rounds: { type: "string", default: "6" },
  },
});
if (values.lists === undefined) throw new Error("name the folder of the lists: --lists DIR");
const folder = values.lists;
const library = new AssetLibrary();
let shared_bytes = 0;
const assets: Assets = {
  // As in a run: in memory that threads could share.
  bytes: ({ asset }) => {
    const { size } = statSync(asset);
    const bytes = new Uint8Array(reserveMemory(asset, size).bytes);
    bytes.set(readFileSync(asset));
    shared_bytes += size;
    return bytes;
  },
  name: ({ asset }) => path.basename(asset),
  tables: (size_bytes, fill) => {
    shared_bytes += TABLES_START + size_bytes;
    return library.tables("bench", "bench", size_bytes, fill);
  },
};
const options = filterUrl.options.parse({
  domains: [path.join(folder, "domains")],
  urls: [path.join(folder, "urls")],
  banned_words: [path.join(folder, "banned_words.txt")],
  soft_banned_words: [path.join(folder, "soft_banned_words.txt")],
  banned_subwords: [path.join(folder, "banned_subwords.txt")],
});
const urls = manyUrls(await sampleUrls(), readFileSync(path.join(folder, "domains")), Number(values.urls));
const rows = urls.map((url) => Buffer.from(url));
const bytes = Buffer.concat(rows);
const ends: number[] = [];
for (const row of rows) ends.push((ends.at(-1) ?? 0) + row.length);
const before = cpuSeconds();
const judge = new UrlJudge(openUrlLists(options, assets), options);
const open_cpu_s = cpuSeconds() - before;
const rounds = Number(values.rounds);
const half = Math.ceil(rounds / 2);
const first = judged(half);
const peer = peerFigures(half);
const second = judged(rounds - half);
const microseconds_per_url = (1e6 * Math.min(first.seconds, second.seconds)) / urls.length;
const differences = peer?.reasons.filter((said, i) => said !== (PEER_REASONS[first.reasons[i] ?? ""] ?? null)).length;
const { reasons, ...peerNumbers } = peer ?? {};
process.stdout.write(
  `${JSON.stringify(
    {
      urls: urls.length,
      dropped: first.reasons.filter((reason) => reason !== undefined).length,
      open_cpu_s,
      shared_mb: shared_bytes / 1e6,
      microseconds_per_url,
      ...(peer && { peer: peerNumbers, ratio: peer.microseconds_per_url / microseconds_per_url, differences }),
    },
    null,
    2,
  )}\n`,
);

function judged(times: number): { seconds: number; reasons: (string | undefined)[] } {
  let seconds = Number.POSITIVE_INFINITY;
  let reasons: (string | undefined)[] = [];
  for (let round = 0; round < times; round++) {
    reasons = [];
    const start = cpuSeconds();
    for (let first = 0; first < ends.length; ) {
      let last = first;
      while (judge.meet(bytes, last === 0 ? 0 : ends[last - 1], ends[last], true) && last + 1 < ends.length) last++;
      judge.lookUp();
      for (; first <= last; first++) reasons.push(judge.judge(bytes, first === 0 ? 0 : ends[first - 1], ends[first]));
    }
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
  const python = process.env.SHARDMILL_PYTHON;
  if (python === undefined) return undefined;
  const scratch = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
  try {
    const file = path.join(scratch, "urls");
    writeFileSync(file, urls.map((url) => `${url}\n`).join(""));
    const { stdout } = spawnSync(python, ["bench/peers/url_filter_peer.py", file, String(times)], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return JSON.parse(stdout) as PeerFigures;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
