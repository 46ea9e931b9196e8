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
  .describe("path of a BPE tokenizer.json, of bytes or of characters (SentencePiece), or of a folder that holds one");
export const encodingOption = z.enum(ENCODINGS).optional().describe("a tiktoken encoding, instead of a file");

export function vocabularyRef(file: AssetRef | undefined, encoding: string | undefined): VocabularyRef {
  return { vocabulary: file ?? { asset: `${TIKTOKEN}${encoding}` } };
}

/** The tokenizer. Takes 0.1 to 0.5 s. */
export function openVocabulary({ vocabulary }: VocabularyRef, assets: Assets): Tokenizer {
  return loadTokenizer(assets.name(vocabulary), assets.bytes(vocabulary));
}
