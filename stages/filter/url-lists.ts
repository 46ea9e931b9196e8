/**
 * The block lists of a URL filter, opened when they are first needed.
 *
 * Files of domains, hosts and URLs stay as they are in memory that all threads share, with an index beside them; lists of words are small, and each thread
 * has its own. Throws DataError `data/url-list` for a file that is no plain text.
 */
import { DataError } from "../../batch/errors.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import { LineSet, MAX_LIST_BYTES } from "../../kernels/url/line-set.ts";
import { type UrlWordLists, UrlWords, wordOf } from "../../kernels/url/url-words.ts";
import type { AssetRef, Assets } from "../define.ts";

export interface UrlListOptions {
  readonly domains: readonly AssetRef[];
  readonly urls: readonly AssetRef[];
  readonly banned_words: readonly AssetRef[];
  readonly soft_banned_words: readonly AssetRef[];
  readonly banned_subwords: readonly AssetRef[];
}

/** Some files of lines, asked as one. */
export class LineSets {
  readonly #sets: readonly LineSet[];

  constructor(sets: readonly LineSet[]) {
    this.#sets = sets;
  }

  get isEmpty(): boolean {
    return this.#sets.length === 0;
  }

  /** See {@link LineSet.mark}. */
  mark(hashes: Uint32Array, count: number, marks: Uint8Array): void {
    for (const set of this.#sets) set.mark(hashes, count, marks);
  }

  /** See {@link LineSet.has}. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    for (const set of this.#sets) if (set.has(bytes, start, end)) return true;
    return false;
  }
}

export interface UrlLists {
  readonly domains: LineSets;
  readonly urls: LineSets;
  readonly words: UrlWords;
  readonly wordLists: UrlWordLists;
}

export function openUrlLists(options: UrlListOptions, assets: Assets): UrlLists {
  const domains = options.domains.map((file) => new LineSet(linesOf(file, assets)));
  const urls = options.urls.map((file) => new LineSet(linesOf(file, assets)));
  const all = [...domains, ...urls];
  if (all.length > 0) {
    const size = all.reduce((sum, { index_bytes }) => sum + index_bytes, 0);
    const memory = assets.tables(size, (buffer, progress) => {
      attachAll(all, buffer);
      for (const set of all) set.fill(progress);
    });
    attachAll(all, memory.buffer);
  }
  const wordLists: UrlWordLists = {
    banned: wordsOf(options.banned_words, assets),
    softBanned: wordsOf(options.soft_banned_words, assets),
    parts: wordsOf(options.banned_subwords, assets),
  };
  return { domains: new LineSets(domains), urls: new LineSets(urls), words: new UrlWords(wordLists), wordLists };
}

function attachAll(sets: readonly LineSet[], buffer: ArrayBufferLike): void {
  let offset = TABLES_START;
  for (const set of sets) {
    set.attach(buffer, offset);
    offset += set.index_bytes;
  }
}

/** Words of the lines of files; lines that begin with `#` are comments. */
function wordsOf(files: readonly AssetRef[], assets: Assets): readonly string[] {
  const words = new Set<string>();
  for (const file of files) {
    for (const line of Buffer.from(linesOf(file, assets))
      .toString("latin1")
      .split(/[\r\n]+/)) {
      if (!line.startsWith("#")) words.add(wordOf(line));
    }
  }
  words.delete("");
  return [...words];
}

/** First bytes of what is packed, and the byte that no text has. */
const PACKED: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a],
  [0x50, 0x4b, 0x03],
];
const LOOKED_AT_BYTES = 4096;

function linesOf(file: AssetRef, assets: Assets): Uint8Array {
  const bytes = assets.bytes(file);
  const name = assets.name(file);
  if (PACKED.some((magic) => magic.every((byte, i) => bytes[i] === byte)) || hasZero(bytes)) {
    throw new DataError({
      code: "data/url-list",
      what: `${name} is no plain text`,
      why: "a list is kept in memory as it is and looked up there, one entry a line",
      fix: "unpack it first, and name the unpacked file",
    });
  }
  if (bytes.length <= MAX_LIST_BYTES) return bytes;
  throw new DataError({
    code: "data/url-list",
    what: `${name} has ${bytes.length} bytes, and a list may have ${MAX_LIST_BYTES}`,
    fix: "split it and name both parts",
  });
}

function hasZero(bytes: Uint8Array): boolean {
  return bytes.subarray(0, LOOKED_AT_BYTES).includes(0);
}
