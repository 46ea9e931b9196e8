/**
 * Ids to the bytes of their text.
 *
 * Invariant: what encoding put before pieces of text is taken away again: one blank at the beginning, and behind each added token where every
 * piece has one. Where a file puts a blank only before text that has none, a text that began with one comes back without: its ids are the same.
 */
import { DataError } from "../../batch/errors.ts";
import type { Prefix } from "./character-symbols.ts";
import type { BpeModel } from "./model.ts";
import { plainBlanks } from "./text-steps.ts";

const BLANK = 0x20;

/** Which pieces had a blank put before them. */
function prefixOf({ characters, normalizers }: BpeModel): Prefix {
  if (characters === undefined) return "never";
  const last = normalizers.at(-1);
  return last?.kind === "prepend" && last.text === " " ? "every" : characters.prefix;
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
    this.#prefix = prefixOf(model);
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
    const out = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < ids.length; i++) {
      const start = offsets[ids[i]] + Number(this.#hasPrefix(ids, i));
      const end = offsets[ids[i] + 1];
      out.set(this.#bytes.subarray(start, end), at);
      at += end - start;
    }
    const text = out.subarray(0, at);
    return this.#signed ? (plainBlanks().normalize(text, 0, at) ?? text) : text;
  }

  /** Whether token `i` begins with a blank that was put there. */
  #hasPrefix(ids: ArrayLike<number>, i: number): boolean {
    if (this.#prefix === "never" || this.#bytes[this.#offsets[ids[i]]] !== BLANK) return false;
    return i === 0 || (this.#prefix !== "first" && this.#cutting.has(ids[i - 1]));
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
