/** A model as every encoder takes it: what a tokenizer file says, without the file's format. */
import type { AddedToken } from "./added-tokens.ts";
import type { CharacterStart } from "./character-symbols.ts";
import type { MergeTable } from "./merge-table.ts";
import type { NormalizerStep } from "./normalizers.ts";
import type { CharacterKind } from "./split-patterns.ts";
import type { SplitBehavior } from "./splits.ts";
import type { UnigramModel } from "./unigram.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What a split looks for. */
export type SplitPattern =
  | { readonly kind: "regex"; readonly source: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "characters"; readonly of: CharacterKind };

/**
 * One step of cutting a piece into words; steps apply in order, each within the words of the one before. After `byte_alphabet` steps read
 * bytes as the characters that spell them in the vocabulary.
 */
export type PreTokenizerStep =
  | {
      readonly kind: "split";
      readonly pattern: SplitPattern;
      readonly behavior: SplitBehavior;
      /** Whether what lies between matches counts as the matches. */
      readonly invert: boolean;
    }
  | { readonly kind: "prefix_space" }
  | { readonly kind: "byte_alphabet" }
  /** At the model's own cuts, behind the blank it puts before pieces; alone. */
  | { readonly kind: "characters" };

export interface BpeModel {
  /** Bytes of every id, those of added tokens included; only model tokens can be found by their bytes. */
  readonly vocabulary: Vocabulary;
  readonly merges: MergeTable;
  /** Token of each of the 256 bytes where it stands alone, -1 where it has none. */
  readonly byteIds: Int32Array;
  /** Set where merging starts from characters and not from bytes. */
  readonly characters?: CharacterStart;
  /** Set where tokens are chosen by score: nothing is merged then. */
  readonly unigram?: UnigramModel;
  /** Whether a word that is a token becomes it without merging (`ignore_merges`; tiktoken always does). */
  readonly wholeWords: boolean;
  /** In the file's order. */
  readonly addedTokens: readonly AddedToken[];
  readonly normalizers: readonly NormalizerStep[];
  readonly preTokenizers: readonly PreTokenizerStep[];
}
