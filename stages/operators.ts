/**
 * The operators: what a stage does to batches, one interface for each kind and a constructor that gives it its type.
 *
 * Operators are synchronous, but for sources and requests, which the engine awaits. An operator serves every source of a thread whose
 * stage has the same options, and a batch ends when its last stage returns: its columns' memory goes to the next batch, so an operator keeps
 * no column and no view of one between calls.
 */
import type { Batch } from "../batch/batch.ts";
import type { Column, Utf8Column } from "../batch/column.ts";
import type { Place } from "../batch/errors.ts";
import type { ByteSource, ShardRef } from "../io/source.ts";
import type { PackPlan } from "../kernels/pack/plan.ts";
import type { Seed } from "../kernels/random/shuffle.ts";
import type { RuleValues } from "../kernels/statistics/rule-values.ts";
import type { BarrierOperator } from "./barriers.ts";

export type { PackPlan } from "../kernels/pack/plan.ts";
export * from "./barriers.ts";

/**
 * Reports that `row` dies for `reason`. `value` is what was measured against the bound; `detail` is a few words that help to understand the
 * verdict (the n-gram, the benchmark, the label), cut at {@link MAX_DETAIL_BYTES} bytes. Dropping a dead row is a no-op.
 */
export type Drop<Reason extends string = string> = (
  row: number,
  reason: Reason,
  value?: number,
  detail?: string,
) => void;

/** Bytes of UTF-8 that a ledger keeps of a verdict's detail. */
export const MAX_DETAIL_BYTES = 256;

/**
 * Reports what a stage found in a row, for who looks at the run: it is kept beside the ledger, whatever becomes of the row. `review` lists such findings
 * where they name a `benchmark`.
 */
export type Report = (row: number, finding: StageState) => void;

/** Adds to what a stage counts of a row, 1 where not said, under a name that it declares. */
export type Figure = (row: number, name: string, amount?: number) => void;

/**
 * What an operator of any row-local kind may keep while it sees the rows of a span: counts, histograms, sketches. `finish` returns plain JSON
 * data of the rows since the last `finish` and starts anew; the definition's `merge` adds the states of spans up, in order of address, so
 * that statistics are exact for any number of workers.
 */
export interface Stateful {
  readonly finish?: () => StageState;
  /**
   * Awaited before the first batch of a span: opens what cannot be opened at once, such as a file that must be decoded. Called for each span, so it
   * does its work the first time.
   */
  readonly prepare?: () => Promise<void>;
}

/** Of an operator that judges by bounds: what its rules measured of rows that fall and of rows that stay, for who looks whether a bound is in the right place. */
export interface Measuring {
  /** What was measured since the last call, rules in their order. States of spans are added up in order of address. */
  readonly measured?: () => readonly RuleValues[];
}

/** Plain data that JSON holds. */
export type StageState =
  | null
  | boolean
  | number
  | string
  | readonly StageState[]
  | { readonly [key: string]: StageState };

/** Judges rows; never changes text. */
export interface FilterOperator extends Stateful, Measuring {
  readonly kind: "filter";
  readonly apply: (batch: Batch, drop: Drop) => void;
}

/** Builds a new `text` column. Dead rows keep their place; their text may be empty. */
export interface RewriteOperator extends Stateful {
  readonly kind: "rewrite";
  readonly apply: (batch: Batch) => Utf8Column;
}

/** Adds the columns the stage declares in `writes`, no more and no fewer. */
export interface AnnotateOperator extends Stateful {
  readonly kind: "annotate";
  /** `figure` is absent where nobody keeps figures. */
  readonly apply: (batch: Batch, figure?: Figure) => ReadonlyMap<string, Column>;
}

/**
 * One pass that judges rows and makes columns, `text` among them where the stage declares it: C4's lines, a language label that also drops.
 */
export interface TransformOperator extends Stateful, Measuring {
  readonly kind: "transform";
  /** `report` is absent where nobody keeps findings, `figure` where nobody keeps figures. */
  readonly apply: (batch: Batch, drop: Drop, report?: Report, figure?: Figure) => ReadonlyMap<string, Column>;
}

/** An answer from outside, as the journal keeps it. */
export type Answer = StageState;

/**
 * What a row asks where it takes several questions, each of which may follow from earlier answers: yields questions, is given their answers, and
 * returns what they come to. Pure, since it is gone through once more when answers become columns: equal answers lead to equal questions.
 */
export type Dialogue = Generator<readonly StageState[], Answer, readonly Answer[]>;

/**
 * Asks something outside for rows: a table, a service, a model. The engine asks, with bounded concurrency and retries, and keeps every answer in
 * a journal, so that nothing is asked twice; the operator only says what to ask and what an answer means.
 */
export interface RequestOperator extends Stateful {
  readonly kind: "request";
  /** Questions that a worker has out at once. */
  readonly concurrency: number;
  /** Attempts at one question, the first included; between them the engine waits, longer each time. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each further one. */
  readonly retry_ms: number;
  /** What to ask for `row`: plain data that names the question completely, or undefined where nothing is to be asked. */
  readonly question: (batch: Batch, row: number) => StageState | undefined;
  /** The questions that `question` comes to; that one alone where absent. */
  readonly dialogue?: (question: StageState) => Dialogue;
  /** Gets the answer. Throws {@link RetryLater} for what may go away, a ShardmillError for what ends the run. */
  readonly ask: (question: StageState, signal: AbortSignal) => Promise<Answer>;
  /** The answer where all attempts failed; without one, or where it throws, that ends the run. */
  readonly unanswered?: (question: StageState, failure: RetryLater) => Answer | undefined;
  /** Tokens that an answer cost, for runs that have a budget of them. */
  readonly tokens?: (answer: Answer) => number;
  /** Makes columns and verdicts from the answers; `answer(row)` is undefined where nothing was asked. */
  readonly apply: (
    batch: Batch,
    answer: (row: number) => Answer | undefined,
    drop: Drop,
  ) => ReadonlyMap<string, Column>;
}

/** Thrown by `ask`: the same question may be answered later. */
export class RetryLater extends Error {
  /** Milliseconds to wait at least, where the other side has said so. */
  readonly after_ms: number;

  constructor(message: string, after_ms = 0, options?: ErrorOptions) {
    super(message, options);
    this.name = "RetryLater";
    this.after_ms = after_ms;
  }
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
  /** Exclusive end of every document, in tokens. These alone say where documents end: EOS need not stand there. */
  readonly document_ends: Float64Array;
  readonly sequence_length: number;
  /** Key of all randomness: depends on recipe seed, source and shard only. */
  readonly seed: readonly [number, number];
}

/** What a packer of rows is given: the sequences of a whole training stage, in their order. */
export interface RowPackInput {
  /** Tokens of each sequence. */
  readonly lengths: Uint32Array;
  /** Tokens that a packed row may hold. */
  readonly capacity: number;
  /** Key of all randomness. */
  readonly seed: Seed;
}

/** Lays the documents of a store shard out in windows, the rows of a training stage in packed rows, or both. */
export interface PackOperator {
  readonly kind: "pack";
  /** Every token is placed once and every window is full, with padding as document -1. */
  readonly plan?: (input: PackInput) => PackPlan;
  /** Rows may be short and tokens left out: what is no padding is never there. */
  readonly rows?: (input: RowPackInput) => PackPlan;
}

/** Columns that an output writes, as its recipe names them. */
export interface SinkColumn {
  readonly name: string;
  /** A type as outputs spell it: `string`, `int64`, `list<struct<role: string, content: string>>`, … */
  readonly type: string;
}

/** Encodes the rows of one file of an output. One at a time, used once. */
export interface SinkFile {
  /** Appends the rows of `batch` that are alive. */
  readonly append: (batch: Batch) => void;
  /** Writes what is left. */
  readonly finish: () => void;
}

/** Writes rows as files: a format of outputs. */
export interface SinkOperator {
  readonly kind: "sink";
  /** Ending of its files, without the first dot: `parquet`, `jsonl.zst`. */
  readonly extension: string;
  /** `placeOf` tells where a row of a batch comes from, for messages about a value that cannot be written. */
  readonly open: (
    columns: readonly SinkColumn[],
    write: (bytes: Uint8Array) => void,
    placeOf: (batch: Batch, row: number) => Place,
  ) => SinkFile;
}

export interface OperatorOf {
  readonly source: SourceOperator;
  readonly filter: FilterOperator;
  readonly rewrite: RewriteOperator;
  readonly annotate: AnnotateOperator;
  readonly transform: TransformOperator;
  readonly barrier: BarrierOperator;
  readonly request: RequestOperator;
  readonly sink: SinkOperator;
  readonly pack: PackOperator;
}

export type OperatorKind = keyof OperatorOf;
export type Operator = OperatorOf[OperatorKind];

export const OPERATOR_KINDS: readonly OperatorKind[] = [
  "source",
  "filter",
  "rewrite",
  "annotate",
  "transform",
  "barrier",
  "request",
  "sink",
  "pack",
];

export function isOperatorKind(kind: unknown): kind is OperatorKind {
  return OPERATOR_KINDS.some((known) => known === kind);
}

/** What may stand in a pipeline. */
const PIPELINE_KINDS = ["filter", "rewrite", "annotate", "transform", "barrier", "request"] as const;
export type PipelineKind = (typeof PIPELINE_KINDS)[number];

export function isPipelineKind(kind: OperatorKind): kind is PipelineKind {
  return (PIPELINE_KINDS as readonly string[]).includes(kind);
}

/** A program of an earlier version gave `finish` here, bare; spread, a function is nothing, and its counts would be lost without a word. */
function kept<Keeps extends Stateful & Measuring>(keeps: Keeps): Keeps {
  if (typeof keeps === "function") throw new TypeError("what an operator keeps is one object: { finish, prepare }");
  return keeps;
}

/** `keeps`: what the operator keeps while it sees rows, if anything; the same of the three that follow. */
export function filter<Reason extends string>(
  apply: (batch: Batch, drop: Drop<Reason>) => void,
  keeps: Stateful & Measuring = {},
): FilterOperator {
  return { kind: "filter", apply, ...kept(keeps) };
}

export function rewrite(apply: RewriteOperator["apply"], keeps: Stateful = {}): RewriteOperator {
  return { kind: "rewrite", apply, ...kept(keeps) };
}

export function annotate(apply: AnnotateOperator["apply"], keeps: Stateful = {}): AnnotateOperator {
  return { kind: "annotate", apply, ...kept(keeps) };
}

export function transform<Reason extends string>(
  apply: (batch: Batch, drop: Drop<Reason>, report?: Report, figure?: Figure) => ReadonlyMap<string, Column>,
  keeps: Stateful & Measuring = {},
): TransformOperator {
  return { kind: "transform", apply, ...kept(keeps) };
}

export function request(operator: Omit<RequestOperator, "kind">): RequestOperator {
  return { kind: "request", ...operator };
}

export function source(operator: Omit<SourceOperator, "kind">): SourceOperator {
  return { kind: "source", ...operator };
}

export function sink(operator: Omit<SinkOperator, "kind">): SinkOperator {
  return { kind: "sink", ...operator };
}

export function pack(plan: NonNullable<PackOperator["plan"]>, rows?: NonNullable<PackOperator["rows"]>): PackOperator {
  return { kind: "pack", plan, ...(rows && { rows }) };
}

/** A packer that makes no windows. */
export function packRows(rows: NonNullable<PackOperator["rows"]>): PackOperator {
  return { kind: "pack", rows };
}
