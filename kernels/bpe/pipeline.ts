/**
 * What happens to text before it is cut into words, in the order of `tokenizers`.
 *
 * Text is cut at the added tokens that are looked for as they are. Each piece between them is normalised by itself, and cut at the added
 * tokens that are looked for in normal form. What is left are the pieces that pre-tokenizers and model see, each as a text of its own.
 *
 * Many texts are gone through for places of added tokens at once ({@link Pipeline.scan}), so that text without any pays for nothing else.
 */
import { type AddedToken, AddedTokenSearch, type Cuts, type SpecialTokens } from "./added-tokens.ts";
import type { Normalizer } from "./normalizer.ts";
import { createNormalizer, type NormalizerStep } from "./normalizers.ts";
import { BytePairFilter, type PrefixFilter } from "./prefix-filter.ts";

const NO_PLACES: Int32Array = new Int32Array(0);
const utf8 = new TextEncoder();

/** What of a model the pipeline needs. */
export interface PipelineModel {
  readonly addedTokens: readonly AddedToken[];
  readonly normalizers: readonly NormalizerStep[];
}

/** Takes the pieces and added tokens of a text, in order. */
export interface Pieces {
  /**
   * `bytes[start, end)`, not empty, is text in normal form; it may be a view of memory that the next piece overwrites.
   *
   * @param isFirst whether the text begins with it
   */
  piece(bytes: Uint8Array, start: number, end: number, isFirst: boolean): void;
  /** `bytes[start, end)` is `token`, with the whitespace it strips. */
  token(token: AddedToken, bytes: Uint8Array, start: number, end: number): void;
}

/** Told of each stretch of the text that is normalised by itself, behind its pieces; needed by who maps places of the text. */
export type AfterStretch = (start: number, end: number) => void;

export class Pipeline {
  readonly normalizer: Normalizer | undefined;
  readonly #raw: AddedTokenSearch;
  readonly #normal: AddedTokenSearch;
  readonly #filter: PrefixFilter | undefined;
  /** For text that normalisation changed. */
  readonly #normalFilter: PrefixFilter | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #places: Int32Array = NO_PLACES;
  /** The first place that {@link cut} has not passed. */
  #next = 0;

  /** @param createFilter the one in plain TypeScript unless told otherwise */
  constructor(
    { addedTokens, normalizers }: PipelineModel,
    createFilter: (strings: readonly Uint8Array[]) => PrefixFilter = (strings) => new BytePairFilter(strings),
  ) {
    this.normalizer = createNormalizer(normalizers);
    const raw = addedTokens.filter((token) => !token.normalized);
    const normal = addedTokens.filter((token) => token.normalized);
    const rawPatterns = raw.map((token) => utf8.encode(token.content));
    const normalPatterns = normal.map((token) => normalForm(this.normalizer, token.content));
    this.#raw = new AddedTokenSearch(raw, rawPatterns);
    this.#normal = new AddedTokenSearch(normal, normalPatterns);
    if (addedTokens.length > 0) this.#filter = createFilter([...rawPatterns, ...normalPatterns]);
    if (normal.length > 0) this.#normalFilter = new BytePairFilter(normalPatterns);
  }

  /** Goes through `bytes[start, end)`, one text or more, for places of added tokens. */
  scan(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#next = 0;
    if (this.#filter !== undefined) this.#places = this.#filter.find(bytes, start, end);
  }

  /** Cuts the text `[start, end)` of what was scanned; texts come in order. */
  cut(start: number, end: number, special: SpecialTokens, pieces: Pieces, afterStretch?: AfterStretch): void {
    const places = this.#places;
    let next = this.#next;
    while (next < places.length && places[next] < start) next++;
    const from = next;
    if (next === places.length || places[next] >= end) {
      this.#next = next;
      if (start < end) this.#stretch(start, end, next, special, pieces, true);
      if (start < end) afterStretch?.(start, end);
      return;
    }
    const cuts: Cuts = {
      text: (first, last) => {
        while (next < places.length && places[next] < first) next++;
        this.#stretch(first, last, next, special, pieces, first === start);
        afterStretch?.(first, last);
      },
      token: (token, first, last) => pieces.token(token, this.#bytes, first, last),
    };
    this.#raw.cut(this.#bytes, start, end, places, from, special, cuts);
    this.#next = next;
  }

  /** Normalises text between raw added tokens and cuts it at the others. */
  #stretch(start: number, end: number, from: number, special: SpecialTokens, pieces: Pieces, isFirst: boolean): void {
    const made = this.normalizer?.normalize(this.#bytes, start, end);
    const bytes = made ?? this.#bytes;
    const first = made === undefined ? start : 0;
    const last = made === undefined ? end : made.length;
    let places = this.#places;
    if (made !== undefined) {
      places = this.#normalFilter?.find(made, 0, made.length) ?? NO_PLACES;
      from = 0;
    }
    if (from === places.length || places[from] >= last) {
      if (first < last) pieces.piece(bytes, first, last, isFirst);
      return;
    }
    this.#normal.cut(bytes, first, last, places, from, special, {
      text: (a, b) => pieces.piece(bytes, a, b, isFirst && a === first),
      token: (token, a, b) => pieces.token(token, bytes, a, b),
    });
  }
}

function normalForm(normalizer: Normalizer | undefined, content: string): Uint8Array {
  const bytes = utf8.encode(content);
  return normalizer?.normalize(bytes, 0, bytes.length) ?? bytes;
}
