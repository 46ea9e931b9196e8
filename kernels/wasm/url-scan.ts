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
/** A URL that is longer does not go in. */
const MAX_URL_BYTES = 8192;
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
  scan(count: number, stride: number): void;
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
  #length = 0;

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
    const shortest = Math.min(...parts.map(({ length }) => length));
    // Of that many grams in a row of the shortest part one is looked at; without parts none is ever met.
    this.#stride = parts.length === 0 ? GRAM : Math.max(0, shortest - GRAM + 1);
    const filter = new Uint8Array(buffer, this.#exports.partFilterAddress());
    for (const part of parts) {
      const letters = lettersOf(part);
      for (let at = 0; at < this.#stride; at++) setBit(filter, gramAt(letters, at));
    }
  }

  /** Whether a URL goes in; with `isFull` it must be the last one. */
  takes(start: number, end: number): boolean {
    return end - start <= MAX_URL_BYTES;
  }

  get isFull(): boolean {
    return this.count === this.#maxUrls || this.#length + MAX_URL_BYTES > this.text.length - 64;
  }

  /** Puts the URL `bytes[start, end)` in, one that it takes. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.starts[this.count] = this.#length;
    this.text.set(bytes.subarray(start, end), this.#length);
    this.#length += end - start;
    this.ends[this.count] = this.#length;
    this.count++;
  }

  scan(): void {
    this.#exports.scan(this.count, this.#stride);
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
