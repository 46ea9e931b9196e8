/**
 * How a stage's options name a tokenizer: a file, or one of tiktoken's encodings. One way for every stage that turns text into tokens.
 */
import { z } from "zod";
import { ENCODINGS, loadTokenizer, TIKTOKEN } from "../../io/tokenizer-files.ts";
import type { Tokenizer } from "../../kernels/bpe/tokenizer.ts";
import { type AssetRef, type Assets, assetPath } from "../define.ts";

/** A tokenizer's file is an asset: what it holds is part of fingerprints. */
export interface VocabularyRef {
  readonly vocabulary: AssetRef;
}

export const fileOption = assetPath()
  .optional()
  .describe(
    "path of a tokenizer.json, BPE of bytes or of characters (SentencePiece) or Unigram, or of a folder that holds one",
  );
/** A reference as a file's is, so that a plan has what the encoding holds. */
export const encodingOption = z
  .enum(ENCODINGS)
  .transform((encoding): AssetRef => ({ asset: `${TIKTOKEN}${encoding}` }))
  .optional()
  .describe("a tiktoken encoding, instead of a file");

/** The one of both that is given. */
export function vocabularyRef(file: AssetRef | undefined, encoding: AssetRef | undefined): VocabularyRef {
  const vocabulary = file ?? encoding;
  if (vocabulary === undefined) throw new Error("tokens are counted without a tokenizer");
  return { vocabulary };
}

/** By the memory that a thread has their files in: one tokenizer, with one word cache, for all stages of a thread that name the same file. */
const opened = new WeakMap<ArrayBufferLike, Tokenizer>();

/** The tokenizer. The first time takes 0.1 to 0.5 s. */
export function openVocabulary({ vocabulary }: VocabularyRef, assets: Assets): Tokenizer {
  const bytes = assets.bytes(vocabulary);
  const known = opened.get(bytes.buffer);
  if (known !== undefined) return known;
  const tokenizer = loadTokenizer(assets.name(vocabulary), bytes);
  // Memory that other bytes lie in as well names no file.
  if (bytes.byteLength === bytes.buffer.byteLength) opened.set(bytes.buffer, tokenizer);
  return tokenizer;
}
