/**
 * Barriers: stages that must see all rows before they can decide. What they declare, and their operators.
 *
 * A barrier's operator only gives keys, row by row, so it holds nothing of other rows. The engine spills keys by their high bits, works on each
 * partition of them alone and puts the verdicts together: memory is bounded whatever the number of rows, and no verdict depends on spans or workers.
 */
import type { Batch } from "../batch/batch.ts";

/** Who is compared with whom, and what a barrier does about it: declared, so that a run is planned without creating anything. */
export type Exchange = ExchangeScope & (Comparison | Selection);

interface ExchangeScope {
  /** The rows compared with each other: those of one source, or of every source that uses the pipeline. */
  readonly scope: "source" | "pipeline";
  /** Why rows fall: those that were seen before, of which nothing is left, or which are too many. One of the reasons that the stage declares. */
  readonly reason: string;
}

interface Comparison {
  /** `drop` takes whole rows away and stops nothing; `edit` cuts parts out of texts, which ends the pass. */
  readonly verdict: "drop" | "edit";
}

/** Takes whole rows away, as `drop` does: all but a stretch of them in the order of their keys. */
type Selection = { readonly verdict: "select" } & Stretch;

/** The rows that stay: so many with the smallest keys, or those of rank r of n where min_quantile × n <= r < max_quantile × n. */
export type Stretch = { readonly count: number } | { readonly min_quantile: number; readonly max_quantile: number };

/**
 * Drops rows that share a key with an earlier row, over all spans of a scope.
 *
 * A row is sketched into `keys_per_row` keys of `key_bytes` each; rows that share a key *in the same slot* are united, and the row with
 * the lowest address of each cluster survives. The executor spills keys by their high bits, matches each partition on its own
 * and unites the pairs, so the stage itself is only the sketch.
 */
export interface DropBarrierOperator {
  readonly kind: "barrier";
  readonly verdict: "drop";
  readonly key_bytes: 8 | 16;
  readonly keys_per_row: number;
  /**
   * Writes the keys of `row` to `out` as little-endian u32 words (`key_bytes / 4` words a key, most significant word
   * first, high bits well mixed) and returns true, or returns false where the row has no sketch and can never be a duplicate.
   */
  readonly sketch: (batch: Batch, row: number, out: Uint32Array) => boolean;
  /** Where equal keys are not enough: see {@link BarrierVerification}. */
  readonly verify?: BarrierVerification;
}

/**
 * Compares rows that share a key before they are united. The executor keeps a signature a row and compares each row of a key with the
 * key's leaders (the rows before it that were similar to none, at most 16), in order of address, and unites it with the first
 * similar one: the result depends on the rows alone, and a key that a million rows share stays linear.
 */
export interface BarrierVerification {
  /** 16-bit entries of a signature. */
  readonly slots: number;
  /** Writes the signature of the row that `sketch` returned true for last to `out`, which has `slots` entries. */
  readonly signature: (out: Uint16Array) => void;
  /** Whether the rows whose signatures start at `a` and at `b` of `signatures` may be united. Symmetric and pure. */
  readonly similar: (signatures: Uint16Array, a: number, b: number) => boolean;
}

/**
 * Cuts parts of texts that an earlier row, or an earlier part of the same row, has too.
 *
 * A row is divided into parts (lines, paragraphs, sentences, anchored substrings), each with one key. Parts that share a key are united as
 * rows are by a dropping barrier; the first one by address stays, the others are cut out of their texts when the next pass begins. A row of
 * which nothing is left is dropped.
 */
export interface EditBarrierOperator {
  readonly kind: "barrier";
  readonly verdict: "edit";
  readonly key_bytes: 8 | 16;
  /**
   * Calls `part` for the parts of `row` that may be cut, in order and without overlap: `start` and `end` are bytes from the start of the row's
   * text, `key` as {@link DropBarrierOperator.sketch} writes one.
   */
  readonly parts: (batch: Batch, row: number, part: (key: Uint32Array, start: number, end: number) => void) => void;
}

/**
 * Keeps a stretch of the rows in the order of their keys; rows of equal keys are in order of address.
 *
 * The engine spills keys as those of a dropping barrier, puts each partition in order and finds where the rows that stay begin and end, so the stage itself is
 * only the key. Which rows stay depends on seed, keys and addresses alone.
 */
export interface SelectBarrierOperator {
  readonly kind: "barrier";
  readonly verdict: "select";
  readonly key_bytes: 8;
  /**
   * Gives what writes the key of a row to `out`, two u32 words, most significant first, and returns true; or returns false where
   * the row has none.
   */
  readonly draw: (batch: Batch) => (row: number, out: Uint32Array) => boolean;
  /** Why a row without a key falls, at once: one of the reasons that the stage declares. */
  readonly keyless: string;
}

export type BarrierOperator = DropBarrierOperator | EditBarrierOperator | SelectBarrierOperator;

/** A barrier that drops rows. */
export function barrier(operator: Omit<DropBarrierOperator, "kind" | "verdict">): DropBarrierOperator {
  return { kind: "barrier", verdict: "drop", ...operator };
}

/** A barrier that cuts parts out of texts. */
export function editBarrier(operator: Omit<EditBarrierOperator, "kind" | "verdict">): EditBarrierOperator {
  return { kind: "barrier", verdict: "edit", ...operator };
}

/** A barrier that keeps a number of rows. */
export function selectBarrier(
  operator: Omit<SelectBarrierOperator, "kind" | "verdict" | "key_bytes">,
): SelectBarrierOperator {
  return { kind: "barrier", verdict: "select", key_bytes: 8, ...operator };
}
