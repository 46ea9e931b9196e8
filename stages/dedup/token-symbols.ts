/**
 * Texts as token ids that say where in the text they are from.
 *
 * Invariant: the bytes of a text's tokens, one behind the other, are the text: tokenizers that normalize, or leave something out, are refused. Text that
 * spells a special token is text. Price: that of tokenizing, for the rows that are asked for.
 */
import type { Batch } from "../../batch/batch.ts";
import type { Bitmap } from "../../batch/bitmap.ts";
import { RecipeError } from "../../batch/errors.ts";
import { int32At } from "../../batch/numbers.ts";
import type { Tokenizer } from "../../kernels/bpe/tokenizer.ts";
import { TokenBytes } from "../../kernels/substring/token-bytes.ts";
import type { SymbolColumn } from "../define.ts";

export function tokenSymbols({ encoder, model }: Tokenizer): (batch: Batch, rows: Bitmap) => SymbolColumn {
  if (model.characters !== undefined || model.normalizers.length > 0) {
    throw new RecipeError({
      code: "recipe/unsupported-tokenizer",
      what: "dedup/substring: the tokenizer changes texts before it cuts them into tokens",
      why: "where in a text a token is from could not be told",
      fix: "use `unit: bytes`, or a tokenizer of bytes without a normalizer",
    });
  }
  const tokenBytes = new TokenBytes(model.vocabulary.offsets);
  return (batch, rows) => {
    const { values, offsets } = encoder.encodeDocuments(batch.text, rows, undefined);
    const { offsets: texts } = batch.text;
    rows.forEach((row) => {
      const bytes = tokenBytes.count(values, int32At(offsets, row), int32At(offsets, row + 1));
      if (bytes !== int32At(texts, row + 1) - int32At(texts, row)) throw otherText();
    });
    tokenBytes.reset();
    return {
      data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      offsets: offsets.map((offset) => 4 * offset),
      byteOf: (row, symbol) => tokenBytes.byteOf(values, int32At(offsets, row), row, symbol),
    };
  };
}

function otherText(): RecipeError {
  return new RecipeError({
    code: "recipe/unsupported-tokenizer",
    what: "dedup/substring: the tokens of a text are not as long as the text",
    why: "the tokenizer leaves something out, so runs of tokens could not be found in the text",
    fix: "use `unit: bytes`, or another tokenizer",
  });
}
