/**
 * The memory of `bpe.wasm` with a model in it, and the window: many parts of texts that are encoded together.
 *
 * Memory: 7 MiB, the model (9 MB for 128,000 tokens) and the cache budget. Loading takes 40 to 100 ms.
 */
import { CLASSES } from "../bpe/char-class.ts";
import { characterTokens } from "../bpe/character-tokens.ts";
import { symbolTable } from "../bpe/deepseek-scanner.ts";
import type { RegexFamily } from "../bpe/known-regexes.ts";
import type { BpeModel } from "../bpe/model.ts";
import type { PrefixExports } from "./bpe-prefixes.ts";

/** Text and parts of documents in one call, as `assembly/bpe/limits.ts` has them: text and ids stay in the second cache level. */
export const WINDOW_BYTES = 1 << 17;
const WINDOW_PARTS = 1 << 12;
/** Numbers of the pre-tokenizers in the module. */
const FAMILIES: Readonly<Record<RegexFamily, number>> = {
  gpt2: 0,
  cl100k: 1,
  qwen: 2,
  o200k: 3,
  tekken: 4,
  deepseek_v3: 5,
};

/** What `bpe.wasm` exports. */
export interface BpeExports extends PrefixExports {
  allocate(bytes: number): number;
  classesArea(): number;
  setVocabulary(bytes: number, offsets: number, findable: number, size: number): void;
  setPairs(entries: number, bits: number, merged: number): void;
  setBytes(ids: number, wholeWords: number): void;
  setCharacters(positions: number, tokens: number, neighbours: number, links: number): void;
  setSymbols(table: number): void;
  start(family: number, cacheBytes: number): void;
  textArea(): number;
  endsArea(): number;
  idsArea(): number;
  countsArea(): number;
  encode(parts: number): void;
}

/** What stands behind a part of the window: the added token of that id, or one of these. */
export type Behind = number;
export const NOTHING = -1;
/** The end of a document, and of a row without document. */
export const END = -2;
export const END_OF_DEAD = -3;

/** Takes the ids of a part: a view that the next call overwrites. */
export type Take = (ids: Uint32Array, behind: Behind) => void;

/** The module's memory with a model in it, and the window. */
export class Window {
  readonly #exports: BpeExports;
  readonly #text: Uint8Array;
  readonly #ends: Int32Array;
  readonly #ids: Uint32Array;
  readonly #counts: Int32Array;
  readonly #behind = new Int32Array(WINDOW_PARTS);
  #parts = 0;
  #length = 0;

  constructor(exports: BpeExports, model: BpeModel, family: RegexFamily, cacheBytes: number) {
    this.#exports = exports;
    this.#load(model);
    if (family === "deepseek_v3") exports.setSymbols(this.#copy(symbolTable()));
    this.#exports.start(FAMILIES[family], cacheBytes);
    const { buffer } = this.#exports.memory;
    this.#text = new Uint8Array(buffer, this.#exports.textArea(), WINDOW_BYTES);
    this.#ends = new Int32Array(buffer, this.#exports.endsArea(), WINDOW_PARTS);
    this.#ids = new Uint32Array(buffer, this.#exports.idsArea(), WINDOW_BYTES);
    this.#counts = new Int32Array(buffer, this.#exports.countsArea(), WINDOW_PARTS);
  }

  /** Adds `bytes[start, end)` as a part; false where there is no room. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    const length = this.#length + end - start;
    if (length > WINDOW_BYTES || this.#parts === WINDOW_PARTS) return false;
    this.#text.set(bytes.subarray(start, end), this.#length);
    this.#ends[this.#parts] = length;
    this.#length = length;
    this.#behind[this.#parts++] = NOTHING;
    return true;
  }

  /** Notes what stands behind the part that was added last; false where that is said already, or there is none. */
  follow(behind: Behind): boolean {
    const last = this.#parts - 1;
    if (last < 0 || this.#behind[last] !== NOTHING) return false;
    this.#behind[last] = behind;
    return true;
  }

  /** Empties the window: encodes its parts and hands their ids out in order. */
  run(take: Take): void {
    const parts = this.#parts;
    this.#parts = this.#length = 0;
    this.#exports.encode(parts);
    let from = 0;
    for (let i = 0; i < parts; i++) {
      const to = this.#counts[i];
      take(this.#ids.subarray(from, to), this.#behind[i]);
      from = to;
    }
  }

  #load(model: BpeModel): void {
    const exports = this.#exports;
    const { bytes, offsets, findable, size } = model.vocabulary;
    const characters = characterTokens(model);
    new Uint8Array(exports.memory.buffer, exports.classesArea()).set(CLASSES);
    exports.setVocabulary(this.#copy(bytes), this.#copy(offsets), this.#copy(findable), size);
    exports.setPairs(this.#copy(model.merges.entries), model.merges.bits, this.#copy(model.merges.merged));
    exports.setBytes(this.#copy(model.byteIds), model.wholeWords ? 1 : 0);
    exports.setCharacters(
      this.#copy(characters.positions),
      this.#copy(characters.tokens),
      this.#copy(characters.neighbours),
      this.#copy(characters.links),
    );
  }

  /** Copies an array into new memory, with room for a load that runs past it; returns its address. */
  #copy(array: Readonly<Uint8Array> | Uint16Array | Int32Array): number {
    const at = this.#exports.allocate(array.byteLength + 32);
    new Uint8Array(this.#exports.memory.buffer, at).set(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
    return at;
  }
}
