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
import { ByteBpeEncoder, DEFAULT_CACHE_BYTES, type Encoder, NFC_GROWTH } from "../bpe/encoder.ts";
import { familyOf, type RegexFamily } from "../bpe/known-regexes.ts";
import type { BpeModel } from "../bpe/model.ts";
import { NfcNormalizer } from "../bpe/nfc.ts";
import { lastSafeCut, nextSafeCut } from "../bpe/safe-cut.ts";
import { TokenRows } from "../bpe/token-rows.ts";

/** Text and parts of documents in one call, as `assembly/bpe/limits.ts` has them: text and ids stay in the second cache level. */
const WINDOW_BYTES = 1 << 17;
const WINDOW_PARTS = 1 << 12;
/** Bytes a token holds in ordinary text: sizes the first allocation of a column, nothing else. */
const BYTES_PER_TOKEN = 3;
/** Numbers of the pre-tokenizers in the module. */
const FAMILIES: Readonly<Record<RegexFamily, number>> = { gpt2: 0, cl100k: 1, qwen: 2, o200k: 3 };

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

/** What a part of the window is: more of its document follows, its last part, or a row without document. */
type Part = "more" | "last" | "dead";

/** Takes the ids of a part: a view that the next call overwrites. */
type Take = (ids: Uint32Array, part: Part) => void;

/** The module's memory with a model in it, and the window. */
class Window {
  readonly #exports: Exports;
  readonly #text: Uint8Array;
  readonly #ends: Int32Array;
  readonly #ids: Uint32Array;
  readonly #counts: Int32Array;
  readonly #parts: Part[] = [];
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
  add(bytes: Uint8Array, start: number, end: number, part: Part): boolean {
    const length = this.#length + end - start;
    if (length > WINDOW_BYTES || this.#parts.length === WINDOW_PARTS) return false;
    this.#text.set(bytes.subarray(start, end), this.#length);
    this.#ends[this.#parts.length] = length;
    this.#length = length;
    this.#parts.push(part);
    return true;
  }

  /** Empties the window: encodes its parts and hands their ids out in order. */
  run(take: Take): void {
    const parts = this.#parts.splice(0);
    this.#length = 0;
    this.#exports.encode(parts.length);
    let from = 0;
    for (const [i, part] of parts.entries()) {
      take(this.#ids.subarray(from, this.#counts[i]), part);
      from = this.#counts[i];
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
  readonly #normalizer: NfcNormalizer | undefined;
  #twin: ByteBpeEncoder | undefined;

  /** @param module `bpe.wasm`, compiled */
  constructor(module: WebAssembly.Module, model: BpeModel, cacheBytes = DEFAULT_CACHE_BYTES) {
    this.vocabSize = model.vocabulary.size;
    this.#model = model;
    this.#cacheBytes = cacheBytes;
    this.#normalizer = model.nfc ? new NfcNormalizer() : undefined;
    const [step, ...more] = model.preTokenizers;
    const family = step.kind === "regex" && more.length === 0 ? familyOf(step.source) : undefined;
    this.#window = family === undefined ? undefined : new Window(module, model, family, cacheBytes);
  }

  maxTokens(byteLength: number): number {
    return this.#normalizer === undefined ? byteLength : byteLength * NFC_GROWTH;
  }

  encode(bytes: Uint8Array, start: number, end: number, out: Uint32Array, at: number): number {
    if (out.length - at < this.maxTokens(end - start)) throw new Error("the output has no room for maxTokens ids");
    const window = this.#window;
    if (window === undefined) return this.#theTwin().encode(bytes, start, end, out, at);
    let to = at;
    const take = (ids: Uint32Array) => {
      out.set(ids, to);
      to += ids.length;
    };
    this.#encodeText(window, bytes, start, end, take);
    window.run(take);
    return to - at;
  }

  encodeDocuments({ data, offsets }: Utf8Column, alive: Bitmap, eos: number): TokenListColumn {
    const window = this.#window;
    if (window === undefined) return this.#theTwin().encodeDocuments({ kind: "utf8", data, offsets }, alive, eos);
    const count = offsets.length - 1;
    const rows = new TokenRows(count, Math.ceil(data.length / BYTES_PER_TOKEN) + count);
    const take: Take = (ids, part) => {
      rows.append(ids);
      if (part === "last") rows.endRowWith(eos);
      else if (part === "dead") rows.endRow();
    };
    for (let row = 0; row < count; row++) {
      if (alive.has(row)) this.#encodeText(window, data, offsets[row], offsets[row + 1], take);
      else this.#addPart(window, data, 0, 0, "dead", take);
    }
    window.run(take);
    return rows.finish();
  }

  /** Puts a document into the window, part by part; hands out what is in the window's way. */
  #encodeText(window: Window, bytes: Uint8Array, start: number, end: number, take: Take): void {
    const normal = this.#normalizer?.normalize(bytes, start, end);
    if (normal !== undefined) {
      bytes = normal;
      start = 0;
      end = normal.length;
    }
    while (end - start > WINDOW_BYTES) {
      const cut = lastSafeCut(bytes, start, start + WINDOW_BYTES, end);
      if (cut !== -1) {
        this.#addPart(window, bytes, start, cut, "more", take);
        start = cut;
      } else {
        window.run(take);
        const next = nextSafeCut(bytes, start + WINDOW_BYTES, end);
        take(this.#encodeWithTwin(bytes, start, next), "more");
        start = next;
      }
    }
    this.#addPart(window, bytes, start, end, "last", take);
  }

  #addPart(window: Window, bytes: Uint8Array, start: number, end: number, part: Part, take: Take): void {
    if (window.add(bytes, start, end, part)) return;
    window.run(take);
    window.add(bytes, start, end, part);
  }

  /** The ids of a part that no window holds. */
  #encodeWithTwin(bytes: Uint8Array, start: number, end: number): Uint32Array {
    const twin = this.#theTwin();
    const out = new Uint32Array(twin.maxTokens(end - start));
    return out.subarray(0, twin.encodeNormal(bytes, start, end, out, 0));
  }

  #theTwin(): ByteBpeEncoder {
    this.#twin ??= new ByteBpeEncoder(this.#model, this.#cacheBytes);
    return this.#twin;
  }
}
