/** What a run tells while it goes on: typed events, drawn by reporters. The library itself never prints. */
import type { ErrorData } from "../batch/errors.ts";
import type { RowRule } from "../kernels/row-rules.ts";
import type { TokenizerGuard } from "../manifests/schema.ts";
import type { Plan } from "../plan/plan.ts";
import type { ProgressCounts } from "./progress.ts";
import type { Task } from "./protocol.ts";
import type { DedupReport } from "./verdicts.ts";

export type Phase = Task["kind"];

export type RunEvent =
  | { readonly type: "run_started"; readonly plan: Plan; readonly workers: number }
  | { readonly type: "warning"; readonly message: string }
  | {
      readonly type: "phase_started";
      readonly phase: Phase;
      readonly subject: string;
      readonly tasks: number;
      /** Of those, tasks that were done before. */
      readonly done: number;
      /** Of a phase that reads input: bytes of it, and those that were read before. */
      readonly bytes?: number;
      readonly done_bytes?: number;
      /** The source whose counts in `progress` are of this phase. */
      readonly source?: string;
    }
  | { readonly type: "task_done"; readonly phase: Phase; readonly subject: string; readonly reused: boolean }
  | { readonly type: "phase_done"; readonly phase: Phase; readonly subject: string }
  | {
      /** A barrier has decided which rows it takes; none is taken yet. */
      readonly type: "dedup_decided";
      readonly verdict: DedupReport;
    }
  | {
      /** How far all of the run is. */
      readonly type: "phases";
      readonly done: number;
      readonly total: number;
      /** Bytes of input, and those that were read. */
      readonly bytes: number;
      readonly done_bytes: number;
    }
  | {
      readonly type: "progress";
      /** Counted since this attempt began. */
      readonly sources: readonly { readonly name: string; readonly counts: ProgressCounts }[];
    }
  | {
      readonly type: "time_spent";
      /** Wall-clock seconds of all workers together, by part of the work, longest first. */
      readonly parts: readonly { readonly part: string; readonly seconds: number; readonly share: number }[];
    }
  | {
      /** The recipe, or its input, is not what the run of this name had before. */
      readonly type: "run_changed";
      readonly reasons: readonly string[];
      /** What stands there was finished: it stays until this run is. */
      readonly finished: boolean;
    }
  | {
      /** Something in the store was damaged or gone; it is made again. */
      readonly type: "repair";
      readonly file: string;
      readonly what: string;
    }
  | { readonly type: "run_done"; readonly result: RunResult }
  | {
      /** It was stopped, or could not go on. */
      readonly type: "run_failed";
      readonly error: ErrorData;
      /** What became of the rows so far. */
      readonly sources: readonly RowAccountSoFar[];
    };

export interface RunResult {
  readonly name: string;
  /** Everything was there before: nothing was done. */
  readonly already_done: boolean;
  readonly run_folder: string;
  readonly manifests: readonly string[];
  readonly exports: readonly string[];
  readonly outputs: readonly {
    readonly name: string;
    readonly path: string;
    readonly files: number;
    readonly rows: number;
    /** Rows that were kept aside. */
    readonly dropped_rows: number;
  }[];
  readonly gates: readonly {
    readonly stage: string;
    readonly name: string;
    readonly ok: boolean;
    readonly bound: number;
    readonly value: number;
  }[];
  /** What dedup took; absent where no barrier takes rows for their likeness. */
  readonly dedup?: readonly DedupReport[];
  /** Absent where no training stage mixes rows. */
  readonly row_stages?: readonly {
    readonly name: string;
    readonly rule: RowRule;
    /** Packed rows. */
    readonly rows: number;
    readonly sequences: number;
    readonly tokens: number;
    readonly supervised_tokens: number;
    readonly fill_ratio: number;
    readonly tokens_lost: number;
    readonly sources: readonly {
      readonly name: string;
      readonly fraction: number;
      readonly rows_available: number;
      readonly rows: number;
      /** Of what was taken; `requested` in the unit of the rule. */
      readonly shares: {
        readonly requested: number;
        readonly rows: number;
        readonly tokens: number;
        readonly supervised_tokens: number;
      };
    }[];
  }[];
  readonly training_stages: readonly {
    readonly name: string;
    readonly windows: number;
    readonly tokens: number;
    readonly sources: readonly {
      readonly name: string;
      readonly weight_requested: number;
      readonly weight_achieved: number;
      readonly tokens: number;
      /** That the stage reads, and that all stages up to it do. */
      readonly epochs: number;
      readonly epochs_total: number;
    }[];
  }[];
  readonly sources: readonly (RowAccount & {
    /** What its tokens are like; absent where it has no token store. */
    readonly tokenizer_guard?: TokenizerGuard;
  })[];
}

/** What became of the rows of a source: rows_in = kept + held_out + dropped + errors. */
export interface RowAccount {
  readonly name: string;
  readonly rows_in: number;
  readonly kept: number;
  /** Absent where nothing is held out for validation. */
  readonly held_out?: number;
  /** By `stage:reason`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** By kind; rows without text among them. */
  readonly errors: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly text_bytes: number;
}

/** The same of a source that may not be done. */
export interface RowAccountSoFar extends RowAccount {
  /** Whether all of it was read, and duplicates and what is held out are taken from what was kept. */
  readonly complete: boolean;
  /** Stages whose verdict is not there yet, or not counted: rows that they will drop are still among the kept. */
  readonly undecided: readonly string[];
  /** Rows in that no stage had seen when the run ended. */
  readonly unjudged: number;
  /** Spans whose first pass is done, of how many; absent where it is not cut yet. */
  readonly spans_read: number;
  readonly spans?: number;
}
