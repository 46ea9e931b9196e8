/**
 * Ids to the bytes of their text.
 *
 * Invariant: what encoding put before pieces of text is taken away again: one blank at the beginning, and behind each added token where every
 * piece has one. Where a file puts a blank only before text that has none, a text that began with one comes back without: its ids are the same.
 */
import { DataError } from "../../batch/errors.ts";
import type { Prefix } from "./character-symbols.ts";
import type { BpeModel } from "./model.ts";
import { BLANK_SIGN, plainBlanks } from "./text-steps.ts";

const BLANK = 0x20;
const BLANK_SIGN_BYTES = new TextEncoder().encode(BLANK_SIGN);

/** Which pieces had a blank put before them that is to be taken away. */
function takenPrefix({ characters, normalizers }: BpeModel): Prefix {
  if (characters === undefined) return "never";
  const prepends = normalizers.some(
    (step) => step.kind === "prepend" && (step.text === " " || step.text === BLANK_SIGN),
  );
  return prepends ? "every" : characters.prefix;
}

export class Decoder {
  readonly #name: string;
  readonly #bytes: Uint8Array;
  readonly #offsets: Int32Array;
  readonly #prefix: Prefix;
  readonly #signed: boolean;
  /** Added tokens, which cut text; an unknown token stands for text. */
  readonly #cutting: ReadonlySet<number>;

  /** @param name of the tokenizer, for messages */
  constructor(model: BpeModel, name: string) {
    this.#name = name;
    this.#bytes = model.vocabulary.bytes;
    this.#offsets = model.vocabulary.offsets;
    this.#prefix = takenPrefix(model);
    this.#signed = model.characters?.signed === true;
    this.#cutting = new Set(model.addedTokens.map(({ id }) => id).filter((id) => id !== model.characters?.unknown));
  }

  /** @throws DataError `data/unknown-token-id` where an id has no token */
  decode(ids: ArrayLike<number>): Uint8Array {
    const offsets = this.#offsets;
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const size = offsets[ids[i] + 1] - offsets[ids[i]];
      if (!(size > 0)) throw this.#unknown(ids[i]);
      length += size;
    }
    const bytes = this.#bytes;
    const out = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const start = offsets[ids[i]] + this.#prefixBytes(ids, i);
      const end = offsets[ids[i] + 1];
      // Byte by byte: tokens are short, and a call costs more.
      for (let p = start; p < end; p++) out[at++] = bytes[p];
    }
    const text = out.subarray(0, at);
    return this.#signed ? (plainBlanks().normalize(text, 0, at) ?? text) : text;
  }

  /** How many bytes of token `i` are a blank that was put there. */
  #prefixBytes(ids: ArrayLike<number>, i: number): number {
    if (this.#prefix === "never" || (i > 0 && (this.#prefix === "first" || !this.#cutting.has(ids[i - 1])))) return 0;
    const at = this.#offsets[ids[i]];
    if (this.#bytes[at] === BLANK) return 1;
    const isSign = this.#signed && BLANK_SIGN_BYTES.every((byte, j) => this.#bytes[at + j] === byte);
    return isSign ? BLANK_SIGN_BYTES.length : 0;
  }

  #unknown(id: number): DataError {
    return new DataError({
      code: "data/unknown-token-id",
      what: `token id ${id} is not in ${this.#name}`,
      why: "the tokens were made with another tokenizer, or read with the wrong width",
      fix: "decode with the tokenizer named in the manifest",
    });
  }
}
