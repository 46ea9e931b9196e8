/**
 * The encoder in WebAssembly: ids identical to {@link ByteBpeEncoder}'s, at several times its speed.
 *
 * Documents are copied into a buffer of {@link CALL_BYTES} and encoded together; longer ones in parts cut where that cannot change ids.
 * What has no such cut within a buffer, and every pre-tokenizer without a scanner, goes to the TypeScript twin.
 */
import type { Bitmap } from "../../batch/bitmap.ts";
import type { TokenListColumn, Utf8Column } from "../../batch/column.ts";
import { specialPlaces } from "../bpe/added-tokens.ts";
import { lastCut, nextCut } from "../bpe/character-cuts.ts";
import {
  ByteBpeEncoder,
  DEFAULT_CACHE_BYTES,
  type DocumentOptions,
  type EncodeOptions,
  type Encoder,
} from "../bpe/encoder.ts";
import type { BpeModel } from "../bpe/model.ts";
import { Pipeline } from "../bpe/pipeline.ts";
import { knownFamilyOf } from "../bpe/pre-tokenizers.ts";
import { PrefixBlank, prefixOf } from "../bpe/prefix-blank.ts";
import { lastSafeCut, nextSafeCut } from "../bpe/safe-cut.ts";
import { TokenRows } from "../bpe/token-rows.ts";
import { type BpeExports, CALL_BYTES, CallBuffer, type Family, NOTHING, type Take } from "./bpe-call.ts";
import { WasmPrefixFilter } from "./bpe-prefixes.ts";

/** Bytes a token holds in ordinary text: sizes the first allocation of a column, nothing else. */
const BYTES_PER_TOKEN = 3;
/** The model behind that blank. */
function withoutPrefix(model: BpeModel): BpeModel {
  const preTokenizers = model.preTokenizers.slice(model.preTokenizers[0]?.kind === "prefix_space" ? 1 : 0);
  const characters = model.characters && { ...model.characters, prefix: "never" as const };
  return { ...model, preTokenizers, ...(characters && { characters }) };
}

/** The pre-tokenizer of `model` in the module, undefined where it has none that gives the same words. */
function familyIn(model: BpeModel): Family | undefined {
  const { preTokenizers, characters, wholeWords, unigram } = withoutPrefix(model);
  if (characters === undefined) return knownFamilyOf(preTokenizers);
  const cuts = preTokenizers.length === 1 && preTokenizers[0].kind === "characters";
  const merges = unigram === undefined && !wholeWords && !characters.words;
  return cuts && merges && characters.unknown === -1 ? "characters" : undefined;
}

const NO_TEXT = new Uint8Array(0);

/** The encoder in WebAssembly. One per thread: it keeps a word cache. */
export class WasmBpeEncoder implements Encoder {
  readonly vocabSize: number;
  readonly #model: BpeModel;
  readonly #cacheBytes: number;
  readonly #buffer: CallBuffer | undefined = undefined;
  readonly #pipeline: Pipeline;
  readonly #prefix: PrefixBlank;
  /** The most bytes of words that a byte of normal text becomes. */
  readonly #growth: number;
  #twin: ByteBpeEncoder | undefined;

  /** @param module `bpe.wasm`, compiled */
  constructor(module: WebAssembly.Module, model: BpeModel, cacheBytes = DEFAULT_CACHE_BYTES) {
    this.vocabSize = model.vocabulary.size;
    this.#model = model;
    this.#cacheBytes = cacheBytes;
    this.#prefix = new PrefixBlank(prefixOf(model));
    this.#growth = model.preTokenizers.some((step) => step.kind === "prefix_space") ? 2 : this.#prefix.growth;
    const family = familyIn(model);
    if (family === undefined) {
      this.#pipeline = new Pipeline(model);
      return;
    }
    const exports = new WebAssembly.Instance(module).exports as unknown as BpeExports;
    this.#buffer = new CallBuffer(exports, model, family, cacheBytes);
    this.#pipeline = new Pipeline(model, (strings) => new WasmPrefixFilter(exports, strings));
  }

  maxTokens(byteLength: number): number {
    return byteLength * (this.#pipeline.normalizer?.growth ?? 1) * this.#growth;
  }

  encode(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint32Array,
    at: number,
    options: EncodeOptions = {},
  ): number {
    if (out.length - at < this.maxTokens(end - start)) throw new Error("the output has no room for maxTokens ids");
    const buffer = this.#buffer;
    if (buffer === undefined) return this.#theTwin().encode(bytes, start, end, out, at, options);
    let to = at;
    const take: Take = (ids) => {
      out.set(ids, to);
      to += ids.length;
    };
    buffer.setSource(bytes);
    this.#pipeline.scan(bytes, start, end);
    this.#encodeText(buffer, start, end, 0, options, take);
    buffer.run(take);
    return to - at;
  }

  encodeDocuments(
    texts: Utf8Column,
    alive: Bitmap,
    eos: number | undefined,
    options: DocumentOptions = {},
  ): TokenListColumn {
    const buffer = this.#buffer;
    if (buffer === undefined) return this.#theTwin().encodeDocuments(texts, alive, eos, options);
    const { data, offsets } = texts;
    const count = offsets.length - 1;
    const rows = new TokenRows(count, Math.ceil(data.length / BYTES_PER_TOKEN) + count);
    const take: Take = (ids, endsRow) => {
      if (ids.length > 0) rows.append(ids);
      if (endsRow) rows.endRow();
    };
    buffer.setSource(data);
    this.#pipeline.scan(data, offsets[0], offsets[count]);
    for (let row = 0; row < count; row++) {
      if (alive.has(row)) {
        if (options.bos !== undefined) this.#follow(buffer, options.bos, false, take);
        this.#encodeText(buffer, offsets[row], offsets[row + 1], row, options, take);
        this.#follow(buffer, eos ?? NOTHING, true, take);
      } else {
        this.#addPart(buffer, NO_TEXT, 0, 0, take);
        this.#follow(buffer, NOTHING, true, take);
      }
    }
    buffer.run(take);
    return rows.finish();
  }

  /** Puts a document of what the pipeline has scanned into the buffer, piece by piece; hands out what is in the buffer's way. */
  #encodeText(
    buffer: CallBuffer,
    start: number,
    end: number,
    row: number,
    { special = "text", parsed, literals }: EncodeOptions,
    take: Take,
  ): void {
    this.#pipeline.cut(start, end, specialPlaces(special, literals, row, start), {
      piece: (bytes, first, last, isFirst) => {
        const blank = this.#prefix.isWanted(bytes, first, isFirst);
        if (last - first < CALL_BYTES) {
          this.#addPart(buffer, bytes, first, last, take, blank);
          return;
        }
        const made = blank ? this.#prefix.before(bytes, first, last, isFirst) : undefined;
        if (made === undefined) this.#addPiece(buffer, bytes, first, last, take);
        else this.#addPiece(buffer, made, 0, made.length, take);
      },
      token: (token) => {
        this.#follow(buffer, token.id, false, take);
        if (token.special && parsed !== undefined) parsed[row]++;
      },
    });
  }

  #addPiece(buffer: CallBuffer, bytes: Uint8Array, start: number, end: number, take: Take): void {
    while (end - start > CALL_BYTES) {
      const cut = this.#lastCut(bytes, start, start + CALL_BYTES, end);
      if (cut !== -1) {
        this.#addPart(buffer, bytes, start, cut, take);
        start = cut;
      } else {
        buffer.run(take);
        const next = this.#nextCut(bytes, start + CALL_BYTES, end);
        take(this.#encodeWithTwin(bytes, start, next), false);
        start = next;
      }
    }
    if (start < end) this.#addPart(buffer, bytes, start, end, take);
  }

  #lastCut(bytes: Uint8Array, start: number, limit: number, end: number): number {
    const { characters } = this.#model;
    return characters === undefined
      ? lastSafeCut(bytes, start, limit, end)
      : lastCut(characters.cuts, bytes, start, limit);
  }

  #nextCut(bytes: Uint8Array, start: number, end: number): number {
    const { characters } = this.#model;
    return characters === undefined ? nextSafeCut(bytes, start, end) : nextCut(characters.cuts, bytes, start, end);
  }

  #addPart(buffer: CallBuffer, bytes: Uint8Array, start: number, end: number, take: Take, blank = false): void {
    if (buffer.add(bytes, start, end, blank)) return;
    buffer.run(take);
    buffer.add(bytes, start, end, blank);
  }

  /** Notes the id behind the text so far, or none. */
  #follow(buffer: CallBuffer, id: number, endsRow: boolean, take: Take): void {
    if (buffer.follow(id, endsRow)) return;
    // Two in a row, or nothing before the first: an empty part carries it.
    this.#addPart(buffer, NO_TEXT, 0, 0, take);
    buffer.follow(id, endsRow);
  }

  /** The ids of a part that no buffer holds. */
  #encodeWithTwin(bytes: Uint8Array, start: number, end: number): Uint32Array {
    const twin = this.#theTwin();
    const out = new Uint32Array(twin.pieceTokens(end - start));
    return out.subarray(0, twin.encodePiece(bytes, start, end, out, 0));
  }

  #theTwin(): ByteBpeEncoder {
    // Beside a buffer it encodes parts, and a blank in front is the buffer's business.
    const model = this.#buffer === undefined ? this.#model : withoutPrefix(this.#model);
    this.#twin ??= new ByteBpeEncoder(model, this.#cacheBytes);
    return this.#twin;
  }
}
