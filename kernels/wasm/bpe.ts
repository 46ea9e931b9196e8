/**
 * The encoder in WebAssembly: ids identical to {@link ByteBpeEncoder}'s, at several times its speed.
 *
 * Documents are copied into a window of {@link WINDOW_BYTES} and encoded together; longer ones in parts cut where that cannot change ids.
 * What has no such cut within a window, and every pre-tokenizer without a scanner, goes to the TypeScript twin.
 */
import type { Bitmap } from "../../batch/bitmap.ts";
import type { TokenListColumn, Utf8Column } from "../../batch/column.ts";
import { ByteBpeEncoder, DEFAULT_CACHE_BYTES, type EncodeOptions, type Encoder } from "../bpe/encoder.ts";
import type { BpeModel } from "../bpe/model.ts";
import { Pipeline } from "../bpe/pipeline.ts";
import { knownFamilyOf } from "../bpe/pre-tokenizers.ts";
import { lastSafeCut, nextSafeCut } from "../bpe/safe-cut.ts";
import { TokenRows } from "../bpe/token-rows.ts";
import { WasmPrefixFilter } from "./bpe-prefixes.ts";
import {
  type Behind,
  type BpeExports,
  END,
  END_OF_DEAD,
  NOTHING,
  type Take,
  WINDOW_BYTES,
  Window,
} from "./bpe-window.ts";

/** Bytes a token holds in ordinary text: sizes the first allocation of a column, nothing else. */
const BYTES_PER_TOKEN = 3;
const BLANK = 0x20;
const NO_TEXT = new Uint8Array(0);

/** The encoder in WebAssembly. One per thread: it keeps a word cache. */
export class WasmBpeEncoder implements Encoder {
  readonly vocabSize: number;
  readonly #model: BpeModel;
  readonly #cacheBytes: number;
  readonly #window: Window | undefined = undefined;
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
    this.#prefixSpace = model.preTokenizers[0]?.kind === "prefix_space";
    this.#growth = model.preTokenizers.some((step) => step.kind === "prefix_space") ? 2 : 1;
    const family = knownFamilyOf(model.preTokenizers.slice(this.#prefixSpace ? 1 : 0));
    if (family === undefined) {
      this.#pipeline = new Pipeline(model);
      return;
    }
    const exports = new WebAssembly.Instance(module).exports as unknown as BpeExports;
    this.#window = new Window(exports, model, family, cacheBytes);
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
