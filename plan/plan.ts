/**
 * What a plan is: everything a run will do, as a value that can be printed, compared, fingerprinted and handed to workers.
 *
 * Invariant: plain data. Sources, groups and windows are named by fingerprints that depend on stage names, versions, resolved options,
 * asset and input content alone; never on a path, a host, a clock or a worker count. `makePlan` makes one.
 */
import { entryAt } from "../batch/entry.ts";
import type { Asset } from "../io/assets.ts";
import type { ShardRef } from "../io/source.ts";
import type { DocumentSelection } from "../kernels/pack/select.ts";
import type { Seed } from "../kernels/random/shuffle.ts";
import type { RowRule } from "../kernels/row-rules.ts";
import type { RowSplit } from "../mixtures/rows.ts";
import type { ColumnDeclaration, Election, Exchange, OperatorKind, SinkColumn } from "../stages/define.ts";
import type { MissingSource } from "./missing.ts";
import type { HeldOutShare, Recipe } from "./types.ts";

export interface PlannedStage {
  readonly id: string;
  readonly use: string;
  readonly version: number;
  readonly kind: OperatorKind;
  readonly options: Readonly<Record<string, unknown>>;
  /** Key of its randomness. */
  readonly seed: Seed;
  readonly reads: readonly string[];
  readonly writes: readonly ColumnDeclaration[];
  /** Verdicts store the position in this list. */
  readonly reasons: readonly string[];
  /** What it counts of single rows, where it does. */
  readonly figures?: readonly string[];
  /** Of a barrier. */
  readonly exchange?: Exchange;
  /** Of a reader: one task reads all of the source. */
  readonly sequential: boolean;
  /** Files that its options name, each once; options refer to them by content. */
  readonly assets: readonly Asset[];
  /** Where it makes tables of its files: names them, so that threads and stages share them. */
  readonly tables?: string;
}

/**
 * One pass over the rows of a source: some of its stages fused into one segment.
 *
 * The first pass reads shards, every later one the spool of the pass before it, span by span: a span keeps its number and its rows keep
 * their document numbers. A pass ends at a barrier that edits, before a request, and at the end of the pipeline.
 */
export interface PassPlan {
  readonly reads: "shards" | "spool";
  /** Stages of the source that run in it: `[first, end)` by position. */
  readonly first: number;
  readonly end: number;
  /** Barrier of the source, by position in `barriers`, whose cuts are made in texts before the first stage. */
  readonly edits?: number;
  /** Columns of the spool it leaves, `text` among them; absent where it leaves none. */
  readonly spool?: readonly ColumnDeclaration[];
  /** Whether it also leaves the rows that its stages dropped. */
  readonly keep_dropped?: true;
  /** Names its folder, see Layout.ingest. */
  readonly fingerprint: string;
}

export interface BarrierPlan {
  /** Position among the source's stages. */
  readonly stage: number;
  /** The pass that sketches it. */
  readonly pass: number;
  readonly verdict: Exchange["verdict"];
  readonly group: number;
  readonly partitions: number;
}

export interface SourcePlan {
  readonly name: string;
  readonly category?: string;
  readonly pipeline?: string;
  readonly reader: PlannedStage;
  /** The pipeline's stages, then `tokenize/bpe` where a training stage reads the source. */
  readonly stages: readonly PlannedStage[];
  /** At least one; the last one leaves tokens where the source is tokenized. */
  readonly passes: readonly PassPlan[];
  /** Every column that rows have at the end, beside `text`: they reach the documents table and outputs. */
  readonly columns: readonly ColumnDeclaration[];
  /** Whether its documents become a token store. */
  readonly tokenized: boolean;
  /** Whether a stage says which tokens are trained on. */
  readonly loss: boolean;
  readonly shards: readonly ShardRef[];
  /** Read in one task because a row limit counts over all shards in order. */
  readonly single_span: boolean;
  /** The barriers of this source, in pipeline order. */
  readonly barriers: readonly BarrierPlan[];
  /** What is held out of it. */
  readonly validation?: HeldOutShare;
  /** Fingerprint of the last pass. */
  readonly ingest: string;
  /** Names the verdicts of its dropping barriers, see Layout.verdicts. */
  readonly verdicts: string;
  /** Names its token store. */
  readonly tokens: string;
}

/** Rows, or parts of texts, compared with each other by one dedup barrier. */
export interface MatchGroup {
  readonly fingerprint: string;
  readonly stage: PlannedStage;
  readonly verdict: Exchange["verdict"];
  readonly partitions: number;
  /**
   * By rank, else in recipe order: documents (of a barrier that edits: parts) are numbered through the members in this order, and the lowest number
   * survives.
   */
  readonly members: readonly { readonly source: number; readonly barrier: number }[];
}

/** A data set of rows. */
export interface OutputPlan {
  readonly name: string;
  /** Positions of sources, in the order of their rows. */
  readonly sources: readonly number[];
  /** The sink. */
  readonly format: PlannedStage;
  readonly columns: readonly SinkColumn[];
  /** Folder of its files; absent where they lie in the output's own. */
  readonly config?: string;
  readonly split: string;
  /** Bytes of text that a file should hold, about. */
  readonly shard_bytes: number;
  /** Also write the rows that stages dropped, with their verdicts. */
  readonly keep_dropped: boolean;
  /** Names its folder in the store, see Layout.output. */
  readonly fingerprint: string;
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
  /** Position of the quantiles that the selection names, where it names some. */
  readonly quantiles?: number;
  readonly fingerprint: string;
}

/** Quantiles of a column of a store: all that the training stages name, found together. */
export interface QuantilesPlan {
  readonly source: number;
  readonly column: string;
  /** See {@link ScoreRange}. */
  readonly unscored?: "lowest";
  /** Ascending. */
  readonly quantiles: readonly number[];
  /** Names its folder, see Layout.quantiles. */
  readonly fingerprint: string;
}

/** The rows of one training stage, mixed and packed. */
export interface RowsPlan {
  readonly stage: string;
  /** In the order of the mixture. */
  readonly sources: readonly { readonly source: number; readonly fraction: number }[];
  readonly rule: RowRule;
  readonly seed: number;
  readonly shuffle_seed?: number;
  readonly split?: RowSplit;
  /** Tokens that a packed row may hold. */
  readonly sequence_length: number;
  readonly pack: PlannedStage;
  /** Rows are split where the ids of `border` stand. */
  readonly long_rows: "truncate" | "drop" | { readonly border: readonly number[] };
  readonly align_tokens: number;
  /** Names its folder, see Layout.rows. */
  readonly fingerprint: string;
}

/** A plugin by its content: whoever loads it gets the module that was planned with, as far as it is one file. */
export interface PluginPlan {
  /** From the recipe's folder. */
  readonly path: string;
  readonly sha256: string;
}

/** A token by its text and its id. */
export interface NamedToken {
  readonly token: string;
  readonly id: number;
}

export interface TokenizerPlan {
  /** Of a model of the Hub `ORG/NAME`, of a file its name. */
  readonly name: string;
  readonly sha256: string;
  /** Where on the Hub the file was found. */
  readonly hub?: { readonly repo: string; readonly commit: string };
  readonly vocab_size: number;
  readonly token_bytes: 2 | 4;
  readonly eos: NamedToken;
  /** Absent where documents begin with their text. */
  readonly bos?: NamedToken;
  /** What stands for text that has no tokens; absent where all text has some. */
  readonly unknown?: NamedToken;
  /** Absent where text that spells a special token is text. */
  readonly special_tokens?: "parse";
  /** Absent where documents end with EOS; else it only fills windows. */
  readonly append_eos?: "never";
}

export interface Plan {
  readonly schema: 1;
  readonly name: string;
  readonly fingerprint: string;
  /** As written, but for the weights of sources that have no data: see `missing`. */
  readonly recipe: Recipe;
  readonly plugins: readonly PluginPlan[];
  readonly missing: readonly MissingSource[];
  /** Absent where the recipe only asks for rows. */
  readonly tokenizer?: TokenizerPlan;
  readonly sources: readonly SourcePlan[];
  readonly groups: readonly MatchGroup[];
  readonly windows: readonly WindowsPlan[];
  /** Absent where no training stage chooses documents by quantiles. */
  readonly quantiles?: readonly QuantilesPlan[];
  /** Absent where no training stage mixes rows. */
  readonly rows?: readonly RowsPlan[];
  readonly outputs: readonly OutputPlan[];
  readonly warnings: readonly string[];
}

/** The tokenizer of a plan that has training stages. */
export function tokenizerOf({ tokenizer }: Plan): TokenizerPlan {
  if (tokenizer === undefined) throw new Error("the plan has no tokenizer");
  return tokenizer;
}

export function sourceAt({ sources }: Pick<Plan, "sources">, source: number): SourcePlan {
  return entryAt(sources, source, "source");
}

export function passAt(plan: Pick<Plan, "sources">, source: number, pass: number): PassPlan {
  return entryAt(sourceAt(plan, source).passes, pass, "pass");
}

export function barrierAt(plan: Pick<Plan, "sources">, source: number, barrier: number): BarrierPlan {
  return entryAt(sourceAt(plan, source).barriers, barrier, "barrier");
}

/** The barriers of a source that take whole rows away, in pipeline order: those that drop, and those that select. */
export function droppingBarriers({ barriers }: Pick<SourcePlan, "barriers">): readonly BarrierPlan[] {
  return barriers.filter(takesRows);
}

/** How the barrier of a group chooses survivors, where not by address and keys alone. */
export function electionOf({ stage }: Pick<MatchGroup, "stage">): Election | undefined {
  const { exchange } = stage;
  return exchange?.verdict === "drop" ? exchange.election : undefined;
}

/** A column of whole numbers that a barrier gives to rows when all of them are known: pipelines do not see it, tables and outputs have it. */
export interface BarrierColumn {
  readonly name: string;
  /** Position of the barrier in its source. */
  readonly barrier: number;
  /** How many rows a row stands for; or its bin, which a row may lack. */
  readonly holds: "cluster_size" | "bin";
}

export function barrierColumns(source: Pick<SourcePlan, "stages" | "barriers">): readonly BarrierColumn[] {
  return source.barriers.flatMap(({ stage: index }, barrier): readonly BarrierColumn[] => {
    const { id, exchange } = entryAt(source.stages, index, "stage");
    if (exchange?.verdict === "drop") return [{ name: `${id}_cluster_size`, barrier, holds: "cluster_size" }];
    return exchange?.verdict === "rank" ? [{ name: exchange.column, barrier, holds: "bin" }] : [];
  });
}

/** Elections that rows of a source take part in. */
export function electionsOf({ stages, barriers }: Pick<SourcePlan, "stages" | "barriers">): readonly Election[] {
  return barriers.flatMap(({ stage }) => electionOf({ stage: entryAt(stages, stage, "stage") }) ?? []);
}

/** Whether a source leaves its texts beside its documents: those of tokens can be told from these. */
export function leavesTexts(source: Pick<SourcePlan, "stages" | "barriers" | "tokenized">): boolean {
  return !source.tokenized && electionsOf(source).some(({ text }) => text);
}

/** Whether the barrier takes whole rows away. */
export function takesRows({ verdict }: { readonly verdict: Exchange["verdict"] }): boolean {
  return verdict === "drop" || verdict === "select";
}

/** Whether a group compares all fragments of texts, which takes more than one round. */
export function comparesFragments({ stage: { exchange } }: Pick<MatchGroup, "stage">): boolean {
  return exchange?.verdict === "edit" && exchange.unit === "fragments";
}

/** Every stage that a task of `plan` makes an operator of. */
export function stagesOf({ sources, groups, windows, rows = [], outputs }: Plan): readonly PlannedStage[] {
  return [
    ...sources.flatMap(({ reader, stages }) => [reader, ...stages]),
    ...groups.map(({ stage }) => stage),
    ...[...windows, ...rows].map(({ pack }) => pack),
    ...outputs.map(({ format }) => format),
  ];
}

export function groupAt({ groups }: Pick<Plan, "groups">, group: number): MatchGroup {
  return entryAt(groups, group, "dedup group");
}

export function windowsAt({ windows }: Pick<Plan, "windows">, entry: number): WindowsPlan {
  return entryAt(windows, entry, "entry of windows");
}

export function quantilesAt({ quantiles = [] }: Pick<Plan, "quantiles">, entry: number): QuantilesPlan {
  return entryAt(quantiles, entry, "entry of quantiles");
}

export function rowsAt({ rows = [] }: Pick<Plan, "rows">, entry: number): RowsPlan {
  return entryAt(rows, entry, "entry of rows");
}

export function outputAt({ outputs }: Pick<Plan, "outputs">, output: number): OutputPlan {
  return entryAt(outputs, output, "output");
}
