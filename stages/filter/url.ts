/**
 * filter/url: rows whose URL is on a block list, or has words that are.
 *
 * Owns the order of the rules: registrable domain, host, URL, banned words, soft words, parts of words; the first that is broken names the verdict. Decisions
 * and reasons are those of datatrove's URL filter; where they depart is said in docs/filters.md. Price: half a microsecond a URL; a list of 4.5 million domains takes
 * its bytes and a third more, once for all threads.
 */
import { z } from "zod";
import { int32At, numberAt, uint8At, uint32At } from "../../batch/numbers.ts";
import { wasmModule } from "../../io/wasm.ts";
import { HostRange, withoutScheme } from "../../kernels/url/host.ts";
import { lineHash } from "../../kernels/url/line-set.ts";
import { RegistrableDomain } from "../../kernels/url/registrable-domain.ts";
import { WasmUrlScan } from "../../kernels/wasm/url-scan.ts";
import { type Cells, ColumnPath } from "../cells.ts";
import { assetPath, defineStage, filter } from "../define.ts";
import { openUrlLists, type UrlLists } from "./url-lists.ts";

const list = () => z.array(assetPath()).default([]);

const options = z
  .strictObject({
    column: z.string().min(1).default("url").describe("column of URLs, or a path into a column of JSON"),
    domains: list().describe(
      "files of one domain or host a line; a URL goes whose registrable domain, or whose whole host, is there",
    ),
    urls: list().describe("files of one URL a line"),
    ignore_scheme: z
      .boolean()
      .default(false)
      .describe("compare URLs with the lines of `urls` without their scheme, which lists such as UT1 leave out"),
    banned_words: list().describe(
      "files of one word a line: a URL that has one goes. Words are runs of ASCII letters and digits",
    ),
    soft_banned_words: list().describe("files of one word a line: a URL that has `min_soft_words` different ones goes"),
    min_soft_words: z.int().min(1).default(2).describe("different soft words that are too many"),
    banned_subwords: list().describe(
      "files of one word a line: a URL goes that has one anywhere, when all but letters and digits is taken out and capitals are made small",
    ),
    letter_case: z
      .enum(["exact", "ignore"])
      .default("exact")
      .describe(
        "`exact`: domains and words are compared letter by letter, so that `Sex` is not the word `sex`, as datatrove does; `ignore`: capitals of a URL's host and words count as small letters",
      ),
    missing: z
      .enum(["drop", "keep"])
      .default("drop")
      .describe("rows without a URL: `drop` or `keep` them; datatrove ends with an error"),
  })
  .refine((given) => LISTS.some((name) => given[name].length > 0), {
    error: "name at least one list: domains, urls, banned_words, soft_banned_words or banned_subwords",
  });
type Options = z.output<typeof options>;

const LISTS = ["domains", "urls", "banned_words", "soft_banned_words", "banned_subwords"] as const;

const REASONS = {
  no_url: "the row has no URL",
  blocked_domain: "the registrable domain of the URL is in domains",
  blocked_host: "the host of the URL is in domains",
  blocked_url: "the URL is in urls",
  banned_word: "the URL has a word of banned_words",
  soft_banned_words: "the URL has min_soft_words different words of soft_banned_words",
  banned_subword: "the letters and digits of the URL have a word of banned_subwords in them",
};
type Reason = keyof typeof REASONS;

function reasonsOf(given: Options): Partial<typeof REASONS> {
  const possible: Readonly<Record<Reason, boolean>> = {
    no_url: given.missing === "drop",
    blocked_domain: given.domains.length > 0,
    blocked_host: given.domains.length > 0,
    blocked_url: given.urls.length > 0,
    banned_word: given.banned_words.length > 0,
    soft_banned_words: given.soft_banned_words.length > 0,
    banned_subword: given.banned_subwords.length > 0,
  };
  return Object.fromEntries(Object.entries(REASONS).filter(([reason]) => possible[reason as Reason]));
}

/** URLs that are looked up together. */
const CHUNK = 256;

/** What a URL is suspected of: to be listed, it or its host, and to have listed words. */
const LISTED = 1;
const WORDS = 2;

/**
 * Judges URLs by the chunk: `meet` up to {@link CHUNK} of them, `lookUp` what is asked of all of them, then `judge` those of which `isSuspect` says that they may go, by their
 * number in the chunk.
 */
export class UrlJudge {
  /** Of the URL that was judged last: what was counted, and what the verdict was given for. */
  value: number | undefined;
  detail: string | undefined;
  readonly #lists: UrlLists;
  readonly #fold: boolean;
  readonly #ignoreScheme: boolean;
  readonly #minSoftWords: number;
  readonly #range = new HostRange();
  readonly #registrable = new RegistrableDomain();
  #name = Buffer.alloc(256);
  readonly #scan: WasmUrlScan | undefined;
  /** Of each URL that was met: the hashes of its registrable domain and of its host, and whether one of them may be listed. */
  readonly #hostHashes: Uint32Array;
  readonly #hostMarks = new Uint8Array(2 * CHUNK);
  /** The hash of all of it, and whether it may be listed. */
  readonly #urlHashes: Uint32Array;
  readonly #urlMarks = new Uint8Array(CHUNK);
  /** {@link LISTED} and {@link WORDS}. */
  readonly #suspects = new Uint8Array(CHUNK);
  /** Where its host begins, its registrable domain, and where both end, from its first byte on; -1 where that is not known. */
  readonly #places = new Int32Array(3 * CHUNK);
  #met = 0;
  /** URLs that are not in the scan, and three hashes of each. */
  readonly #outside: number[] = [];
  readonly #outsideHashes = new Uint32Array(3 * CHUNK);

  constructor(lists: UrlLists, given: Pick<Options, "letter_case" | "ignore_scheme" | "min_soft_words">) {
    this.#lists = lists;
    this.#fold = given.letter_case === "ignore";
    this.#ignoreScheme = given.ignore_scheme;
    this.#minSoftWords = given.min_soft_words;
    const module = wasmModule("url");
    this.#scan = module && new WasmUrlScan(module, lists.wordLists);
    // What the scan finds is looked up where it lies.
    this.#hostHashes = this.#scan?.hostHashes ?? new Uint32Array(2 * CHUNK);
    this.#urlHashes = this.#scan?.urlHashes ?? new Uint32Array(CHUNK);
  }

  /**
   * Takes note of the URL `bytes[start, end)`; whether there is room for another. `stays` says that it is of a column whose texts stand one behind the other and stay
   * until `lookUp`.
   */
  meet(bytes: Uint8Array, start: number, end: number, stays = false): boolean {
    const url = this.#met++;
    const scan = this.#scan;
    if (scan === undefined) this.#takeOutside(url, bytes, start, end);
    else if (!(stays ? scan.addOf(bytes, start, end) : scan.add(bytes, start, end))) {
      scan.addNone();
      this.#takeOutside(url, bytes, start, end);
    }
    return this.#met < CHUNK && scan?.isFull !== true;
  }

  lookUp(): void {
    const scan = this.#scan;
    const { domains, urls } = this.#lists;
    const met = this.#met;
    scan?.scan();
    if (scan !== undefined && !domains.isEmpty) {
      for (let url = 0; url < met; url++) {
        if (scan.hasOddHost(url)) this.#findHost(url, scan.text, uint32At(scan.starts, url), uint32At(scan.ends, url));
      }
    }
    for (const url of this.#outside) {
      for (let i = 0; i < 2; i++) this.#hostHashes[2 * url + i] = uint32At(this.#outsideHashes, 3 * url + i);
      this.#urlHashes[url] = uint32At(this.#outsideHashes, 3 * url + 2);
      this.#places[3 * url] = -1;
    }
    this.#hostMarks.fill(0);
    domains.mark(this.#hostHashes, 2 * met, this.#hostMarks);
    // Of a URL without its scheme there is no hash.
    this.#urlMarks.fill(this.#ignoreScheme && !urls.isEmpty ? 1 : 0);
    if (!this.#ignoreScheme) urls.mark(this.#urlHashes, met, this.#urlMarks);
    for (let url = 0; url < met; url++) {
      const isHost = uint8At(this.#hostMarks, 2 * url) | uint8At(this.#hostMarks, 2 * url + 1);
      this.#suspects[url] = ((isHost | uint8At(this.#urlMarks, url)) * LISTED) | (scan?.mayHaveWords(url) ? WORDS : 0);
    }
    for (const url of this.#outside) this.#suspects[url] = LISTED | WORDS;
    this.#outside.length = 0;
    this.#met = 0;
    scan?.reset();
  }

  /** Whether the URL of that number may go. */
  isSuspect(url: number): boolean {
    return uint8At(this.#suspects, url) !== 0;
  }

  /** Why the URL `bytes[start, end)`, which has that number, goes; undefined where it stays. */
  judge(url: number, bytes: Uint8Array, start: number, end: number): Reason | undefined {
    const { urls, words } = this.#lists;
    this.value = undefined;
    this.detail = undefined;
    if (uint8At(this.#hostMarks, 2 * url) === 1 || uint8At(this.#hostMarks, 2 * url + 1) === 1) {
      const reason = this.#judgeHost(url, bytes, start, end);
      if (reason !== undefined) return reason;
    }
    if (uint8At(this.#urlMarks, url) === 1) {
      const from = this.#ignoreScheme ? withoutScheme(bytes, start, end) : start;
      if (urls.has(bytes, from, end)) return "blocked_url";
    }
    if ((uint8At(this.#suspects, url) & WORDS) === 0) return undefined;
    words.look(bytes, start, end, this.#fold);
    if (words.banned !== undefined) {
      this.detail = words.banned;
      return "banned_word";
    }
    if (words.softBanned >= this.#minSoftWords) {
      this.value = words.softBanned;
      return "soft_banned_words";
    }
    this.detail = words.part;
    return words.part === undefined ? undefined : "banned_subword";
  }

  #takeOutside(url: number, bytes: Uint8Array, start: number, end: number): void {
    this.#outside.push(url);
    this.#findHost(url, bytes, start, end);
    this.#outsideHashes[3 * url] = uint32At(this.#hostHashes, 2 * url);
    this.#outsideHashes[3 * url + 1] = uint32At(this.#hostHashes, 2 * url + 1);
    this.#outsideHashes[3 * url + 2] = lineHash(bytes, start, end);
  }

  /** Finds a URL's registrable domain and host, and their hashes. */
  #findHost(url: number, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#hasDomain(bytes, start, end)) {
      this.#hostHashes.fill(0, 2 * url, 2 * url + 2);
      this.#places[3 * url] = -1;
      return;
    }
    const { host, hostStart, hostEnd, start: domain } = this.#registrable;
    this.#places[3 * url] = host === bytes ? hostStart - start : -1;
    this.#places[3 * url + 1] = domain - start;
    this.#places[3 * url + 2] = hostEnd - start;
    const hash = lineHash(host, domain, hostEnd);
    this.#hostHashes[2 * url] = hash;
    this.#hostHashes[2 * url + 1] = domain > hostStart ? lineHash(host, hostStart, hostEnd) : hash;
  }

  #hasDomain(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#lists.domains.isEmpty) return false;
    this.#range.find(bytes, start, end);
    return this.#registrable.find(bytes, this.#range, this.#fold);
  }

  /** As `#hasDomain`, of a URL that was met: what was found then is not looked for again. */
  #hasMetDomain(url: number, bytes: Uint8Array, start: number, end: number): boolean {
    const scan = this.#scan;
    if (scan?.hasOddHost(url) === false) {
      this.#registrable.set(bytes, start + scan.hostAt(url), start + scan.domainAt(url), start + scan.hostEnd(url));
      return true;
    }
    const host = int32At(this.#places, 3 * url);
    if (host < 0) return this.#hasDomain(bytes, start, end);
    const [domain, hostEnd] = [int32At(this.#places, 3 * url + 1), int32At(this.#places, 3 * url + 2)];
    this.#registrable.set(bytes, start + host, start + domain, start + hostEnd);
    return true;
  }

  #judgeHost(url: number, bytes: Uint8Array, start: number, end: number): Reason | undefined {
    if (!this.#hasMetDomain(url, bytes, start, end)) return undefined;
    const { host, hostStart, hostEnd, start: domain } = this.#registrable;
    const { domains } = this.#lists;
    const isDomain = domains.has(host, domain, hostEnd);
    if (!isDomain && !domains.has(host, hostStart, hostEnd)) return undefined;
    this.detail = this.#spelled(host, isDomain ? domain : hostStart, hostEnd);
    return isDomain ? "blocked_domain" : "blocked_host";
  }

  /** As text. A buffer that is there already costs less than one around each host. */
  #spelled(host: Uint8Array, start: number, end: number): string {
    if (this.#name.length < end - start) this.#name = Buffer.alloc(2 * (end - start));
    for (let at = start; at < end; at++) this.#name[at - start] = uint8At(host, at);
    return this.#name.toString("utf8", 0, end - start);
  }
}

export default defineStage({
  name: "filter/url",
  version: 1,
  kind: "filter",
  summary: "Drops rows whose URL is on a block list or has banned words",
  reference: "datatrove 0.10.1 URLFilter (RefinedWeb, Penedo et al. 2023)",
  options,
  tables: ({ domains, urls }) => ({ url_lists: { domains, urls } }),
  reads: ({ column }) => [column],
  writes: [],
  reasons: reasonsOf,
  create: (given, { assets }) => {
    const path = new ColumnPath(given.column);
    let judge: UrlJudge | undefined;
    return filter((batch, drop) => {
      judge ??= new UrlJudge(openUrlLists(given, assets), given);
      const opened = judge;
      const cells = path.of(batch);
      const stays = batch.column(given.column)?.kind === "utf8";
      const rows: number[] = [];
      const judgeRows = () => {
        opened.lookUp();
        for (let url = 0; url < rows.length; url++) {
          if (!opened.isSuspect(url)) continue;
          const row = numberAt(rows, url);
          cells.read(row);
          const reason = opened.judge(url, cells.bytes, cells.start, cells.end);
          if (reason !== undefined) drop(row, reason, opened.value, opened.detail);
        }
        rows.length = 0;
      };
      batch.alive.forEach((row) => {
        if (!hasUrl(cells, row)) {
          if (given.missing === "drop") drop(row, "no_url");
          return;
        }
        rows.push(row);
        if (!opened.meet(cells.bytes, cells.start, cells.end, stays)) judgeRows();
      });
      judgeRows();
    });
  },
  examples: [
    {
      columns: { url: "https://shop.blocked.com/offers" },
      options: { domains: ["data:,blocked.com"] },
      drops: "blocked_domain",
    },
    {
      columns: { url: "https://bad.nice.com/" },
      options: { domains: ["data:,bad.nice.com"] },
      drops: "blocked_host",
    },
    {
      columns: { url: "https://worse.bad.nice.com/" },
      options: { domains: ["data:,bad.nice.com"] },
      keeps: true,
    },
    {
      columns: { url: "https://a.com/free-casino/bonus" },
      options: { soft_banned_words: ["data:,casino%0Abonus"] },
      drops: "soft_banned_words",
    },
    { columns: { url: null }, options: { banned_words: ["data:,casino"] }, drops: "no_url" },
  ],
});

function hasUrl(cells: Cells, row: number): boolean {
  return cells.read(row) === "text" && cells.end > cells.start;
}
