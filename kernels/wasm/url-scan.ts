/**
 * What is asked of every byte of many URLs, in WebAssembly: the host of assembly/url/url-scan.ts.
 *
 * Invariant: it only says what cannot be: a URL that has no listed word or part is mostly told so, and the hashes are those of {@link lineHash}. What it leaves open is asked of kernels/url. Memory: 2 MB.
 */
import { lettersOf, type UrlWordLists } from "../url/url-words.ts";

const MAYBE_LISTED = 3;
const ODD_HOST = 4;
/** Letters by which words and parts are told apart. */
const GRAM = 4;
/** Letters at the beginning of a part that are looked at together. */
const MAX_HEAD = 8;
/** A URL that is longer does not go in. */
const MAX_URL_BYTES = 8192;
/** Where there are no parts, or only long ones, the shortest is taken for as long as this. */
const MAX_PART = 64;
/** Room that is left behind the last one. */
const SLACK_BYTES = 64;
/** Words of a URL's result. */
const RESULT_WORDS = 4;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Initialises the module: before anything else, once. */
  _start(): void;
  textAddress(): number;
  maxText(): number;
  maxUrls(): number;
  startsAddress(): number;
  endsAddress(): number;
  resultsAddress(): number;
  wordFilterAddress(): number;
  partFilterAddress(): number;
  headFilterAddress(): number;
  scan(count: number, stride: number, head: number): void;
}

export class WasmUrlScan {
  /** URLs back to back, as they came. */
  readonly text: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  count = 0;
  readonly #exports: Exports;
  readonly #results: Uint32Array;
  readonly #maxUrls: number;
  readonly #stride: number;
  readonly #head: number;
  #length = 0;
  /** Where the URLs stand that are copied at once, and where the first one begins there. */
  #column: Uint8Array | undefined;
  #first = 0;

  constructor(module: WebAssembly.Module, { banned, softBanned, parts }: UrlWordLists) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#exports._start();
    const { buffer } = this.#exports.memory;
    this.#maxUrls = this.#exports.maxUrls();
    this.text = new Uint8Array(buffer, this.#exports.textAddress(), this.#exports.maxText());
    this.starts = new Uint32Array(buffer, this.#exports.startsAddress(), this.#maxUrls);
    this.ends = new Uint32Array(buffer, this.#exports.endsAddress(), this.#maxUrls);
    this.#results = new Uint32Array(buffer, this.#exports.resultsAddress(), RESULT_WORDS * this.#maxUrls);
    const words = new Uint8Array(buffer, this.#exports.wordFilterAddress());
    for (const word of [...banned, ...softBanned]) {
      const letters = [...lettersOf(word), 0, 0, 0];
      setBit(words, gramAt(letters, 0) ^ Math.imul(word.length, 0x85ebca6b));
    }
    const shortest = Math.min(MAX_PART, ...parts.map(({ length }) => length));
    // Of that many grams in a row of the shortest part one is looked at; without parts none is ever met.
    this.#stride = parts.length === 0 ? GRAM : Math.max(0, shortest - GRAM + 1);
    this.#head = Math.min(shortest, MAX_HEAD);
    const filter = new Uint8Array(buffer, this.#exports.partFilterAddress());
    const heads = new Uint8Array(buffer, this.#exports.headFilterAddress());
    for (const part of parts) {
      const letters = lettersOf(part);
      const head = [...letters.slice(0, this.#head), 0, 0, 0, 0, 0, 0, 0, 0];
      setBit(heads, gramAt(head, 0) ^ Math.imul(gramAt(head, GRAM), 0xc2b2ae35));
      for (let at = 0; at < this.#stride; at++) setBit(filter, gramAt(letters, at));
    }
  }

  /** Whether a URL goes in. */
  takes(start: number, end: number): boolean {
    return end - start <= MAX_URL_BYTES;
  }

  /** Whether another one may have no room. */
  get isFull(): boolean {
    return this.count === this.#maxUrls || this.#length + MAX_URL_BYTES > this.text.length - SLACK_BYTES;
  }

  /** Puts the URL `bytes[start, end)` in, one that it takes. It may be overwritten then. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.starts[this.count] = this.#length;
    this.text.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
    this.ends[this.count] = this.#length;
    this.count++;
  }

  /**
   * Puts in a URL of a column of URLs that stand one behind the other and stay there until `scan`: they are copied together. False where this one stands
   * elsewhere, so that it cannot go in with the others.
   */
  addOf(column: Uint8Array, start: number, end: number): boolean {
    if (this.count === 0) {
      this.#column = column;
      this.#first = start;
    }
    const at = start - this.#first;
    if (column !== this.#column || at < this.#length || at + MAX_URL_BYTES > this.text.length - SLACK_BYTES)
      return false;
    this.#length = at + end - start;
    this.starts[this.count] = at;
    this.ends[this.count] = this.#length;
    this.count++;
    return true;
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
    return (this.#results[RESULT_WORDS * url] & MAYBE_LISTED) !== 0;
  }

  /** Whether the host is none that it knows how to read. */
  hasOddHost(url: number): boolean {
    return (this.#results[RESULT_WORDS * url] & ODD_HOST) !== 0;
  }

  domainHash(url: number): number {
    return this.#results[RESULT_WORDS * url + 1];
  }

  hostHash(url: number): number {
    return this.#results[RESULT_WORDS * url + 2];
  }

  urlHash(url: number): number {
    return this.#results[RESULT_WORDS * url + 3];
  }
}

/** Four letters, the first in the low byte. */
function gramAt(letters: readonly number[], at: number): number {
  return letters[at] | (letters[at + 1] << 8) | (letters[at + 2] << 16) | (letters[at + 3] << 24);
}

function setBit(filter: Uint8Array, gram: number): void {
  const at = Math.imul(gram, 0x9e3779b1) >>> 16;
  filter[at >> 3] |= 1 << (at & 7);
}
