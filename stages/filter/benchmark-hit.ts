/**
 * What was found of a benchmark in a text, as verdicts and findings tell it.
 *
 * Invariant: everything a person needs to judge a hit is in the finding, so that nobody has to have the benchmark or the text to look at it. Price: at most some 3 KB a hit.
 */
import type { AssetRef } from "../assets.ts";
import type { StageState } from "../operators.ts";
import type { BenchmarkFormat } from "./benchmark-texts.ts";

/** A benchmark as options name it. */
export interface BenchmarkOption {
  readonly name: string;
  readonly file: AssetRef;
  readonly format: BenchmarkFormat;
  readonly columns: readonly string[];
  readonly answer: string | null;
  readonly answer_index: string | null;
  readonly passage: string | null;
}

export interface BenchmarkFacts {
  readonly name: string;
  /** Texts that are looked for, and those of them that have too few words. */
  readonly items: number;
  readonly items_too_short: number;
}

export interface BenchmarkHit {
  readonly benchmark: string;
  /** Position among the benchmark's items. */
  readonly item: number;
  /** Of rules that score: what it came to and what it had to be. */
  readonly score?: number;
  readonly need?: number;
  /** Different n-grams that were seen until it was sure. */
  readonly ngrams: number;
  /** The first of them. */
  readonly ngram: string;
  /** Where the text matches, in bytes; undefined where the rule's words have no place in the text. */
  readonly start?: number;
  readonly end?: number;
  /** Whether the item's answer stands there too; undefined where it has none or the rule does not look. */
  readonly answer?: boolean;
  readonly item_text: string;
}

/** Finds benchmarks in texts by one rule. */
export interface BenchmarkSearch {
  readonly list: readonly BenchmarkFacts[];
  find(bytes: Uint8Array, start: number, end: number): BenchmarkHit | undefined;
}

const MATCH_BYTES = 1000;
const CONTEXT_BYTES = 240;

/** The finding of a hit in `bytes[start, end)`, under the names that `review` shows. */
export function findingOf(hit: BenchmarkHit, bytes: Uint8Array, start: number, end: number): StageState {
  const { benchmark, item, score, need, ngrams, ngram, answer, item_text } = hit;
  const known = {
    benchmark,
    item,
    ngrams,
    ngram: shortened(ngram, MATCH_BYTES),
    ...(score === undefined ? {} : { score: rounded(score) }),
    ...(need === undefined ? {} : { need: rounded(need) }),
    ...(answer === undefined ? {} : { answer }),
    item_text: shortened(item_text, MATCH_BYTES),
  };
  if (hit.start === undefined || hit.end === undefined) return known;
  return {
    ...known,
    start: hit.start - start,
    end: hit.end - start,
    before: textAt(bytes, Math.max(start, hit.start - CONTEXT_BYTES), hit.start),
    match: textAt(bytes, hit.start, Math.min(hit.end, hit.start + MATCH_BYTES)),
    after: textAt(bytes, hit.end, Math.min(end, hit.end + CONTEXT_BYTES)),
  };
}

function rounded(score: number): number {
  return Math.round(score * 1000) / 1000;
}

/** Whole characters of a range. */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  while (to > from && to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to--;
  return Buffer.from(bytes.subarray(from, to)).toString("utf8");
}

function shortened(text: string, most: number): string {
  const bytes = Buffer.from(text, "utf8");
  return bytes.length <= most ? text : `${textAt(bytes, 0, most)}…`;
}
