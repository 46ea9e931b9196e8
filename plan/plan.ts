/**
 * What a plan is: everything a run will do, as a value that can be printed, compared, fingerprinted and handed to workers.
 *
 * Invariant: plain data. Sources, groups and windows are named by fingerprints that depend on stage names, versions, resolved options,
 * asset and input content alone; never on a path, a host, a clock or a worker count. `makePlan` makes one.
 */
import type { ShardRef } from "../io/source.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";
import type { Operator } from "../stages/define.ts";
import type { MissingSource } from "./missing.ts";
import type { HeldOutShare, Recipe } from "./types.ts";

export interface PlannedStage {
  readonly id: string;
  readonly use: string;
  readonly version: number;
  readonly kind: Operator["kind"];
  readonly options: Readonly<Record<string, unknown>>;
  readonly reasons: readonly string[];
  readonly assets: readonly { readonly name: string; readonly location: string; readonly sha256: string }[];
}

export interface SourcePlan {
  readonly name: string;
  readonly category?: string;
  readonly pipeline?: string;
  readonly reader: PlannedStage;
  /** The pipeline's stages, then `tokenize/bpe`. */
  readonly stages: readonly PlannedStage[];
  readonly shards: readonly ShardRef[];
  /** Read in one task because a row limit counts over all shards in order. */
  readonly single_span: boolean;
  /** The barriers of this source, in pipeline order. */
  readonly barriers: readonly { readonly stage: number; readonly group: number; readonly partitions: number }[];
  /** What is held out of it. */
  readonly validation?: HeldOutShare;
  readonly ingest: string;
  readonly tokens: string;
}

/** Rows compared with each other by one dedup barrier. */
export interface MatchGroup {
  readonly fingerprint: string;
  readonly stage: PlannedStage;
  readonly partitions: number;
  /** In recipe order: documents are numbered through the members in this order, and the lowest number survives. */
  readonly members: readonly { readonly source: number; readonly barrier: number }[];
}

/** One way a token store is cut into windows. */
export interface WindowsPlan {
  readonly source: number;
  readonly sequence_length: number;
  readonly pack: PlannedStage;
  readonly pack_id: string;
  /** Windows of the documents that are held out, for validation. */
  readonly held_out?: true;
  /** Documents of the store that are packed, where not all. */
  readonly selection?: DocumentSelection;
  readonly fingerprint: string;
}

export interface TokenizerPlan {
  readonly name: string;
  readonly sha256: string;
  readonly vocab_size: number;
  readonly token_bytes: 2 | 4;
  readonly eos: { readonly token: string; readonly id: number };
}

export interface Plan {
  readonly schema: 1;
  readonly name: string;
  readonly fingerprint: string;
  /** As written, but for the weights of sources that have no data: see `missing`. */
  readonly recipe: Recipe;
  readonly missing: readonly MissingSource[];
  readonly tokenizer: TokenizerPlan;
  readonly sources: readonly SourcePlan[];
  readonly groups: readonly MatchGroup[];
  readonly windows: readonly WindowsPlan[];
  readonly warnings: readonly string[];
}
