/**
 * What is asked of every byte of many URLs, in WebAssembly: the host of assembly/url/url-scan.ts.
 *
 * Invariant: it only says what cannot be: a URL that has no listed word or part is mostly told so, and domains and hashes are those of kernels/url/registrable-domain.ts and
 * {@link lineHash}. What it leaves open is asked of kernels/url. Memory: 2 MB.
 */
import { lineHash } from "../url/line-set.ts";
import { ALONE, WITH_OTHERS } from "../url/suffixes.gen.ts";
import type { UrlWordLists } from "../url/url-words.ts";

const MAYBE_LISTED = 3;
const ODD_HOST = 4;
const DOMAIN_SHIFT = 8;
const END_SHIFT = 16;
const HOST_SHIFT = 24;
/** Letters by which words and parts are told apart. */
const GRAM = 4;
/** Letters at the beginning of a part that are looked at together. */
const MAX_HEAD = 8;
/** Where there are no parts, or only long ones, the shortest is taken for as long as this. */
const MAX_PART = 64;
/** Kinds of names in the table of suffixes. */
const KINDS = { alone: 1, with_others: 2, only_others: 3, two_labels: 4 } as const;
const SUFFIX_WORDS = 4;
const MAX_SUFFIX = 8;
/** Of a filter, which has a bit for 16 bits of a hash. */
const FILTER_BYTES = 1 << 13;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  textAddress(): number;
  maxText(): number;
  maxUrls(): number;
  maxUrl(): number;
  startsAddress(): number;
  endsAddress(): number;
  flagsAddress(): number;
  hostHashesAddress(): number;
  urlHashesAddress(): number;
  wordFilterAddress(): number;
  partFilterAddress(): number;
  headFilterAddress(): number;
  pairFilterAddress(): number;
  suffixesAddress(): number;
  suffixSlots(): number;
  scan(count: number, stride: number, head: number): void;
}

export class WasmUrlScan {
  /** URLs back to back, as they came. */
  readonly text: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Two of each URL: of its registrable domain and of its host. */
  readonly hostHashes: Uint32Array;
  readonly urlHashes: Uint32Array;
  count = 0;
  readonly #exports: Exports;
  readonly #flags: Uint32Array;
  readonly #maxUrls: number;
  readonly #maxUrl: number;
  readonly #stride: number;
  readonly #head: number;
  #length = 0;
  /** Where the URLs stand that are copied at once, and where the first one begins there. */
  #column: Uint8Array | undefined;
  #first = 0;

  constructor(module: WebAssembly.Module, { banned, softBanned, parts }: UrlWordLists) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    const wasm = this.#exports;
    wasm._start();
    const { buffer } = wasm.memory;
    this.#maxUrls = wasm.maxUrls();
    this.#maxUrl = wasm.maxUrl();
    this.text = new Uint8Array(buffer, wasm.textAddress(), wasm.maxText());
    this.starts = new Uint32Array(buffer, wasm.startsAddress(), this.#maxUrls);
    this.ends = new Uint32Array(buffer, wasm.endsAddress(), this.#maxUrls);
    this.#flags = new Uint32Array(buffer, wasm.flagsAddress(), this.#maxUrls);
    this.hostHashes = new Uint32Array(buffer, wasm.hostHashesAddress(), 2 * this.#maxUrls);
    this.urlHashes = new Uint32Array(buffer, wasm.urlHashesAddress(), this.#maxUrls);
    const words = new Uint8Array(buffer, wasm.wordFilterAddress());
    for (const word of [...banned, ...softBanned]) {
      setBit(words, mixed(gramAt(Buffer.from(`${word}\0\0\0`), 0) ^ Math.imul(word.length, 0x85ebca6b)));
    }
    const shortest = Math.min(MAX_PART, ...parts.map(({ length }) => length));
    // Of that many grams in a row of the shortest part one is looked at; without parts none is ever met.
    this.#stride = parts.length === 0 ? GRAM : Math.max(0, shortest - GRAM + 1);
    this.#head = Math.min(shortest, MAX_HEAD);
    const filter = new Uint8Array(buffer, wasm.partFilterAddress());
    const heads = new Uint8Array(buffer, wasm.headFilterAddress());
    for (const part of parts) {
      const letters = Buffer.from(part);
      const head = Buffer.alloc(MAX_HEAD);
      head.set(letters.subarray(0, this.#head));
      setBit(heads, mixed(gramAt(head, 0) ^ Math.imul(gramAt(head, GRAM), 0xc2b2ae35)));
      for (let at = 0; at < this.#stride; at++) setBit(filter, mixed(gramAt(letters, at)));
    }
    const { table, pairs } = suffixes(wasm.suffixSlots());
    new Uint32Array(buffer, wasm.suffixesAddress(), table.length).set(table);
    new Uint8Array(buffer, wasm.pairFilterAddress(), pairs.length).set(pairs);
  }

  /** Whether another one may have no room. */
  get isFull(): boolean {
    return this.count === this.#maxUrls || this.#length + this.#maxUrl > this.text.length;
  }

  /** Puts the URL `bytes[start, end)` in, which may be overwritten then. False where it is too long. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > this.#maxUrl) return false;
    this.text.set(bytes.subarray(start, end), this.#length);
    this.#take(this.#length, this.#length + end - start);
    return true;
  }

  /**
   * Puts in a URL of a column of URLs that stand one behind the other and stay there until `scan`: they are copied together. False where it is too long, or this one stands
   * elsewhere, so that it cannot go in with the others.
   */
  addOf(column: Uint8Array, start: number, end: number): boolean {
    if (this.#length === 0) {
      this.#column = column;
      this.#first = start;
    }
    const at = start - this.#first;
    const isFar = column !== this.#column || at < this.#length || at + this.#maxUrl > this.text.length;
    if (isFar || end - start > this.#maxUrl) return false;
    this.#take(at, at + end - start);
    return true;
  }

  /** Takes the number of one that does not go in: it has an odd host and nothing else. */
  addNone(): void {
    this.#take(this.#length, this.#length);
  }

  #take(start: number, end: number): void {
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.#length = end;
    this.count++;
  }

  scan(): void {
    if (this.#column !== undefined) {
      this.text.set(this.#column.subarray(this.#first, this.#first + this.#length));
      this.#column = undefined;
    }
    this.#exports.scan(this.count, this.#stride, this.#head);
  }

  reset(): void {
    this.count = 0;
    this.#length = 0;
  }

  mayHaveWords(url: number): boolean {
    return (this.#flags[url] & MAYBE_LISTED) !== 0;
  }

  /** Whether the host is none that it knows how to read. */
  hasOddHost(url: number): boolean {
    return (this.#flags[url] & ODD_HOST) !== 0;
  }

  /** Of a URL whose host is none such: where its host begins, from its first byte on, its registrable domain, and where both end. */
  hostAt(url: number): number {
    return this.#flags[url] >>> HOST_SHIFT;
  }

  domainAt(url: number): number {
    return (this.#flags[url] >>> DOMAIN_SHIFT) & 0xff;
  }

  hostEnd(url: number): number {
    return (this.#flags[url] >>> END_SHIFT) & 0xff;
  }
}

/** What the scan knows of suffixes: its table, and the filter of the last two labels of those that have several. */
interface Suffixes {
  readonly table: Uint32Array;
  readonly pairs: Uint8Array;
}

/** Made once a thread. */
let made: Suffixes | undefined;

function suffixes(slots: number): Suffixes {
  made ??= makeSuffixes(slots);
  return made;
}

function makeSuffixes(slots: number): Suffixes {
  const table = new Uint32Array(SUFFIX_WORDS * slots);
  const pairs = new Uint8Array(FILTER_BYTES);
  const add = (name: string, kind: number): void => {
    if (name.length > MAX_SUFFIX) return;
    const bytes = Buffer.alloc(MAX_SUFFIX);
    bytes.write(name, "latin1");
    const low = gramAt(bytes, 0);
    const high = gramAt(bytes, GRAM);
    let slot = Math.imul(low ^ Math.imul(high, 0xc2b2ae35), 0x9e3779b1) >>> (32 - Math.log2(slots));
    while (table[SUFFIX_WORDS * slot] !== 0) slot = (slot + 1) & (slots - 1);
    table.set([low, high, kind], SUFFIX_WORDS * slot);
  };
  for (const name of ALONE.split(" ")) add(name, KINDS.alone);
  for (const [first = "", ...labels] of WITH_OTHERS.map((each) => each.split(" "))) {
    const name = first.replace("*", "");
    add(name, first === name ? KINDS.with_others : KINDS.only_others);
    for (const each of labels) {
      const label = each.replace("*", "");
      const pair = Buffer.from(`${label}.${name}`);
      setBit(pairs, lineHash(pair, 0, pair.length));
      if (each === label) add(`${label}.${name}`, KINDS.two_labels);
    }
  }
  return { table, pairs };
}

/** Four bytes, the first in the low byte. */
function gramAt(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at);
}

function mixed(gram: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> 0;
}

/** Sets the bit that the high half of a hash names. */
function setBit(filter: Uint8Array, hash: number): void {
  const at = hash >>> 16;
  filter[at >> 3] |= 1 << (at & 7);
}
