/** The blank that is put before pieces of text. */
import type { Prefix } from "./character-symbols.ts";
import type { BpeModel } from "./model.ts";
import { Prepend } from "./text-steps.ts";

const BLANK = 0x20;

/** Which pieces of a model's text get one. */
export function prefixOf({ preTokenizers, characters }: BpeModel): Prefix {
  return preTokenizers[0]?.kind === "prefix_space" ? "always" : (characters?.prefix ?? "never");
}

export class PrefixBlank {
  /** The most bytes that one byte of a piece becomes. */
  readonly growth: number;
  readonly #prefix: Prefix;
  readonly #prepend = new Prepend(" ");

  constructor(prefix: Prefix) {
    this.#prefix = prefix;
    this.growth = prefix === "never" ? 1 : this.#prepend.growth;
  }

  /** Whether the piece that begins at `bytes[start]`, and is not empty, gets one. */
  isWanted(bytes: Uint8Array, start: number, isFirst: boolean): boolean {
    if (this.#prefix === "never" || (this.#prefix === "first" && !isFirst)) return false;
    return this.#prefix === "every" || bytes[start] !== BLANK;
  }

  /** The piece `bytes[start, end)` with the blank, undefined where it gets none. */
  before(bytes: Uint8Array, start: number, end: number, isFirst: boolean): Uint8Array | undefined {
    return start < end && this.isWanted(bytes, start, isFirst) ? this.#prepend.normalize(bytes, start, end) : undefined;
  }
}
