/**
 * What happens to text before it is cut into words, in the order of `tokenizers`.
 *
 * Text is cut at the added tokens that are looked for as they are. Each piece between them is normalised by itself, and cut at the added
 * tokens that are looked for in normal form. What is left are the pieces that pre-tokenizers and model see, each as a text of its own.
 *
 * Many texts are gone through for places of added tokens at once ({@link Pipeline.scan}), so that text without any pays for nothing else.
 */
import { type AddedToken, AddedTokenSearch, type Cuts, type SpecialPlaces } from "./added-tokens.ts";
import { type Borders, bordersOf } from "./borders.ts";
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

export class Pipeline {
  readonly normalizer: Normalizer | undefined;
  readonly #raw: AddedTokenSearch;
  readonly #normal: AddedTokenSearch;
  readonly #filter: PrefixFilter | undefined;
  /** For text that normalisation changed. */
  readonly #normalFilter: PrefixFilter | undefined;
  readonly #steps: readonly NormalizerStep[];
  /** Made when literal ranges have to be found in text that normalisation changed. */
  #borders: Borders | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Whether normalisation leaves all of them as they are. */
  #isNormal = false;
  #places: Int32Array = NO_PLACES;
  /** The first places that texts, and stretches of them, have not passed. */
  #nextOfText = 0;
  #nextOfStretch = 0;

  /** @param createFilter the one in plain TypeScript unless told otherwise */
  constructor(
    { addedTokens, normalizers }: PipelineModel,
    createFilter: (strings: readonly Uint8Array[]) => PrefixFilter = (strings) => new BytePairFilter(strings),
  ) {
    this.normalizer = createNormalizer(normalizers);
    this.#steps = normalizers;
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
    this.#nextOfText = this.#nextOfStretch = 0;
    this.#isNormal = this.normalizer?.leaves?.(bytes, start, end) === true;
    if (this.#filter !== undefined) this.#places = this.#filter.find(bytes, start, end);
  }

  /** Cuts the text `[start, end)` of what was scanned; texts come in order. */
  cut(start: number, end: number, special: SpecialPlaces, pieces: Pieces): void {
    this.cutText(start, end, special, {
      text: (first, last) => this.cutStretch(first, last, special, pieces, first === start),
      token: (token, first, last) => pieces.token(token, this.#bytes, first, last),
    });
  }

  /** The first half of {@link cut}: at the tokens that are looked for as they are, into stretches that are normalised by themselves. */
  cutText(start: number, end: number, special: SpecialPlaces, cuts: Cuts): void {
    const from = this.#placeFrom(start, this.#nextOfText);
    this.#nextOfText = from;
    if (from < this.#places.length && this.#places[from] < end) {
      this.#raw.cut(this.#bytes, start, end, this.#places, from, special, cuts);
    } else if (start < end) cuts.text(start, end);
  }

  /** The second half: a stretch in normal form, at the tokens that are looked for in theirs. Stretches come in order. */
  cutStretch(start: number, end: number, special: SpecialPlaces, pieces: Pieces, isFirst: boolean): void {
    const made = this.#isNormal ? undefined : this.normalizer?.normalize(this.#bytes, start, end);
    if (made === undefined) {
      const from = this.#placeFrom(start, this.#nextOfStretch);
      this.#nextOfStretch = from;
      this.#cutNormal(this.#bytes, start, end, this.#places, from, special, pieces, isFirst);
    } else {
      const places = this.#normalFilter?.find(made, 0, made.length) ?? NO_PLACES;
      this.#cutNormal(made, 0, made.length, places, 0, this.#placesIn(start, end, special), pieces, isFirst);
    }
  }

  /** The special places of the stretch, in its normal form. */
  #placesIn(start: number, end: number, special: SpecialPlaces): SpecialPlaces {
    if (typeof special === "string" || !this.#normal.hasSpecial) return special;
    this.#borders ??= bordersOf(this.#steps);
    const moved = rangesWithin(special, start, end);
    this.#borders?.move(this.#bytes, start, end, moved);
    return moved;
  }

  #cutNormal(
    bytes: Uint8Array,
    start: number,
    end: number,
    places: Int32Array,
    from: number,
    special: SpecialPlaces,
    pieces: Pieces,
    isFirst: boolean,
  ): void {
    if (from < places.length && places[from] < end) {
      this.#normal.cut(bytes, start, end, places, from, special, {
        text: (first, last) => pieces.piece(bytes, first, last, isFirst && first === start),
        token: (token, first, last) => pieces.token(token, bytes, first, last),
      });
    } else if (start < end) pieces.piece(bytes, start, end, isFirst);
  }

  /** The first place at or behind `position`, looked for from `next` on. */
  #placeFrom(position: number, next: number): number {
    while (next < this.#places.length && this.#places[next] < position) next++;
    return next;
  }
}

/** What of ranges lies in `[start, end)`, counted from its start. */
function rangesWithin(ranges: Int32Array, start: number, end: number): Int32Array {
  const inside: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const first = Math.max(ranges[i], start);
    const last = Math.min(ranges[i + 1], end);
    if (first <= last) inside.push(first - start, last - start);
  }
  return Int32Array.from(inside);
}

function normalForm(normalizer: Normalizer | undefined, content: string): Uint8Array {
  const bytes = utf8.encode(content);
  return normalizer?.normalize(bytes, 0, bytes.length) ?? bytes;
}
