/** Tasks and markers of what training stages read, made from token stores: quantile, pack and arrange. Part of protocol.ts, which says what they are. */
import type { CommittedFile } from "../io/local/commit.ts";
import type { PackCuts } from "../kernels/pack/cuts.ts";
import type { PackingStatistics } from "../kernels/pack/plan.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";
import type { QuantileTotals, ScoreBorder } from "../kernels/quantiles.ts";

export interface PackTask {
  readonly kind: "pack";
  readonly windows: number;
  readonly shard: number;
  /** 0 is the first one. */
  readonly epoch: number;
}

/** Finds quantiles of a column of a token store. */
export interface QuantileTask {
  readonly kind: "quantile";
  readonly quantiles: number;
  /** Shards of the store. */
  readonly shards: number;
}

/** Mixes and packs the rows of one training stage. */
export interface ArrangeTask {
  readonly kind: "arrange";
  readonly rows: number;
  /** Shards of each source's token store, in the order of the stage. */
  readonly shards: readonly number[];
}

export interface PackMarker {
  readonly files: readonly CommittedFile[];
  readonly windows: number;
  /** Where another packing may go on; absent where the shard can only be read whole. */
  readonly cuts?: PackCuts;
  readonly statistics: PackingStatistics;
  /** Documents that are packed, with the borders of their quantiles; only where they are chosen by a score. */
  readonly selection?: DocumentSelection;
  /** What a selection left out; absent where all documents of the shard are packed. */
  readonly skipped?: { readonly documents: number; readonly tokens: number };
}

export interface QuantileMarker extends QuantileTotals {
  readonly files: readonly CommittedFile[];
  /** The last document below each quantile, null where there is none. */
  readonly borders: readonly { readonly quantile: number; readonly border: ScoreBorder | null }[];
}

/** Rows, or what is in them. */
export interface RowAmount {
  readonly rows: number;
  readonly tokens: number;
  /** Those that are trained: the first of a row never is. */
  readonly supervised_tokens: number;
}

/** What one source gave to a training stage of rows. */
export interface ArrangedSource {
  /** By the rule, before whole rows are taken: rows, or tokens where the rule shares those. */
  readonly requested: number;
  readonly available: RowAmount;
  readonly taken: RowAmount;
  /** What stands in packed rows. */
  readonly packed: {
    readonly sequences: number;
    readonly tokens: number;
    readonly supervised_tokens: number;
  };
  readonly rows_truncated: number;
  readonly rows_split: number;
  readonly rows_dropped: number;
  readonly tokens_lost: number;
  /** Tokens that begin more than one part of a split row, counted once for each beyond the first. */
  readonly tokens_repeated: number;
}

export interface ArrangeMarker {
  readonly files: readonly CommittedFile[];
  /** Packed rows. */
  readonly rows: number;
  readonly pieces: number;
  readonly tokens: number;
  /** Tokens of the longest sequence, and the most of them in a row. */
  readonly longest_sequence_tokens: number;
  readonly sequences_per_row_max: number;
  /** In the order of the stage. */
  readonly sources: readonly ArrangedSource[];
}
