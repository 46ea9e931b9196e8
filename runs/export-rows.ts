/**
 * Rows for trainers that read packed rows: the stored windows as they are, or the token stores packed anew at another
 * row length.
 *
 * A stage reads as many rows of a source as the manifest says windows; only where they lie changes with the row length,
 * and positions are handed on as mixtures hand them on. Invariant: rows depend on the manifests alone, so one source
 * gives the same rows to every trainer of that row length. Price: every shard is planned twice, once to count its rows
 * and once to fill them; one shard's tokens in memory.
 */
import { join } from "node:path";
import { entryAt, entryOf } from "../batch/entry.ts";
import { RunError } from "../batch/errors.ts";
import { readPart } from "../io/local/read-part.ts";
import { cutsOf, type PackedShard } from "../kernels/pack/cuts.ts";
import { type FillInput, fillOutput, fillWindows, laneOf, PIECE_WORDS } from "../kernels/pack/fill.ts";
import { type PackPlan, planFromPieces } from "../kernels/pack/plan.ts";
import { type ShardRange, shardRanges, windowsOf } from "../kernels/pack/ranges.ts";
import { planInShard } from "../kernels/pack/select.ts";
import { seedFrom } from "../kernels/random/shuffle.ts";
import { type RowReader, readLoss, type SourceRows, type TrainingStageRows } from "../manifests/exports/views.ts";
import type { SourceManifest, TrainingStageManifest } from "../manifests/schema.ts";
import { hasLoss, lossFile, shardFile } from "../manifests/shard-files.ts";
import { compileMixture, type TrainingStageMixture } from "../mixtures/compile.ts";
import { NO_RESOURCES, type PackOperator } from "../stages/define.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { selectInShard } from "../store/shard-scores.ts";
import { companions, decodeEnds, decodePieces, decodeTokens } from "../store/token-file.ts";

/** The windows of the manifests. */
export function windowStages(manifests: readonly TrainingStageManifest[], store: string): TrainingStageRows[] {
  return manifests.map((manifest) => ({
    ...head(manifest),
    sources: readSources(manifest).map(([source, share]) => ({
      source,
      weight: share.weight_achieved,
      rows: share.windows,
      row_tokens: manifest.stage.window_tokens,
      ranges: shardRanges(share.shard_windows, share.start_window, share.end_window),
      has_loss: hasLoss(share.files),
      open: ({ shard, epoch }) => {
        const file = shardFile(share.files, shard, epoch);
        return storedWindows(join(store, file.path), lossFile(share.files, file) !== undefined, manifest);
      },
    })),
  }));
}

export interface RepackOptions {
  readonly store: string;
  readonly registry: StageRegistry;
  /** Tokens of a row at a sequence length. */
  readonly rowTokens: (sequenceLength: number) => number;
  /** The recipe's: whether a source that is read again is packed in another order. */
  readonly epochOrder: "reshuffle" | "repeat";
}

/** Rows packed from the token stores by the stages' own packers. Throws RunError `run/epoch-windows`. */
export function repackedStages(
  manifests: readonly TrainingStageManifest[],
  options: RepackOptions,
): TrainingStageRows[] {
  const packers = new Map<string, Packer>();
  const key = (stage: string, source: string): string => JSON.stringify([stage, source]);
  const packerOf = (stage: string, source: string): Packer => packers.get(key(stage, source)) as Packer;
  const counts = new Map<string, readonly PackedShard[]>();
  for (const manifest of manifests) {
    for (const [source, share] of readSources(manifest)) {
      const packer = new Packer(manifest, source, share, options);
      packers.set(key(manifest.stage.name, source), packer);
      if (!counts.has(packer.identity)) counts.set(packer.identity, packer.shards());
    }
  }
  const available = (source: string, stage: string): readonly PackedShard[] =>
    counts.get(packerOf(stage, source).identity) as readonly PackedShard[];
  const compiled = compileMixture({
    stages: manifests.map(sameCounts),
    available: (source, _length, _pack, stage) => available(source, stage.name),
    limits: { max_epochs: Number.MAX_SAFE_INTEGER, on_exhausted: "error" },
  });
  return manifests.map((manifest, index) => ({
    ...head(manifest),
    sources: readSources(manifest).map(([source, share]) => {
      const packer = packerOf(manifest.stage.name, source);
      const mixed = entryAt(compiled, index, "training stage").sources;
      const { windows, start_window, end_window } = entryOf(mixed, source, "source");
      const shards = available(source, manifest.stage.name);
      if (windows !== share.windows) throw new Error(`${source}: ${windows} rows instead of ${share.windows}`);
      return {
        source,
        weight: share.weight_achieved,
        rows: windows,
        row_tokens: packer.rowTokens,
        ranges: shardRanges(
          shards.map((shard) => shard.windows),
          start_window,
          end_window,
        ),
        has_loss: hasLoss(share.token_store.files),
        open: (range) => packer.open(range, entryAt(shards, range.shard, "shard").windows),
      };
    }),
  }));
}

/** All rows of every source of a training stage, as its first epoch has them: one range a shard. */
export function wholeSources(manifest: TrainingStageManifest, options: RepackOptions): readonly SourceRows[] {
  return Object.entries(manifest.sources).map(([source, share]) => {
    const packer = new Packer(manifest, source, share, options);
    const shards = packer.shards();
    return {
      source,
      weight: share.weight_achieved,
      rows: windowsOf(shards),
      row_tokens: packer.rowTokens,
      ranges: shards.map(({ windows }, shard) => ({ epoch: 0, shard, start: 0, end: windows })),
      has_loss: hasLoss(share.token_store.files),
      open: (range) => packer.open(range, entryAt(shards, range.shard, "shard").windows),
    };
  });
}

/** A mixture whose weights are the windows of the manifest, so that it comes to as many rows of each source. */
function sameCounts(manifest: TrainingStageManifest): TrainingStageMixture {
  const { name, sequence_length, windows, pack } = manifest.stage;
  const sources = readSources(manifest);
  return {
    name,
    tokens: windows * sequence_length,
    sequence_length,
    pack_id: JSON.stringify(pack),
    weights: Object.fromEntries(sources.map(([source, share]) => [source, share.windows])),
    selections: Object.fromEntries(sources.map(([source, share]) => [source, share.selection ?? {}])),
  };
}

function head({ stage }: TrainingStageManifest): Pick<TrainingStageRows, "name" | "sequence_length" | "rows"> {
  return { name: stage.name, sequence_length: stage.sequence_length, rows: stage.windows };
}

function readSources(manifest: TrainingStageManifest): [string, SourceManifest][] {
  return Object.entries(manifest.sources).filter(([, share]) => share.windows > 0);
}

function storedWindows(path: string, hasLane: boolean, { stage, tokenizer }: TrainingStageManifest): RowReader {
  const words = decodePieces(readPart(path + companions.pieces), path + companions.pieces);
  const { window_pieces } = planFromPieces(words, stage.window_tokens);
  const rowBytes = stage.window_tokens * tokenizer.token_bytes;
  const firstWord = (window: number): number => entryAt(window_pieces, window, "window") * PIECE_WORDS;
  return {
    read: (from, to) => ({
      tokens: decodeTokens(readPart(path, from * rowBytes, (to - from) * rowBytes), tokenizer.token_bytes, path),
      ...(hasLane
        ? { loss: readLoss(path + companions.loss, from * stage.window_tokens, (to - from) * stage.window_tokens) }
        : {}),
      pieces: words.subarray(firstWord(from), firstWord(to)),
    }),
  };
}

/** Packs the shards of one source to rows of one length, as the stage's pack stage does. */
class Packer {
  /** Equal where the rows are. */
  readonly identity: string;
  readonly rowTokens: number;
  readonly #manifest: TrainingStageManifest;
  readonly #source: string;
  readonly #share: SourceManifest;
  readonly #options: RepackOptions;
  readonly #planWindows: NonNullable<PackOperator["plan"]>;

  constructor(manifest: TrainingStageManifest, source: string, share: SourceManifest, options: RepackOptions) {
    const { pack, sequence_length } = manifest.stage;
    const operator = options.registry.findStage(pack.use).create(pack.options, NO_RESOURCES);
    if (operator.kind !== "pack" || operator.plan === undefined) throw new Error(`${pack.use} is not a pack stage`);
    this.rowTokens = options.rowTokens(sequence_length);
    this.identity = JSON.stringify([share.fingerprints.tokens, share.selection ?? null, pack, this.rowTokens]);
    this.#manifest = manifest;
    this.#source = source;
    this.#share = share;
    this.#options = options;
    this.#planWindows = operator.plan;
  }

  /** Every shard as it is packed in the first epoch. */
  shards(): readonly PackedShard[] {
    return this.#share.shard_windows.map((_, shard) => {
      const plan = this.#plan(shard, 0, this.#ends(shard));
      return { windows: plan.windows, cuts: cutsOf(plan) };
    });
  }

  /** Rows of a shard in an epoch, of which there must be `rows`. */
  open({ shard, epoch }: ShardRange, rows: number): RowReader {
    const { tokenizer, stage } = this.#manifest;
    const path = this.#path(shard);
    const document_ends = this.#ends(shard);
    const plan = this.#plan(shard, epoch, document_ends);
    if (plan.windows !== rows) throw otherCount(stage.pack.use, this.#source);
    const tokens = decodeTokens(readPart(path), tokenizer.token_bytes, path);
    const { files } = this.#share.token_store;
    const input: FillInput = {
      plan,
      tokens: laneOf(tokens),
      ...(lossFile(files, shardFile(files, shard)) === undefined
        ? {}
        : { loss: laneOf(readLoss(path + companions.loss, 0, tokens.length)) }),
      document_ends,
      window_tokens: this.rowTokens,
      eos: tokenizer.eos.id,
    };
    return {
      read: (from, to) => {
        const output = fillOutput(input, from, to);
        fillWindows(input, from, to, output);
        return output;
      },
    };
  }

  #plan(shard: number, epoch: number, ends: Float64Array): PackPlan {
    const order = this.#options.epochOrder === "reshuffle" && epoch > 0 ? [epoch] : [];
    const seed = seedFrom(this.#manifest.seed, "rows", this.#source, this.rowTokens, shard, ...order);
    const sequence_length = this.rowTokens - 1;
    const { selection } = this.#share;
    if (selection === undefined) return this.#planWindows({ document_ends: ends, sequence_length, seed });
    const selected = selectInShard(ends, selection, { shard, path: this.#path(shard) });
    return planInShard(this.#planWindows({ document_ends: selected.ends, sequence_length, seed }), selected.documents);
  }

  #path(shard: number): string {
    return join(this.#options.store, shardFile(this.#share.token_store.files, shard).path);
  }

  #ends(shard: number): Float64Array {
    const index = this.#path(shard) + companions.index;
    return decodeEnds(readPart(index), index);
  }
}

function otherCount(packer: string, source: string): RunError {
  return new RunError({
    code: "run/epoch-windows",
    what: `${packer} makes another number of rows of ${source} when it packs it again`,
    why: "row numbers go on from epoch to epoch, so every epoch must have as many",
    fix: "let the order repeat with limits.epoch_order: repeat, or use another packing",
  });
}
