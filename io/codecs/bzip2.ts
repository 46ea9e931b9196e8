/**
 * Streaming bzip2: any number of streams, and nothing else.
 *
 * Blocks have no lengths, so one is decoded when more than the largest block lies ahead, or the rest of the file.
 * Invariant: the CRC of every block and of every stream is checked. Memory: 10 MB. Price: 12 MB/s and more.
 */
import { DataError } from "../../batch/errors.ts";
import { BitReader, OutOfBits } from "../../kernels/bzip2/bits.ts";
import { BlockDecoder, BlockFault } from "../../kernels/bzip2/block.ts";

/** More than a block can take: 900,000 codes of 20 bits, tables and selectors. */
const AHEAD_BYTES = 5 << 19;
/** `BZh`, of a stream. */
const STREAM = 0x425a68;
/** Digits of pi, of a block; of its square root, of the end of a stream. */
const BLOCK = [0x314159, 0x265359] as const;
const END = [0x177245, 0x385090] as const;

/** Decompresses `pieces`. Throws DataError `data/truncated-bzip2`, `data/corrupt-bzip2`. */
export async function* bunzip2(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const decoder = new Bzip2Decoder(name);
  for await (const piece of pieces) yield* decoder.push(piece);
  yield* decoder.finish();
}

class Bzip2Decoder {
  readonly #name: string;
  readonly #bits = new BitReader();
  #window = new Uint8Array(2 * AHEAD_BYTES);
  #length = 0;
  /** Next bit of the window. */
  #bit = 0;
  /** Bytes of the file before the window. */
  #base = 0;
  #block: BlockDecoder | undefined;
  #blockLevel = 0;
  /** Of the stream at hand; 0 between streams. */
  #level = 0;
  #crc = 0;

  constructor(name: string) {
    this.#name = name;
  }

  *push(piece: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(piece.length - at, this.#window.length - this.#length);
      this.#window.set(piece.subarray(at, at + count), this.#length);
      this.#length += count;
      at += count;
      yield* this.#decode(AHEAD_BYTES);
      const taken = Math.floor(this.#bit / 8);
      this.#window.copyWithin(0, taken, this.#length);
      this.#length -= taken;
      this.#base += taken;
      this.#bit -= 8 * taken;
    }
  }

  *finish(): Generator<Uint8Array> {
    yield* this.#decode(1);
    if (this.#level !== 0 || this.#byte === 0) throw this.#truncated();
  }

  get #byte(): number {
    return this.#base + Math.floor(this.#bit / 8);
  }

  /** Decodes while at least `ahead` bytes lie ahead. */
  *#decode(ahead: number): Generator<Uint8Array> {
    while (this.#length - this.#bit / 8 >= ahead) {
      const bits = this.#bits;
      bits.seek(this.#window, this.#length, this.#bit);
      let content: Uint8Array | undefined;
      try {
        content = this.#level === 0 ? this.#streamHead(bits) : this.#blockOrEnd(bits);
      } catch (error) {
        if (error instanceof OutOfBits) throw this.#truncated();
        throw error instanceof BlockFault ? this.#corrupt(error.message) : error;
      }
      this.#bit = bits.bit;
      if (content !== undefined) yield content.slice();
    }
  }

  #streamHead(bits: BitReader): Uint8Array | undefined {
    const level = bits.take(24) === STREAM ? bits.take(8) - 0x30 : 0;
    if (level < 1 || level > 9) throw new BlockFault("something that is not bzip2 follows a stream");
    if (level !== this.#blockLevel) this.#block = new BlockDecoder(100_000 * level);
    this.#blockLevel = level;
    this.#level = level;
    this.#crc = 0;
    return undefined;
  }

  #blockOrEnd(bits: BitReader): Uint8Array | undefined {
    const magic = [bits.take(24), bits.take(24)];
    if (magic[0] === BLOCK[0] && magic[1] === BLOCK[1] && this.#block !== undefined) {
      const content = this.#block.decode(bits);
      this.#crc = (((this.#crc << 1) | (this.#crc >>> 31)) ^ this.#block.crc) >>> 0;
      return content;
    }
    if (magic[0] !== END[0] || magic[1] !== END[1]) throw new BlockFault("no block begins where one should");
    const stored = ((bits.take(16) << 16) | bits.take(16)) >>> 0;
    if (stored !== this.#crc) throw new BlockFault("the checksum of a stream does not match");
    bits.take((8 - (bits.bit % 8)) % 8);
    this.#level = 0;
    return undefined;
  }

  #truncated(): DataError {
    return new DataError({
      code: "data/truncated-bzip2",
      what: `${this.#name} ends inside a bzip2 stream, after byte ${this.#base + this.#length}`,
      why: "the rest of the file is missing, so documents would be lost",
      fix: "download or copy the file again",
    });
  }

  #corrupt(detail: string): DataError {
    return new DataError({
      code: "data/corrupt-bzip2",
      what: `${this.#name} is damaged after byte ${this.#byte}: ${detail}`,
      why: "text after this point cannot be trusted",
      fix: "download or copy the file again",
    });
  }
}
