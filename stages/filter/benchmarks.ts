/**
 * Benchmarks by the n-grams of their items: any one of them in a text is a hit.
 *
 * The index is filled once a process and lies in memory that its threads share; a thread reads the files to know whose text is where. A table of hashes stands before it, which lets go
 * of texts that share nothing at many times the speed; words are only made of the others. Invariant: items count once each, and of items that share an n-gram the first in order of
 * the options is named.
 */
import { entryAt } from "../../batch/entry.ts";
import { float64At, int32At, numberAt } from "../../batch/numbers.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import { wasmModule } from "../../io/wasm.ts";
import { FoldedWords } from "../../kernels/decontamination/folded-words.ts";
import { type GramScan, GramTable } from "../../kernels/decontamination/gram-table.ts";
import { type ItemTexts, NgramIndex } from "../../kernels/decontamination/ngram-index.ts";
import { type TextWordForm, TextWords } from "../../kernels/decontamination/text-words.ts";
import { TextBuffer } from "../../kernels/normalize.ts";
import type { Assets } from "../assets.ts";
import type { BenchmarkFacts, BenchmarkHit, BenchmarkOption, BenchmarkSearch } from "./benchmark-hit.ts";
import { type BenchmarkItem, badBenchmark, readBenchmark } from "./benchmark-texts.ts";
import { scanOf } from "./gram-scan.ts";

export interface NgramOptions {
  readonly benchmarks: readonly BenchmarkOption[];
  readonly words: TextWordForm;
  readonly ngram: number;
  readonly min_ngrams: number;
  /** Of the question; or of the answer, and those that straddle question and answer. */
  readonly part: "question" | "answer";
}

const SPACE = 0x20;

/** The normalized texts of items, as they grow. */
class Texts {
  readonly #buffer = new TextBuffer();
  readonly starts: number[] = [0];
  /** By text, whose item it is of its benchmark. */
  readonly items: number[] = [];
  ngrams = 0;

  get length(): number {
    return this.#buffer.length;
  }

  get bytes(): Uint8Array {
    return this.#buffer.bytes.subarray(0, this.#buffer.length);
  }

  /** False where there are too few words. */
  add(words: TextWords, item: number, ngram: number): boolean {
    if (words.count < ngram) return false;
    this.ngrams += words.count - ngram + 1;
    const { length } = this.#buffer;
    const to = this.#buffer.reserve(length + words.length + 1);
    to.set(words.bytes.subarray(0, words.length), length);
    to[length + words.length] = SPACE;
    this.#buffer.length += words.length + 1;
    this.starts.push(this.#buffer.length);
    this.items.push(item);
    return true;
  }
}

/** Adds the texts of an item that are looked for; false where none has words enough. */
function addItem(
  texts: Texts,
  words: TextWords,
  item: number,
  { question, answer }: BenchmarkItem,
  given: NgramOptions,
) {
  const { ngram, part } = given;
  if (part === "question") {
    words.read(question, 0, question.length);
    return texts.add(words, item, ngram);
  }
  const label = answer ?? new Uint8Array();
  words.read(label, 0, label.length);
  const head = Buffer.from(words.bytes.subarray(0, words.end(Math.min(words.count, ngram - 1))));
  let isLong = texts.add(words, item, ngram);
  words.read(question, 0, question.length);
  const tail = words.bytes.subarray(words.starts[Math.max(0, words.count - ngram + 1)], words.length);
  // Each n-gram of it has words of both.
  const straddling = Buffer.concat([tail, Buffer.of(...(head.length > 0 && tail.length > 0 ? [SPACE] : [])), head]);
  words.readNormalized(straddling, 0, straddling.length);
  if (head.length > 0 && tail.length > 0) isLong = texts.add(words, item, ngram) || isLong;
  return isLong;
}

export class NgramBenchmarks implements BenchmarkSearch {
  readonly list: readonly BenchmarkFacts[];
  readonly #options: NgramOptions;
  readonly #words: TextWords;
  readonly #index: NgramIndex;
  readonly #items: ItemTexts;
  /** By text, its item. */
  readonly #itemOf: readonly number[];
  /** Absent where its words are not those of the rule. */
  readonly #scan: GramScan | undefined;
  /** By benchmark, where its texts end among all. */
  readonly #ends: Float64Array;

  private constructor(
    list: readonly BenchmarkFacts[],
    ends: Float64Array,
    options: NgramOptions,
    items: ItemTexts,
    itemOf: readonly number[],
    search: { readonly index: NgramIndex; readonly scan: GramScan | undefined },
  ) {
    this.list = list;
    this.#ends = ends;
    this.#options = options;
    this.#words = new TextWords(options.words);
    this.#items = items;
    this.#itemOf = itemOf;
    this.#index = search.index;
    this.#scan = search.scan;
  }

  /** Reads the files. Throws DataError `data/benchmark`, and what readers throw. */
  static async open(options: NgramOptions, assets: Assets): Promise<NgramBenchmarks> {
    const words = new TextWords(options.words);
    const texts = new Texts();
    const list: BenchmarkFacts[] = [];
    const ends: number[] = [];
    for (const benchmark of options.benchmarks) {
      const { name, file } = benchmark;
      let items = 0;
      let items_too_short = 0;
      await readBenchmark({ ...benchmark, name: assets.name(file), bytes: assets.bytes(file) }, (item) => {
        if (!addItem(texts, words, items++, item, options)) items_too_short++;
      });
      if (items === 0) throw badBenchmark(name, "has no items");
      list.push({ name, items, items_too_short });
      ends.push(texts.length);
    }
    const items: ItemTexts = { bytes: texts.bytes, starts: Float64Array.from(texts.starts), ngrams: texts.ngrams };
    const search = openIndex(items, options, assets);
    return new NgramBenchmarks(list, Float64Array.from(ends), options, items, texts.items, search);
  }

  /** The first benchmark that `bytes[start, end)` shares enough n-grams with. */
  find(bytes: Uint8Array, start: number, end: number): BenchmarkHit | undefined {
    if (this.#scan !== undefined && this.#scan.scan(bytes, start, end, 1).count === 0) return undefined;
    const words = this.#words;
    words.read(bytes, start, end);
    let hit: BenchmarkHit | undefined;
    const seen = new Map<number, { readonly word: number; readonly place: number; readonly places: Set<number> }>();
    this.#index.search(words, (word, place) => {
      const benchmark = this.#benchmarkAt(place);
      const known = seen.get(benchmark) ?? { word, place, places: new Set<number>() };
      seen.set(benchmark, known);
      known.places.add(place);
      if (known.places.size < this.#options.min_ngrams) return true;
      hit = {
        benchmark: entryAt(this.list, benchmark, "benchmark").name,
        ...this.#itemAt(known.place),
        ngram: this.#textAt(known.word),
        ngrams: known.places.size,
        ...this.#placeOf(bytes, start, end, known.word, word),
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

  /** The item whose text has the byte `place`. */
  #itemAt(place: number): { readonly item: number; readonly item_text: string } {
    const { starts, bytes } = this.#items;
    let low = 0;
    let high = starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (float64At(starts, middle) <= place) low = middle;
      else high = middle;
    }
    const text = bytes.subarray(float64At(starts, low), float64At(starts, low + 1) - 1);
    return { item: numberAt(this.#itemOf, low), item_text: Buffer.from(text).toString("utf8") };
  }

  /** The n-gram from `word` on. */
  #textAt(word: number): string {
    const { bytes, starts } = this.#words;
    return Buffer.from(bytes.subarray(starts[word], this.#words.end(word + this.#options.ngram))).toString("utf8");
  }

  /** Where the n-grams from `first` to `last` stand in the text. */
  #placeOf(
    bytes: Uint8Array,
    start: number,
    end: number,
    first: number,
    last: number,
  ): { start?: number; end?: number } {
    const { words: form, ngram } = this.#options;
    if (form === "datatrove") return {};
    const words = new FoldedWords(form);
    words.read(bytes, start, end);
    if (words.count !== this.#words.count) return {};
    return { start: int32At(words.starts, first), end: int32At(words.ends, last + ngram - 1) };
  }
}

/** The index, and before it the table that refuses most texts. */
function openIndex(
  items: ItemTexts,
  { words: form, ngram }: NgramOptions,
  assets: Assets,
): { readonly index: NgramIndex; readonly scan: GramScan | undefined } {
  const indexBytes = NgramIndex.bytesFor(items);
  const hasTable = form !== "datatrove";
  const memory = assets.tables(indexBytes + (hasTable ? GramTable.bytesFor(items.ngrams) : 0), (buffer, progress) => {
    new NgramIndex(ngram, items, buffer, TABLES_START).fill(items, new TextWords(form));
    progress();
    if (!hasTable) return;
    const table = new GramTable(form, ngram, items.ngrams, buffer, TABLES_START + indexBytes);
    table.clear();
    for (let text = 0; text + 1 < items.starts.length; text++) {
      table.add(items.bytes, float64At(items.starts, text), float64At(items.starts, text + 1));
    }
  });
  const index = new NgramIndex(ngram, items, memory.buffer, TABLES_START);
  if (!hasTable) return { index, scan: undefined };
  const table = new GramTable(form, ngram, items.ngrams, memory.buffer, TABLES_START + indexBytes);
  return { index, scan: scanOf(table, memory, wasmModule("decontamination")) };
}
