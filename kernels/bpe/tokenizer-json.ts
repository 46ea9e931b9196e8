/**
 * Reads a Hugging Face `tokenizer.json`: one reader for each of its parts, in `json/`.
 *
 * Invariant: a setting that changes ids is either honoured exactly or refused by name. Padding and truncation shape what a trainer is fed, not
 * a text's ids, and the decoder only makes text again: they are not read.
 */
import type { AddedToken } from "./added-tokens.ts";
import { checkAddedIds, readAddedTokens } from "./json/added-tokens.ts";
import { readByteLevelModel, vocabularyOf } from "./json/byte-level-model.ts";
import { characterVocabularyOf, readCharacterModel } from "./json/character-model.ts";
import { readNormalizers } from "./json/normalizers.ts";
import { type PostProcessor, readPostProcessor } from "./json/post-processor.ts";
import { readPreTokenizers } from "./json/pre-tokenizers.ts";
import { hasByteLevel, readTextForm, withPrefixOfPieces } from "./json/text-form.ts";
import { readUnigramModel, unigramVocabularyOf } from "./json/unigram-model.ts";
import { type JsonObject, object, unsupported } from "./json/values.ts";
import type { BpeModel } from "./model.ts";
import { createPreTokenizer } from "./pre-tokenizers.ts";
import { BLANK_SIGN } from "./text-steps.ts";

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
  const isUnigram = model.type === "Unigram";
  if (model.type !== undefined && model.type !== "BPE" && !isUnigram) {
    throw unsupported(`model type ${JSON.stringify(model.type)}`);
  }
  if (isUnigram && hasByteLevel(file.pre_tokenizer)) throw unsupported("Unigram and a ByteLevel pre-tokenizer");
  const readModel = hasByteLevel(file.pre_tokenizer) ? byteLevel : ofCharacters;
  const read = readModel(file, model, readAddedTokens(file.added_tokens));
  // What cannot be honoured is refused here, by who checks a recipe, and not by the first worker that needs it.
  if (read.preTokenizers[0]?.kind !== "characters") createPreTokenizer(read.preTokenizers);
  return { model: read, postProcessor: readPostProcessor(file.post_processor) };
}

function byteLevel(file: JsonObject, model: JsonObject, addedTokens: readonly AddedToken[]): BpeModel {
  const vocab = vocabularyOf(model);
  const normalizers = readNormalizers(file.normalizer);
  const preTokenizers = readPreTokenizers(file.pre_tokenizer);
  const read = { ...readByteLevelModel(model, addedTokens), addedTokens, normalizers, preTokenizers };
  checkAddedIds(addedTokens, vocab);
  return read;
}

function ofCharacters(file: JsonObject, model: JsonObject, addedTokens: readonly AddedToken[]): BpeModel {
  const isUnigram = model.type === "Unigram";
  const vocab = isUnigram ? unigramVocabularyOf(model) : characterVocabularyOf(model);
  const form = readTextForm(file.normalizer, file.pre_tokenizer, Object.hasOwn(vocab, BLANK_SIGN));
  // Added tokens that are looked for in normal form are brought into it with the blank.
  const { blanks, ...steps } = addedTokens.some(({ normalized }) => normalized) ? form : withPrefixOfPieces(form);
  const readTokens = isUnigram ? readUnigramModel : readCharacterModel;
  const read = { ...readTokens(model, blanks, addedTokens), addedTokens, ...steps };
  checkAddedIds(addedTokens, vocab);
  return read;
}
