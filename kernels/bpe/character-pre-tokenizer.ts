/** Cuts pieces of text where a model of characters may be cut, behind the blank that its file puts before them. */
import { PairCutter } from "./character-cuts.ts";
import type { CharacterStart } from "./character-symbols.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";
import { PrefixBlank } from "./prefix-blank.ts";
import { WhitespaceWords } from "./whitespace-words.ts";

export class CharacterPreTokenizer implements PreTokenizer {
  readonly growth: number;
  readonly #prefix: PrefixBlank;
  readonly #cutter: PairCutter;
  readonly #words: WhitespaceWords | undefined;

  constructor({ prefix, cuts, words }: CharacterStart) {
    this.#prefix = new PrefixBlank(prefix);
    if (words) this.#words = new WhitespaceWords();
    this.#cutter = new PairCutter(cuts);
    this.growth = this.#prefix.growth;
  }

  begin(bytes: Uint8Array, start: number, end: number, isFirst = false): Uint8Array | undefined {
    const made = this.#words?.write(bytes, start, end) ?? this.#prefix.before(bytes, start, end, isFirst);
    if (made === undefined) this.#cutter.begin(bytes, start, end);
    else this.#cutter.begin(made, 0, made.length);
    return made;
  }

  next(ends: Int32Array): number {
    return this.#cutter.next(ends);
  }
}
