/**
 * Whether the tokens of a text come back as the text: byte for byte, or in the form that the tokenizer gives text before it looks at it.
 *
 * Invariant: what the file's own normalizers and added tokens change is no difference, and neither is one blank at the beginning of a piece,
 * which a file may put there or take away; everything else is, an unknown token too. Price: decoding, a comparison, and where they differ the pipeline.
 */
import type { SpecialPlaces } from "./added-tokens.ts";
import type { Normalizer } from "./normalizer.ts";
import { type Pieces, Pipeline } from "./pipeline.ts";
import { plainBlanks } from "./text-steps.ts";
import type { Tokenizer } from "./tokenizer.ts";

const BLANK = 0x20;

export class RoundTrip {
  readonly #tokenizer: Tokenizer;
  /** Where tokens spell blanks as U+2581, decoding makes blanks of those of the text, too. */
  readonly #blanks: Normalizer | undefined;
  #pipeline: Pipeline | undefined;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    if (tokenizer.model.characters?.signed === true) this.#blanks = plainBlanks();
  }

  /** Whether `ids` say `bytes[start, end)`. `special` is what they were made with, its ranges counted from the beginning of `bytes`. */
  keeps(bytes: Uint8Array, start: number, end: number, ids: Uint32Array, special: SpecialPlaces): boolean {
    const decoded = this.#tokenizer.decode(ids);
    if (decoded.length === end - start && matches(decoded, 0, bytes, start, end)) return true;
    this.#pipeline ??= new Pipeline(this.#tokenizer.model);
    const { vocabulary } = this.#tokenizer.model;
    let at = 0;
    let same = true;
    const take = (written: Uint8Array, first: number, last: number): void => {
      if (!same) return;
      const plain = this.#blanks?.normalize(written, first, last);
      const piece = plain ?? written;
      let from = plain === undefined ? first : 0;
      const to = plain?.length ?? last;
      if (!matches(decoded, at, piece, from, to) && piece[from] === BLANK) from++;
      same = matches(decoded, at, piece, from, to);
      at += to - from;
    };
    const pieces: Pieces = {
      piece: take,
      token: ({ id }) => take(vocabulary.bytes, vocabulary.offsets[id], vocabulary.offsets[id + 1]),
    };
    this.#pipeline.scan(bytes, start, end);
    this.#pipeline.cut(start, end, special, pieces);
    return same && at === decoded.length;
  }
}

/** Whether `text` goes on at `at` with `bytes[start, end)`. */
function matches(text: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (at + end - start > text.length) return false;
  for (let p = start, q = at; p < end; p++, q++) if (bytes[p] !== text[q]) return false;
  return true;
}
