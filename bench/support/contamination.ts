/**
 * Documents with and without items of evaluation sets in them, with labels: what decontamination is measured on.
 *
 * An item is planted in a clean document at the edge of a paragraph, as it is and changed in ways that must not matter; near misses are planted likewise. Invariant: the same items, documents and
 * seed give the same fixture. Labels of some kinds are a matter of definition (half a question, other numbers, a long quotation, an answer or a passage alone): they are shown, and
 * count in neither precision nor recall.
 */
import { Mt19937 } from "../../kernels/random/mt19937.ts";
import type { EvaluationItem } from "./evaluation-items.ts";

export const POSITIVE_KINDS = [
  "verbatim",
  "question",
  "question+answer",
  "wrapped",
  "inlined",
  "case+punctuation",
  "replaced-1-in-10",
] as const;
export const NEGATIVE_KINDS = ["twin", "quote-7", "common-phrases"] as const;
export const DEFINITION_KINDS = [
  "half-question",
  "numbers-changed",
  "quote-12",
  "answer-only",
  "passage-only",
] as const;
export type FixtureKind =
  | (typeof POSITIVE_KINDS)[number]
  | (typeof NEGATIVE_KINDS)[number]
  | (typeof DEFINITION_KINDS)[number];

export interface FixtureDocument {
  readonly text: string;
  readonly kind: FixtureKind;
  readonly suite: string;
  readonly item: EvaluationItem | undefined;
}

export interface FixtureOptions {
  readonly items: readonly EvaluationItem[];
  /** Whether the index has the item; others of the suite are its twins: of the same template, and not contamination. */
  readonly isIndexed: (item: EvaluationItem) => boolean;
  readonly hosts: readonly string[];
  readonly perSuite: number;
  readonly seed: number;
  /** Of scripts without spaces: a word is about so many characters. */
  readonly charactersPerWord?: number;
}

const PHRASES = 5;
const PHRASE_DOCUMENTS = 20;
const PHRASE_WORDS = 8;
const PHRASE_ITEMS = 3;
const PHRASE_CHOICES = 60;

/** The documents, suite by suite. */
export function makeFixture(options: FixtureOptions): FixtureDocument[] {
  return new FixtureMaker(options).make();
}

/** How a script is taken apart into units that can be replaced or left out. */
interface Script {
  readonly split: (text: string) => string[];
  readonly glue: string;
  /** Units of a word. */
  readonly perWord: number;
}

function scriptOf(charactersPerWord: number | undefined): Script {
  return charactersPerWord === undefined
    ? { split: (text) => text.split(/\s+/).filter((word) => word !== ""), glue: " ", perWord: 1 }
    : { split: (text) => [...text.replace(/\s+/g, " ")], glue: "", perWord: charactersPerWord };
}

class FixtureMaker {
  readonly #options: FixtureOptions;
  readonly #random: Mt19937;
  readonly #script: Script;
  readonly #fillers: readonly string[];
  readonly #documents: FixtureDocument[] = [];

  constructor(options: FixtureOptions) {
    this.#options = options;
    this.#random = new Mt19937(options.seed);
    this.#script = scriptOf(options.charactersPerWord);
    const sample = this.#script.split(options.hosts.slice(0, 300).join(" "));
    this.#fillers = sample.filter((unit) => /\p{L}/u.test(unit) && (this.#script.glue === "" || unit.length > 2));
  }

  make(): FixtureDocument[] {
    const { items, isIndexed, perSuite } = this.#options;
    for (const suite of new Set(items.map((item) => item.suite))) {
      const all = items.filter((item) => item.suite === suite);
      const indexed = all.filter(isIndexed);
      for (const item of this.#drawn(indexed, perSuite)) this.#addItem(item);
      const twins = this.#drawn(
        all.filter((item) => !isIndexed(item)),
        perSuite,
      );
      for (const item of twins) this.#add("twin", item, this.#planted(both(item)));
      if (this.#script.glue !== "") this.#addPhrases(suite, indexed);
    }
    return this.#documents;
  }

  #addItem(item: EvaluationItem): void {
    const { split, glue, perWord } = this.#script;
    const { question, answer, passage } = item;
    const add = (kind: FixtureKind, text: string, isInline = false): void =>
      this.#add(kind, item, this.#planted(text, isInline));
    add("verbatim", item.prompt);
    add("question", question);
    add("question+answer", both(item));
    add("wrapped", this.#wrapped(both(item), 8));
    add("inlined", split(both(item)).join(glue), true);
    add("case+punctuation", this.#recased(both(item)));
    add("replaced-1-in-10", this.#replaced(both(item), 10 * perWord));
    const units = split(question);
    add("half-question", units.slice(0, Math.ceil(units.length / 2)).join(glue));
    if (/\d/.test(question)) add("numbers-changed", this.#renumbered(both(item)));
    if (units.length >= 7 * perWord) add("quote-7", this.#piece(units, 7 * perWord), true);
    if (units.length > 20 * perWord) add("quote-12", this.#piece(units, 12 * perWord), true);
    if (passage !== "") add("passage-only", passage);
    if (split(answer).length >= 8 * perWord) add("answer-only", answer);
  }

  /** Pieces of words that many items of a suite share, none of which is an item. */
  #addPhrases(suite: string, items: readonly EvaluationItem[]): void {
    const counts = new Map<string, number>();
    for (const { question } of items) {
      const words = question.toLowerCase().split(/[^\p{L}\p{N}]+/u);
      const own = new Set<string>();
      for (let at = 0; at + PHRASE_WORDS <= words.length; at++) own.add(words.slice(at, at + PHRASE_WORDS).join(" "));
      for (const phrase of own) counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
    }
    const shared = [...counts].filter(([, count]) => count >= PHRASE_ITEMS).sort(([, a], [, b]) => b - a);
    const choices = shared.slice(0, PHRASE_CHOICES).map(([phrase]) => phrase);
    if (choices.length < 3) return;
    for (let i = 0; i < PHRASE_DOCUMENTS; i++) {
      const pieces = this.#drawn(choices, PHRASES).map(
        (phrase) => `${phrase} ${this.#piece(this.#script.split(this.#pick(this.#options.hosts)), 6)}.`,
      );
      this.#documents.push({
        text: this.#planted(pieces.join("\n\n")),
        kind: "common-phrases",
        suite,
        item: undefined,
      });
    }
  }

  #add(kind: FixtureKind, item: EvaluationItem, text: string): void {
    this.#documents.push({ text, kind, suite: item.suite, item });
  }

  /** A document with `piece` at the edge of a paragraph, or within one. */
  #planted(piece: string, isInline = false): string {
    const host = this.#pick(this.#options.hosts);
    const { glue } = this.#script;
    if (isInline && glue === "") {
      const at = this.#below(host.length + 1);
      return `${host.slice(0, at)}${piece}${host.slice(at)}`;
    }
    const edges = [...host.matchAll(isInline ? / /g : /\n+/g)].map(({ index }) => index);
    const at = edges.length > 0 ? this.#pick(edges) : host.length;
    const space = isInline ? " " : "\n\n";
    return `${host.slice(0, at)}${space}${piece}${space}${host.slice(at)}`;
  }

  #wrapped(text: string, words: number): string {
    const { split, glue, perWord } = this.#script;
    const units = split(text);
    const lines: string[] = [];
    for (let at = 0; at < units.length; at += words * perWord)
      lines.push(units.slice(at, at + words * perWord).join(glue));
    return lines.join("\n");
  }

  #recased(text: string): string {
    if (this.#script.glue === "") return text.replace(/[。、，！？：；]/g, () => (this.#chance(0.3) ? "" : "…"));
    return this.#script
      .split(text)
      .map((word) => {
        const cased = this.#chance(0.3) ? word.toUpperCase() : this.#chance(0.4) ? word.toLowerCase() : word;
        const bare = this.#chance(0.3) ? cased.replace(/[.,;:?!]+$/, "") : cased;
        const quoted = this.#chance(0.1) ? `"${bare}"` : bare;
        return this.#chance(0.05) ? `${quoted} -` : quoted;
      })
      .join(" ");
  }

  /** One unit of every `step` replaced by one of another document. */
  #replaced(text: string, step: number): string {
    const units = this.#script.split(text);
    for (let from = 0; from < units.length; from += step) {
      units[from + this.#below(Math.min(step, units.length - from))] = this.#pick(this.#fillers);
    }
    return units.join(this.#script.glue);
  }

  #renumbered(text: string): string {
    return text.replace(/\d+/g, (digits) => {
      const low = 10 ** (Math.min(digits.length, 9) - 1);
      for (;;) {
        const other = String(low + this.#below(9 * low));
        if (other !== digits) return other;
      }
    });
  }

  #piece(units: readonly string[], length: number): string {
    const from = this.#below(Math.max(1, units.length - length + 1));
    return units.slice(from, from + length).join(this.#script.glue);
  }

  #drawn<Entry>(entries: readonly Entry[], count: number): Entry[] {
    const left = [...entries];
    const drawn: Entry[] = [];
    while (drawn.length < count && left.length > 0) drawn.push(...left.splice(this.#below(left.length), 1));
    return drawn;
  }

  #pick<Entry>(entries: readonly Entry[]): Entry {
    return entries[this.#below(entries.length)];
  }

  #below(bound: number): number {
    return Math.floor((this.#random.nextU32() / 2 ** 32) * bound);
  }

  #chance(share: number): boolean {
    return this.#random.nextU32() / 2 ** 32 < share;
  }
}

function both({ question, answer }: EvaluationItem): string {
  return answer === "" ? question : `${question}\n${answer}`;
}
