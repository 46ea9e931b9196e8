/**
 * What a page is drawn from: plain figures of a run, gathered once, so that drawing is a pure function.
 *
 * Sources and stages stand in the recipe's order, here and on the page.
 */
import type { RuleValues } from "../../kernels/statistics/rule-values.ts";
import type { ChatFigures } from "../../manifests/chat.ts";
import type { RowManifest } from "../../manifests/row-schema.ts";
import type { TokenizerGuard, TrainingStageManifest } from "../../manifests/schema.ts";
import type { TrainingStagePackingReport } from "../../runs/packing-report.ts";
import type { Review } from "../../runs/review.ts";
import type { SegmentStatus } from "../../runs/segments.ts";
import type { RunTimes } from "../../runs/times.ts";
import type { RunResult } from "../../workers/events.ts";
import type { DedupReport } from "../../workers/verdicts.ts";

/** A document as an example of something. */
export interface Example {
  /** `source/shard#row`. */
  readonly address: string;
  readonly id?: string;
  /** The value that a rule measured of it. */
  readonly value?: number;
  /** Its beginning, as it was read; absent where its file is not at hand or texts are not to be shown. */
  readonly text?: string;
}

export interface ReasonFacts {
  readonly reason: string;
  readonly explanation: string;
  readonly dropped: number;
  /** What its rules measured; absent where the stage remembers no values. */
  readonly rules: readonly RuleFacts[];
}

export interface RuleFacts extends RuleValues {
  readonly kept_examples: readonly Example[];
  readonly dropped_examples: readonly Example[];
}

/** A stage of a source's pipeline. */
export interface StepFacts {
  readonly id: string;
  readonly use: string;
  readonly dropped: number;
  /** Whether it may drop rows. */
  readonly judges: boolean;
  /** Its verdict comes when all rows are known: later stages saw them all. */
  readonly waits: boolean;
  /** Bytes of the texts that it was given. */
  readonly bytes_in?: number;
  readonly reasons: readonly ReasonFacts[];
}

/** How long documents are, in tokens. */
export interface LengthFacts {
  readonly documents: number;
  readonly tokens: number;
  readonly median: number;
  readonly longest: number;
  /** Sixths of decades: lengths from 10^(bin/6) on. */
  readonly bins: readonly { readonly bin: number; readonly documents: number; readonly tokens: number }[];
  /** Documents longer than a window, by its length, and their tokens. */
  readonly longer: readonly { readonly than: number; readonly documents: number; readonly tokens: number }[];
}

export interface SourceFacts {
  readonly name: string;
  readonly category?: string;
  /** Whether all of it was read and every verdict was given. */
  readonly complete: boolean;
  readonly files: number;
  readonly file_bytes: number;
  readonly rows_in: number;
  readonly kept: number;
  readonly held_out?: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly text_bytes: number;
  readonly steps: readonly StepFacts[];
  readonly lengths?: LengthFacts;
  readonly guard?: TokenizerGuard;
  /** Different ids that stand in its store. */
  readonly ids_used?: number;
  readonly chat?: ChatFigures;
  readonly fingerprints: { readonly ingest: string; readonly tokens?: string };
  readonly inputs: readonly { readonly key: string; readonly size_bytes: number; readonly identity: string }[];
}

/** A dedup barrier and its largest cluster, the survivor first. */
export interface ClusterFacts extends DedupReport {
  readonly members_shown: readonly Example[];
}

/** The first windows of a source as they are: pieces one after the other. */
export interface WindowStrip {
  readonly source: string;
  readonly stage: string;
  readonly window_tokens: number;
  readonly pieces: readonly {
    readonly window: number;
    readonly from: number;
    readonly to: number;
    readonly kind: "whole" | "long" | "cut" | "padding";
  }[];
}

export interface RunFacts {
  readonly name: string;
  readonly plan_fingerprint: string;
  readonly seed: number;
  readonly done: boolean;
  /** What ended it, or will. */
  readonly failure?: string;
  /** How far each phase is. */
  readonly segments: readonly SegmentStatus[];
  readonly finished_ms?: number;
  readonly tokenizer?: {
    readonly name: string;
    readonly sha256: string;
    readonly vocab_size: number;
    readonly eos: { readonly token: string; readonly id: number };
  };
  readonly exports: readonly string[];
  readonly max_epochs: number;
  readonly gates: RunResult["gates"];
  readonly sources: readonly SourceFacts[];
  readonly stages: readonly TrainingStageManifest[];
  readonly row_stages: readonly RowManifest[];
  readonly packing: readonly TrainingStagePackingReport[];
  readonly strips: readonly WindowStrip[];
  readonly clusters: readonly ClusterFacts[];
  /** Absent where no stage looks for benchmarks. */
  readonly review?: Review;
  readonly times?: RunTimes;
  /** The resolved recipe, for comparisons. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** Why texts are not shown, where they are not. */
  readonly without_texts?: string;
}
