/** A byte-level BPE model as every encoder takes it: what a tokenizer file says, without the file's format. */
import type { AddedToken } from "./added-tokens.ts";
import type { MergeTable } from "./merge-table.ts";
import type { NormalizerStep } from "./normalizers.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** One step that cuts text into words; steps apply in order, each within the words of the one before. */
export type PreTokenizerStep =
  | { readonly kind: "regex"; readonly source: string }
  | { readonly kind: "digits"; readonly individual: boolean };

export interface BpeModel {
  /** Bytes of every id, those of added tokens included; only model tokens can be found by their bytes. */
  readonly vocabulary: Vocabulary;
  readonly merges: MergeTable;
  /** Token of each of the 256 bytes. */
  readonly byteIds: Int32Array;
  /** Whether a word that is a token becomes it without merging (`ignore_merges`; tiktoken always does). */
  readonly wholeWords: boolean;
  /** In the file's order. */
  readonly addedTokens: readonly AddedToken[];
  readonly normalizers: readonly NormalizerStep[];
  readonly preTokenizers: readonly PreTokenizerStep[];
}
