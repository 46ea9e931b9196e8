/**
 * The order in which Megatron's `GPTDataset` reads the documents of one prefix, and cuts them into samples.
 *
 * Documents are repeated for as many epochs as the samples need, shuffled over all of them, and laid end to end; sample s is
 * the `sequence_length` + 1 tokens from s · `sequence_length` on; then samples are shuffled. Where little of the last epoch is
 * needed (less than four fifths), it is shuffled apart, its documents behind all others and its samples too.
 * Invariant: the same draws of one MT19937 as numpy's `RandomState(seed)`, documents first. Price: 12 bytes a document and
 * epoch, 4 bytes a sample, about 50 ns each.
 */
import { Mt19937 } from "../random/mt19937.ts";
import { firstAbove } from "../sorted.ts";

export interface MegatronPrefix {
  /** Tokens of every document. */
  readonly lengths: Float64Array;
  readonly sequence_length: number;
  /** Samples that are asked for. */
  readonly samples: number;
  readonly seed: number;
}

/** A run of tokens of one document. */
export interface MegatronPiece {
  readonly document: number;
  readonly start: number;
  readonly length: number;
}

/** Of the samples of an epoch, the share from which the last one is no epoch apart. */
const WHOLE_EPOCH = 0.8;

export class MegatronOrder {
  readonly epochs: number;
  /** Samples that the data set has: at least as many as were asked for. */
  readonly samples: number;
  readonly #sequenceLength: number;
  /** Documents in the order in which they are read, and where each ends in tokens. */
  readonly #documents: Uint32Array;
  readonly #ends: Float64Array;
  /** By number that a trainer asks for: number by position in the tokens. */
  readonly #shuffled: Uint32Array;

  /** `lengths` must hold tokens for one sample at least. */
  constructor({ lengths, sequence_length, samples, seed }: MegatronPrefix) {
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    const inEpochs = (epochs: number): number => Math.floor((epochs * tokens - 1) / sequence_length);
    this.epochs = Math.max(1, Math.ceil((samples * sequence_length + 1) / tokens));
    this.samples = inEpochs(this.epochs);
    this.#sequenceLength = sequence_length;
    const before = this.epochs === 1 ? 0 : inEpochs(this.epochs - 1);
    const isApart = this.epochs > 1 && samples - before < Math.floor(WHOLE_EPOCH * inEpochs(1));

    const random = new Mt19937(seed);
    const apart = isApart ? 1 : 0;
    this.#documents = new Uint32Array(this.epochs * lengths.length);
    for (let at = 0; at < this.#documents.length; at++) this.#documents[at] = at % lengths.length;
    shuffleParts(this.#documents, (this.epochs - apart) * lengths.length, random);
    this.#ends = new Float64Array(this.#documents.length);
    let end = 0;
    for (let at = 0; at < this.#documents.length; at++) {
      end += lengths[this.#documents[at]];
      this.#ends[at] = end;
    }
    this.#shuffled = new Uint32Array(this.samples);
    for (let sample = 0; sample < this.samples; sample++) this.#shuffled[sample] = sample;
    shuffleParts(this.#shuffled, isApart ? before : this.samples, random);
  }

  /** What sample `index` of the data set consists of; `sequence_length` + 1 tokens in all. */
  pieces(index: number): readonly MegatronPiece[] {
    if (!(index < this.samples)) throw new RangeError(`sample ${index} of ${this.samples}`);
    let at = this.#shuffled[index] * this.#sequenceLength;
    const end = at + this.#sequenceLength + 1;
    const pieces: MegatronPiece[] = [];
    for (let position = firstAbove(this.#ends, at); at < end; position++) {
      const start = at - (position === 0 ? 0 : this.#ends[position - 1]);
      const length = Math.min(end, this.#ends[position]) - at;
      pieces.push({ document: this.#documents[position], start, length });
      at += length;
    }
    return pieces;
  }

  /** The samples that hold tokens of `document`, in ascending order of their index. Price: a look at every entry. */
  samplesOf(document: number): readonly number[] {
    const wanted = new Set<number>();
    this.#documents.forEach((other, position) => {
      if (other !== document) return;
      const start = position === 0 ? 0 : this.#ends[position - 1];
      // A token that is the last of a sample is the first of the next.
      const first = Math.max(0, Math.ceil(start / this.#sequenceLength) - 1);
      const last = Math.min(this.samples - 1, Math.floor((this.#ends[position] - 1) / this.#sequenceLength));
      for (let sample = first; sample <= last; sample++) wanted.add(sample);
    });
    const found: number[] = [];
    this.#shuffled.forEach((sample, index) => {
      if (wanted.has(sample)) found.push(index);
    });
    return found;
  }
}

/** Shuffles the first `first` entries and then the others. */
function shuffleParts(values: Uint32Array, first: number, random: Mt19937): void {
  random.shuffle(values.subarray(0, first));
  if (first < values.length) random.shuffle(values.subarray(first));
}

/** Samples that Megatron builds of each prefix for `samples` of all: a little more than their shares. */
export function megatronSizes(shares: Float64Array, samples: number): readonly number[] {
  return Array.from(shares, (share) => Math.ceil(Math.ceil(samples * share) * (1 + SURPLUS)));
}

/** `mid_level_dataset_surplus`. */
const SURPLUS = 0.005;
