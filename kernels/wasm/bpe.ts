/**
 * The encoder in WebAssembly: ids identical to {@link ByteBpeEncoder}'s, at several times its speed.
 *
 * Documents are copied into a window of {@link WINDOW_BYTES} and encoded together; longer ones in parts cut where that cannot change ids.
 * What has no such cut within a window, and every pre-tokenizer without a scanner, goes to the TypeScript twin.
 * Memory: 7 MiB, the model (9 MB for 128,000 tokens) and the cache budget. Loading takes 40 to 100 ms.
 */
import type { Bitmap } from "../../batch/bitmap.ts";
import type { TokenListColumn, Utf8Column } from "../../batch/column.ts";
import { CLASSES } from "../bpe/char-class.ts";
import { characterTokens } from "../bpe/character-tokens.ts";
import { ByteBpeEncoder, DEFAULT_CACHE_BYTES, type EncodeOptions, type Encoder } from "../bpe/encoder.ts";
import { familyOf, type RegexFamily } from "../bpe/known-regexes.ts";
import type { BpeModel } from "../bpe/model.ts";
import { Pipeline } from "../bpe/pipeline.ts";
import { knownRegexOf } from "../bpe/pre-tokenizers.ts";
import { lastSafeCut, nextSafeCut } from "../bpe/safe-cut.ts";
import { TokenRows } from "../bpe/token-rows.ts";

/** Text and parts of documents in one call, as `assembly/bpe/limits.ts` has them: text and ids stay in the second cache level. */
const WINDOW_BYTES = 1 << 17;
const WINDOW_PARTS = 1 << 12;
/** Bytes a token holds in ordinary text: sizes the first allocation of a column, nothing else. */
const BYTES_PER_TOKEN = 3;
/** Numbers of the pre-tokenizers in the module. */
const FAMILIES: Readonly<Record<RegexFamily, number>> = { gpt2: 0, cl100k: 1, qwen: 2, o200k: 3 };

const BLANK = 0x20;
const NO_TEXT = new Uint8Array(0);

interface Exports {
  readonly memory: WebAssembly.Memory;
  allocate(bytes: number): number;
  classesArea(): number;
  setVocabulary(bytes: number, offsets: number, findable: number, size: number): void;
  setPairs(entries: number, bits: number, merged: number): void;
  setBytes(ids: number, wholeWords: number): void;
  setCharacters(positions: number, tokens: number, neighbours: number, links: number): void;
  start(family: number, cacheBytes: number): void;
  textArea(): number;
  endsArea(): number;
  idsArea(): number;
  countsArea(): number;
  encode(parts: number): void;
}

/** What stands behind a part of the window: the added token of that id, or one of these. */
type Behind = number;
const NOTHING = -1;
/** The end of a document, and of a row without document. */
const END = -2;
const END_OF_DEAD = -3;

/** Takes the ids of a part: a view that the next call overwrites. */
type Take = (ids: Uint32Array, behind: Behind) => void;

/** The module's memory with a model in it, and the window. */
class Window {
  readonly #exports: Exports;
  readonly #text: Uint8Array;
  readonly #ends: Int32Array;
  readonly #ids: Uint32Array;
  readonly #counts: Int32Array;
  readonly #behind = new Int32Array(WINDOW_PARTS);
  #parts = 0;
  #length = 0;

  constructor(module: WebAssembly.Module, model: BpeModel, family: RegexFamily, cacheBytes: number) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#load(model);
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

/** The encoder in WebAssembly. One per thread: it keeps a word cache. */
export class WasmBpeEncoder implements Encoder {
  readonly vocabSize: number;
  readonly #model: BpeModel;
  readonly #cacheBytes: number;
  readonly #window: Window | undefined;
  readonly #pipeline: Pipeline;
  /** Whether a piece that begins with no blank gets one. */
  readonly #prefixSpace: boolean;
  /** The most bytes of words that a byte of normal text becomes. */
  readonly #growth: number;
  #twin: ByteBpeEncoder | undefined;

  /** @param module `bpe.wasm`, compiled */
  constructor(module: WebAssembly.Module, model: BpeModel, cacheBytes = DEFAULT_CACHE_BYTES) {
    this.vocabSize = model.vocabulary.size;
    this.#model = model;
    this.#cacheBytes = cacheBytes;
    this.#pipeline = new Pipeline(model);
    this.#prefixSpace = model.preTokenizers[0]?.kind === "prefix_space";
    this.#growth = model.preTokenizers.some((step) => step.kind === "prefix_space") ? 2 : 1;
    const [step, ...more] = this.#prefixSpace ? model.preTokenizers.slice(1) : model.preTokenizers;
    const regex = step === undefined || more.length > 0 ? undefined : knownRegexOf(step);
    const family = regex === undefined ? undefined : familyOf(regex);
    this.#window = family === undefined ? undefined : new Window(module, model, family, cacheBytes);
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
    const window = this.#window;
    if (window === undefined) return this.#theTwin().encode(bytes, start, end, out, at, options);
    let to = at;
    const take: Take = (ids, behind) => {
      out.set(ids, to);
      to += ids.length;
      if (behind >= 0) out[to++] = behind;
    };
    this.#pipeline.scan(bytes, start, end);
    this.#encodeText(window, start, end, 0, options, take);
    window.run(take);
    return to - at;
  }

  encodeDocuments(texts: Utf8Column, alive: Bitmap, eos: number, options: EncodeOptions = {}): TokenListColumn {
    const window = this.#window;
    if (window === undefined) return this.#theTwin().encodeDocuments(texts, alive, eos, options);
    const { data, offsets } = texts;
    const count = offsets.length - 1;
    const rows = new TokenRows(count, Math.ceil(data.length / BYTES_PER_TOKEN) + count);
    const take: Take = (ids, behind) => {
      if (ids.length > 0) rows.append(ids);
      if (behind >= 0) rows.add(behind);
      else if (behind === END) rows.add(eos);
      if (behind === END || behind === END_OF_DEAD) rows.endRow();
    };
    this.#pipeline.scan(data, offsets[0], offsets[count]);
    for (let row = 0; row < count; row++) {
      if (alive.has(row)) {
        this.#encodeText(window, offsets[row], offsets[row + 1], row, options, take);
        this.#follow(window, END, take);
      } else {
        this.#follow(window, END_OF_DEAD, take);
      }
    }
    window.run(take);
    return rows.finish();
  }

  /** Puts a document of what the pipeline has scanned into the window, piece by piece; hands out what is in the window's way. */
  #encodeText(
    window: Window,
    start: number,
    end: number,
    row: number,
    { special = "text", parsed }: EncodeOptions,
    take: Take,
  ): void {
    this.#pipeline.cut(start, end, special, {
      piece: (bytes, first, last) => this.#addPiece(window, bytes, first, last, take),
      token: (token) => {
        this.#follow(window, token.id, take);
        if (token.special && parsed !== undefined) parsed[row]++;
      },
    });
  }

  #addPiece(window: Window, bytes: Uint8Array, start: number, end: number, take: Take): void {
    if (this.#prefixSpace && bytes[start] !== BLANK) {
      const prefixed = new Uint8Array(1 + end - start);
      prefixed[0] = BLANK;
      prefixed.set(bytes.subarray(start, end), 1);
      bytes = prefixed;
      start = 0;
      end = prefixed.length;
    }
    while (end - start > WINDOW_BYTES) {
      const cut = lastSafeCut(bytes, start, start + WINDOW_BYTES, end);
      if (cut !== -1) {
        this.#addPart(window, bytes, start, cut, take);
        start = cut;
      } else {
        window.run(take);
        const next = nextSafeCut(bytes, start + WINDOW_BYTES, end);
        take(this.#encodeWithTwin(bytes, start, next), NOTHING);
        start = next;
      }
    }
    if (start < end) this.#addPart(window, bytes, start, end, take);
  }

  #addPart(window: Window, bytes: Uint8Array, start: number, end: number, take: Take): void {
    if (window.add(bytes, start, end)) return;
    window.run(take);
    window.add(bytes, start, end);
  }

  /** Notes what stands behind the text so far. */
  #follow(window: Window, behind: Behind, take: Take): void {
    if (window.follow(behind)) return;
    // Two in a row, or nothing before the first: an empty part carries it.
    this.#addPart(window, NO_TEXT, 0, 0, take);
    window.follow(behind);
  }

  /** The ids of a part that no window holds. */
  #encodeWithTwin(bytes: Uint8Array, start: number, end: number): Uint32Array {
    const twin = this.#theTwin();
    const out = new Uint32Array(twin.pieceTokens(end - start));
    return out.subarray(0, twin.encodePiece(bytes, start, end, out, 0));
  }

  #theTwin(): ByteBpeEncoder {
    // Beside a window it encodes parts, and a blank in front is the window's business.
    const preTokenizers = this.#model.preTokenizers.slice(this.#window !== undefined && this.#prefixSpace ? 1 : 0);
    this.#twin ??= new ByteBpeEncoder({ ...this.#model, preTokenizers }, this.#cacheBytes);
    return this.#twin;
  }
}
