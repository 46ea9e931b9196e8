/**
 * The values and levels of one data page while it is filled.
 *
 * Values are PLAIN, null has levels alone. Beside them lie dictionary indexes, as long as the column chunk may get a
 * dictionary. Invariant: a page begins with the beginning of a row. Price: a copy of every value; levels take two
 * bytes a value until the page is encoded.
 */

import { ByteBuffer } from "../byte-buffer.ts";
import { Bounds } from "./bounds.ts";
import { bitWidth, encodeHybrid } from "./hybrid.ts";
import type { Leaf } from "./schema.ts";

export class PageBuffer {
  readonly leaf: Leaf;
  /** PLAIN, booleans one byte each. */
  readonly values = new ByteBuffer();
  readonly bounds: Bounds;
  /** Levels: values, nulls and empty lists. */
  count = 0;
  rows = 0;
  nulls = 0;
  #definitions = new Uint8Array(1024);
  #repetitions = new Uint8Array(1024);
  #indexes = new Uint16Array(1024);
  #indexed = 0;

  constructor(leaf: Leaf) {
    this.leaf = leaf;
    this.bounds = new Bounds(leaf.kind);
  }

  clear(): void {
    this.values.clear();
    this.bounds.reset();
    this.count = 0;
    this.rows = 0;
    this.nulls = 0;
    this.#indexed = 0;
  }

  level(definition: number, repetition: number): void {
    if (this.count === this.#definitions.length) this.#grow();
    this.#definitions[this.count] = definition;
    this.#repetitions[this.count] = repetition;
    this.count++;
    if (repetition === 0) this.rows++;
    if (definition < this.leaf.maxDefinition) this.nulls++;
  }

  index(entry: number): void {
    if (this.#indexed === this.#indexes.length)
      this.#indexes = doubled(this.#indexes, new Uint16Array(2 * this.#indexed));
    this.#indexes[this.#indexed++] = entry;
  }

  /** The dictionary indexes so far, as a view. */
  indexes(): Uint16Array {
    return this.#indexes.subarray(0, this.#indexed);
  }

  /** The body of the page with the values as they are. */
  encodePlain(out: ByteBuffer): void {
    this.#encodeLevels(out);
    const bytes = this.values.bytes();
    if (this.leaf.kind !== "bool") {
      out.append(bytes);
      return;
    }
    for (let first = 0; first < bytes.length; first += 8) {
      let packed = 0;
      for (let bit = 0; bit < 8 && first + bit < bytes.length; bit++) packed |= bytes[first + bit] << bit;
      out.byte(packed);
    }
  }

  /** The body of the page with an index of a dictionary of `entries` strings for every value. */
  encodeIndexes(entries: number, out: ByteBuffer): void {
    this.#encodeLevels(out);
    const width = bitWidth(Math.max(1, entries - 1));
    out.byte(width);
    encodeHybrid(this.#indexes, this.#indexed, width, out);
  }

  #encodeLevels(out: ByteBuffer): void {
    const { maxDefinition, maxRepetition } = this.leaf;
    if (maxRepetition > 0) this.#encodeLevel(this.#repetitions, maxRepetition, out);
    this.#encodeLevel(this.#definitions, maxDefinition, out);
  }

  #encodeLevel(levels: Uint8Array, max: number, out: ByteBuffer): void {
    const start = out.length;
    out.int32(0);
    encodeHybrid(levels, this.count, bitWidth(max), out);
    out.setInt32(start, out.length - start - 4);
  }

  #grow(): void {
    this.#definitions = doubled(this.#definitions, new Uint8Array(2 * this.count));
    this.#repetitions = doubled(this.#repetitions, new Uint8Array(2 * this.count));
  }
}

function doubled<T extends Uint8Array | Uint16Array>(values: T, larger: T): T {
  larger.set(values);
  return larger;
}
