/**
 * Ranges of a text as a byte a token: which tokens, as labels, are trained on.
 *
 * Invariant: a token is trained on where it overlaps a range, also where it reaches over the range's border; an empty range strictly inside a token
 * marks it. The EOS behind a text is trained on where the last range reaches the text's end. Price: two nanoseconds a token; a row without ranges is
 * one fill.
 */
import type { RangeListColumn, TokenListColumn, Utf8Column } from "../../batch/column.ts";
import { allocate } from "../../batch/memory.ts";
import type { BpeModel } from "./model.ts";
import { NfcNormalizer } from "./nfc.ts";
import { NfcBorders } from "./nfc-borders.ts";

export class TokenLoss {
  /** Token `id` is `offsets[id + 1] - offsets[id]` bytes of the text: true of every byte-level vocabulary. */
  readonly #tokenOffsets: Int32Array;
  readonly #borders: NfcBorders | undefined;

  constructor({ vocabulary, normalizers }: BpeModel) {
    this.#tokenOffsets = vocabulary.offsets;
    this.#borders = normalizers.some((step) => step.kind === "nfc") ? new NfcBorders(new NfcNormalizer()) : undefined;
  }

  /** `tokens` of `texts`, each row with an EOS behind it, and the lane that `ranges` of the texts give them. */
  lane(tokens: TokenListColumn, texts: Utf8Column, ranges: RangeListColumn): Uint8Array {
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
      const pairs = new Int32Array(2 * count);
      for (let i = 0; i < count; i++) {
        pairs[2 * i] = ranges.starts[ranges.offsets[row] + i];
        pairs[2 * i + 1] = ranges.ends[ranges.offsets[row] + i];
      }
      const [start, end] = [texts.offsets[row], texts.offsets[row + 1]];
      const length = this.#borders?.move(texts.data, start, end, pairs) ?? end - start;
      this.mark(tokens.values.subarray(from, to - 1), pairs, loss.subarray(from, to - 1));
      loss[to - 1] = Number(pairs[2 * count - 1] === length);
    }
    return loss;
  }

  /** Marks the tokens of one text. `pairs` are starts and ends of ranges in its normal form, ascending. */
  mark(ids: Uint32Array, pairs: Int32Array, out: Uint8Array): void {
    const offsets = this.#tokenOffsets;
    let range = 0;
    let start = 0;
    for (let i = 0; i < ids.length; i++) {
      const end = start + offsets[ids[i] + 1] - offsets[ids[i]];
      while (range < pairs.length && pairs[range + 1] <= start) range += 2;
      out[i] = Number(range < pairs.length && end > pairs[range]);
      start = end;
    }
  }
}
