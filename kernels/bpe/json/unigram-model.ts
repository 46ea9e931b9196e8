/**
 * `model` of a `tokenizer.json` that is a Unigram: tokens with scores, and what unknown text becomes.
 *
 * Where text reaches the model with U+2581 for every blank, tokens are kept with the plain blank, as those of `character-model.ts` are.
 */
import type { AddedToken } from "../added-tokens.ts";
import { cutsBeforeBlanks, noCuts } from "../character-cuts.ts";
import { MAX_TOKEN_IDS, MergeTable } from "../merge-table.ts";
import type { BpeModel } from "../model.ts";
import { BLANK_SIGN } from "../text-steps.ts";
import type { UnigramModel, UnigramToken } from "../unigram.ts";
import { type Vocabulary, VocabularyBuilder } from "../vocabulary.ts";
import type { Blanks } from "./character-model.ts";
import { readScore } from "./scores.ts";
import { broken, type Json, type JsonObject, list, object, text, tokenId, unsupported } from "./values.ts";

type Scores = readonly (readonly [token: string, score: number])[];

const BYTE_TOKEN = /^<0x[0-9A-F]{2}>$/;
const UTF8 = new TextEncoder();

function readPiece(value: Json): readonly [string, number] {
  const [token, score, ...rest] = list(value, "model.vocab[]");
  if (typeof score !== "number" || rest.length > 0) throw broken("model.vocab[] is not a token and its score");
  return [text(token, "the token of a score"), readScore(score)];
}

/** The ids of the model's tokens by their text; throws where the model is of another kind. */
export function unigramVocabularyOf(model: JsonObject): JsonObject {
  const vocab = list(model.vocab, "model.vocab");
  if (vocab.length >= MAX_TOKEN_IDS - 1) throw unsupported(`${vocab.length} tokens`);
  const ids = Object.fromEntries(vocab.map((piece, id) => [readPiece(piece)[0], id]));
  if (Object.keys(ids).length !== vocab.length) throw unsupported("a Unigram model that has a token twice");
  return ids;
}

/** The token that `<0xNN>` is where bytes have tokens, for each byte; else -1. */
function readBytes(ids: JsonObject, model: JsonObject): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    const token = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    return model.byte_fallback === true && Object.hasOwn(ids, token) ? tokenId(ids[token], token) : -1;
  });
}

function readUnknown(scores: Scores, model: JsonObject): number {
  if (model.unk_id === undefined || model.unk_id === null) throw unsupported("a Unigram model without an unk_id");
  const unknown = tokenId(model.unk_id, "model.unk_id");
  const token = scores[unknown]?.[0];
  if (token === undefined) throw broken(`the unk_id ${unknown} is not in the vocabulary`);
  if (token.includes(BLANK_SIGN)) throw unsupported("an unknown token that spells a blank");
  return unknown;
}

function readVocabulary(
  scores: Scores,
  byteIds: Int32Array,
  signed: boolean,
  added: readonly AddedToken[],
): Vocabulary {
  const builder = new VocabularyBuilder();
  const bytes = new Map([...byteIds.entries()].map(([byte, id]) => [id, byte]));
  for (const [id, [token]] of scores.entries()) {
    const byte = BYTE_TOKEN.test(token) ? bytes.get(id) : undefined;
    const spelling = signed ? token.replaceAll(BLANK_SIGN, " ") : token;
    builder.set(id, byte === undefined ? UTF8.encode(spelling) : Uint8Array.of(byte), false);
  }
  for (const { id, content } of added) if (!builder.has(id)) builder.set(id, UTF8.encode(content), false);
  return builder.build();
}

function readTokens(scores: Scores, signed: boolean): UnigramToken[] {
  const tokens: UnigramToken[] = [];
  for (const [id, [token, score]] of scores.entries()) {
    // A plain blank never reaches a model that has signs for them.
    if (token === "" || (signed && token.includes(" "))) continue;
    tokens.push({ id, bytes: UTF8.encode(signed ? token.replaceAll(BLANK_SIGN, " ") : token), score });
  }
  return tokens;
}

/** @throws RecipeError where the model asks for something that is not honoured exactly */
export function readUnigramModel(
  model: JsonObject,
  blanks: Blanks,
  added: readonly AddedToken[],
): Omit<BpeModel, "addedTokens" | "normalizers" | "preTokenizers"> {
  const scores = list(model.vocab, "model.vocab").map(readPiece);
  const ids = object(unigramVocabularyOf(model), "model.vocab");
  const byteIds = readBytes(ids, model);
  const unknown = readUnknown(scores, model);
  const unigram: UnigramModel = {
    tokens: readTokens(scores, blanks.signed),
    leastScore: scores.reduce((least, [, score]) => Math.min(least, score), Number.POSITIVE_INFINITY),
    unknown,
    byteIds,
  };
  return {
    vocabulary: readVocabulary(scores, byteIds, blanks.signed, added),
    merges: new MergeTable(new Int32Array(0), 0),
    byteIds,
    wholeWords: false,
    unigram,
    characters: {
      unknown: byteIds.includes(-1) ? unknown : -1,
      fuseUnknown: true,
      cuts: blanks.cut ? cutsBeforeBlanks(noCuts()) : noCuts(),
      prefix: blanks.prefix,
      words: blanks.words,
      signed: !blanks.signed && Object.hasOwn(ids, BLANK_SIGN),
    },
  };
}
