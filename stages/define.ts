/**
 * What a stage is: a declaration plus a synchronous kernel on batches.
 *
 * Because it is declared, a run can be planned, fingerprinted, explained and resumed; because the kernel is synchronous, it is
 * fast. The six constructors fix the operator types; `defineStage` checks a declaration once and keeps its option types.
 * An operator serves every source of a thread whose stage has the same options, and a batch ends when its last stage returns: its
 * columns' memory goes to the next batch, so an operator keeps no column and no view of one between calls.
 */
import type { z } from "zod";
import type { Batch } from "../batch/batch.ts";
import type { Column, ColumnKind, Utf8Column } from "../batch/column.ts";
import type { ByteSource, ShardRef } from "../io/source.ts";

/** Reports that `row` dies for `reason`; `value` is what was measured against the bound. Dropping a dead row is a no-op. */
export type Drop<Reason extends string = string> = (row: number, reason: Reason, value?: number) => void;

/** Judges rows; never changes text. */
export interface FilterOperator {
  readonly kind: "filter";
  readonly apply: (batch: Batch, drop: Drop) => void;
}

/** Builds a new `text` column. Dead rows keep their place; their text may be empty. */
export interface RewriteOperator {
  readonly kind: "rewrite";
  readonly apply: (batch: Batch) => Utf8Column;
}

/** Adds the columns the stage declares in `writes`. */
export interface AnnotateOperator {
  readonly kind: "annotate";
  readonly apply: (batch: Batch) => ReadonlyMap<string, Column>;
}

/**
 * Drops rows that share a key with an earlier row, over all spans of a scope.
 *
 * A row is sketched into `keys_per_row` keys of `key_bytes` each; rows that share a key *in the same slot* are united, and the row with
 * the lowest address of each cluster survives. The executor spills keys by their high bits, matches each partition on its own
 * and unites the pairs, so the stage itself is only the sketch.
 */
export interface BarrierOperator {
  readonly kind: "barrier";
  readonly key_bytes: 8 | 16;
  readonly keys_per_row: number;
  /** The rows compared with each other: those of one source, or of every source that uses the pipeline. */
  readonly scope: "source" | "pipeline";
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

/** A contiguous part of one shard: rows for columnar files, bytes for line files, everything for streams. */
export interface Extent {
  /** Position of the shard in its source's sorted listing. */
  readonly shard: number;
  readonly unit: "rows" | "bytes" | "all";
  /** In `unit`s; 0 for `all`. */
  readonly start: number;
  /** In `unit`s, exclusive; for `rows` the row count after it; for `all` the size of the file in bytes. */
  readonly end: number;
  /** Bytes to be read for it, to balance tasks. */
  readonly size_bytes: number;
}

/** What a reader may tell the run about a row or a shard it could not use. Counted and addressed, never silent. */
export interface ReadProblem {
  readonly kind: string;
  readonly shard: number;
  /** Row from the extent's start, where known. */
  readonly row?: number;
  readonly byte?: number;
  readonly message: string;
}

export interface ReadContext {
  readonly source: string;
  readonly shards: readonly ShardRef[];
  readonly open: (shard: ShardRef) => Promise<ByteSource>;
  /**
   * Records a problem with one row, which is then not in any batch. Throws when the run's error budget is spent.
   * A problem that ends the whole shard is thrown as a DataError instead.
   */
  readonly problem: (problem: ReadProblem) => void;
}

/** Reads shards into batches. `extents` runs once when a run starts; `read` runs in workers. */
export interface SourceOperator {
  readonly kind: "source";
  /** Cuts shards into extents of about `extentBytes`; small shards become one extent each. */
  readonly extents: (
    shards: readonly ShardRef[],
    context: ReadContext,
    extentBytes: number,
  ) => Promise<readonly Extent[]>;
  /** The rows of `extents`, in order. Batches never mix rows of two extents unless each extent is a single row. */
  readonly read: (extents: readonly Extent[], context: ReadContext) => AsyncIterable<Batch>;
}

/** What a packer is given: one shard of a token store, whole in memory. */
export interface PackInput {
  /** Exclusive end of every document, in tokens. Every document ends with one EOS. */
  readonly document_ends: Float64Array;
  readonly sequence_length: number;
  /** Key of all randomness: depends on recipe seed, source and shard only. */
  readonly seed: readonly [number, number];
}

/**
 * Which piece of which document lies where in the windows of one shard. Pieces are in window order; the pieces of a window
 * add up to `sequence_length + 1` tokens, where `document = -1` stands for EOS padding.
 */
export interface PackPlan {
  readonly windows: number;
  /** Index of the first piece of every window, plus the total at the end: `windows + 1` entries. */
  readonly window_pieces: Uint32Array;
  readonly piece_document: Int32Array;
  readonly piece_start: Uint32Array;
  readonly piece_length: Uint32Array;
}

/** Lays the documents of a store shard out in windows. */
export interface PackOperator {
  readonly kind: "pack";
  readonly plan: (input: PackInput) => PackPlan;
}

export type Operator =
  | SourceOperator
  | FilterOperator
  | RewriteOperator
  | AnnotateOperator
  | BarrierOperator
  | PackOperator;

export interface ColumnDeclaration {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** A file the stage needs, hashed into the fingerprint; `read` gives its bytes to `create`. */
export interface AssetRef {
  readonly name: string;
  readonly location: string;
}
export type Assets = ReadonlyMap<string, Uint8Array>;

/** Documentation that is run: the text, and what the stage must do with it under default (or given) options. */
export type Example = { readonly text: string; readonly options?: Readonly<Record<string, unknown>> } & (
  | { readonly drops: string }
  | { readonly keeps: true }
  | { readonly becomes: string }
  | { readonly tokens: readonly number[] }
);

export interface StageDefinition<Options extends z.ZodType = z.ZodType, Op extends Operator = Operator> {
  /** `KIND/NAME`, equal to the path under `stages/`; third-party stages use a first part of their own. */
  readonly name: string;
  /** Bump when output bytes change: it is part of the fingerprint. */
  readonly version: number;
  readonly summary: string;
  /** Paper, peer or specification the rule is exact to. */
  readonly reference?: string;
  /** A `z.strictObject` in which every option is described and defaulted. */
  readonly options: Options;
  readonly reads: readonly string[];
  readonly writes: readonly ColumnDeclaration[];
  /** Drop reasons in a fixed order: verdicts store the position. The key states the failure, the value explains it. */
  readonly reasons: Readonly<Record<string, string>>;
  readonly assets?: (options: z.output<Options>) => readonly AssetRef[];
  readonly create: (options: z.output<Options>, assets: Assets) => Op;
  readonly examples: readonly Example[];
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/;
const REASON = /^[a-z0-9]+(_[a-z0-9]+)*$/;

/** Checks a declaration and returns it with its types. Throws on what no run could survive: a bad name, reason or version. */
export function defineStage<Options extends z.ZodType, Op extends Operator>(
  definition: StageDefinition<Options, Op>,
): StageDefinition<Options, Op> {
  if (!NAME.test(definition.name)) throw new Error(`stage name must be kind/name in kebab-case: ${definition.name}`);
  if (!Number.isInteger(definition.version) || definition.version < 1) {
    throw new Error(`${definition.name}: version must be a positive integer`);
  }
  for (const reason of Object.keys(definition.reasons)) {
    if (!REASON.test(reason)) throw new Error(`${definition.name}: reason must be snake_case: ${reason}`);
  }
  return definition;
}

export function filter<Reason extends string>(apply: (batch: Batch, drop: Drop<Reason>) => void): FilterOperator {
  return { kind: "filter", apply: apply as FilterOperator["apply"] };
}

export function rewrite(apply: RewriteOperator["apply"]): RewriteOperator {
  return { kind: "rewrite", apply };
}

export function annotate(apply: AnnotateOperator["apply"]): AnnotateOperator {
  return { kind: "annotate", apply };
}

export function barrier(operator: Omit<BarrierOperator, "kind">): BarrierOperator {
  return { kind: "barrier", ...operator };
}

export function source(operator: Omit<SourceOperator, "kind">): SourceOperator {
  return { kind: "source", ...operator };
}

export function pack(plan: PackOperator["plan"]): PackOperator {
  return { kind: "pack", plan };
}
