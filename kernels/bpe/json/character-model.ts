/**
 * `model` of a `tokenizer.json` whose tokens are spelled in characters, as SentencePiece's are: vocabulary, merges, what unknown text becomes.
 *
 * Where text reaches the model with U+2581 for every blank, tokens are kept with the plain blank: their bytes are then those of the text.
 * Invariant: bytes of a token `<0xNN>` are the byte it stands for, where the file says that such tokens do.
 */
import type { AddedToken } from "../added-tokens.ts";
import { cutsBefore, cutsBeforeBlanks, noCuts, safeCuts } from "../character-cuts.ts";
import type { Prefix } from "../character-symbols.ts";
import { MAX_MERGES, MergeTable } from "../merge-table.ts";
import type { BpeModel } from "../model.ts";
import { BLANK_SIGN } from "../text-steps.ts";
import { type Vocabulary, VocabularyBuilder } from "../vocabulary.ts";
import { broken, isUnset, type Json, type JsonObject, list, object, text, tokenId, unsupported } from "./values.ts";

/** How the file's normalizers and pre-tokenizers treat blanks. */
export interface Blanks {
  /** Every blank has become U+2581 before the model sees it. */
  readonly signed: boolean;
  /** Each U+2581 begins a word. */
  readonly cut: boolean;
  readonly prefix: Prefix;
  /** Whitespace is removed, and every word begins with a blank. */
  readonly words: boolean;
}

type CharacterModel = Pick<BpeModel, "vocabulary" | "merges" | "byteIds" | "wholeWords" | "characters">;

const BYTE_TOKEN = /^<0x([0-9A-F]{2})>$/;
const UTF8 = new TextEncoder();

/** The ids of the model's tokens by their text; throws where the model is of another kind. */
export function characterVocabularyOf(model: JsonObject): JsonObject {
  if (!Array.isArray(model.merges)) throw unsupported("a model without merges");
  for (const key of ["dropout", "continuing_subword_prefix", "end_of_word_suffix"]) {
    if (!isUnset(model[key])) throw unsupported(`model.${key} = ${JSON.stringify(model[key])}`);
  }
  return object(model.vocab, "model.vocab");
}

/** A vocabulary, and for each id whether its bytes are the text it stands for. */
interface Spelled {
  readonly vocabulary: Vocabulary;
  readonly spelled: Uint8Array;
}

/** The ids of tokens by their text: a map is several times as fast to ask as an object of hundreds of thousands of keys. */
type Ids = ReadonlyMap<string, number>;

function readIds(vocab: JsonObject): Ids {
  const ids = new Map<string, number>();
  for (const [token, value] of Object.entries(vocab)) {
    ids.set(token, tokenId(value, "the id of a token"));
  }
  return ids;
}

function readVocabulary(ids: Ids, model: JsonObject, blanks: Blanks, added: readonly AddedToken[]): Spelled {
  const builder = new VocabularyBuilder();
  const literal: number[] = [];
  for (const [token, id] of ids) {
    if (builder.has(id)) throw broken(`two tokens have the id ${id}`);
    if (token === "") continue;
    const byte = model.byte_fallback === true && token.startsWith("<0x") ? BYTE_TOKEN.exec(token) : null;
    // A plain blank never reaches such a model: its tokens are decoded only.
    const isText = byte === null && !(blanks.signed && token.includes(" "));
    const spelling = blanks.signed && token.includes(BLANK_SIGN) ? token.replaceAll(BLANK_SIGN, " ") : token;
    builder.set(id, byte === null ? UTF8.encode(spelling) : Uint8Array.of(Number.parseInt(byte[1], 16)), isText);
    if (isText && token !== model.unk_token) literal.push(id);
  }
  for (const { id, content } of added) if (!builder.has(id)) builder.set(id, UTF8.encode(content), false);
  const vocabulary = builder.build();
  const spelled = new Uint8Array(vocabulary.size);
  for (const id of literal) spelled[id] = 1;
  return { vocabulary, spelled };
}

function readMerges(merges: readonly Json[], ids: Ids): MergeTable {
  if (merges.length > MAX_MERGES) throw unsupported(`${merges.length} merges; at most ${MAX_MERGES}`);
  const entries = new Int32Array(merges.length * 4);
  for (const [rank, merge] of merges.entries()) {
    const [left, right, ...rest] = typeof merge === "string" ? merge.split(" ") : list(merge, `merges[${rank}]`);
    if (typeof left !== "string" || typeof right !== "string" || rest.length > 0) {
      throw broken(`merges[${rank}] is not a pair of tokens`);
    }
    const [first, second, both] = [ids.get(left), ids.get(right), ids.get(left + right)];
    if (first === undefined || second === undefined || both === undefined) {
      throw broken(`merges[${rank}] (${JSON.stringify(left)}, ${JSON.stringify(right)}) is not in the vocabulary`);
    }
    entries[rank * 4] = first;
    entries[rank * 4 + 1] = second;
    entries[rank * 4 + 2] = rank;
    entries[rank * 4 + 3] = both;
  }
  return new MergeTable(entries, merges.length);
}

/** Token of each byte where it stands alone: ASCII characters that are tokens, and bytes that have one of their own; else -1. */
function readBytes(ids: Ids, model: JsonObject, blanks: Blanks): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    const char = byte === 0x20 && blanks.signed ? BLANK_SIGN : String.fromCharCode(byte);
    const whole = byte < 0x80 ? ids.get(char) : undefined;
    const own = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    return whole ?? (model.byte_fallback === true ? (ids.get(own) ?? -1) : -1);
  });
}

/** What stands for text that is no token; refuses files that have nothing for some of it. */
function readUnknown(ids: Ids, model: JsonObject, byteIds: Int32Array): number {
  const missing = byteIds.indexOf(-1);
  if (model.byte_fallback === true && missing === -1) return -1;
  if (model.byte_fallback === true && byteIds.some((id, byte) => byte >= 0x80 && id !== -1)) {
    throw unsupported(`byte_fallback without a token for byte ${missing}`);
  }
  if (isUnset(model.unk_token)) throw unsupported("a model that has neither tokens of bytes nor an unk_token");
  const unknown = ids.get(text(model.unk_token, "model.unk_token"));
  if (unknown === undefined) throw broken(`the unk_token ${JSON.stringify(model.unk_token)} is not in the vocabulary`);
  return unknown;
}

/** @throws RecipeError where the model asks for something that is not honoured exactly */
export function readCharacterModel(model: JsonObject, blanks: Blanks, added: readonly AddedToken[]): CharacterModel {
  const ids = readIds(characterVocabularyOf(model));
  const { vocabulary, spelled } = readVocabulary(ids, model, blanks, added);
  const merges = readMerges(list(model.merges, "model.merges"), ids);
  const byteIds = readBytes(ids, model, blanks);
  const unknown = readUnknown(ids, model, byteIds);
  const wholeWords = model.ignore_merges === true;
  let cuts = wholeWords ? noCuts() : safeCuts(vocabulary, merges, spelled);
  if (unknown !== -1) cuts = cutsBefore(cuts, (byte) => byte < 0x80 && byteIds[byte] !== -1);
  if (blanks.cut) cuts = cutsBeforeBlanks(cuts);
  return {
    vocabulary,
    merges,
    byteIds,
    wholeWords,
    characters: {
      unknown,
      fuseUnknown: model.fuse_unk === true,
      cuts,
      prefix: blanks.prefix,
      words: blanks.words,
      signed: !blanks.signed && ids.has(BLANK_SIGN),
    },
  };
}
