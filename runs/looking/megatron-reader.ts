/**
 * A training stage as Megatron reads it: the documents of every prefix, shuffled and cut by Megatron itself.
 *
 * Invariant: the samples of megatron-core's `GPTDataset` under `BlendedDataset`, for the documents that the export gives the stage; weights
 * are normalised twice, as it does. Price: {@link MegatronOrder}, of each share that is asked for.
 */
import { entryAt } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { normalizeWeights } from "../../kernels/blend/blend.ts";
import { MegatronOrder, megatronSizes } from "../../kernels/blend/megatron-order.ts";
import { roundHalfEven } from "../../kernels/round.ts";
import {
  type DocumentRange,
  documentNumbers,
  rangeEnds,
  type SourceDocuments,
  type TrainingStageDocuments,
} from "../../manifests/exports/views.ts";
import type { ReadSequence, StageReader } from "./stage-reader.ts";
import type { StoredDocument } from "./store-rows.ts";

export interface MegatronSettings {
  /** Its `--seed`. */
  readonly seed: number;
  /** Samples of the whole stage, which decide how often documents are repeated. */
  readonly train_samples: number;
  /** Share of the documents that `--split` leaves for training. */
  readonly train_ratio: number;
}

export class MegatronReader implements StageReader {
  readonly training_stage: string;
  readonly sequence_length: number;
  readonly shares: readonly string[];
  readonly weights: readonly number[];
  readonly #sources: readonly SourceDocuments[];
  readonly #settings: MegatronSettings;
  readonly #built: readonly number[];
  readonly #prefixes = new Map<number, Prefix>();

  constructor({ name, sequence_length, sources }: TrainingStageDocuments, settings: MegatronSettings) {
    this.training_stage = name;
    this.sequence_length = sequence_length;
    this.shares = sources.map(({ source }) => source);
    const shares = normalizeWeights(sources.map(({ weight }) => weight));
    this.weights = [...shares];
    this.#sources = sources;
    this.#settings = settings;
    this.#built = megatronSizes(shares, settings.train_samples);
  }

  sequence(share: number, turn: number): ReadSequence {
    const prefix = this.#prefix(share);
    if (turn >= prefix.order.samples) throw this.#tooShort(share, prefix.order.samples);
    const pieces = prefix.order.pieces(turn).map(({ document, start, length }) => ({
      ...prefix.documents.place(document),
      start,
      tokens: length,
    }));
    return { pieces, padding_tokens: 0 };
  }

  turnsOf(share: number, document: StoredDocument): readonly number[] {
    const { documents, order } = this.#prefix(share);
    const turns = documents.find(document).flatMap((number) => order.samplesOf(number));
    return [...new Set(turns)].sort((a, b) => a - b);
  }

  #prefix(share: number): Prefix {
    const known = this.#prefixes.get(share);
    if (known !== undefined) return known;
    const { seed, train_ratio } = this.#settings;
    const documents = new PrefixDocuments(entryAt(this.#sources, share, "share").ranges);
    const lengths = documents.lengths.subarray(0, roundHalfEven(train_ratio * documents.lengths.length));
    const samples = entryAt(this.#built, share, "share");
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    if (tokens <= this.sequence_length) throw this.#tooShort(share, 0);
    const order = new MegatronOrder({ lengths, sequence_length: this.sequence_length, samples, seed });
    const prefix = { documents, order };
    this.#prefixes.set(share, prefix);
    return prefix;
  }

  #tooShort(share: number, samples: number): RunError {
    return new RunError({
      code: "run/source-exhausted",
      what: `${this.training_stage}: Megatron builds ${samples} samples of ${entryAt(this.shares, share, "share")}, and the blend asks for more`,
      why: "its documents have fewer tokens than a sample, or --train-samples is not what the trainer was told",
      fix: "give --train-samples as the trainer has it, or leave it out for a whole training stage",
    });
  }
}

interface Prefix {
  readonly documents: PrefixDocuments;
  readonly order: MegatronOrder;
}

/** The documents of a prefix, numbered as its `.idx` has them. */
class PrefixDocuments {
  readonly lengths: Float64Array;
  readonly #ranges: readonly {
    readonly range: DocumentRange;
    readonly first: number;
    readonly numberOf: (index: number) => number;
  }[];

  constructor(ranges: readonly DocumentRange[]) {
    let documents = 0;
    this.#ranges = ranges.map((range) => {
      const first = documents;
      documents += range.documents;
      return { range, first, numberOf: documentNumbers(range) };
    });
    this.lengths = new Float64Array(documents);
    for (const { range, first } of this.#ranges) {
      let before = 0;
      rangeEnds(range).forEach((end, index) => {
        this.lengths[first + index] = end - before;
        before = end;
      });
    }
  }

  /** Where document `number` lies in its store. */
  place(number: number): StoredDocument & { readonly epoch: number } {
    const found = this.#ranges.findLast(({ first }) => first <= number);
    if (found === undefined) throw new Error(`there is no document ${number}`);
    const { range, first, numberOf } = found;
    return { shard: range.shard, document: numberOf(number - first), epoch: range.epoch };
  }

  /** Its numbers for a document of the store: one an epoch. */
  find({ shard, document }: StoredDocument): readonly number[] {
    return this.#ranges.flatMap(({ range, first, numberOf }) => {
      if (range.shard !== shard) return [];
      for (let index = 0; index < range.documents; index++) if (numberOf(index) === document) return [first + index];
      return [];
    });
  }
}

/** Shares of a `--split`, `99,1,0`: what is for training. Undefined for what is none. */
export function trainRatio(split: string): number | undefined {
  const parts = split.split(/[,/]/).map(Number);
  const sum = parts.reduce((total, part) => total + part, 0);
  const [train = 0] = parts;
  if (parts.length > 3 || parts.some((part) => !(part >= 0)) || !(sum > 0)) return undefined;
  return train / sum;
}
