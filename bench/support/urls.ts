/** URLs and lists for what is measured of the URL filter: datatrove's lists, opened as in a run, and URLs of which a tenth have a host of them. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { reserveMemory } from "../../io/asset-memory.ts";
import { AssetLibrary } from "../../io/assets.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import type { Assets } from "../../stages/define.ts";
import filterUrl, { UrlJudge } from "../../stages/filter/url.ts";
import { openUrlLists } from "../../stages/filter/url-lists.ts";

/** Our reasons -> datatrove's. */
const PEER_REASONS: Readonly<Record<string, string>> = {
  blocked_domain: "domain",
  blocked_host: "subdomain",
  blocked_url: "url",
  banned_word: "hard_blacklisted",
  soft_banned_words: "soft_blacklisted",
  banned_subword: "blacklisted_subword",
};

/** A reason as datatrove names it; null where the URL stays. */
export const peerReason = (reason: string | undefined): string | null =>
  reason === undefined ? null : (PEER_REASONS[reason] ?? null);

/** URLs of the FineWeb samples, in the folder of the samples. */
export async function sampleUrls(samples: string): Promise<string[]> {
  const folder = path.join(samples, "fineweb/sample-10BT-legal-annotated");
  const urls: string[] = [];
  for (const name of readdirSync(folder).toSorted()) {
    const file = new Uint8Array(readFileSync(path.join(folder, name))).buffer;
    for (const row of await parquetReadObjects({ file, columns: ["url"], compressors })) urls.push(String(row.url));
  }
  return urls;
}

/** `count` URLs, all different, none with a line end. */
export function manyUrls(real: readonly string[], domains: Uint8Array, count: number): string[] {
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

/** The filter with the lists of a folder: what datatrove unpacks, and its assets; and the memory that threads would share. */
export function openUrlJudge(folder: string): { readonly judge: UrlJudge; readonly shared_bytes: number } {
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
  return { judge: new UrlJudge(openUrlLists(options, assets), options), shared_bytes };
}

/** By URL, why it goes; nothing of those that stay. As the stage does: looked up together, as many as it takes at once. */
export function judgeUrls(judge: UrlJudge, bytes: Uint8Array, ends: readonly number[]): ReadonlyMap<number, string> {
  const reasons = new Map<number, string>();
  const startOf = (url: number): number => (url === 0 ? 0 : ends[url - 1]);
  for (let first = 0; first < ends.length; ) {
    let last = first;
    while (judge.meet(bytes, startOf(last), ends[last], true) && last + 1 < ends.length) last++;
    judge.lookUp();
    for (let url = first; url <= last; url++) {
      if (!judge.isSuspect(url - first)) continue;
      const reason = judge.judge(url - first, bytes, startOf(url), ends[url]);
      if (reason !== undefined) reasons.set(url, reason);
    }
    first = last + 1;
  }
  return reasons;
}

/** Values one behind another, and where each ends. */
export function joined(values: readonly string[]): { readonly bytes: Buffer; readonly ends: number[] } {
  const rows = values.map((value) => Buffer.from(value));
  const ends: number[] = [];
  for (const row of rows) ends.push((ends.at(-1) ?? 0) + row.length);
  return { bytes: Buffer.concat(rows), ends };
}
