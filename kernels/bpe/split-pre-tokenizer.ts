/**
 * Any sequence of pre-tokenizers, exactly: each step goes through the words of the one before.
 *
 * The slow path, for all that no single scanner does. Price: the words of a piece as eight bytes each, once a step; a few MB/s where a step is a
 * regular expression without a scanner.
 */
import type { PreTokenizer } from "./pre-tokenizer.ts";
import type { CutFinder } from "./split-patterns.ts";
import { Cuts, type SplitBehavior, splitCuts } from "./splits.ts";

const SPACE = 0x20;

/** Words as ranges of a text, ascending; there may be gaps. */
export class WordList {
  #ranges = new Int32Array(1024);
  #length = 0;

  get count(): number {
    return this.#length >> 1;
  }

  clear(): void {
    this.#length = 0;
  }

  add(start: number, end: number): void {
    if (this.#length === this.#ranges.length) {
      const grown = new Int32Array(2 * this.#length);
      grown.set(this.#ranges);
      this.#ranges = grown;
    }
    this.#ranges[this.#length++] = start;
    this.#ranges[this.#length++] = end;
  }

  start(i: number): number {
    return this.#ranges[2 * i];
  }

  end(i: number): number {
    return this.#ranges[2 * i + 1];
  }
}

/** One step, made: it reads words and adds those it makes of them; it may make them of another text, which it returns. */
export interface WordStep {
  readonly growth: number;
  apply(bytes: Uint8Array, words: WordList, made: WordList): Uint8Array;
}

/** The words of a scanner in each word. */
export class ScannerStep implements WordStep {
  readonly growth = 1;
  readonly #scanner: PreTokenizer;
  readonly #ends = new Int32Array(256);

  constructor(scanner: PreTokenizer) {
    this.#scanner = scanner;
  }

  apply(bytes: Uint8Array, words: WordList, made: WordList): Uint8Array {
    const ends = this.#ends;
    for (let i = 0; i < words.count; i++) {
      let start = words.start(i);
      this.#scanner.begin(bytes, start, words.end(i));
      for (let count = this.#scanner.next(ends); count > 0; count = this.#scanner.next(ends)) {
        for (let j = 0; j < count; j++) {
          made.add(start, ends[j]);
          start = ends[j];
        }
      }
    }
    return bytes;
  }
}

/** A split: what is found in each word, treated as the behaviour says. */
export class SplitStep implements WordStep {
  readonly growth = 1;
  readonly #finder: CutFinder;
  readonly #behavior: SplitBehavior;
  readonly #invert: boolean;
  readonly #spelled: boolean;
  readonly #cuts = new Cuts();

  /** @param spelled whether words are read as the byte alphabet spells them */
  constructor(finder: CutFinder, behavior: SplitBehavior, invert: boolean, spelled: boolean) {
    this.#finder = finder;
    this.#behavior = behavior;
    this.#invert = invert;
    this.#spelled = spelled;
  }

  apply(bytes: Uint8Array, words: WordList, made: WordList): Uint8Array {
    const cuts = this.#cuts;
    const keep = (start: number, end: number) => made.add(start, end);
    for (let i = 0; i < words.count; i++) {
      cuts.clear();
      this.#finder.find(bytes, words.start(i), words.end(i), this.#spelled, cuts);
      splitCuts(cuts, words.start(i), this.#behavior, this.#invert, keep);
    }
    return bytes;
  }
}

/** A blank before every word that does not begin with one. */
export class PrefixSpaceStep implements WordStep {
  readonly growth = 2;

  apply(bytes: Uint8Array, words: WordList, made: WordList): Uint8Array {
    let length = 0;
    for (let i = 0; i < words.count; i++) length += 1 + words.end(i) - words.start(i);
    const text = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < words.count; i++) {
      const from = at;
      if (bytes[words.start(i)] !== SPACE) text[at++] = SPACE;
      text.set(bytes.subarray(words.start(i), words.end(i)), at);
      at += words.end(i) - words.start(i);
      made.add(from, at);
    }
    return text;
  }
}

export class SplitPreTokenizer implements PreTokenizer {
  readonly growth: number;
  readonly #steps: readonly WordStep[];
  #words = new WordList();
  #spare = new WordList();
  #next = 0;

  constructor(steps: readonly WordStep[]) {
    this.#steps = steps;
    this.growth = steps.reduce((product, step) => product * step.growth, 1);
  }

  begin(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    this.#next = 0;
    this.#words.clear();
    if (start < end) this.#words.add(start, end);
    let text = bytes;
    for (const step of this.#steps) {
      this.#spare.clear();
      text = step.apply(text, this.#words, this.#spare);
      [this.#words, this.#spare] = [this.#spare, this.#words];
    }
    return text === bytes && this.#covers(start, end) ? undefined : this.#closed(text);
  }

  next(ends: Int32Array): number {
    const count = Math.min(ends.length, this.#words.count - this.#next);
    for (let i = 0; i < count; i++) ends[i] = this.#words.end(this.#next + i);
    this.#next += count;
    return count;
  }

  /** Whether the words leave nothing out. */
  #covers(start: number, end: number): boolean {
    let at = start;
    for (let i = 0; i < this.#words.count; i++) {
      if (this.#words.start(i) !== at) return false;
      at = this.#words.end(i);
    }
    return at === end;
  }

  /** The words alone, one behind the other. */
  #closed(bytes: Uint8Array): Uint8Array {
    const words = this.#words;
    const text = new Uint8Array(bytes.length);
    this.#spare.clear();
    let at = 0;
    for (let i = 0; i < words.count; i++) {
      text.set(bytes.subarray(words.start(i), words.end(i)), at);
      const end = at + words.end(i) - words.start(i);
      this.#spare.add(at, end);
      at = end;
    }
    [this.#words, this.#spare] = [this.#spare, this.#words];
    return text;
  }
}
