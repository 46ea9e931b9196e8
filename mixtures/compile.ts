/**
 * From weights and token budgets to window ranges: what every training stage reads of every source.
 *
 * Windows of a stage = round(tokens / sequence_length), at least 1; sources share them by largest remainder, so the counts add up exactly and
 * each is within one window of its share. Positions are handed on from stage to stage, so nothing repeats before a source has
 * been read whole: a stage that packs otherwise goes on at the next cut of the shard; documents of other lengths than were read before are new
 * wherever they lie. Invariant: the result does not depend on the order in which sources or weights are listed.
 * Price: microseconds per stage and source; no text and no token is touched.
 */
import { entryAt, ownOf } from "../batch/entry.ts";
import { RecipeError, RunError } from "../batch/errors.ts";
import type { PackedShard } from "../kernels/pack/cuts.ts";
import { type DocumentBounds, documentBounds, handOver, windowsOf } from "../kernels/pack/ranges.ts";
import { type DocumentSelection, sameSelection, selectionsOverlap } from "../kernels/pack/select.ts";
import { type Demand, shareWindows } from "./share.ts";
import { sourceOfShare } from "./sub-sources.ts";

export interface TrainingStageMixture {
  readonly name: string;
  /** Budget in trained tokens: windows × sequence_length. */
  readonly tokens: number;
  readonly sequence_length: number;
  /** Identity of the pack stage and its options: stages that agree in it and in sequence_length read the same windows. */
  readonly pack_id: string;
  /** Share of tokens by source; any positive sum. */
  readonly weights: Readonly<Record<string, number>>;
  /** Documents of a source that the stage reads, where not all. */
  readonly selections?: Readonly<Record<string, DocumentSelection>>;
}

/** Where a source stands before the first stage: `window` of it, as a stage of this length and packing counts. */
export interface StartPosition {
  readonly source: string;
  readonly stage: TrainingStageMixture;
  readonly window: number;
}

export interface MixtureLimits {
  /** Times a source may be read, over all training stages together; need not be whole. */
  readonly max_epochs: number;
  readonly on_exhausted: "error" | "redistribute";
}

export interface MixtureInput {
  readonly stages: readonly TrainingStageMixture[];
  /** The shards of a source as `stage` packs it. They must correspond one to one between packings. */
  readonly available: (
    source: string,
    sequenceLength: number,
    packId: string,
    stage: TrainingStageMixture,
  ) => readonly PackedShard[];
  /** Sources that have been read before; others start at their first window. */
  readonly start?: readonly StartPosition[];
  readonly limits: MixtureLimits;
  readonly categories?: Readonly<Record<string, string>>;
}

/** What one training stage reads of one source. Windows are numbered through the epochs of the source as it is packed here. */
export interface MixtureShare extends DocumentBounds {
  readonly category?: string;
  readonly weight_requested: number;
  readonly weight_normalized: number;
  /** windows / windows of the stage. */
  readonly weight_achieved: number;
  readonly windows: number;
  /** Trained tokens: windows × sequence_length. */
  readonly tokens: number;
  readonly start_window: number;
  readonly end_window: number;
  /** Windows in one epoch. */
  readonly epoch_windows: number;
  /** windows / epoch_windows: what this stage reads of the source. */
  readonly epochs: number;
  /** Epochs that the stages up to this one have read of the source; what they left out between packings is not among them. */
  readonly epochs_total: number;
  /** Present where the source could not give its share and `on_exhausted` is `redistribute`: the windows it was short of. */
  readonly windows_short?: number;
}

export interface CategoryShare {
  readonly weight_requested: number;
  readonly weight_normalized: number;
  readonly weight_achieved: number;
  readonly windows: number;
  readonly tokens: number;
}

export interface CompiledTrainingStage {
  readonly name: string;
  readonly sequence_length: number;
  readonly pack_id: string;
  readonly tokens_requested: number;
  readonly tokens: number;
  readonly windows: number;
  readonly weights_sum: number;
  /** By source, in code unit order of the names. */
  readonly sources: Readonly<Record<string, MixtureShare>>;
  /** By category; sources without one are under the empty name. */
  readonly categories: Readonly<Record<string, CategoryShare>>;
}

/** How far a source has been read in one packing of one selection of its documents. */
interface Cursor {
  readonly sequence_length: number;
  readonly pack_id: string;
  readonly selection: DocumentSelection;
  readonly shards: readonly PackedShard[];
  readonly position: number;
}

/** What has been read of a share by stages so far. */
interface ReadShare {
  readonly stage: string;
  readonly epochs: number;
}

/** What has been read of everything. */
interface Progress {
  /** By source, one for each way it has been read. */
  readonly cursors: Map<string, readonly Cursor[]>;
  /** By share. */
  readonly reads: Map<string, readonly ReadShare[]>;
}

/**
 * Compiles all stages, in training order.
 *
 * Throws RecipeError `recipe/bad-weights` for weights that are no shares, RunError `run/source-exhausted` where a source cannot
 * give what its weight asks for (or all of them together cannot, with `redistribute`).
 */
export function compileMixture(input: MixtureInput): readonly CompiledTrainingStage[] {
  const progress: Progress = { cursors: new Map(), reads: new Map() };
  for (const { source, stage, window } of input.start ?? []) {
    const cursor = cursorOf(progress, source, stage, input.available);
    advance(progress, source, { ...cursor, position: window });
    const total = windowsOf(cursor.shards);
    if (window > 0 && total > 0) addRead(progress, source, { stage: "earlier training", epochs: window / total });
  }
  return input.stages.map((stage) => compileStage(stage, input, progress));
}

function compileStage(stage: TrainingStageMixture, input: MixtureInput, progress: Progress): CompiledTrainingStage {
  const weights = Object.entries(stage.weights).sort(([a], [b]) => (a < b ? -1 : 1));
  const weightsSum = checkedSum(stage, weights);
  const total = Math.max(1, Math.round(stage.tokens / stage.sequence_length));
  const demands = weights.map(([name, requested]) => {
    const cursor = cursorOf(progress, name, stage, input.available);
    const epochWindows = windowsOf(cursor.shards);
    const limit = Math.floor(input.limits.max_epochs * epochWindows);
    return {
      name,
      requested,
      weight: requested / weightsSum,
      capacity: Math.max(0, limit - cursor.position),
      cursor,
      epochWindows,
    };
  });
  const { windows, wanted } = shareWindows(demands, total);
  const shares = demands.map((demand, i) => {
    return { ...demand, windows: entryAt(windows, i, "demand"), wanted: entryAt(wanted, i, "demand") };
  });
  const short = shares.some((share) => share.wanted > share.capacity);
  const given = windows.reduce((sum, count) => sum + count, 0);
  if (given < total || (short && input.limits.on_exhausted === "error")) {
    throw exhausted(stage, shares, total, input.limits, progress);
  }

  const sources: Record<string, MixtureShare> = {};
  for (const share of shares) {
    const { name, cursor, epochWindows } = share;
    const end = cursor.position + share.windows;
    const epochs = epochWindows === 0 ? 0 : share.windows / epochWindows;
    if (share.windows > 0) {
      advance(progress, name, { ...cursor, position: end });
      addRead(progress, name, { stage: stage.name, epochs });
    }
    const category = ownOf(input.categories, sourceOfShare(name));
    sources[name] = {
      ...(category === undefined ? {} : { category }),
      weight_requested: share.requested,
      weight_normalized: share.weight,
      weight_achieved: share.windows / total,
      windows: share.windows,
      tokens: share.windows * stage.sequence_length,
      start_window: cursor.position,
      end_window: end,
      epoch_windows: epochWindows,
      epochs,
      epochs_total: epochsRead(progress, name),
      ...documentBounds(cursor.shards, cursor.position, end),
      ...(share.wanted > share.capacity ? { windows_short: share.wanted - share.capacity } : {}),
    };
  }
  return {
    name: stage.name,
    sequence_length: stage.sequence_length,
    pack_id: stage.pack_id,
    tokens_requested: stage.tokens,
    tokens: total * stage.sequence_length,
    windows: total,
    weights_sum: weightsSum,
    sources,
    categories: categoryShares(sources, total),
  };
}

function checkedSum(
  stage: TrainingStageMixture,
  weights: readonly (readonly [name: string, weight: number])[],
): number {
  let sum = 0;
  for (const [name, weight] of weights) {
    if (!Number.isFinite(weight) || weight < 0) {
      throw badWeights(stage, `the weight of ${name} is ${weight}`, "give every source a weight of 0 or more");
    }
    sum += weight;
  }
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) {
    throw badWeights(stage, `the weights add up to ${sum}`, "give at least one source a weight above 0");
  }
  return sum;
}

function badWeights(stage: TrainingStageMixture, what: string, fix: string): RecipeError {
  return new RecipeError({
    code: "recipe/bad-weights",
    what: `training stage ${stage.name}: ${what}`,
    why: "a weight is a share of the stage's tokens",
    fix,
  });
}

/**
 * The cursor of a source as the stage packs it: behind everything that has been read of documents the stage can meet, in any packing.
 * A source that has not been read starts at its first window.
 */
function cursorOf(
  { cursors }: Progress,
  name: string,
  stage: TrainingStageMixture,
  available: MixtureInput["available"],
): Cursor {
  const { sequence_length, pack_id } = stage;
  const selection = ownOf(stage.selections, name) ?? {};
  const shards = available(name, sequence_length, pack_id, stage);
  const own: Cursor = { sequence_length, pack_id, selection, shards, position: 0 };
  let position = 0;
  for (const cursor of cursors.get(sourceOfShare(name)) ?? []) {
    if (samePacking(cursor, own)) position = Math.max(position, cursor.position);
    else if (selectionsOverlap(cursor.selection, selection)) {
      if (shards.length !== cursor.shards.length) {
        throw new Error(`${name}: ${shards.length} packed shards do not correspond to ${cursor.shards.length}`);
      }
      position = Math.max(position, handOver(cursor.shards, cursor.position, shards));
    }
  }
  return { ...own, position };
}

function advance({ cursors }: Progress, name: string, to: Cursor): void {
  const source = sourceOfShare(name);
  const others = (cursors.get(source) ?? []).filter((cursor) => !samePacking(cursor, to));
  cursors.set(source, [...others, to]);
}

function addRead({ reads }: Progress, share: string, read: ReadShare): void {
  reads.set(share, [...(reads.get(share) ?? []), read]);
}

function epochsRead({ reads }: Progress, share: string): number {
  return (reads.get(share) ?? []).reduce((sum, { epochs }) => sum + epochs, 0);
}

function samePacking(a: Cursor, b: Cursor): boolean {
  return a.sequence_length === b.sequence_length && a.pack_id === b.pack_id && sameSelection(a.selection, b.selection);
}

function exhausted(
  stage: TrainingStageMixture,
  shares: readonly (Demand & {
    readonly wanted: number;
    readonly cursor: Cursor;
    readonly epochWindows: number;
  })[],
  total: number,
  limits: MixtureLimits,
  progress: Progress,
): RunError {
  const length = stage.sequence_length;
  const count = (tokens: number): string => tokens.toLocaleString("en-US");
  const short = shares.filter((demand) => demand.wanted > demand.capacity);
  const binding = short.map((demand) => {
    const feasible = Math.floor((demand.capacity / total) * 1e6) / 1e6;
    return (
      `${demand.name} is asked for ${count(demand.wanted * length)} tokens (weight ${Number(demand.weight.toPrecision(6))}) and has ` +
      `${count(demand.capacity * length)} left, enough for a weight of ${feasible}${usedUp(demand, limits, progress)}`
    );
  });
  const budget = Math.min(
    ...shares.map((demand) =>
      demand.weight > 0 ? Math.floor(demand.capacity / demand.weight) * length : Number.POSITIVE_INFINITY,
    ),
  );
  const rest = shares.reduce((sum, demand) => sum + (demand.weight > 0 ? demand.capacity * length : 0), 0);
  const redistribute = limits.on_exhausted === "redistribute";
  return new RunError({
    code: "run/source-exhausted",
    what: `training stage ${stage.name} asks for more tokens than there are: ${binding.join("; ")}`,
    exhausted: short.map(({ name }) => name),
    why: redistribute
      ? `all its sources together have ${count(rest)} tokens left at max_epochs ${limits.max_epochs}, and the stage needs ${count(total * length)}`
      : `a source may be read ${limits.max_epochs} times over all training stages (limits.max_epochs), and trainers stop where data ends`,
    fix: redistribute
      ? "lower the stage's tokens, raise limits.max_epochs, or add data"
      : `lower these weights or the stage's tokens (at these weights ${count(budget)} are there), raise limits.max_epochs, add data, or set limits.on_exhausted: redistribute`,
  });
}

/** What has used a source up: what stages read of it, and what lies between the cuts where one packing went on after another. */
function usedUp(
  { name, cursor, epochWindows }: { readonly name: string; readonly cursor: Cursor; readonly epochWindows: number },
  { max_epochs }: MixtureLimits,
  progress: Progress,
): string {
  const digits = (epochs: number): string => epochs.toFixed(2);
  if (epochWindows === 0) return ": it has no documents for this stage";
  const parts = (progress.reads.get(name) ?? []).map(({ stage, epochs }) => `${stage} has read ${digits(epochs)}`);
  const skipped = cursor.position / epochWindows - epochsRead(progress, name);
  if (skipped >= 0.005) {
    parts.push(
      `${digits(skipped)} lie in documents that stages of another packing or selection have begun or passed over`,
    );
  }
  const held = `an epoch of it is ${(epochWindows * cursor.sequence_length).toLocaleString("en-US")} tokens`;
  return parts.length === 0 ? `: ${held}` : `: ${held}, and of ${max_epochs} epochs ${parts.join(", ")}`;
}

function categoryShares(sources: Readonly<Record<string, MixtureShare>>, total: number): Record<string, CategoryShare> {
  const sums = new Map<string, { requested: number; normalized: number; windows: number; tokens: number }>();
  for (const share of Object.values(sources)) {
    const key = share.category ?? "";
    const sum = sums.get(key) ?? { requested: 0, normalized: 0, windows: 0, tokens: 0 };
    sum.requested += share.weight_requested;
    sum.normalized += share.weight_normalized;
    sum.windows += share.windows;
    sum.tokens += share.tokens;
    sums.set(key, sum);
  }
  const entries = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, sum]) => [
      key,
      {
        weight_requested: sum.requested,
        weight_normalized: sum.normalized,
        weight_achieved: sum.windows / total,
        windows: sum.windows,
        tokens: sum.tokens,
      },
    ]),
  );
}
