/**
 * What tokenizing finds out about its own work: special tokens that were parsed, and whether the tokens of sampled documents come back as their
 * text.
 *
 * Invariant: states of spans add up to that of the source, however it was cut. A document is drawn by a key of its place: one in {@link ONE_IN},
 * and where that is too few the {@link LEAST} with the lowest keys. Price: 15 ns a document, and for those that are drawn the decoding of their tokens; a copy of
 * the {@link LEAST}, which are decoded when the span ends.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import type { TokenListColumn } from "../../batch/column.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { type SpecialPlaces, type SpecialTokens, specialPlaces } from "../../kernels/bpe/added-tokens.ts";
import { RoundTrip } from "../../kernels/bpe/round-trip.ts";
import type { Tokenizer } from "../../kernels/bpe/tokenizer.ts";
import { hash64, type Seed, seedFrom } from "../../kernels/random/shuffle.ts";
import type { StageState } from "../define.ts";

const ONE_IN = 1000;
const LEAST = 8;
/** Documents that did not come back are named, so many of them. */
const NAMED = 3;

const count = z.int().nonnegative();
const place = z.strictObject({ shard: z.string(), position: z.number() });
const drawn = z.strictObject({ documents: count, changed: count, places: z.array(place) });
const candidate = z.strictObject({ key: z.tuple([count, count]), changed: place.nullable() });
const stateShape = z.strictObject({
  special_tokens: count,
  /** Tokens over a border of what is trained on; absent where no document says what is. */
  border_tokens: count.optional(),
  /** One in {@link ONE_IN}. */
  drawn,
  /** The lowest keys, ascending. */
  lowest: z.array(candidate),
});

type State = z.output<typeof stateShape>;
type Candidate = z.output<typeof candidate>;
type Place = z.output<typeof place>;

/** Documents that were decoded again. `places` are the first that were not what had been encoded. */
export type SampledRoundTrip = z.output<typeof drawn>;

/** What the checks of a source came to. */
export interface TokenChecks {
  /** Special tokens that were parsed, in all documents that were tokenized, duplicates among them. */
  readonly special_tokens: number;
  /** Tokens that are trained on although a part of them is not meant; absent where no document says what is. */
  readonly border_tokens?: number;
  readonly round_trip: SampledRoundTrip;
}

/** A document that may be among the lowest when the span ends. */
interface Waiting {
  readonly key: Candidate["key"];
  readonly place: Place;
  readonly text: Uint8Array;
  readonly special: SpecialPlaces;
  readonly ids: Uint32Array;
}

/** What tokens were made with. */
export interface TokenizingRules {
  readonly special: SpecialTokens;
  /** Tokens before and behind each text. */
  readonly before: 0 | 1;
  readonly after: 0 | 1;
}

export class TokenCheck {
  readonly #roundTrip: RoundTrip;
  readonly #rules: TokenizingRules;
  readonly #seed: Seed;
  readonly #key = new Uint32Array(2);
  #specialTokens = 0;
  #borderTokens: number | undefined;
  #drawn = { documents: 0, changed: 0, places: [] as Place[] };
  #lowest: Waiting[] = [];

  constructor(tokenizer: Tokenizer, rules: TokenizingRules, seed: Seed) {
    this.#roundTrip = new RoundTrip(tokenizer);
    this.#rules = rules;
    this.#seed = seed;
  }

  /** Looks at the living rows of `batch`; `parsed` counts their special tokens, where those are parsed. */
  add(batch: Batch, tokens: TokenListColumn, parsed: Int32Array | undefined): void {
    if (parsed !== undefined) for (const found of parsed) this.#specialTokens += found;
    const seeds = new Map<number, Seed>();
    batch.alive.forEach((row) => {
      const shard = int32At(batch.shards, row);
      const [high, low] = seeds.get(shard) ?? seedFrom(this.#seed[0], this.#seed[1], batch.shardKey(row));
      seeds.set(shard, [high, low]);
      hash64(high, low, batch.position(row), this.#key);
      const key: Candidate["key"] = [uint32At(this.#key, 0), uint32At(this.#key, 1)];
      const isDrawn = key[0] < 2 ** 32 / ONE_IN;
      const last = this.#lowest.length < LEAST ? undefined : this.#lowest.at(-1);
      const isLow = last === undefined || isBelow(key, last.key);
      if (!isDrawn && !isLow) return;
      const { text } = batch;
      const { special, before, after } = this.#rules;
      const waiting: Waiting = {
        key,
        place: { shard: batch.shardKey(row), position: batch.position(row) },
        text: text.data.subarray(int32At(text.offsets, row), int32At(text.offsets, row + 1)),
        special: specialPlaces(special, batch.ranges("literal_ranges"), row, 0),
        ids: tokens.values.subarray(int32At(tokens.offsets, row) + before, int32At(tokens.offsets, row + 1) - after),
      };
      // The batch ends before the span does.
      if (isLow)
        this.#lowest = lowestOf([
          ...this.#lowest,
          { ...waiting, text: waiting.text.slice(), ids: waiting.ids.slice() },
        ]);
      if (!isDrawn) return;
      const changed = this.#changed(waiting);
      this.#drawn = drawnOf([
        this.#drawn,
        { documents: 1, changed: Number(changed !== null), places: listOf(changed) },
      ]);
    });
  }

  addBorderTokens(count: number): void {
    this.#borderTokens = (this.#borderTokens ?? 0) + count;
  }

  /** What was added since the last call. */
  finish(): StageState {
    const lowest = this.#lowest.map((waiting): Candidate => ({ key: waiting.key, changed: this.#changed(waiting) }));
    const borders = this.#borderTokens;
    const state = {
      special_tokens: this.#specialTokens,
      ...(borders !== undefined && { border_tokens: borders }),
      drawn: this.#drawn,
      lowest,
    };
    this.#specialTokens = 0;
    this.#borderTokens = undefined;
    this.#drawn = { documents: 0, changed: 0, places: [] };
    this.#lowest = [];
    return state;
  }

  #changed({ text, special, ids, place }: Waiting): Place | null {
    return this.#roundTrip.keeps(text, 0, text.length, ids, special) ? null : place;
  }
}

function isBelow(a: Candidate["key"], b: Candidate["key"]): boolean {
  return a[0] === b[0] ? a[1] < b[1] : a[0] < b[0];
}

/** Of equal keys the first one stays before the others. */
function lowestOf<Keyed extends Pick<Candidate, "key">>(candidates: readonly Keyed[]): Keyed[] {
  return [...candidates].sort((a, b) => a.key[0] - b.key[0] || a.key[1] - b.key[1]).slice(0, LEAST);
}

function listOf(changed: Place | null): Place[] {
  return changed === null ? [] : [changed];
}

function drawnOf(parts: readonly SampledRoundTrip[]): SampledRoundTrip {
  return {
    documents: parts.reduce((sum, { documents }) => sum + documents, 0),
    changed: parts.reduce((sum, { changed }) => sum + changed, 0),
    places: parts.flatMap(({ places }) => places).slice(0, NAMED),
  };
}

/** Adds the states of spans up, in order of address. */
export function mergeTokenChecks(states: readonly StageState[]): StageState {
  const parts: readonly State[] = states.map((state) => stateShape.parse(state));
  return {
    special_tokens: parts.reduce((sum, { special_tokens }) => sum + special_tokens, 0),
    ...bordersOf(parts),
    drawn: drawnOf(parts.map((part) => part.drawn)),
    lowest: lowestOf(parts.flatMap(({ lowest }) => lowest)),
  };
}

function bordersOf(parts: readonly State[]): Record<string, number> {
  const counts = parts.flatMap(({ border_tokens = [] }) => border_tokens);
  return counts.length === 0 ? {} : { border_tokens: counts.reduce((sum, part) => sum + part, 0) };
}

/** What a merged state says. */
export function tokenChecks(state: StageState): TokenChecks {
  const { special_tokens, border_tokens, drawn: some, lowest } = stateShape.parse(state);
  const least = lowest.map(({ changed }) => ({
    documents: 1,
    changed: Number(changed !== null),
    places: listOf(changed),
  }));
  return {
    special_tokens,
    ...(border_tokens !== undefined && { border_tokens }),
    round_trip: some.documents < lowest.length ? drawnOf(least) : some,
  };
}
