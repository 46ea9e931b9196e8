/**
 * A training stage as one trainer reads it: which sequence each share gives at its turn, and which turns hold a document.
 *
 * Shares take turns by the trainer's blend. Turn t of a share is its t-th sequence in the stage, from 0. Invariant: what a reader
 * says is what the trainer's own loader hands out.
 */
import type { StoredDocument } from "./store-rows.ts";
import type { PlacedWindow } from "./window-pieces.ts";

/** Tokens of one document, one behind the other. */
export interface ReadPiece extends StoredDocument {
  readonly epoch: number;
  /** First token in the document. */
  readonly start: number;
  readonly tokens: number;
}

export interface ReadSequence {
  /** In order. */
  readonly pieces: readonly ReadPiece[];
  /** Behind them. */
  readonly padding_tokens: number;
  /** Of trainers that read packed windows. `number` counts through the epochs of the share. */
  readonly window?: PlacedWindow & { readonly number: number };
}

export interface StageReader {
  readonly training_stage: string;
  readonly sequence_length: number;
  /** Names of shares in the order of the blend. */
  readonly shares: readonly string[];
  /** Their weights; any positive sum. */
  readonly weights: readonly number[];
  /** Throws RunError `run/source-exhausted` where the share has no such sequence. */
  sequence(share: number, turn: number): ReadSequence;
  /** Turns of a share that hold tokens of a document of its store, ascending. */
  turnsOf(share: number, document: StoredDocument): readonly number[];
}
