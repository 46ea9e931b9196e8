/**
 * A Bloom filter: a set that may say of what is not in it that it is, never the other way round.
 *
 * Invariant: the same keys in the same order give the same answers everywhere: positions are exact arithmetic on 53 bits. Memory: the bits; price: a cache miss
 * a bit that is looked at, of which a key that is not there takes two on average.
 */

/** Most bits: positions are doubles, and so is what they are taken from. */
const MAX_BITS = 2 ** 46;
const MAX_HASHES = 64;
/** Bits come in pieces of 64 MiB, because a typed array may not be as long as a filter. */
const PIECE_WORDS_SHIFT = 24;
const PIECE_WORDS = 1 << PIECE_WORDS_SHIFT;
/** Sizes are rounded up to this many bits, so that no rounding of a logarithm shows in them. */
const GRANULE_BITS = 64 * 8;
const WORD = 2 ** 32;

export interface BloomShape {
  readonly bits: number;
  /** Bits of a key. */
  readonly hashes: number;
}

/** The smallest filter that says of at most `maxRatio` of the keys that are not in it that they are, when it has `keys`; undefined where none is. */
export function bloomShape(keys: number, maxRatio: number): BloomShape | undefined {
  const count = Math.max(1, keys);
  let best: BloomShape | undefined;
  for (let hashes = 1; hashes <= MAX_HASHES; hashes++) {
    const bits = (-hashes * count) / Math.log1p(-(maxRatio ** (1 / hashes)));
    if (best === undefined || bits < best.bits) best = { bits, hashes };
  }
  if (best === undefined || !(best.bits <= MAX_BITS)) return undefined;
  return { ...best, bits: GRANULE_BITS * Math.ceil(best.bits / GRANULE_BITS) };
}

/** Share of the keys that are not in a filter with `keys` of which it says that they are. */
export function falsePositiveRatio({ bits, hashes }: BloomShape, keys: number): number {
  return (-Math.expm1((-hashes * keys) / bits)) ** hashes;
}

export class BloomFilter {
  readonly shape: BloomShape;
  readonly #pieces: readonly Uint32Array[];
  #set = 0;

  /** Throws RangeError where there is not as much memory. */
  constructor(shape: BloomShape) {
    this.shape = shape;
    const words = Math.ceil(shape.bits / 32);
    this.#pieces = Array.from(
      { length: Math.ceil(words / PIECE_WORDS) },
      (_, piece) => new Uint32Array(Math.min(PIECE_WORDS, words - piece * PIECE_WORDS)),
    );
  }

  /** Share of keys never put in of which it says that they are there, as full as it is. */
  get falsePositiveRatio(): number {
    const { bits, hashes } = this.shape;
    return (this.#set / bits) ** hashes;
  }

  has(high: number, low: number): boolean {
    const { bits, hashes } = this.shape;
    const step = stepOf(high, low, bits);
    let position = startOf(high, low, bits);
    for (let i = 0; i < hashes; i++) {
      const word = Math.floor(position / 32);
      if ((this.#pieces[Math.floor(word / PIECE_WORDS)][word & (PIECE_WORDS - 1)] & (1 << (position % 32))) === 0)
        return false;
      position += step;
      if (position >= bits) position -= bits;
    }
    return true;
  }

  add(high: number, low: number): void {
    const { bits, hashes } = this.shape;
    const step = stepOf(high, low, bits);
    let position = startOf(high, low, bits);
    for (let i = 0; i < hashes; i++) {
      const word = Math.floor(position / 32);
      const piece = this.#pieces[Math.floor(word / PIECE_WORDS)];
      const bit = 1 << (position % 32);
      const at = word & (PIECE_WORDS - 1);
      if ((piece[at] & bit) === 0) this.#set++;
      piece[at] |= bit;
      position += step;
      if (position >= bits) position -= bits;
    }
  }
}

/** 53 bits of a key of 64, modulo the bits of the filter. */
function startOf(high: number, low: number, bits: number): number {
  return (high * 2 ** 21 + (low >>> 11)) % bits;
}

/** Other 53 bits of it; never 0, so that a key has more than one bit. */
function stepOf(high: number, low: number, bits: number): number {
  const a = mix(low ^ 0x9e3779b9);
  const b = mix(high ^ a);
  return 1 + (((a >>> 11) * WORD + b) % (bits - 1));
}

function mix(word: number): number {
  let x = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
