/**
 * Texts as token ids that say where in the text they are from.
 *
 * Invariant: the bytes of a text's tokens, one behind the other, are the text: tokenizers that normalize, or leave something out, are refused. Text that
 * spells a special token is text. Price: that of tokenizing, for the rows that are asked for.
 */
import type { Batch } from "../../batch/batch.ts";
import type { Bitmap } from "../../batch/bitmap.ts";
import { RecipeError } from "../../batch/errors.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import type { Tokenizer } from "../../kernels/bpe/tokenizer.ts";
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
  const sizes = model.vocabulary.offsets;
  const bytesOf = (id: number): number => int32At(sizes, id + 1) - int32At(sizes, id);
  return (batch, rows) => {
    const { values, offsets } = encoder.encodeDocuments(batch.text, rows, undefined);
    rows.forEach((row) => {
      let bytes = 0;
      for (let at = int32At(offsets, row); at < int32At(offsets, row + 1); at++) bytes += bytesOf(uint32At(values, at));
      if (bytes !== int32At(batch.text.offsets, row + 1) - int32At(batch.text.offsets, row)) throw otherText();
    });
    return {
      data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      offsets: offsets.map((offset) => 4 * offset),
      byteOf: (row, symbol) => {
        let byte = 0;
        const first = int32At(offsets, row);
        for (let at = first; at < first + symbol; at++) byte += bytesOf(uint32At(values, at));
        return byte;
      },
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
