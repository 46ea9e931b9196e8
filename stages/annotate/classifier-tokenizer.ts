/** The tokenizer of a classifier, from its file's bytes. Throws RecipeError, with the file's name. */
import { RecipeError } from "../../batch/errors.ts";
import type { JsonObject } from "../../kernels/bpe/json/values.ts";
import { WordPieceTokenizer } from "../../kernels/wordpiece/tokenizer.ts";

export function readClassifierTokenizer(name: string, bytes: Uint8Array): WordPieceTokenizer {
  let file: JsonObject;
  try {
    // A copy: memory that threads share is not decoded.
    file = JSON.parse(Buffer.from(bytes).toString("utf8")) as JsonObject;
  } catch (error) {
    const what = `${name} is no tokenizer.json: ${error instanceof Error ? error.message : String(error)}`;
    throw new RecipeError({ code: "recipe/broken-tokenizer", what }, { cause: error });
  }
  try {
    return new WordPieceTokenizer(file);
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    throw new RecipeError({ ...error.details, what: `${name}: ${error.details.what}` }, { cause: error });
  }
}
