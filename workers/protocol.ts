/**
 * Everything that crosses a thread: tasks in, markers out.
 *
 * A task is plain data that says which piece of the plan to do; its marker is what the piece came to. The marker is also a file,
 * written last, and the only truth about what is done (`facts` of it are the same for every attempt, host and worker count).
 */
import type { ErrorData } from "../batch/errors.ts";
import type { EnvironmentData } from "../io/environment.ts";
import type { CommittedFile } from "../io/local/commit.ts";
import type { VouchedFile } from "../io/local/vouched.ts";
import type { RuleValues } from "../kernels/statistics/rule-values.ts";
import type { TokenizerGuard } from "../manifests/schema.ts";
import type { BarrierColumn, Plan } from "../plan/plan.ts";
import type { Extent, StageState } from "../stages/define.ts";
import type { MarkedFile } from "../store/marker.ts";
import type {
  ClusterCounts,
  CompareMarker,
  CompareTask,
  DecideMarker,
  DecideTask,
  ElectMarker,
  ElectTask,
  MatchMarker,
  MatchTask,
  RefineMarker,
  RefineTask,
  RootsSlice,
  SpanOfGroup,
  UniteMarker,
  UniteTask,
} from "./group-protocol.ts";
import type { TimeSpent } from "./stopwatch.ts";
import type {
  ArrangeMarker,
  ArrangeTask,
  PackMarker,
  PackTask,
  QuantileMarker,
  QuantileTask,
} from "./training-protocol.ts";

export type * from "./group-protocol.ts";
export type * from "./training-protocol.ts";

export interface WorkerSetup {
  readonly plan: Plan;
  readonly root: string;
  readonly environment: EnvironmentData;
  readonly max_errors: number;
  /** Progress counters, `PROGRESS_FIELDS` per source; see progress.ts. */
  readonly progress: SharedArrayBuffer;
  /** Bytes one match task may hold keys in. */
  readonly match_memory_bytes: number;
  /** Bytes of input per unit of work, when a source is cut. */
  readonly span_bytes: number;
  /** What stages may still ask for outside: one account for all threads, see request-budget.ts. */
  readonly request_budget: SharedArrayBuffer;
}

/** Cuts a source into spans, the units of work: its marker is the list of them. */
export interface CutTask {
  readonly kind: "cut";
  readonly source: number;
}

/** One pass over one span. */
export interface IngestTask {
  readonly kind: "ingest";
  readonly source: number;
  readonly pass: number;
  readonly span: number;
  /** What the first pass reads; later ones read the spool of the same span. */
  readonly extents: readonly Extent[];
  /** Bytes of input that the first pass stands for, about: people are told how far it is by them, and nothing else depends on it. */
  readonly bytes?: number;
  /** Where the verdict of the barrier stands whose cuts this pass makes. */
  readonly edits?: RootsSlice | SpanOfGroup;
}

/** Which rows of some spans survive every dropping barrier: for outputs, which write rows and no tokens. */
export interface SettleTask {
  readonly kind: "settle";
  readonly source: number;
  readonly part: number;
  readonly spans: readonly ScatterSpan[];
  /** One a dropping barrier of the source, in pipeline order. */
  readonly barriers: readonly { readonly roots: RootsSlice }[];
}

/** Rows of one span that go to one file of an output. */
export interface WritePart {
  readonly source: number;
  readonly span: number;
  /** Where the fates of the span's documents are told, from byte `at`. Absent where no barrier drops. */
  readonly fates?: { readonly file: MarkedFile; readonly at: number; readonly documents: number };
  /** What barriers count that the output has as columns: the first entry of each is that of the span's first document. */
  readonly counts?: readonly CountsOfSpan[];
  /** Surviving rows to pass over, then rows to take. */
  readonly skip: number;
  readonly take: number;
  /** Dropped rows that go to the same file: those with `[from, to)` surviving rows of the span before them. */
  readonly aside?: { readonly from: number; readonly to: number };
}

/** A column that a barrier gives to the rows of a span. */
export interface CountsOfSpan extends Pick<BarrierColumn, "name" | "holds"> {
  readonly counts: RootsSlice;
  readonly documents: number;
}

/** One file of an output. */
export interface WriteTask {
  readonly kind: "write";
  readonly output: number;
  readonly shard: number;
  readonly parts: readonly WritePart[];
}

/** Adds the counts of a source's tasks up, checks that no row is missing, and says that its store is whole. */
export interface SealTask {
  readonly kind: "seal";
  readonly source: number;
  /** Parts it was scattered in; absent where it has no token store. */
  readonly scattered?: number;
  /** Parts it was settled in; absent where no output waits for verdicts. */
  readonly settled?: number;
  /** Shards of its token store, and what is held out of it. */
  readonly shards: number;
  readonly held_out?: { readonly share: number; readonly shards: number };
}

export interface ScatterSpan {
  readonly span: number;
  /** Number of the span's first document in its source. */
  readonly firstDocument: number;
  readonly documents: number;
  /** Rows before the extent that starts in the middle of a shard, by shard. */
  readonly rowBases: Readonly<Record<number, number>>;
}

export interface ScatterTask {
  readonly kind: "scatter";
  readonly source: number;
  readonly part: number;
  readonly spans: readonly ScatterSpan[];
  readonly shards: number;
  /** Documents to hold out go to shards of their own, numbered after the others. */
  readonly held_out?: { readonly seed: number; readonly share: number; readonly shards: number };
  /** One a dropping barrier of the source, in pipeline order. */
  readonly barriers: readonly { readonly roots: RootsSlice }[];
  /** One a column that a barrier gives, in the order of `barrierColumns`. */
  readonly counts: readonly RootsSlice[];
}

export interface GatherTask {
  readonly kind: "gather";
  readonly source: number;
  /** Position among the shards of its store. */
  readonly shard: number;
  /** A shard of the documents held out. */
  readonly held_out: boolean;
  readonly parts: readonly { readonly part: number; readonly chunk: ScatterChunk }[];
}

export type Task =
  | CutTask
  | IngestTask
  | MatchTask
  | RefineTask
  | CompareTask
  | UniteTask
  | ElectTask
  | DecideTask
  | ScatterTask
  | GatherTask
  | SettleTask
  | SealTask
  | PackTask
  | QuantileTask
  | ArrangeTask
  | WriteTask;

export interface StageCounts {
  readonly id: string;
  readonly rows_in: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Bytes of the texts that it was given; absent from markers of versions that did not count them. */
  readonly bytes_in?: number;
  /** Of an operator that keeps one. */
  readonly state?: StageState;
  /** Of a filter whose rules remember what they measured. */
  readonly measured?: readonly RuleValues[];
}

export interface Problem {
  readonly kind: string;
  readonly shard: string;
  readonly row?: number;
  readonly byte?: number;
  readonly message: string;
}

/** What an editing barrier took out of the rows of a span. */
export interface CutCounts {
  /** Rows that lost something. */
  readonly rows: number;
  /** Pieces that were cut out, whatever they consisted of. */
  readonly pieces: number;
  readonly bytes: number;
  readonly longest_bytes: number;
  /** Rows of which nothing, or too little, was left. */
  readonly emptied: number;
}

export interface CutMarker {
  readonly files: readonly VouchedFile[];
  readonly spans: readonly (readonly Extent[])[];
}

/** What stages counted of rows, added up: by stage id, then by name. */
export type RowFigures = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface IngestMarker {
  readonly files: readonly VouchedFile[];
  /** Rows met, problem rows included. */
  readonly rows: number;
  /** Rows that became documents of a batch, dead or alive: what documents are numbered by. Those of the first pass count. */
  readonly documents: number;
  /** Parts of texts, one number a barrier of the pass that edits. */
  readonly parts: readonly number[];
  /** What was cut at the start of the pass. */
  readonly cut?: CutCounts;
  readonly extents: readonly { readonly shard: number; readonly rows: number }[];
  readonly errors: Readonly<Record<string, number>>;
  /** The first few, so that a message can show them. */
  readonly problems: readonly Problem[];
  readonly stages: readonly StageCounts[];
  /** Of the rows that left the pass, by stages up to its end; absent where none counts. */
  readonly figures?: RowFigures;
  /** Documents alive after the pass; a dedup barrier may drop some later. */
  readonly kept: number;
  readonly text_bytes: number;
  /** Bytes of what the last pass leaves for outputs, by column, nulls for none. Absent where it leaves none, and from earlier versions. */
  readonly column_bytes?: Readonly<Record<string, number>>;
  readonly tokens: number;
}

export interface ScatterChunk {
  readonly at: number;
  readonly size_bytes: number;
  readonly documents: number;
}

export interface ScatterMarker {
  readonly files: readonly VouchedFile[];
  readonly chunks: readonly ScatterChunk[];
  /** Documents dropped by each dropping barrier of the source, in order. */
  readonly duplicates: readonly number[];
  /** Of the documents that survive. */
  readonly figures?: RowFigures;
}

export interface SettleMarker {
  readonly files: readonly VouchedFile[];
  /** A span of the part: where its fates begin in the file, how many rows survive, and the bytes of their texts. */
  readonly spans: readonly {
    readonly span: number;
    readonly at: number;
    readonly survivors: number;
    readonly text_bytes: number;
  }[];
  /** Documents dropped by each dropping barrier of the source, in order. */
  readonly duplicates: readonly number[];
  /** Of the rows that survive. */
  readonly figures?: RowFigures;
}

export interface WriteMarker {
  readonly files: readonly CommittedFile[];
  readonly rows: number;
  readonly dropped_rows: number;
  readonly text_bytes: number;
}

export interface ShardMarker {
  readonly files: readonly CommittedFile[];
  readonly documents: number;
  readonly tokens: number;
  readonly text_bytes: number;
  /** Documents that hold the token they end with, or begin with, at another place too: parsed from their text. Absent where text is text. */
  readonly documents_with_eos_inside?: number;
  readonly documents_with_bos_inside?: number;
}

/** What became of every row of a source; adds up, or the run fails. */
export interface SourceCounts {
  readonly rows_in: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly problems: readonly Problem[];
  readonly stages: readonly {
    readonly id: string;
    readonly use: string;
    readonly rows_in: number;
    readonly dropped: Readonly<Record<string, number>>;
    /** Bytes of the texts that it was given, in all spans; absent where a span does not tell. */
    readonly bytes_in?: number;
    /** What its rules measured, of all spans. */
    readonly measured?: readonly RuleValues[];
    /** What the stage's operator found out, states of all spans merged. */
    readonly state?: StageState;
    /** What it counted of the rows that survive all of the source's stages and barriers. */
    readonly figures?: Readonly<Record<string, number>>;
    /** Of a barrier that edits: what it cut out of the source, and what stands together in its group, which may have other sources too. */
    readonly edits?: CutCounts & ClusterCounts;
  }[];
  readonly kept: number;
  /** Rows that became documents for validation; absent where none are held out. */
  readonly held_out?: number;
  readonly tokens: number;
  readonly text_bytes: number;
}

/** What says that all of a source is done: its token store, where it has one, and what became of its rows. */
export interface StoreMarker {
  /** Of the shards, and the ledgers of duplicates, whose own markers go with the scattered parts. */
  readonly files: readonly VouchedFile[];
  readonly shards: readonly ShardMarker[];
  /** What was held out, in a folder of its own. */
  readonly validation?: HeldOutStore;
  readonly counts: SourceCounts;
  /** What its tokens are like; absent where it has no token store. */
  readonly tokenizer_guard?: TokenizerGuard;
}

export interface HeldOutStore {
  /** Share of the documents; a number of tokens was turned into one by what had been read. */
  readonly share: number;
  readonly shards: readonly ShardMarker[];
}

export interface MarkerOf {
  readonly cut: CutMarker;
  readonly ingest: IngestMarker;
  readonly match: MatchMarker;
  readonly refine: RefineMarker;
  readonly compare: CompareMarker;
  readonly unite: UniteMarker;
  readonly elect: ElectMarker;
  readonly decide: DecideMarker;
  readonly scatter: ScatterMarker;
  readonly gather: ShardMarker;
  readonly settle: SettleMarker;
  readonly seal: StoreMarker;
  readonly write: WriteMarker;
  readonly pack: PackMarker;
  readonly quantile: QuantileMarker;
  readonly arrange: ArrangeMarker;
}

export type TaskResult =
  | { readonly ok: true; readonly marker: MarkerOf[Task["kind"]]; readonly reused: boolean; readonly time: TimeSpent }
  | { readonly ok: false; readonly error: ErrorData };
