/**
 * Text to token ids: cut into words, look each word up, find the tokens of the unknown ones.
 *
 * Owns the interface every encoder has, and its implementation in plain TypeScript, which is the oracle of faster ones.
 * Invariant: ids depend on the text alone, never on what was encoded before. Added tokens that are not special are always found; special ones
 * only where they are asked for, else text that spells one is text. Malformed UTF-8 is encoded byte by byte and comes back from decoding unchanged.
 */

import type { Bitmap } from "../../batch/bitmap.ts";
import type { RangeListColumn, TokenListColumn, Utf8Column } from "../../batch/column.ts";
import { type AddedToken, type SpecialTokens, specialPlaces } from "./added-tokens.ts";
import { CharacterPreTokenizer } from "./character-pre-tokenizer.ts";
import { CharacterSymbols } from "./character-symbols.ts";
import { Merger } from "./merger.ts";
import type { BpeModel } from "./model.ts";
import { type Pieces, Pipeline } from "./pipeline.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { createPreTokenizer } from "./pre-tokenizers.ts";
import { TokenRows } from "./token-rows.ts";
import { Unigram } from "./unigram.ts";
import { hashShort, ID_BITS, ID_MASK, LONG_BYTES, SHORT_BYTES, WordCache } from "./word-cache.ts";

export interface EncodeOptions {
  /** What special tokens in text are; `text` unless told otherwise. */
  readonly special?: SpecialTokens;
  /** How many special tokens were parsed is added here, row by row; a text alone is row 0. */
  readonly parsed?: Int32Array;
  /** By row, the bytes of the text in which special tokens are text although they are parsed elsewhere. */
  readonly literals?: RangeListColumn | undefined;
}

export interface DocumentOptions extends EncodeOptions {
  /** The id that every document begins with; none unless told so. */
  readonly bos?: number | undefined;
}

export interface Encoder {
  /** One more than the largest id there is, added tokens included. */
  readonly vocabSize: number;
  /** Upper bound of the ids `byteLength` bytes can become: what `out` must have room for. */
  maxTokens(byteLength: number): number;
  /** Writes the ids of `bytes[start, end)`, one document, to `out` from `at` on; returns how many. */
  encode(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number, options?: EncodeOptions): number;
  /** The ids of every living row of `texts`, each with `eos` behind them and `bos` before them where they are given; dead rows have none. */
  encodeDocuments(
    texts: Utf8Column,
    alive: Bitmap,
    eos: number | undefined,
    options?: DocumentOptions,
  ): TokenListColumn;
}

/**
 * Memory a word cache may grow to unless told otherwise: the words of 200 MB of mixed text fit. Of the WebAssembly encoder's steady speed
 * on such text 48 MiB cost 5 to 12 %, 32 MiB 11 to 17 %, and more than 64 MiB bring nothing.
 */
export const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;

/** Words cut at a time: long enough to amortise the call, short enough to stay in the first cache level. */
const WORDS = 256;
/** Bytes a token holds in ordinary text: sizes the first allocation of a column, nothing else. */
const BYTES_PER_TOKEN = 3;
/** Masks that keep the first `length` bytes of a sixteen-byte key: word `w` of length `l` is at `l * 4 + w`. */
const KEY_MASKS = Int32Array.from({ length: 4 * (SHORT_BYTES + 1) }, (_, i) => {
  const bytes = (i >> 2) - (i & 3) * 4;
  return bytes >= 4 ? -1 : bytes <= 0 ? 0 : (1 << (bytes * 8)) - 1;
});

/** The encoder in plain TypeScript. One per thread: it keeps a word cache. */
export class ByteBpeEncoder implements Encoder {
  readonly vocabSize: number;
  readonly #model: BpeModel;
  readonly #words: PreTokenizer;
  readonly #merger: Merger | Unigram;
  readonly #cache: WordCache;
  readonly #pipeline: Pipeline;
  readonly #ends = new Int32Array(WORDS);
  readonly #keyBytes = new Uint8Array(16);
  readonly #keyView = new DataView(this.#keyBytes.buffer);
  #view: DataView = this.#keyView;

  constructor(model: BpeModel, cacheBytes = DEFAULT_CACHE_BYTES) {
    this.vocabSize = model.vocabulary.size;
    this.#model = model;
    const { characters } = model;
    this.#words =
      characters !== undefined && model.preTokenizers[0]?.kind === "characters"
        ? new CharacterPreTokenizer(characters)
        : createPreTokenizer(model.preTokenizers);
    this.#merger =
      model.unigram !== undefined
        ? new Unigram(model.unigram)
        : new Merger(
            model.merges,
            model.byteIds,
            characters && new CharacterSymbols(model.vocabulary, model.byteIds, characters),
          );
    this.#cache = new WordCache(cacheBytes);
    this.#pipeline = new Pipeline(model);
  }

  maxTokens(byteLength: number): number {
    return this.pieceTokens(byteLength) * (this.#pipeline.normalizer?.growth ?? 1);
  }

  encode(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint32Array,
    at: number,
    { special = "text", parsed, literals }: EncodeOptions = {},
  ): number {
    if (out.length - at < this.maxTokens(end - start)) throw new Error("the output has no room for maxTokens ids");
    let to = at;
    this.#pipeline.scan(bytes, start, end);
    this.#pipeline.cut(start, end, specialPlaces(special, literals, 0, start), {
      piece: (text, first, last, isFirst) => {
        to += this.encodePiece(text, first, last, out, to, isFirst);
      },
      token: (token) => {
        out[to++] = token.id;
        if (token.special && parsed !== undefined) parsed[0]++;
      },
    });
    return to - at;
  }

  encodeDocuments(
    { data, offsets }: Utf8Column,
    alive: Bitmap,
    eos: number | undefined,
    { special = "text", parsed, bos, literals }: DocumentOptions = {},
  ): TokenListColumn {
    const count = offsets.length - 1;
    const rows = new TokenRows(count, Math.ceil(data.length / BYTES_PER_TOKEN) + count);
    let row = 0;
    const pieces: Pieces = {
      piece: (text, start, end, isFirst) =>
        rows.commit(this.encodePiece(text, start, end, rows.reserve(this.pieceTokens(end - start)), 0, isFirst)),
      token: (token: AddedToken) => {
        rows.add(token.id);
        if (token.special && parsed !== undefined) parsed[row]++;
      },
    };
    this.#pipeline.scan(data, offsets[0], offsets[count]);
    for (; row < count; row++) {
      if (alive.has(row)) {
        if (bos !== undefined) rows.add(bos);
        const [start, end] = [offsets[row], offsets[row + 1]];
        this.#pipeline.cut(start, end, specialPlaces(special, literals, row, start), pieces);
        if (eos !== undefined) rows.add(eos);
      }
      rows.endRow();
    }
    return rows.finish();
  }

  /** The ids of a piece: text in normal form that holds no added token. `out` needs room for {@link pieceTokens} ids. */
  encodePiece(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number, isFirst = false): number {
    const text = this.#words.begin(bytes, start, end, isFirst);
    return text === undefined ? this.#encodeWords(bytes, start, out, at) : this.#encodeWords(text, 0, out, at);
  }

  /** Upper bound of the ids that a piece of `byteLength` bytes becomes. */
  pieceTokens(byteLength: number): number {
    return byteLength * this.#words.growth;
  }

  /** The ids of the words that the pre-tokenizer has begun on, of which the first begins at `start`. */
  #encodeWords(bytes: Uint8Array, start: number, out: Uint32Array, at: number): number {
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer);
    const view = this.#view;
    const base = bytes.byteOffset;
    // A key is read as sixteen bytes whatever the word's length: near the end of the buffer it is copied first.
    const lastWholeKey = view.byteLength - base - 16;
    const ends = this.#ends;
    const cache = this.#cache;
    let { slots, mask } = cache;
    let p = start;
    let o = at;
    for (let count = this.#words.next(ends); count > 0; count = this.#words.next(ends)) {
      for (let i = 0; i < count; i++) {
        const q = ends[i];
        const length = q - p;
        if (length > SHORT_BYTES) {
          o += this.#longWord(bytes, p, q, out, o);
          ({ slots, mask } = cache);
          p = q;
          continue;
        }
        let from = base + p;
        let source: DataView = view;
        if (p > lastWholeKey) {
          for (let j = 0; j < length; j++) this.#keyBytes[j] = bytes[p + j];
          from = 0;
          source = this.#keyView;
        }
        const masks = length << 2;
        const k0 = source.getInt32(from, true) & KEY_MASKS[masks];
        const k1 = source.getInt32(from + 4, true) & KEY_MASKS[masks + 1];
        const k2 = source.getInt32(from + 8, true) & KEY_MASKS[masks + 2];
        const k3 = (source.getInt32(from + 12, true) & KEY_MASKS[masks + 3]) | (length << 24);
        let slot = (hashShort(k0, k1, k2, k3) & mask) << 3;
        for (;;) {
          const first = slots[slot + 4];
          if (slots[slot] === k0 && slots[slot + 1] === k1 && slots[slot + 2] === k2 && slots[slot + 3] === k3) {
            if (first > 0) {
              // Always four ids: the ones that are too many are overwritten by the next word.
              out[o] = first & ID_MASK;
              out[o + 1] = slots[slot + 5];
              out[o + 2] = slots[slot + 6];
              out[o + 3] = slots[slot + 7];
              o += first >>> ID_BITS;
            } else {
              o += cache.copyFromArena(slot, out, o);
            }
            break;
          }
          if (first === 0) {
            const made = this.#newWord(bytes, p, q, out, o);
            cache.addShort(k0, k1, k2, k3, out, o, made);
            ({ slots, mask } = cache);
            o += made;
            break;
          }
          slot = (slot + 8) & ((mask << 3) | 7);
        }
        p = q;
      }
    }
    return o - at;
  }

  #longWord(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
    if (end - start > LONG_BYTES) return this.#newWord(bytes, start, end, out, at);
    const known = this.#cache.copyLong(bytes, start, end, out, at);
    if (known !== 0) return known;
    const made = this.#newWord(bytes, start, end, out, at);
    this.#cache.addLong(bytes, start, end, out, at, made);
    return made;
  }

  #newWord(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
    if (this.#model.wholeWords) {
      const id = this.#model.vocabulary.find(bytes, start, end);
      if (id !== -1) {
        out[at] = id;
        return 1;
      }
    }
    return this.#merger.merge(bytes, start, end, out, at);
  }
}
