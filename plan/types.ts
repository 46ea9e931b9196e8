/** A recipe after loading: every default filled in, every name checked, every value's origin known. Plain data. */
import type { Place } from "../batch/errors.ts";
import type { RowRule } from "../kernels/row-rules.ts";
import type { ChatGates } from "../manifests/chat.ts";
import type { ExportOptions } from "../manifests/exports/define.ts";
import type { Trainer } from "../manifests/exports/registry.ts";
import type { TokenizerGates } from "../manifests/gates.ts";
import type { LintGates } from "../manifests/lint-gates.ts";
import type { RowSplit } from "../mixtures/rows.ts";
import type { MixtureRequest, SourceSelection } from "../mixtures/weights.ts";
import type { AssetRef } from "../stages/assets.ts";

/** A stage as a recipe uses it. */
export interface StageUse {
  /** Unique in its pipeline; defaults to the last part of the stage's name. */
  readonly id: string;
  /** Registered stage name, `filter/gopher-quality`. */
  readonly use: string;
  /** Options after the stage's own schema filled in the defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly place?: Place;
}

export interface TokenizerSpec {
  /** A `tokenizer.json`; exactly one of `file`, `hub` and `encoding` is present. */
  readonly file?: AssetRef;
  /** The `tokenizer.json` of a model of the Hub. */
  readonly hub?: AssetRef;
  /** Name of a tiktoken encoding, `cl100k_base`. */
  readonly encoding?: string;
  readonly eos: string;
  /** Absent where documents begin with their text. */
  readonly bos?: string;
  /** What text is that spells a special token. */
  readonly special_tokens: "text" | "parse";
  /** Absent where documents end with EOS. */
  readonly append_eos?: "never";
  readonly gates: TokenizerGates;
  readonly place?: Place;
}

/** What becomes of the weights of a source that has no data: stop, let the others share them, or give them to one other. */
export type MissingPolicy = "error" | "drop" | { readonly substitute: string };

export interface SourceSpec {
  readonly name: string;
  /** Empty where nobody can get the data: then `missing` decides. */
  readonly from: readonly string[];
  /** The reader, its options resolved: `read/parquet`, `read/jsonl`, … */
  readonly read: StageUse;
  /** Key into `pipelines`; absent when the source goes straight to the tokenizer. */
  readonly pipeline?: string;
  readonly category?: string;
  /** Instead of the recipe's. */
  readonly missing?: MissingPolicy;
  /** Tokens it is said to hold. */
  readonly available_tokens?: number;
  /** Rows it is said to hold. */
  readonly available_rows?: number;
  readonly place?: Place;
}

export interface TrainingStageSpec {
  readonly name: string;
  /** Budget in trained tokens: windows × sequence_length. */
  readonly tokens: number;
  readonly sequence_length: number;
  readonly pack: StageUse;
  /**
   * Share of tokens by source, or sub-source (see mixtures/sub-sources.ts), as requested; normalised later. Where token counts decide (see `mixture`), they are what
   * `available_tokens` comes to, and equal parts without it, until tokens have been counted.
   */
  readonly weights: Readonly<Record<string, number>>;
  /** The request, where it is more than shares by source. */
  readonly mixture?: MixtureRequest;
  /** Documents a share is read for, where not all. */
  readonly selections?: Readonly<Record<string, SourceSelection>>;
  readonly place?: Place;
}

/** What becomes of a row that is longer than a packed row: cut there, left out, or split where an exchange begins with this text. */
export type LongRows = "truncate" | "drop" | { readonly split_before: string };

/** A training stage that mixes whole rows of its sources and packs them together. */
export interface RowStageSpec {
  readonly name: string;
  /** Position among all training stages of the recipe. */
  readonly position: number;
  /** Tokens that a packed row may hold. */
  readonly sequence_length: number;
  readonly pack: StageUse;
  readonly rule: RowRule;
  /** Of the rule's shuffles. */
  readonly seed: number;
  /** Where TRL's `shuffle_dataset` is meant: of the shuffles before and after packing. */
  readonly shuffle_seed?: number;
  /** Where only one side of a split is read. */
  readonly split?: RowSplit;
  /** In the order of the mixture. */
  readonly fractions: readonly { readonly source: string; readonly fraction: number }[];
  readonly long_rows: LongRows;
  /** Trained positions of a sequence are rounded up to a multiple of this when room is counted. */
  readonly align_tokens: number;
  readonly place?: Place;
}

/** A data set of rows, as the recipe asks for it. */
export interface OutputSpec {
  readonly name: string;
  readonly sources: readonly string[];
  /** The sink, its options resolved. */
  readonly format: StageUse;
  /** By name and type; absent for every column that the sources have. */
  readonly columns?: readonly { readonly name: string; readonly type?: string }[];
  /** Absent where the files lie in the output's own folder. */
  readonly config?: string;
  readonly split: string;
  readonly shard_bytes: number;
  readonly keep_dropped: boolean;
  readonly place?: Place;
}

/** An export, as the recipe asks for it: by the trainer's name alone where it has no options. */
export type ExportSpec = Trainer | { readonly to: Trainer; readonly options: ExportOptions };

/** How much of a source is held out. */
export type HeldOutShare = { readonly fraction: number } | { readonly tokens: number };

export interface ValidationSpec {
  /** Key of the choice; apart from the recipe's, so that runs with other shuffles hold out the same documents. */
  readonly seed: number;
  /** Sources that give something. */
  readonly sources: Readonly<Record<string, HeldOutShare>>;
}

export interface Recipe {
  readonly schema: 1;
  readonly name: string;
  readonly seed: number;
  /** Absent where nothing counts tokens. */
  readonly tokenizer?: TokenizerSpec;
  readonly pipelines: Readonly<Record<string, readonly StageUse[]>>;
  readonly sources: Readonly<Record<string, SourceSpec>>;
  /** May be empty where there are outputs. */
  readonly training_stages: readonly TrainingStageSpec[];
  /** Absent where no training stage mixes rows. */
  readonly row_stages?: readonly RowStageSpec[];
  readonly outputs: readonly OutputSpec[];
  readonly missing: MissingPolicy;
  /** Tokens of one optimizer step. */
  readonly tokens_per_step?: number;
  /** Documents that are never trained on. */
  readonly validation?: ValidationSpec;
  /** A run to read the sources of: only budget / target_tokens of each is read, so that epochs are as many as there. */
  readonly simulate?: { readonly target_tokens: number };
  /** Target size of a token store shard, in tokens: the unit of shuffling in memory and of packing. */
  readonly shard_tokens: number;
  readonly limits: {
    readonly max_epochs: number;
    readonly on_exhausted: "error" | "redistribute";
    readonly epoch_order: "reshuffle" | "repeat";
  };
  /** One a trainer at most. */
  readonly exports: readonly ExportSpec[];
  readonly gates: {
    readonly max_weight_error?: number;
    readonly min_packing_fill?: number;
    readonly max_dropped_ratio?: number;
    readonly max_source_dropped_ratio?: number;
    readonly max_cluster_size?: number;
    /** By source. */
    readonly chat?: Readonly<Record<string, ChatGates>>;
    readonly lint?: LintGates;
    readonly max_lost_ratio?: number;
  };
  /** Modules with stages of their own, from `folder`. */
  readonly plugins: readonly string[];
  /** Where the recipe lies on this host; `plan.json` has it from the run's root. Never part of a fingerprint. */
  readonly folder: string;
}
