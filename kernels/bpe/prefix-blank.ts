/** The blank that a pre-tokenizer puts before a piece of text that does not begin with one. */
import type { Prefix } from "./character-symbols.ts";
import { Prepend } from "./text-steps.ts";

const BLANK = 0x20;

export class PrefixBlank {
  /** The most bytes that one byte of a piece becomes. */
  readonly growth: number;
  readonly #prefix: Prefix;
  readonly #prepend = new Prepend(" ");

  constructor(prefix: Prefix) {
    this.#prefix = prefix;
    this.growth = prefix === "never" ? 1 : this.#prepend.growth;
  }

  /** The piece `bytes[start, end)` with the blank, undefined where it has none or one of its own. */
  before(bytes: Uint8Array, start: number, end: number, isFirst: boolean): Uint8Array | undefined {
    if (this.#prefix === "never" || (this.#prefix === "first" && !isFirst) || bytes[start] === BLANK) return undefined;
    return this.#prepend.normalize(bytes, start, end);
  }
}
