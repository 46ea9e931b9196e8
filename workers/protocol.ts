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
import type { PackingStatistics } from "../kernels/pack/plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Extent } from "../stages/define.ts";
import type { MarkedFile } from "../store/marker.ts";
import type { TimeSpent } from "./stopwatch.ts";

export interface WorkerSetup {
  readonly plan: Plan;
  readonly root: string;
  readonly environment: EnvironmentData;
  readonly max_errors: number;
  /** Progress counters, `PROGRESS_FIELDS` per source; see progress.ts. */
  readonly progress: SharedArrayBuffer;
  /** Bytes one match task may hold keys in. */
  readonly match_memory_bytes: number;
}

export interface IngestTask {
  readonly kind: "ingest";
  readonly source: number;
  readonly span: number;
  readonly extents: readonly Extent[];
}

/** A key file and the group-wide number of its span's first document. */
export interface KeyInput {
  readonly file: MarkedFile;
  readonly firstDocument: number;
}

/** Documents of one source among those of a group: where an earlier barrier's roots say what is dropped. */
export interface RootsSlice {
  readonly file: MarkedFile;
  /** Number of the source's first document in that file's group. */
  readonly first: number;
}

export interface MatchTask {
  readonly kind: "match";
  readonly group: number;
  readonly partition: number;
  readonly inputs: readonly KeyInput[];
  /** Per member: its documents in this group and the roots of its earlier barriers, whose losers take no part. */
  readonly members: readonly {
    readonly first: number;
    readonly documents: number;
    readonly earlier: readonly RootsSlice[];
  }[];
}

export interface UniteTask {
  readonly kind: "unite";
  readonly group: number;
  readonly documents: number;
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
  /** One per barrier of the source, in pipeline order. */
  readonly barriers: readonly { readonly roots: RootsSlice; readonly sizes: RootsSlice }[];
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

export interface PackTask {
  readonly kind: "pack";
  readonly windows: number;
  readonly shard: number;
  /** 0 is the first one. */
  readonly epoch: number;
}

export type Task = IngestTask | MatchTask | UniteTask | ScatterTask | GatherTask | PackTask;

export interface StageCounts {
  readonly id: string;
  readonly rows_in: number;
  readonly dropped: Readonly<Record<string, number>>;
}

export interface Problem {
  readonly kind: string;
  readonly shard: string;
  readonly row?: number;
  readonly byte?: number;
  readonly message: string;
}

export interface IngestMarker {
  readonly files: readonly VouchedFile[];
  /** Rows met, problem rows included. */
  readonly rows: number;
  /** Rows that became documents of a batch, dead or alive: what documents are numbered by. */
  readonly documents: number;
  readonly extents: readonly { readonly shard: number; readonly rows: number }[];
  readonly errors: Readonly<Record<string, number>>;
  /** The first few, so that a message can show them. */
  readonly problems: readonly Problem[];
  readonly stages: readonly StageCounts[];
  /** Documents alive after every row-local stage; a dedup barrier may drop some later. */
  readonly kept: number;
  readonly text_bytes: number;
  readonly tokens: number;
}

export interface MatchMarker {
  readonly files: readonly VouchedFile[];
  readonly edges: number;
}

export interface UniteMarker {
  readonly files: readonly VouchedFile[];
  readonly documents: number;
  readonly duplicates: number;
}

export interface ScatterChunk {
  readonly at: number;
  readonly size_bytes: number;
  readonly documents: number;
}

export interface ScatterMarker {
  readonly files: readonly VouchedFile[];
  readonly chunks: readonly ScatterChunk[];
  /** Documents dropped by each barrier of the source, in order. */
  readonly duplicates: readonly number[];
}

export interface ShardMarker {
  readonly files: readonly CommittedFile[];
  readonly documents: number;
  readonly tokens: number;
  readonly text_bytes: number;
}

export interface PackMarker {
  readonly files: readonly CommittedFile[];
  readonly windows: number;
  readonly statistics: PackingStatistics;
  /** What a selection left out; absent where all documents of the shard are packed. */
  readonly skipped?: { readonly documents: number; readonly tokens: number };
}

export interface MarkerOf {
  readonly ingest: IngestMarker;
  readonly match: MatchMarker;
  readonly unite: UniteMarker;
  readonly scatter: ScatterMarker;
  readonly gather: ShardMarker;
  readonly pack: PackMarker;
}

export type TaskResult =
  | { readonly ok: true; readonly marker: MarkerOf[Task["kind"]]; readonly reused: boolean; readonly time: TimeSpent }
  | { readonly ok: false; readonly error: ErrorData };
