/**
 * Benchmarks and the n-grams of their items, opened for a stage.
 *
 * The index is filled once a process and lies in memory that its threads share; a thread reads the files to know whose text is where. Invariant: items count once each, and
 * of items that share an n-gram the first in order of the options is named.
 */
import { entryAt } from "../../batch/entry.ts";
import { float64At } from "../../batch/numbers.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import { type ItemTexts, NgramIndex } from "../../kernels/decontamination/ngram-index.ts";
import { TextWords, type WordForm } from "../../kernels/decontamination/text-words.ts";
import { TextBuffer } from "../../kernels/normalize.ts";
import type { AssetRef, Assets } from "../assets.ts";
import { type BenchmarkFormat, badBenchmark, readBenchmark } from "./benchmark-texts.ts";

interface BenchmarkOptions {
  readonly benchmarks: readonly {
    readonly name: string;
    readonly file: AssetRef;
    readonly format: BenchmarkFormat;
    readonly columns: readonly string[];
  }[];
  readonly words: WordForm;
  readonly ngram: number;
  readonly min_ngrams: number;
}

export interface BenchmarkFacts {
  readonly name: string;
  /** Texts that are looked for, and those of them that have too few words. */
  readonly items: number;
  readonly items_too_short: number;
}

/** A text that shares n-grams with a benchmark. */
export interface Hit {
  readonly benchmark: string;
  /** The first n-gram it was found by, in normalized words. */
  readonly text: string;
  /** How many different ones were seen until it was sure. */
  readonly ngrams: number;
}

const SPACE = 0x20;

export class Benchmarks {
  readonly list: readonly BenchmarkFacts[];
  readonly #words: TextWords;
  readonly #index: NgramIndex;
  readonly #minimum: number;
  readonly #n: number;
  /** By benchmark, where its texts end among all. */
  readonly #ends: Float64Array;

  private constructor(
    list: readonly BenchmarkFacts[],
    ends: Float64Array,
    { words, ngram, min_ngrams }: BenchmarkOptions,
    index: NgramIndex,
  ) {
    this.list = list;
    this.#ends = ends;
    this.#words = new TextWords(words);
    this.#index = index;
    this.#minimum = min_ngrams;
    this.#n = ngram;
  }

  /** Reads the files. Throws DataError `data/benchmark`, and what readers throw. */
  static async open(options: BenchmarkOptions, assets: Assets): Promise<Benchmarks> {
    const words = new TextWords(options.words);
    const texts = new TextBuffer();
    const starts: number[] = [0];
    const list: BenchmarkFacts[] = [];
    const ends: number[] = [];
    let ngrams = 0;
    for (const { name, file, format, columns } of options.benchmarks) {
      let items = 0;
      let items_too_short = 0;
      await readBenchmark({ name: assets.name(file), bytes: assets.bytes(file), format, columns }, (text) => {
        words.read(text, 0, text.length);
        items++;
        if (words.count < options.ngram) {
          items_too_short++;
          return;
        }
        ngrams += words.count - options.ngram + 1;
        const { length } = texts;
        const to = texts.reserve(length + words.length + 1);
        to.set(words.bytes.subarray(0, words.length), length);
        to[length + words.length] = SPACE;
        texts.length += words.length + 1;
        starts.push(texts.length);
      });
      if (items === 0) throw badBenchmark(name, "has no items");
      list.push({ name, items, items_too_short });
      ends.push(texts.length);
    }
    const bytes = texts.bytes.subarray(0, texts.length);
    const items: ItemTexts = { bytes, starts: Float64Array.from(starts), ngrams };
    const memory = assets.tables(NgramIndex.bytesFor(items), (buffer) => {
      new NgramIndex(options.ngram, items, buffer, TABLES_START).fill(items, words);
    });
    const index = new NgramIndex(options.ngram, items, memory.buffer, TABLES_START);
    return new Benchmarks(list, Float64Array.from(ends), options, index);
  }

  /** The first benchmark that `bytes[start, end)` shares enough n-grams with. */
  find(bytes: Uint8Array, start: number, end: number): Hit | undefined {
    const words = this.#words;
    words.read(bytes, start, end);
    let hit: Hit | undefined;
    const seen = new Map<number, { readonly first: number; readonly places: Set<number> }>();
    this.#index.search(words, (word, place) => {
      const benchmark = this.#benchmarkAt(place);
      const known = seen.get(benchmark) ?? { first: word, places: new Set<number>() };
      seen.set(benchmark, known);
      known.places.add(place);
      if (known.places.size < this.#minimum) return true;
      hit = {
        benchmark: entryAt(this.list, benchmark, "benchmark").name,
        text: this.#textAt(known.first),
        ngrams: known.places.size,
      };
      return false;
    });
    return hit;
  }

  #benchmarkAt(place: number): number {
    let benchmark = 0;
    while (float64At(this.#ends, benchmark) <= place) benchmark++;
    return benchmark;
  }

  /** The n-gram from `word` on. */
  #textAt(word: number): string {
    const { bytes, starts } = this.#words;
    return Buffer.from(bytes.subarray(starts[word], (starts[word + this.#n] ?? 0) - 1)).toString("utf8");
  }
}
