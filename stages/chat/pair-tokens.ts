/**
 * Where the completion of a pair begins, in tokens: at the first one that the prompt's own tokens do not have, as TRL's DPO trainer has it.
 *
 * A token may reach over the end of the prompt, and pre-tokenizers look ahead, so the tokens of a prompt may differ from those of the whole before its
 * end. Invariant: the range that comes back marks exactly the tokens behind the common ones. Price: three texts tokenized, and a lane or
 * two.
 */
import { Bitmap } from "../../batch/bitmap.ts";
import { RangeListBuilder, Utf8Builder } from "../../batch/builder.ts";
import type { TokenListColumn } from "../../batch/column.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { TokenLoss } from "../../kernels/bpe/token-loss.ts";
import type { Tokenizer } from "../../kernels/bpe/tokenizer.ts";

const [PROMPT, TEXT, OTHER] = [0, 1, 2];

export class PairTokens {
  readonly #tokenizer: Tokenizer;
  readonly #loss: TokenLoss;

  /** Throws RecipeError where tokens do not say where they are from. */
  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.#loss = new TokenLoss(tokenizer.model, "parse");
  }

  /**
   * The byte of `text` where its completion begins.
   *
   * @param shared bytes that the prompt shares with both texts
   */
  start(prompt: string, text: Buffer, other: string, shared: number): number {
    const builder = new Utf8Builder(1 << 12, 3);
    builder.appendString(prompt);
    builder.append(text);
    builder.appendString(other);
    const texts = builder.finish();
    const tokens = this.#tokenizer.encoder.encodeDocuments(texts, Bitmap.full(3), undefined, { special: "parse" });
    const common = Math.min(commonTokens(tokens, PROMPT, TEXT), commonTokens(tokens, PROMPT, OTHER));
    const first = (start: number): number => {
      const ranges = new RangeListBuilder();
      ranges.endRow();
      ranges.append([start, text.length]);
      ranges.endRow();
      ranges.endRow();
      const lane = this.#loss.lane(tokens, texts, ranges.finish(), { after: 0 });
      const [from, to] = [int32At(tokens.offsets, TEXT), int32At(tokens.offsets, TEXT + 1)];
      const found = lane.subarray(from, to).indexOf(1);
      return found === -1 ? to - from : found;
    };
    let start = shared;
    while (start > 0 && first(start) > common) {
      start--;
      while (start > 0 && ((text[start] ?? 0) & 0xc0) === 0x80) start--;
    }
    return start;
  }
}

/** How many tokens two rows share at their beginning. */
function commonTokens({ values, offsets }: TokenListColumn, a: number, b: number): number {
  const [startA, startB] = [int32At(offsets, a), int32At(offsets, b)];
  const limit = Math.min(int32At(offsets, a + 1) - startA, int32At(offsets, b + 1) - startB);
  let common = 0;
  while (common < limit && uint32At(values, startA + common) === uint32At(values, startB + common)) common++;
  return common;
}
