/**
 * A training stage as nanotron reads it: the packed windows of every share, one behind the other.
 *
 * Invariant: turn t of a share is its window `start_window` + t, numbered through the epochs; nothing is shuffled. Price: the pieces
 * table of one shard a share.
 */
import { entryAt, entryOf } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { shardRanges } from "../../kernels/pack/ranges.ts";
import type { SourceManifest, TrainingStageManifest } from "../../manifests/schema.ts";
import { shardFile } from "../../manifests/shard-files.ts";
import type { ReplayTrainingStage } from "../../mixtures/replay.ts";
import type { ReadSequence, StageReader } from "./stage-reader.ts";
import type { StoredDocument } from "./store-rows.ts";
import { isPadding, WindowPieces } from "./window-pieces.ts";

export class NanotronReader implements StageReader {
  readonly training_stage: string;
  readonly sequence_length: number;
  readonly shares: readonly string[];
  readonly weights: readonly number[];
  readonly #sources: readonly SourceManifest[];
  readonly #pieces: readonly WindowPieces[];

  /** `stage` is what the trainer is told of the manifest. */
  constructor(
    store: string,
    { stage, sources }: TrainingStageManifest,
    { weights }: Pick<ReplayTrainingStage, "weights">,
  ) {
    this.training_stage = stage.name;
    this.sequence_length = stage.sequence_length;
    this.shares = weights.map(([name]) => name);
    this.weights = weights.map(([, weight]) => weight);
    this.#sources = this.shares.map((name) => entryOf(sources, name, "share"));
    this.#pieces = this.#sources.map((share) => new WindowPieces(store, share, stage.window_tokens));
  }

  sequence(share: number, turn: number): ReadSequence {
    const { windows, start_window } = entryAt(this.#sources, share, "share");
    if (turn >= windows) throw this.#exhausted(share, windows);
    const table = entryAt(this.#pieces, share, "share");
    const place = table.place(start_window + turn);
    const pieces = table.pieces(place);
    const padding = pieces.filter(isPadding).reduce((sum, { length }) => sum + length, 0);
    return {
      pieces: pieces
        .filter((piece) => !isPadding(piece))
        .map(({ document, start, length }) => ({
          shard: place.shard,
          document,
          epoch: place.epoch,
          start,
          tokens: length,
        })),
      padding_tokens: padding,
      window: { ...place, number: start_window + turn },
    };
  }

  turnsOf(share: number, { shard, document }: StoredDocument): readonly number[] {
    const { shard_windows, start_window, end_window, epoch_windows, files } = entryAt(this.#sources, share, "share");
    const before = shard_windows.slice(0, shard).reduce((sum, windows) => sum + windows, 0);
    const turns: number[] = [];
    for (const range of shardRanges(shard_windows, start_window, end_window)) {
      if (range.shard !== shard) continue;
      const file = shardFile(files, shard, range.epoch).path;
      for (const window of entryAt(this.#pieces, share, "share").holding(file, document)) {
        if (window < range.start || window >= range.end) continue;
        turns.push(range.epoch * epoch_windows + before + window - start_window);
      }
    }
    return turns;
  }

  #exhausted(share: number, windows: number): RunError {
    return new RunError({
      code: "run/source-exhausted",
      what: `${this.training_stage}: ${entryAt(this.shares, share, "share")} has ${windows} windows in the stage, and the blend asks for more`,
      why: "the trainer would read beyond what the manifest gives it",
      fix: "`shardmill mix replay RUN` says at which step a source runs out",
    });
  }
}
