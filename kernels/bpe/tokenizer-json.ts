/**
 * Reads a Hugging Face `tokenizer.json`: one reader for each of its parts, in `json/`.
 *
 * Invariant: a setting that changes ids is either honoured exactly or refused by name. Padding and truncation shape what a trainer is fed, not
 * a text's ids, and the decoder only makes text again: they are not read.
 */
import { checkAddedIds, readAddedTokens } from "./json/added-tokens.ts";
import { readByteLevelModel, vocabularyOf } from "./json/byte-level-model.ts";
import { readNormalizers } from "./json/normalizers.ts";
import { type PostProcessor, readPostProcessor } from "./json/post-processor.ts";
import { readPreTokenizers } from "./json/pre-tokenizers.ts";
import { type JsonObject, object } from "./json/values.ts";
import type { BpeModel } from "./model.ts";
import { createPreTokenizer } from "./pre-tokenizers.ts";

export interface LoadedModel {
  readonly model: BpeModel;
  /** What the file would put around a text. */
  readonly postProcessor: PostProcessor;
}

/**
 * Reads a parsed `tokenizer.json`.
 *
 * @throws RecipeError where the file is broken or asks for something that is not honoured exactly
 */
export function readTokenizerJson(file: JsonObject): LoadedModel {
  const model = object(file.model, "model");
  const vocab = vocabularyOf(model);
  const normalizers = readNormalizers(file.normalizer);
  const preTokenizers = readPreTokenizers(file.pre_tokenizer);
  const addedTokens = readAddedTokens(file.added_tokens);
  const read = {
    model: { ...readByteLevelModel(model, addedTokens), addedTokens, normalizers, preTokenizers },
    postProcessor: readPostProcessor(file.post_processor),
  };
  checkAddedIds(addedTokens, vocab);
  // What cannot be honoured is refused here, by who checks a recipe, and not by the first worker that needs it.
  createPreTokenizer(preTokenizers);
  return read;
}
