/**
 * The prefix filter in WebAssembly: the places {@link BytePairFilter} finds, or fewer, at many times its speed.
 *
 * Price: 160 KiB of the module's memory, and a copy of the text through it.
 */
import { PlaceList, type PrefixFilter } from "../bpe/prefix-filter.ts";

/** What `bpe.wasm` exports for it. */
export interface PrefixExports {
  readonly memory: WebAssembly.Memory;
  scanArea(): number;
  placesArea(): number;
  halvesArea(): number;
  setFirstBytes(a: number, b: number): void;
  findPlaces(length: number): number;
}

/** Text in one call, as `assembly/bpe/prefixes.ts` has it. */
const SCAN_BYTES = 1 << 15;
/** Bytes of a string that are looked at. */
const PREFIX_BYTES = 3;
const GROUPS = 8;

export class WasmPrefixFilter implements PrefixFilter {
  readonly #exports: PrefixExports;
  readonly #found = new PlaceList();
  readonly #text: Uint8Array;
  readonly #places: Int32Array;

  /** @param exports of a module whose memory grows no more */
  constructor(exports: PrefixExports, strings: readonly Uint8Array[]) {
    this.#exports = exports;
    this.#text = new Uint8Array(exports.memory.buffer, exports.scanArea(), SCAN_BYTES + PREFIX_BYTES);
    this.#places = new Int32Array(exports.memory.buffer, exports.placesArea(), SCAN_BYTES + 64);
    new Uint8Array(exports.memory.buffer, exports.halvesArea(), 32 * PREFIX_BYTES).set(halvesOf(strings));
    const firsts = [...new Set(strings.map(([first]) => first))];
    if (firsts.length <= 2) exports.setFirstBytes(firsts[0], firsts.at(-1) ?? 0);
  }

  find(bytes: Uint8Array, start: number, end: number): Int32Array {
    const found = this.#found;
    found.clear();
    for (let from = start; from < end; from += SCAN_BYTES) {
      const length = Math.min(SCAN_BYTES, end - from);
      this.#text.set(bytes.subarray(from, Math.min(end, from + length + PREFIX_BYTES - 1)));
      const count = this.#exports.findPlaces(length);
      for (let i = 0; i < count; i++) if (this.#places[i] < length) found.add(from + this.#places[i]);
    }
    return found.view;
  }
}

/** The tables of `assembly/bpe/prefixes.ts`: strings of the same first bytes are of one group. */
function halvesOf(strings: readonly Uint8Array[]): Uint8Array {
  const tables = new Uint8Array(32 * PREFIX_BYTES);
  const prefixes = new Map(strings.map((string) => [string.subarray(0, PREFIX_BYTES).join(), string]));
  for (const [i, string] of [...prefixes.values()].entries()) {
    const group = 1 << (i % GROUPS);
    for (let at = 0; at < PREFIX_BYTES; at++) {
      const byte = string[at];
      for (let half = 0; half < 16; half++) {
        // What is shorter takes any byte behind it.
        if (byte === undefined || (byte & 15) === half) tables[32 * at + half] |= group;
        if (byte === undefined || byte >> 4 === half) tables[32 * at + 16 + half] |= group;
      }
    }
  }
  return tables;
}
