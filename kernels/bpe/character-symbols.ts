/**
 * The symbols that merging starts from where a vocabulary is one of characters: each character's token, else the tokens of its bytes
 * (`byte_fallback`), else the unknown token.
 *
 * Invariant: every byte of text is covered; malformed UTF-8 is read one byte at a time, and a byte that begins no character is unknown text.
 */
import { charAt } from "./char-class.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * Which pieces get a blank in front: every one; every one without a blank there (`always`), as Metaspace does it; of those the one that a text
 * begins with (`first`); or none.
 */
export type Prefix = "every" | "always" | "first" | "never";

/** How a vocabulary of characters stands for text. */
export interface CharacterStart {
  /** Token of a character that is none, -1 where the tokens of its bytes stand for it. */
  readonly unknown: number;
  /** Whether unknown characters side by side are one unknown token. */
  readonly fuseUnknown: boolean;
  /** Where text is cut into words (`character-cuts.ts`). */
  readonly cuts: Uint8Array;
  readonly prefix: Prefix;
  /** Whether whitespace only tells words apart and is removed; each word is a piece that begins with a blank then. */
  readonly words: boolean;
  /** Whether tokens hold U+2581 where they stand for a blank. */
  readonly signed: boolean;
}

export class CharacterSymbols {
  readonly #vocabulary: Vocabulary;
  readonly #byteIds: Int32Array;
  readonly #unknown: number;
  readonly #fuse: boolean;

  /** @param byteIds token of each byte where it stands alone, -1 where it has none */
  constructor(vocabulary: Vocabulary, byteIds: Int32Array, { unknown, fuseUnknown }: CharacterStart) {
    this.#vocabulary = vocabulary;
    this.#byteIds = byteIds;
    this.#unknown = unknown;
    this.#fuse = fuseUnknown;
  }

  /** Writes the symbols of `bytes[start, end)` to `ids`; returns how many: at most one a byte. */
  write(bytes: Uint8Array, start: number, end: number, ids: Int32Array): number {
    const byteIds = this.#byteIds;
    let count = 0;
    let fusing = false;
    for (let p = start; p < end; ) {
      const size = bytes[p] < 0x80 ? 1 : charAt(bytes, p, end) >> 8;
      const id = size === 1 ? byteIds[bytes[p]] : this.#vocabulary.find(bytes, p, p + size);
      if (id !== -1) {
        ids[count++] = id;
        fusing = false;
      } else if (this.#unknown === -1) {
        for (let i = p; i < p + size; i++) ids[count++] = byteIds[bytes[i]];
      } else if (!fusing) {
        ids[count++] = this.#unknown;
        fusing = this.#fuse;
      }
      p += size;
    }
    return count;
  }
}
