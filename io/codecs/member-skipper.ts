/**
 * Passes over a deflate stream without keeping what it holds.
 *
 * Invariant: where the stream ends is told exactly. Price: that of inflating; memory is one piece of output.
 */
import { createInflateRaw } from "node:zlib";
import { ZlibEngine } from "./zlib-engine.ts";

/** Input given at a time, see gzip.ts. */
const INPUT_BYTES = 1 << 16;

export class MemberSkipper {
  readonly #engine = new ZlibEngine(createInflateRaw());
  #fed = 0;

  /** Takes the next bytes; where in them the stream ended, undefined where it goes on. Throws what zlib does. */
  async push(bytes: Uint8Array): Promise<number | undefined> {
    const before = this.#fed;
    for (let at = 0; at < bytes.length; at += INPUT_BYTES) {
      const piece = bytes.subarray(at, at + INPUT_BYTES);
      await this.#engine.push(piece);
      this.#fed += piece.length;
      if (this.#engine.ended || this.#engine.consumed < this.#fed) return this.#engine.consumed - before;
    }
    return undefined;
  }

  close(): void {
    this.#engine.close();
  }
}
