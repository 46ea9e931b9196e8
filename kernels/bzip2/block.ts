/**
 * Blocks of bzip2: Huffman codes, move to front, the inverse of Burrows and Wheeler's transform, run lengths.
 *
 * Invariant: what comes out has the CRC that the block carries, or nothing does. Memory: 4 bytes a byte of the block,
 * which has 900 kB at most, and what comes out. Price: 12 MB/s and more.
 */
import type { BitReader } from "./bits.ts";
import { HuffmanTable, MAX_CODE_BITS } from "./huffman.ts";

const MAX_SELECTORS = 18_002;
const GROUP_SIZE = 50;
const RUN_A = 0;
const RUN_B = 1;

/** The block is damaged. */
export class BlockFault extends Error {}

const CRC = new Uint32Array(256).map((_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

export class BlockDecoder {
  readonly #links: Uint32Array;
  readonly #tables = Array.from({ length: 6 }, () => new HuffmanTable());
  readonly #selectors = new Uint8Array(MAX_SELECTORS);
  readonly #counts = new Int32Array(256);
  #output = new Uint8Array(1 << 20);
  /** CRC of the block that was decoded last. */
  crc = 0;

  /** `maxBytes` of a block before its last stage: 100,000 times the level of the file. */
  constructor(maxBytes: number) {
    this.#links = new Uint32Array(maxBytes);
  }

  /** The content of the block whose magic number was read; valid until the next call. Throws BlockFault, OutOfBits. */
  decode(bits: BitReader): Uint8Array {
    const stored = ((bits.take(16) << 16) | bits.take(16)) >>> 0;
    if (bits.take(1) === 1) throw new BlockFault("a block is randomised, as no bzip2 since 1997 writes it");
    const origin = bits.take(24);
    const count = this.#transformed(bits);
    if (origin >= count) throw new BlockFault("a block begins outside of itself");
    const length = this.#inverse(origin, count);
    if (this.crc !== stored) throw new BlockFault("the checksum of a block does not match");
    return this.#output.subarray(0, length);
  }

  /** Reads the transformed bytes into `#links`; returns how many there are. */
  #transformed(bits: BitReader): number {
    const front = usedBytes(bits);
    const symbols = front.length + 2;
    const end = symbols - 1;
    const groups = bits.take(3);
    const selectors = bits.take(15);
    if (groups < 2 || groups > 6 || selectors === 0) throw new BlockFault("a block has no sound Huffman tables");
    this.#readSelectors(bits, groups, selectors);
    this.#readTables(bits, groups, symbols);

    const links = this.#links;
    const counts = this.#counts.fill(0);
    let count = 0;
    let run = 0;
    let runBit = 1;
    for (let group = 0; ; group++) {
      if (group >= Math.min(selectors, MAX_SELECTORS)) throw new BlockFault("a block does not end");
      const table = this.#tables[this.#selectors[group]];
      for (let i = 0; i < GROUP_SIZE; i++) {
        const symbol = table.next(bits);
        if (symbol < 0) throw new BlockFault("a block holds what is no Huffman code");
        if (symbol <= RUN_B) {
          run += runBit << (symbol === RUN_A ? 0 : 1);
          runBit *= 2;
          if (run > links.length - count) throw new BlockFault("a block is too long");
          continue;
        }
        if (run > 0) {
          links.fill(front[0], count, count + run);
          counts[front[0]] += run;
          count += run;
          run = 0;
        }
        runBit = 1;
        if (symbol === end) return count;
        if (count === links.length) throw new BlockFault("a block is too long");
        const byte = front[symbol - 1];
        front.copyWithin(1, 0, symbol - 1);
        front[0] = byte;
        links[count++] = byte;
        counts[byte]++;
      }
    }
  }

  #readSelectors(bits: BitReader, groups: number, selectors: number): void {
    const order = [0, 1, 2, 3, 4, 5];
    for (let i = 0; i < selectors; i++) {
      let at = 0;
      while (bits.take(1) === 1) {
        if (++at >= groups) throw new BlockFault("a block names a Huffman table that it does not have");
      }
      const [table] = order.splice(at, 1);
      order.unshift(table);
      // More than a block can use are read past, as the library does.
      if (i < MAX_SELECTORS) this.#selectors[i] = table;
    }
  }

  #readTables(bits: BitReader, groups: number, symbols: number): void {
    const lengths = new Uint8Array(258);
    for (let group = 0; group < groups; group++) {
      let length = bits.take(5);
      for (let symbol = 0; symbol < symbols; symbol++) {
        for (;;) {
          if (length < 1 || length > MAX_CODE_BITS) throw new BlockFault("a Huffman code has no sound length");
          if (bits.take(1) === 0) break;
          length += bits.take(1) === 0 ? 1 : -1;
        }
        lengths[symbol] = length;
      }
      this.#tables[group].set(lengths, symbols);
    }
  }

  /** Undoes the transform and the first run lengths into `#output`; returns its length and sets {@link crc}. */
  #inverse(origin: number, count: number): number {
    const links = this.#links;
    const starts = this.#counts;
    for (let byte = 0, sum = 0; byte < 256; byte++) {
      const here = starts[byte];
      starts[byte] = sum;
      sum += here;
    }
    for (let i = 0; i < count; i++) links[starts[links[i] & 0xff]++] |= i << 8;

    let output = this.#output;
    let length = 0;
    let crc = -1;
    let link = links[origin] >>> 8;
    let previous = -1;
    let equal = 0;
    for (let i = 0; i < count; i++) {
      link = links[link];
      const byte = link & 0xff;
      link >>>= 8;
      // After four equal bytes a byte says how many more there are.
      const times = equal === 4 ? byte : 1;
      if (length + times > output.length) output = this.#grow(length + times);
      if (equal === 4) {
        for (let n = 0; n < times; n++) crc = (crc << 8) ^ CRC[(crc >>> 24) ^ previous];
        output.fill(previous, length, length + times);
        equal = 0;
        previous = -1;
      } else {
        crc = (crc << 8) ^ CRC[(crc >>> 24) ^ byte];
        output[length] = byte;
        equal = byte === previous ? equal + 1 : 1;
        previous = byte;
      }
      length += times;
    }
    this.crc = ~crc >>> 0;
    return length;
  }

  #grow(bytes: number): Uint8Array<ArrayBuffer> {
    const grown = new Uint8Array(Math.max(bytes, 2 * this.#output.length));
    grown.set(this.#output);
    this.#output = grown;
    return grown;
  }
}

/** The bytes that occur in a block, ascending. */
function usedBytes(bits: BitReader): Uint8Array {
  const used: number[] = [];
  const ranges = bits.take(16);
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const bytes = bits.take(16);
    for (let i = 0; i < 16; i++) if ((bytes & (0x8000 >> i)) !== 0) used.push(16 * range + i);
  }
  if (used.length === 0) throw new BlockFault("a block holds no bytes");
  return Uint8Array.from(used);
}
