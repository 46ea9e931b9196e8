/**
 * Ranges of a text as a byte a token: which tokens, as labels, are trained on.
 *
 * Invariant: a token is trained on where it overlaps a range, also where it reaches over the range's border; an empty range strictly inside a token
 * marks it. An added token is the text it was found in, with the whitespace it strips. An EOS behind a text is trained on where the last range
 * reaches the text's end; a BOS before it never is: nothing before it speaks of it, and trainers that mask borders do not train on it either. Price:
 * two nanoseconds a token, and the pipeline once more over rows with ranges; a row without is one fill.
 */
import type { RangeListColumn, TokenListColumn, Utf8Column } from "../../batch/column.ts";
import { RecipeError } from "../../batch/errors.ts";
import { allocate } from "../../batch/memory.ts";
import { type SpecialPlaces, type SpecialTokens, specialPlaces } from "./added-tokens.ts";
import { type Borders, bordersOf } from "./borders.ts";
import type { BpeModel } from "./model.ts";
import { type Pieces, Pipeline } from "./pipeline.ts";
import { knownRegexOf } from "./pre-tokenizers.ts";
import { PrefixBlank, prefixOf } from "./prefix-blank.ts";

/** How documents were made of texts. */
export interface LaneOptions {
  /** 1 where they begin with a BOS. */
  readonly before?: 0 | 1;
  /** 0 where they end with their text, and no EOS stands behind it. */
  readonly after?: 0 | 1;
  /** What of a text special tokens were not parsed in. */
  readonly literals?: RangeListColumn | undefined;
}

/** What a text became, as the bytes of its normal form: pieces of text, and added tokens, which are one token each. */
interface Part {
  readonly bytes: number;
  readonly isToken: boolean;
  /** Whether the first token of a piece has a blank that the text has not. */
  readonly hasPrefix: boolean;
}

export class TokenLoss {
  /** Token `id` is `offsets[id + 1] - offsets[id]` bytes of a piece: true of every vocabulary without an unknown token. */
  readonly #tokenOffsets: Int32Array;
  readonly #borders: Borders | undefined;
  readonly #pipeline: Pipeline;
  readonly #special: SpecialTokens;
  readonly #prefix: PrefixBlank;
  #borderTokens = 0;

  /**
   * @param special as the tokens were made
   * @throws RecipeError where tokens do not say where they are from: the model drops text, has an unknown token, or normalises what has no borders
   */
  constructor(model: BpeModel, special: SpecialTokens = "text") {
    const drops =
      model.characters?.words === true ||
      model.preTokenizers.some(
        (step, i) =>
          (step.kind === "split" && step.behavior === "removed" && knownRegexOf(step) === undefined) ||
          (step.kind === "prefix_space" && i > 0),
      );
    // Such a token says nothing about how long the text is that it stands for.
    const hasUnknown = model.characters !== undefined && model.characters.unknown !== -1;
    if (drops || hasUnknown) {
      throw new RecipeError({
        code: "recipe/unsupported-tokenizer",
        what: drops
          ? "loss ranges and a tokenizer that leaves text out, or puts blanks between words"
          : "loss ranges and a tokenizer with an unknown token",
        why: "which tokens a range covers cannot be told",
        fix: "use another tokenizer, or no stage that marks what is trained on",
      });
    }
    this.#tokenOffsets = model.vocabulary.offsets;
    this.#pipeline = new Pipeline(model);
    this.#borders = bordersOf(model.normalizers);
    this.#special = special;
    this.#prefix = new PrefixBlank(prefixOf(model));
  }

  /** How many tokens reached over a border of what is trained on, and are trained on, since the last call. */
  takeBorderTokens(): number {
    const count = this.#borderTokens;
    this.#borderTokens = 0;
    return count;
  }

  /** The lane that `ranges` of `texts` give to `tokens`. */
  lane(
    tokens: TokenListColumn,
    texts: Utf8Column,
    ranges: RangeListColumn,
    { before = 0, after = 1, literals }: LaneOptions = {},
  ): Uint8Array {
    const loss = allocate(tokens.values.length);
    for (let row = 0; row < tokens.offsets.length - 1; row++) {
      const from = tokens.offsets[row];
      const to = tokens.offsets[row + 1];
      if (from === to) continue;
      const count = ranges.offsets[row + 1] - ranges.offsets[row];
      if (count === 0) {
        loss.fill(0, from, to);
        continue;
      }
      const pairs: number[] = [];
      for (let i = ranges.offsets[row]; i < ranges.offsets[row + 1]; i++) pairs.push(ranges.starts[i], ranges.ends[i]);
      const [start, end] = [texts.offsets[row], texts.offsets[row + 1]];
      const first = from + before;
      loss.fill(0, from, first);
      const last = to - after;
      const special = specialPlaces(this.#special, literals, row, start);
      this.#row(
        texts.data,
        start,
        end,
        special,
        pairs,
        tokens.values.subarray(first, last),
        loss.subarray(first, last),
      );
      if (after === 1) loss[last] = Number(pairs[2 * count - 1] === end - start);
    }
    return loss;
  }

  #row(
    bytes: Uint8Array,
    start: number,
    end: number,
    special: SpecialPlaces,
    pairs: readonly number[],
    ids: Uint32Array,
    out: Uint8Array,
  ): void {
    const parts: Part[] = [];
    const moved: number[] = [];
    let length = 0;
    const add = (size: number, isToken: boolean, hasPrefix: boolean) => {
      parts.push({ bytes: size, isToken, hasPrefix });
      length += size;
    };
    const pieces: Pieces = {
      piece: (text, first, last, isFirst) => add(last - first, false, this.#prefix.isWanted(text, first, isFirst)),
      token: (_token, _text, first, last) => add(last - first, true, false),
    };
    this.#pipeline.scan(bytes, start, end);
    this.#pipeline.cutText(start, end, special, {
      text: (first, last) => {
        const borders = Int32Array.from(within(pairs, first - start, last - start));
        this.#borders?.move(bytes, first, last, borders);
        for (const border of borders) moved.push(length + border);
        this.#pipeline.cutStretch(first, last, special, pieces, first === start);
      },
      token: (_token, first, last) => {
        for (const border of within(pairs, first - start, last - start)) moved.push(length + border);
        add(last - first, true, false);
      },
    });
    this.#mark(ids, parts, moved, out);
  }

  #mark(ids: Uint32Array, parts: readonly Part[], pairs: readonly number[], out: Uint8Array): void {
    const offsets = this.#tokenOffsets;
    let range = 0;
    let start = 0;
    let i = 0;
    for (const { bytes, isToken, hasPrefix } of parts) {
      const stop = start + bytes;
      for (let prefix = hasPrefix ? 1 : 0; start < stop && i < ids.length; prefix = 0) {
        const end = isToken ? stop : start + offsets[ids[i] + 1] - offsets[ids[i]] - prefix;
        while (range < pairs.length && pairs[range + 1] <= start) range += 2;
        const isTrained = range < pairs.length && end > pairs[range];
        if (isTrained && (start < pairs[range] || end > pairs[range + 1])) this.#borderTokens++;
        out[i++] = Number(isTrained);
        start = end;
      }
    }
  }
}

/** What of the ranges `pairs` lies in `[from, to]`, counted from its start. */
function within(pairs: readonly number[], from: number, to: number): number[] {
  const inside: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const first = Math.max(pairs[i], from);
    const last = Math.min(pairs[i + 1], to);
    // A range that only touches the border is another part's, unless it is empty: then it marks nothing anyway.
    if (first < last || (pairs[i] === pairs[i + 1] && first === last)) inside.push(first - from, last - from);
  }
  return inside;
}
