/**
 * SentencePiece's `precompiled_charsmap`: which strings are replaced, and by what.
 *
 * The size of a trie in bytes, its units of four bytes, then the replacements, each with a zero behind it. The trie is a double array: a unit
 * holds the label that leads to it, whether a value stands below it, and the offset of the units below. Invariant: every look-up of a charsmap
 * that was read stays inside it. Price: its bytes once; reading one goes through all of its keys of {@link KEY_BYTES} bytes or fewer.
 */

/** Longest text that is looked up. */
const KEY_BYTES = 5;
const LABEL = 0x8000_00ff;
const LEAF = 1 << 8;
const VALUE = 0x7fff_ffff;
const NO_VALUE = -1;

/** The units below `unit`, as what their places are xored with. */
function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >> 6);
}

export class BrokenCharsmap extends Error {}

export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  /** The most bytes that one byte becomes. */
  readonly growth: number;

  /** @throws BrokenCharsmap */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = bytes.length < 4 ? 0 : view.getUint32(0, true) >> 2;
    if (count === 0 || 4 + count * 4 > bytes.length) throw new BrokenCharsmap("it is shorter than its trie");
    this.#units = Uint32Array.from({ length: count }, (_, i) => view.getUint32(4 + i * 4, true));
    this.#replacements = bytes.slice(4 + count * 4);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(this.#replacements);
    } catch {
      throw new BrokenCharsmap("its replacements are no UTF-8");
    }
    this.growth = this.#check();
  }

  /** The replacement of the shortest key that `bytes[start, end)` begins with, as it is looked for by the reference; undefined without one. */
  find(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    let place = offsetOf(this.#units[0]);
    for (let p = start; p < end; p++) {
      const byte = bytes[p];
      if (byte === 0) break;
      place ^= byte;
      const unit = this.#units[place];
      if ((unit & LABEL) >>> 0 !== byte) break;
      place ^= offsetOf(unit);
      if ((unit & LEAF) !== 0) return this.#replacement(this.#units[place] & VALUE);
    }
    return undefined;
  }

  #replacement(from: number): Uint8Array {
    const end = this.#replacements.indexOf(0, from);
    return this.#replacements.subarray(from, end === -1 ? undefined : end);
  }

  /** Goes through every key that is looked up, shortest first; returns the most that one byte becomes. */
  #check(): number {
    const units = this.#units;
    const depths = new Uint8Array(units.length);
    let growth = 1;
    let places = [offsetOf(units[0])];
    for (let depth = 1; depth <= KEY_BYTES && places.length > 0; depth++) {
      const below: number[] = [];
      for (const place of places) {
        for (let byte = 1; byte < 256; byte++) {
          const unit = this.#unit(place ^ byte);
          if ((unit & LABEL) >>> 0 !== byte) continue;
          const next = (place ^ byte ^ offsetOf(unit)) >>> 0;
          if ((unit & LEAF) !== 0) growth = Math.max(growth, Math.ceil(this.#valueLength(next) / depth));
          else if (depth < KEY_BYTES && this.#unit(next) !== NO_VALUE && depths[next] === 0) {
            depths[next] = depth;
            below.push(next);
          }
        }
      }
      places = below;
    }
    return growth;
  }

  #unit(place: number): number {
    const unit = this.#units[place];
    if (unit === undefined) throw new BrokenCharsmap("its trie points outside itself");
    return unit;
  }

  #valueLength(place: number): number {
    const from = this.#unit(place) & VALUE;
    const isInside = from <= this.#replacements.length;
    if (!isInside || ((this.#replacements[from] ?? 0) & 0xc0) === 0x80) {
      throw new BrokenCharsmap("a value of its trie is no place of a replacement");
    }
    return this.#replacement(from).length;
  }
}
