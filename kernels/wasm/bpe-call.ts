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
  setPairs(entries: number, bits: number, merged: number, ranks: number): void;
  setBytes(ids: number, wholeWords: number): void;
  setCharacters(positions: number, tokens: number, neighbours: number, links: number, all: number): void;
  setCuts(pairs: number): void;
  setSymbols(table: number): void;
  start(family: number, cacheBytes: number): void;
  textArea(): number;
  startsArea(): number;
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
/** Bytes between two pieces of the source that are copied with them. */
const MOST_BETWEEN = 64;
const BLANK = 0x20;

/** Takes ids: a view that the next call overwrites. A row ends behind them, or goes on. */
export type Take = (ids: Uint32Array, endsRow: boolean) => void;

/**
 * The module's memory with a model in it, and the buffer.
 *
 * Pieces of the source, which stays as it is until the buffer is emptied, are copied together when that happens: added tokens between two
 * are copied too, and passed over. Where lines are pieces, a call for each would cost more than encoding them.
 */
export class CallBuffer {
  readonly #exports: BpeExports;
  readonly #text: Uint8Array;
  readonly #starts: Int32Array;
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
  /** What of the source is not copied yet, and where it goes. */
  #source: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  #at = 0;

  constructor(exports: BpeExports, model: BpeModel, family: Family, cacheBytes: number) {
    this.#exports = exports;
    this.#load(model);
    if (family === "deepseek_v3") exports.setSymbols(this.#copy(symbolTable()));
    this.#exports.start(FAMILIES[family], cacheBytes);
    const { buffer } = this.#exports.memory;
    this.#text = new Uint8Array(buffer, this.#exports.textArea(), CALL_BYTES);
    this.#starts = new Int32Array(buffer, this.#exports.startsArea(), CALL_PARTS);
    this.#ends = new Int32Array(buffer, this.#exports.endsArea(), CALL_PARTS);
    this.#behind = new Int32Array(buffer, this.#exports.behindArea(), CALL_PARTS);
    this.#ids = new Uint32Array(buffer, this.#exports.idsArea(), CALL_BYTES + CALL_PARTS);
    this.#counts = new Int32Array(buffer, this.#exports.countsArea(), CALL_PARTS);
  }

  /** Names bytes that do not change until the next {@link run}, which empties the buffer. */
  setSource(bytes: Uint8Array): void {
    this.#source = bytes;
    this.#from = this.#to = this.#at = 0;
  }

  /** Adds `bytes[start, end)`, behind a blank where one is wanted, as a part; false where there is no room. */
  add(bytes: Uint8Array, start: number, end: number, blank = false): boolean {
    if (this.#parts === CALL_PARTS) return false;
    const first = this.#place(bytes, start, end, Number(blank));
    if (first === -1) return false;
    if (blank) this.#text[first] = BLANK;
    this.#starts[this.#parts] = first;
    this.#ends[this.#parts] = this.#length;
    this.#endsRow[this.#parts] = 0;
    this.#behind[this.#parts++] = NOTHING;
    this.#open = true;
    return true;
  }

  /** Gives `bytes[start, end)` a place, `room` bytes in front of it; returns where that begins, -1 where there is none. */
  #place(bytes: Uint8Array, start: number, end: number, room: number): number {
    const isSource = bytes === this.#source;
    const between = isSource && room === 0 && this.#at + this.#to - this.#from === this.#length ? start - this.#to : -1;
    const joins = between >= 0 && between <= MOST_BETWEEN && this.#to > this.#from;
    const first = this.#length + (joins ? between : 0);
    const to = first + room;
    const length = to + end - start;
    if (length > CALL_BYTES) return -1;
    this.#length = length;
    if (joins) {
      this.#to = end;
      return first;
    }
    if (isSource && end > start) {
      this.#copySource();
      this.#from = start;
      this.#to = end;
      this.#at = to;
    } else if (end - start >= SHORT_PIECE) this.#text.set(bytes.subarray(start, end), to);
    else for (let p = start; p < end; p++) this.#text[to + p - start] = bytes[p];
    return first;
  }

  #copySource(): void {
    if (this.#to > this.#from) this.#text.set(this.#source.subarray(this.#from, this.#to), this.#at);
    this.#from = this.#to;
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
    this.#copySource();
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
    const { entries, bits: tableBits, merged } = model.merges;
    exports.setPairs(this.#copy(entries), tableBits, this.#copy(merged), merged.length);
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
