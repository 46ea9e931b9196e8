/**
 * The memory of `bpe.wasm` with a model in it, and the buffer: many parts of texts that are encoded together.
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
export const CALL_BYTES = 1 << 17;
const CALL_PARTS = 1 << 12;
/** Numbers of the pre-tokenizers in the module. */
const FAMILIES: Readonly<Record<Family, number>> = {
  gpt2: 0,
  cl100k: 1,
  qwen: 2,
  o200k: 3,
  tekken: 4,
  deepseek_v3: 5,
  characters: 6,
};

/** What cuts words in the module: a known expression, or the cuts of a model of characters. */
export type Family = RegexFamily | "characters";

/** What `bpe.wasm` exports. */
export interface BpeExports extends PrefixExports {
  allocate(bytes: number): number;
  classesArea(): number;
  setVocabulary(bytes: number, offsets: number, findable: number, size: number): void;
  setPairs(entries: number, bits: number, merged: number): void;
  setBytes(ids: number, wholeWords: number): void;
  setCharacters(positions: number, tokens: number, neighbours: number, links: number, all: number): void;
  setCuts(pairs: number): void;
  setSymbols(table: number): void;
  start(family: number, cacheBytes: number): void;
  textArea(): number;
  endsArea(): number;
  behindArea(): number;
  idsArea(): number;
  countsArea(): number;
  encode(parts: number): void;
}

/** In the place of an id where none stands behind a part. */
export const NOTHING = -1;
/** Pieces shorter than this are copied byte by byte: a call costs more. */
const SHORT_PIECE = 64;
const BLANK = 0x20;

/** Takes ids: a view that the next call overwrites. A row ends behind them, or goes on. */
export type Take = (ids: Uint32Array, endsRow: boolean) => void;

/** The module's memory with a model in it, and the buffer. */
export class CallBuffer {
  readonly #exports: BpeExports;
  readonly #text: Uint8Array;
  readonly #ends: Int32Array;
  readonly #ids: Uint32Array;
  readonly #counts: Int32Array;
  readonly #behind: Int32Array;
  /** 1 for parts that end a row. */
  readonly #endsRow = new Uint8Array(CALL_PARTS);
  /** Whether nothing stands behind the last part so far. */
  #open = false;
  #parts = 0;
  #length = 0;

  constructor(exports: BpeExports, model: BpeModel, family: Family, cacheBytes: number) {
    this.#exports = exports;
    this.#load(model);
    if (family === "deepseek_v3") exports.setSymbols(this.#copy(symbolTable()));
    this.#exports.start(FAMILIES[family], cacheBytes);
    const { buffer } = this.#exports.memory;
    this.#text = new Uint8Array(buffer, this.#exports.textArea(), CALL_BYTES);
    this.#ends = new Int32Array(buffer, this.#exports.endsArea(), CALL_PARTS);
    this.#behind = new Int32Array(buffer, this.#exports.behindArea(), CALL_PARTS);
    this.#ids = new Uint32Array(buffer, this.#exports.idsArea(), CALL_BYTES + CALL_PARTS);
    this.#counts = new Int32Array(buffer, this.#exports.countsArea(), CALL_PARTS);
  }

  /** Adds `bytes[start, end)`, behind a blank where one is wanted, as a part; false where there is no room. */
  add(bytes: Uint8Array, start: number, end: number, blank = false): boolean {
    const text = this.#text;
    let to = this.#length + Number(blank);
    const length = to + end - start;
    if (length > CALL_BYTES || this.#parts === CALL_PARTS) return false;
    if (blank) text[to - 1] = BLANK;
    if (end - start >= SHORT_PIECE) text.set(bytes.subarray(start, end), to);
    else for (let p = start; p < end; p++) text[to++] = bytes[p];
    this.#ends[this.#parts] = length;
    this.#length = length;
    this.#endsRow[this.#parts] = 0;
    this.#behind[this.#parts++] = NOTHING;
    this.#open = true;
    return true;
  }

  /** Notes the id behind the part that was added last, or none, and whether that ends a row; false where there is no part that is open. */
  follow(id: number, endsRow: boolean): boolean {
    if (!this.#open) return false;
    this.#behind[this.#parts - 1] = id;
    this.#endsRow[this.#parts - 1] = Number(endsRow);
    this.#open = false;
    return true;
  }

  /** Empties the buffer: encodes its parts and hands their ids out in order. */
  run(take: Take): void {
    const parts = this.#parts;
    this.#parts = this.#length = 0;
    this.#open = false;
    this.#exports.encode(parts);
    let from = 0;
    for (let i = 0; i < parts; i++) {
      const endsRow = this.#endsRow[i] === 1;
      if (!endsRow && i + 1 < parts) continue;
      const to = this.#counts[i];
      take(this.#ids.subarray(from, to), endsRow);
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
      model.characters === undefined ? 0 : 1,
    );
    if (model.characters !== undefined) exports.setCuts(this.#copy(model.characters.cuts));
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
