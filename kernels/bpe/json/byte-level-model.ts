/** `model` of a `tokenizer.json` whose tokens are spelled in the byte alphabet: vocabulary, merges, and the tokens of the 256 bytes. */
import type { AddedToken } from "../added-tokens.ts";
import { writeByteLevel } from "../byte-alphabet.ts";
import { MAX_MERGES, MergeTable } from "../merge-table.ts";
import type { BpeModel } from "../model.ts";
import { type Vocabulary, VocabularyBuilder } from "../vocabulary.ts";
import { broken, isUnset, type Json, type JsonObject, list, object, tokenId, unsupported } from "./values.ts";

/** Longest token or merge, in characters. */
const MAX_TOKEN_LENGTH = 1 << 16;

/** The ids of the model's tokens by their text; throws where the model is of another kind. */
export function vocabularyOf(model: JsonObject): JsonObject {
  if (model.type !== undefined && model.type !== "BPE") throw unsupported(`model type ${JSON.stringify(model.type)}`);
  if (!Array.isArray(model.merges)) throw unsupported("a model without merges");
  for (const key of ["dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"]) {
    if (!isUnset(model[key])) throw unsupported(`model.${key} = ${JSON.stringify(model[key])}`);
  }
  return object(model.vocab, "model.vocab");
}

function checkLength(text: string): void {
  if (text.length > MAX_TOKEN_LENGTH) throw unsupported(`a token of ${text.length} characters`);
}

function readMerges(merges: readonly Json[], vocabulary: Vocabulary): MergeTable {
  if (merges.length > MAX_MERGES) throw unsupported(`${merges.length} merges; at most ${MAX_MERGES}`);
  const entries = new Int32Array(merges.length * 4);
  const scratch = new Uint8Array(2 * MAX_TOKEN_LENGTH);
  merges.forEach((merge, rank) => {
    const [left, right, ...rest] = typeof merge === "string" ? merge.split(" ") : list(merge, `merges[${rank}]`);
    if (typeof left !== "string" || typeof right !== "string" || rest.length > 0) {
      throw broken(`merges[${rank}] is not a pair of tokens`);
    }
    checkLength(left);
    checkLength(right);
    const cut = writeByteLevel(left, scratch, 0);
    const end = cut === -1 ? -1 : writeByteLevel(right, scratch, cut);
    const at = rank * 4;
    entries[at] = vocabulary.find(scratch, 0, cut);
    entries[at + 1] = vocabulary.find(scratch, cut, end);
    entries[at + 2] = rank;
    entries[at + 3] = vocabulary.find(scratch, 0, end);
    if (end === -1 || entries[at] === -1 || entries[at + 1] === -1 || entries[at + 3] === -1) {
      throw broken(`merges[${rank}] (${JSON.stringify(left)}, ${JSON.stringify(right)}) is not in the vocabulary`);
    }
  });
  return new MergeTable(entries, merges.length);
}

function readVocabulary(vocab: JsonObject, addedTokens: readonly AddedToken[]): Vocabulary {
  const builder = new VocabularyBuilder();
  const scratch = new Uint8Array(MAX_TOKEN_LENGTH);
  const utf8 = new TextEncoder();
  for (const text of Object.keys(vocab)) {
    checkLength(text);
    const id = tokenId(vocab[text], `the id of ${JSON.stringify(text)}`);
    if (builder.has(id)) throw broken(`two tokens have the id ${id}`);
    const length = writeByteLevel(text, scratch, 0);
    if (length === -1) builder.set(id, utf8.encode(text), false);
    else builder.set(id, scratch.subarray(0, length), true);
  }
  for (const { id, content } of addedTokens) {
    // An added token that is in the model too can be met as an ordinary word.
    if (!builder.has(id)) builder.set(id, utf8.encode(content), false);
  }
  return builder.build();
}

const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

/** Whether UTF-8 has no such byte. */
function isForeign(byte: number): boolean {
  return byte === 0xc0 || byte === 0xc1 || byte > 0xf4;
}

/**
 * Token of each of the 256 bytes: without all of them some text has no tokens. A byte that UTF-8 never has may lack one, as in GPT-NeoX; in
 * malformed text it stands as U+FFFD does.
 */
export function byteTokens(vocabulary: Vocabulary): Int32Array {
  const ids = Int32Array.from({ length: 256 }, (_, byte) => vocabulary.find(Uint8Array.of(byte), 0, 1));
  const replacement = vocabulary.find(REPLACEMENT, 0, REPLACEMENT.length);
  for (let byte = 0; byte < 256; byte++) {
    if (ids[byte] !== -1) continue;
    if (!isForeign(byte)) throw unsupported(`a vocabulary without a token for byte ${byte}`);
    ids[byte] = replacement !== -1 ? replacement : ids[REPLACEMENT[0]];
  }
  return ids;
}

export function readByteLevelModel(
  model: JsonObject,
  addedTokens: readonly AddedToken[],
): Pick<BpeModel, "vocabulary" | "merges" | "byteIds" | "wholeWords"> {
  const vocabulary = readVocabulary(vocabularyOf(model), addedTokens);
  return {
    vocabulary,
    merges: readMerges(list(model.merges, "model.merges"), vocabulary),
    byteIds: byteTokens(vocabulary),
    wholeWords: model.ignore_merges === true,
  };
}
