/**
 * The normalizer `Precompiled`: replaces what a charsmap has as keys, cluster by cluster.
 *
 * A grapheme cluster of at most {@link WHOLE_BYTES} bytes that begins with a key becomes that key's replacement as a whole; every other one is
 * gone through character by character. Malformed UTF-8 stays. Price: two loads a byte for text of ASCII, a table look-up for other characters;
 * a copy of the text where it changes.
 */
import { charAt } from "./char-class.ts";
import type { Charsmap } from "./charsmap.ts";
import { clusterEnd, WHOLE_BYTES } from "./clusters.ts";
import type { Normalizer } from "./normalizer.ts";

const RETURN = 0x0d;

/** A text that is made of parts of another and of what replaces the rest. */
class Rewrite {
  readonly #source: Uint8Array;
  #made: Uint8Array;
  #length = 0;
  /** Where what was not taken over yet begins. */
  #from: number;

  constructor(source: Uint8Array, start: number, end: number) {
    this.#source = source;
    this.#from = start;
    this.#made = new Uint8Array(2 * (end - start) + 16);
  }

  replace(start: number, end: number, content: Uint8Array): void {
    this.#add(this.#source.subarray(this.#from, start));
    this.#add(content);
    this.#from = end;
  }

  finish(end: number): Uint8Array {
    this.#add(this.#source.subarray(this.#from, end));
    return this.#made.subarray(0, this.#length);
  }

  #add(part: Uint8Array): void {
    if (this.#length + part.length > this.#made.length) {
      const grown = new Uint8Array(2 * (this.#length + part.length));
      grown.set(this.#made.subarray(0, this.#length));
      this.#made = grown;
    }
    this.#made.set(part, this.#length);
    this.#length += part.length;
  }
}

export class Precompiled implements Normalizer {
  readonly growth: number;
  readonly #charsmap: Charsmap;
  /** 1 for bytes of ASCII that stay where more of ASCII stands behind them. */
  readonly #stays: Uint8Array;

  constructor(charsmap: Charsmap) {
    this.growth = charsmap.growth;
    this.#charsmap = charsmap;
    this.#stays = Uint8Array.from({ length: 256 }, (_, byte) => {
      const isPlain = byte < 0x80 && byte !== RETURN;
      return isPlain && charsmap.find(Uint8Array.of(byte), 0, 1) === undefined ? 1 : 0;
    });
  }

  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const stays = this.#stays;
    let rewrite: Rewrite | undefined;
    for (let p = start; p < end; ) {
      if (stays[bytes[p]] === 1 && (p + 1 === end || bytes[p + 1] < 0x80)) {
        p++;
        continue;
      }
      const stop = clusterEnd(bytes, p, end);
      const whole = stop - p <= WHOLE_BYTES ? this.#charsmap.find(bytes, p, stop) : undefined;
      if (whole !== undefined) {
        rewrite ??= new Rewrite(bytes, start, end);
        rewrite.replace(p, stop, whole);
        p = stop;
      }
      while (p < stop) {
        const next = p + (charAt(bytes, p, end) >> 8);
        const content = this.#charsmap.find(bytes, p, next);
        if (content !== undefined) {
          rewrite ??= new Rewrite(bytes, start, end);
          rewrite.replace(p, next, content);
        }
        p = next;
      }
    }
    return rewrite?.finish(end);
  }
}
