/**
 * What packing came to, for every training stage and source: the windows the stage reads, the whole packed source, and the same documents
 * concatenated and chunked. Made from manifests, pieces tables and document ends; no token is read.
 *
 * Price: the index and the pieces table of one shard at a time; concatenation is planned anew, milliseconds a shard.
 */
import { join } from "node:path";
import { entryOf } from "../batch/entry.ts";
import { readPart } from "../io/local/read-part.ts";
import { planConcat } from "../kernels/pack/concat.ts";
import { type PackingFigures, PackingMeter } from "../kernels/pack/figures.ts";
import { type PackPlan, planFromPieces } from "../kernels/pack/plan.ts";
import { shardRanges } from "../kernels/pack/ranges.ts";
import { planInShard } from "../kernels/pack/select.ts";
import type { RowManifest } from "../manifests/row-schema.ts";
import type { SourceManifest, TrainingStageManifest } from "../manifests/schema.ts";
import { shardFile } from "../manifests/shard-files.ts";
import { selectInShard } from "../store/shard-scores.ts";
import { companions, decodeEnds, decodePieces } from "../store/token-file.ts";
import { stageManifests } from "./run-manifests.ts";
import type { OpenRun } from "./status.ts";

/** Figures of a whole packed source. */
export interface SourcePacking extends PackingFigures {
  /** Tokens of its documents that are in no window. */
  readonly tokens_lost: number;
  /** Tokens behind the last whole window of a file, which trainers that cut files into windows drop. */
  readonly tail_tokens: number;
  /** Windows beyond those a packing without any padding would have. */
  readonly extra_windows: number;
}

export interface SourcePackingReport {
  readonly source: string;
  /** The windows the stage reads; an epoch read twice counts twice. */
  readonly read: PackingFigures;
  readonly packed: SourcePacking;
  /** The same documents laid end to end and cut at every window edge. */
  readonly concat: SourcePacking;
}

export interface TrainingStagePackingReport {
  readonly stage: string;
  readonly sequence_length: number;
  readonly pack: string;
  readonly sources: readonly SourcePackingReport[];
}

/** A training stage that mixes rows, as its manifest has it: what was packed, and what of it was lost, cut or repeated. */
export interface RowStagePackingReport {
  readonly stage: string;
  readonly sequence_length: number;
  readonly pack: string;
  /** Packed rows; a stage that reads windows has none. */
  readonly rows: number;
  /** Rows that all tokens would fill, cut at every edge. */
  readonly fewest_rows: number;
  readonly sequences: number;
  readonly tokens: number;
  readonly padding_tokens: number;
  readonly fill_ratio: number;
  readonly tokens_lost: number;
  readonly tokens_repeated: number;
  readonly sequences_per_row_max: number;
  readonly sources: readonly ({ readonly source: string } & Pick<
    RowManifest["sources"][string],
    "rows_truncated" | "rows_split" | "rows_dropped" | "tokens_lost" | "tokens_repeated"
  > &
    RowManifest["sources"][string]["packed"])[];
}

/** Reports on a finished run. Throws RecipeError `flag/no-training-stages`, RunError `run/not-a-run` where it has no manifests. */
export async function packingReport(
  run: OpenRun,
): Promise<readonly (TrainingStagePackingReport | RowStagePackingReport)[]> {
  const { windows, rows } = await stageManifests(run);
  return [...reportPacking(windows, run.layout.store), ...rows.map(rowStageReport)];
}

function rowStageReport({ stage, order, sources }: RowManifest): RowStagePackingReport {
  const { name, sequence_length, pack, rows, sequences, tokens, fill_ratio } = stage;
  return {
    stage: name,
    sequence_length,
    pack: pack.use,
    rows,
    fewest_rows: Math.ceil(tokens / sequence_length),
    sequences,
    tokens,
    padding_tokens: rows * sequence_length - tokens,
    fill_ratio,
    tokens_lost: stage.tokens_lost,
    tokens_repeated: stage.tokens_repeated,
    sequences_per_row_max: stage.sequences_per_row_max,
    sources: order.map((source) => {
      const { packed, rows_truncated, rows_split, rows_dropped, tokens_lost, tokens_repeated } = entryOf(
        sources,
        source,
        "source",
      );
      return { source, ...packed, rows_truncated, rows_split, rows_dropped, tokens_lost, tokens_repeated };
    }),
  };
}

/** The report on manifests whose paths are relative to `store`. */
export function reportPacking(
  manifests: readonly TrainingStageManifest[],
  store: string,
): readonly TrainingStagePackingReport[] {
  const whole = new Map<string, Pick<SourcePackingReport, "packed" | "concat">>();
  return manifests.map((manifest) => {
    const { name, sequence_length, window_tokens, pack } = manifest.stage;
    const sources = Object.entries(manifest.sources).map(([source, share]) => {
      const shards = new PackedShards(share, store, window_tokens);
      const key = share.fingerprints.windows;
      const known = whole.get(key) ?? {
        packed: shards.packed(manifest.tokenizer.token_bytes),
        concat: shards.concat(),
      };
      whole.set(key, known);
      return { source, read: shards.read(), ...known };
    });
    return { stage: name, sequence_length, pack: pack.use, sources };
  });
}

/** The shards of one packed source. */
class PackedShards {
  readonly #share: SourceManifest;
  readonly #store: string;
  readonly #windowTokens: number;

  constructor(share: SourceManifest, store: string, windowTokens: number) {
    this.#share = share;
    this.#store = store;
    this.#windowTokens = windowTokens;
  }

  read(): PackingFigures {
    const { shard_windows, start_window, end_window } = this.#share;
    const meter = new PackingMeter(this.#windowTokens);
    for (const { epoch, shard, start, end } of shardRanges(shard_windows, start_window, end_window)) {
      meter.add(this.#plan(shard, epoch), this.#ends(shard), start, end);
    }
    return meter.figures();
  }

  packed(tokenBytes: number): SourcePacking {
    const meter = new PackingMeter(this.#windowTokens);
    let tail = 0;
    this.#share.shard_windows.forEach((windows, shard) => {
      meter.add(this.#plan(shard, 0), this.#ends(shard), 0, windows);
      const { size_bytes } = shardFile(this.#share.files, shard);
      tail += size_bytes / tokenBytes - windows * this.#windowTokens;
    });
    return this.#whole(meter, tail);
  }

  concat(): SourcePacking {
    const meter = new PackingMeter(this.#windowTokens);
    const { selection, shard_windows } = this.#share;
    let tail = 0;
    for (let shard = 0; shard < shard_windows.length; shard++) {
      const all = this.#ends(shard);
      const selected =
        selection === undefined ? undefined : selectInShard(all, selection, { shard, path: this.#stored(shard) });
      const ends = selected?.ends ?? all;
      // The order of windows changes nothing that is counted.
      const plan = planConcat(ends, this.#windowTokens, [0, 0]);
      meter.add(selected === undefined ? plan : planInShard(plan, selected.documents), all, 0, plan.windows);
      tail += (ends.at(-1) ?? 0) % this.#windowTokens;
    }
    return this.#whole(meter, tail);
  }

  #whole(meter: PackingMeter, tail: number): SourcePacking {
    const figures = meter.figures();
    const stored = this.#share.token_store.tokens - (this.#share.selection?.tokens_skipped ?? 0);
    return {
      ...figures,
      tokens_lost: stored - figures.tokens,
      tail_tokens: tail,
      extra_windows: figures.windows - Math.ceil(stored / this.#windowTokens),
    };
  }

  #plan(shard: number, epoch: number): PackPlan {
    const path = join(this.#store, shardFile(this.#share.files, shard, epoch).path) + companions.pieces;
    return planFromPieces(decodePieces(readPart(path), path), this.#windowTokens);
  }

  #ends(shard: number): Float64Array {
    const path = this.#stored(shard) + companions.index;
    return decodeEnds(readPart(path), path);
  }

  #stored(shard: number): string {
    return join(this.#store, shardFile(this.#share.token_store.files, shard).path);
  }
}
