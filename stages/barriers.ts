/**
 * Barriers: stages that must see all rows before they can decide. What they declare, and their operators.
 *
 * A barrier's operator only gives keys, row by row, so it holds nothing of other rows. The engine spills keys by their high bits, works on each
 * partition of them alone and puts the verdicts together: memory is bounded whatever the number of rows, and no verdict depends on spans or workers.
 */
import type { Batch } from "../batch/batch.ts";
import type { Bitmap } from "../batch/bitmap.ts";
import type { Keep } from "../kernels/substring/cuts.ts";
import type { FragmentShape } from "../kernels/substring/sampler.ts";

/** Who is compared with whom, and what a barrier does about it: declared, so that a run is planned without creating anything. */
export type Exchange = ExchangeScope & ((Taking & (Comparison | Selection)) | Ranking);

/** What an editing barrier compares: parts of texts that the stage names, or all fragments of a length. */
export type EditUnit = "parts" | "fragments";

interface ExchangeScope {
  /** The rows compared with each other: those of one source, or of every source that uses the pipeline. */
  readonly scope: "source" | "pipeline";
  /** Rows, or parts of texts, are judged one after the other in order of address, by one task: see {@link SequenceBarrierOperator}. */
  readonly in_order?: boolean;
}

interface Taking {
  /** Why rows fall: those that were seen before, of which nothing is left, or which are too many. One of the reasons that the stage declares. */
  readonly reason: string;
}

/** Takes whole rows away and stops nothing. */
interface Dropping {
  readonly verdict: "drop";
  /** Who survives of a cluster. The row with the lowest address where absent, and the others fall for their keys alone. */
  readonly election?: Election;
  /** Sources by rank, the highest first: of a cluster, rows of a higher one survive. Sources that are not named come last, as one. */
  readonly precedence?: readonly string[];
}

/** Cuts parts out of texts, which ends the pass. */
interface Editing {
  readonly verdict: "edit";
  readonly unit: EditUnit;
}

type Comparison = Dropping | Editing;

/**
 * How the survivors of a cluster are chosen when its rows are known: what the rows have that leave the pass, whose texts are compared then. Rows that
 * later stages of the pass have dropped take no part, so that none falls in the stead of a row that is not there.
 */
export interface Election {
  readonly survivor: "first" | "longest" | SurvivorColumn;
  /** Only rows fall whose text stands, piece by piece, in that of one that stays: see kernels/dedup/holders.ts. */
  readonly text: boolean;
}

/** A column of numbers: the row with the largest one, or with the smallest, survives. */
export interface SurvivorColumn {
  readonly column: string;
  readonly order: "largest" | "smallest";
}

/** Takes whole rows away, as `drop` does: all but a stretch of them in the order of their keys. */
type Selection = { readonly verdict: "select" } & Stretch;

/** Takes nothing away: says of each row in which of `bins` equal parts of all it is, in the order of their keys, as a column of its own. */
export interface Ranking {
  readonly verdict: "rank";
  readonly bins: number;
  readonly column: string;
  readonly reason?: undefined;
}

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
  /** Why a row with these keys falls at once, before it is compared with others; undefined where it does not. */
  readonly judge?: (keys: Uint32Array) => { readonly reason: string; readonly value: number } | undefined;
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

/** What becomes of a text that has lost something. */
export interface EditRules {
  /** Stands where something was cut out between two parts that stay; nothing where absent. */
  readonly join?: Uint8Array;
  /** Writes a part that stays, `bytes[from, to)`, to `out` from `at` on and returns where it ends, at most as long as it was; as it is where absent. */
  readonly copy?: (bytes: Uint8Array, from: number, to: number, out: Uint8Array, at: number) => number;
  /**
   * Looks at what is left of a text, `bytes[from, to)`, and says where it begins now, or why the row falls: one of the reasons that the stage declares. A
   * text of which nothing but white space is left falls unasked.
   */
  readonly judge?: (bytes: Uint8Array, from: number, to: number) => number | string;
}

/**
 * Cuts parts of texts that an earlier row, or an earlier part of the same row, has too.
 *
 * A row is divided into parts (lines, paragraphs, runs of sentences), each with one key. Parts that share a key are united as rows are by a dropping
 * barrier; the first one by address stays, the others are cut out of their texts when the next pass begins. A row of which nothing is left is
 * dropped.
 */
export interface PartBarrierOperator extends EditRules {
  readonly kind: "barrier";
  readonly verdict: "edit";
  readonly unit: "parts";
  readonly key_bytes: 8 | 16;
  /**
   * Calls `part` for the parts of `row` that may be cut, in order of where they start; they may overlap. `start` and `end` are bytes from the start of
   * the row's text, `key` as {@link DropBarrierOperator.sketch} writes one. A part without a key goes where another of its row goes.
   */
  readonly parts: (
    batch: Batch,
    row: number,
    part: (key: Uint32Array | undefined, start: number, end: number) => void,
  ) => void;
}

/** The symbols of rows that fragments are made of: bytes of their texts, or ids. */
export interface SymbolColumn {
  readonly data: Uint8Array;
  /** Byte of `data` where the symbols of each row begin, and where those of the last one end. */
  readonly offsets: Int32Array;
  /** Byte of the row's text where its symbol `symbol` begins, or the text's end behind the last; absent where symbols are bytes. Cheap where places ascend. */
  readonly byteOf?: (row: number, symbol: number) => number;
}

/**
 * Cuts every fragment of a length that stands in an earlier row, or earlier in the same one without overlap. The engine samples fragments, compares
 * samples and goes on with what they leave open, see kernels/substring: the stage only says what the symbols are.
 */
export interface FragmentBarrierOperator extends EditRules {
  readonly kind: "barrier";
  readonly verdict: "edit";
  readonly unit: "fragments";
  readonly shape: FragmentShape;
  readonly keep: Keep;
  /** The symbols of the rows in `rows`; those of others may be missing. Valid until the next call. */
  readonly symbols: (batch: Batch, rows: Bitmap) => SymbolColumn;
}

export type EditBarrierOperator = PartBarrierOperator | FragmentBarrierOperator;

/** Puts rows in the order of their keys; rows of equal keys are in order of address. The engine spills keys as those of a dropping barrier. */
interface RowOrder {
  readonly kind: "barrier";
  readonly key_bytes: 8;
  /**
   * Gives what writes the key of a row to `out`, two u32 words, most significant first, and returns true; or returns false where
   * the row has none.
   */
  readonly draw: (batch: Batch) => (row: number, out: Uint32Array) => boolean;
}

/**
 * Keeps a stretch of the rows in the order of their keys.
 *
 * The engine puts each partition of the keys in order and finds where the rows that stay begin and end, so the stage itself is only the key. Which rows stay
 * depends on seed, keys and addresses alone.
 */
export interface SelectBarrierOperator extends RowOrder {
  readonly verdict: "select";
  /** Why a row without a key falls, at once: one of the reasons that the stage declares. */
  readonly keyless: string;
}

/** Cuts the rows in the order of their keys into equal bins, and takes none away. A row without a key is in no bin. */
export interface RankBarrierOperator extends RowOrder {
  readonly verdict: "rank";
}

/**
 * Judges rows, or parts of texts, in order of address, each by many keys and by what came before it.
 *
 * The spans are sketched at the same time as those of any barrier. One task then goes through the keys of all of them in order, with a judge that may remember
 * what it likes: what becomes of a row depends on those before it alone, never on spans or workers.
 */
export interface SequenceBarrierOperator {
  readonly kind: "barrier";
  readonly verdict: "sequence";
  readonly key_bytes: 8;
  /** Whole rows are judged, one unit a row; or parts of them, as an editing barrier's. */
  readonly unit: "row" | "part";
  /** Calls `unit` for the units of `row`, in order and without overlap, with all keys of each back to back, none where it has none. */
  readonly parts: (batch: Batch, row: number, unit: (keys: Uint32Array, start: number, end: number) => void) => void;
  /** A judge for `keys` keys at most. Throws RunError where it would need too much memory. */
  readonly judge: (keys: number) => SequenceJudge;
}

export interface SequenceJudge {
  /** Whether the next unit, whose keys are `keys[0, words)`, goes. */
  unit(keys: Uint32Array, words: number): boolean;
  /** The units so far were all of a row: whether they all go. */
  endRow(): boolean;
  /** All units have come. Throws RunError where the verdicts are not what they should be. */
  finish(): void;
}

export type BarrierOperator =
  | DropBarrierOperator
  | EditBarrierOperator
  | SelectBarrierOperator
  | RankBarrierOperator
  | SequenceBarrierOperator;

/** A barrier that drops rows. */
export function barrier(operator: Omit<DropBarrierOperator, "kind" | "verdict">): DropBarrierOperator {
  return { kind: "barrier", verdict: "drop", ...operator };
}

/** A barrier that cuts parts out of texts. */
export function editBarrier(operator: Omit<PartBarrierOperator, "kind" | "verdict" | "unit">): PartBarrierOperator {
  return { kind: "barrier", verdict: "edit", unit: "parts", ...operator };
}

/** A barrier that cuts fragments out of texts. */
export function fragmentBarrier(
  operator: Omit<FragmentBarrierOperator, "kind" | "verdict" | "unit">,
): FragmentBarrierOperator {
  return { kind: "barrier", verdict: "edit", unit: "fragments", ...operator };
}

/** A barrier that keeps a number of rows. */
export function selectBarrier(
  operator: Omit<SelectBarrierOperator, "kind" | "verdict" | "key_bytes">,
): SelectBarrierOperator {
  return { kind: "barrier", verdict: "select", key_bytes: 8, ...operator };
}

/** A barrier that says in which bin a row is. */
export function rankBarrier(draw: RankBarrierOperator["draw"]): RankBarrierOperator {
  return { kind: "barrier", verdict: "rank", key_bytes: 8, draw };
}

/** A barrier that judges rows or parts of texts in order. */
export function sequenceBarrier(
  operator: Omit<SequenceBarrierOperator, "kind" | "verdict" | "key_bytes">,
): SequenceBarrierOperator {
  return { kind: "barrier", verdict: "sequence", key_bytes: 8, ...operator };
}
