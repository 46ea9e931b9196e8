/**
 * Benchmarks whose items are found as a whole: by the rules `cover`, `cover_strict` and `decon`.
 *
 * The index is filled once a process and lies in memory that its threads share; a thread reads the files to have the items' words. Invariant: of several items the one with the highest score
 * is named, of equal ones the first in order of the options; items too short to be judged are counted, never found. Memory: some 20 bytes a word of the items for all threads, 10 for each.
 */
import { entryAt } from "../../batch/entry.ts";
import { int32At, numberAt } from "../../batch/numbers.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import { wasmModule } from "../../io/wasm.ts";
import { COVER_NEED, CoverRule, isTooShort, STRICT_COVER_NEED } from "../../kernels/decontamination/cover.ts";
import { DeconRule } from "../../kernels/decontamination/decon.ts";
import { FoldedWords } from "../../kernels/decontamination/folded-words.ts";
import type { GramHits, GramScan } from "../../kernels/decontamination/gram-table.ts";
import { ItemHits } from "../../kernels/decontamination/item-hits.ts";
import { type IndexedItems, ItemIndex } from "../../kernels/decontamination/item-index.ts";
import { ItemWords } from "../../kernels/decontamination/item-words.ts";
import type { TextMatch } from "../../kernels/decontamination/text-match.ts";
import type { Assets } from "../assets.ts";
import {
  type BenchmarkFacts,
  type BenchmarkHit,
  type BenchmarkOption,
  type BenchmarkSearch,
  textAt,
} from "./benchmark-hit.ts";
import { badBenchmark, readBenchmark } from "./benchmark-texts.ts";
import { scanOf } from "./gram-scan.ts";
import { type CommonTexts, readSample } from "./sample-texts.ts";

export const ITEM_RULES = ["cover", "cover_strict", "decon"] as const;
export type ItemRule = (typeof ITEM_RULES)[number];

export interface ItemOptions {
  readonly rule: ItemRule;
  readonly benchmarks: readonly BenchmarkOption[];
  readonly ngram: number;
  readonly common: CommonTexts | null;
}

/** A rule over the n-grams that a text shares with items. */
interface Rule {
  match(found: GramHits, read: () => FoldedWords): TextMatch | undefined;
}

/** A hit of every n-gram is asked for: rules look at all of them. */
const ALL = 0x7fffffff;

export class ItemBenchmarks implements BenchmarkSearch {
  readonly list: readonly BenchmarkFacts[];
  readonly #items: ItemWords;
  /** By benchmark, the number of its first item among all; one more for the end. */
  readonly #firsts: readonly number[];
  readonly #scan: GramScan;
  readonly #rule: Rule;
  readonly #n: number;
  readonly #words = new FoldedWords("folded");

  private constructor(
    list: readonly BenchmarkFacts[],
    items: ItemWords,
    firsts: readonly number[],
    search: { readonly scan: GramScan; readonly rule: Rule; readonly n: number },
  ) {
    this.list = list;
    this.#items = items;
    this.#firsts = firsts;
    this.#scan = search.scan;
    this.#rule = search.rule;
    this.#n = search.n;
  }

  /** Reads the files. Throws DataError `data/benchmark`, and what readers throw. */
  static async open({ rule, benchmarks, ngram, common }: ItemOptions, assets: Assets): Promise<ItemBenchmarks> {
    const items = new ItemWords();
    const passages = new ItemWords();
    const firsts: number[] = [0];
    const short: boolean[] = [];
    for (const benchmark of benchmarks) {
      const { name, file } = benchmark;
      await readBenchmark({ ...benchmark, name: assets.name(file), bytes: assets.bytes(file) }, (item) => {
        const { question, answer } = items.add(item.question, item.answer);
        if (rule === "decon") passages.add(item.passage ?? new Uint8Array(), undefined);
        short.push(isTooShort(question, answer));
      });
      if (items.items === firsts.at(-1)) throw badBenchmark(name, "has no items");
      firsts.push(items.items);
    }
    const indexed: IndexedItems = {
      words: items,
      part: rule === "decon" ? "question" : "question_and_answer",
      n: ngram,
    };
    const documents = common === null ? [] : await readSample(common, assets);
    const memory = assets.tables(ItemIndex.bytesFor(indexed), (buffer, progress) => {
      new ItemIndex(indexed, buffer, TABLES_START).fill(documents, progress);
    });
    const index = new ItemIndex(indexed, memory.buffer, TABLES_START);
    const hits = new ItemHits(index, items.items);
    const decon = new DeconRule(items, passages, index, hits);
    const made =
      rule === "decon" ? decon : new CoverRule(items, index, hits, rule === "cover" ? COVER_NEED : STRICT_COVER_NEED);
    const list = benchmarks.map(({ name }, i): BenchmarkFacts => {
      const [first, end] = [numberAt(firsts, i), numberAt(firsts, i + 1)];
      let items_too_short = 0;
      for (let item = first; item < end; item++) {
        if (rule === "decon" ? decon.isTooShort(item) : short[item]) items_too_short++;
      }
      return { name, items: end - first, items_too_short };
    });
    const scan = scanOf(index.table, memory, wasmModule("decontamination"));
    return new ItemBenchmarks(list, items, firsts, { scan, rule: made, n: ngram });
  }

  find(bytes: Uint8Array, start: number, end: number): BenchmarkHit | undefined {
    const found = this.#scan.scan(bytes, start, end, ALL);
    if (found.count === 0) return undefined;
    let isRead = false;
    const read = (): FoldedWords => {
      if (!isRead) this.#words.read(bytes, start, end);
      isRead = true;
      return this.#words;
    };
    const match = this.#rule.match(found, read);
    if (match === undefined) return undefined;
    const words = read();
    const benchmark = this.#firsts.findLastIndex((first) => first <= match.item);
    const gramEnd = int32At(words.ends, match.gramWord + this.#n - 1);
    return {
      benchmark: entryAt(this.list, benchmark, "benchmark").name,
      item: match.item - numberAt(this.#firsts, benchmark),
      score: match.score,
      need: match.need,
      ngrams: match.ngrams,
      ngram: textAt(bytes, int32At(words.starts, match.gramWord), gramEnd),
      start: int32At(words.starts, match.firstWord),
      end: int32At(words.ends, match.endWord - 1),
      ...(match.answer === undefined ? {} : { answer: match.answer }),
      item_text: Buffer.from(this.#items.text(match.item)).toString("utf8"),
    };
  }
}
