/**
 * Gopher's rules of repeated n-grams, as three filters have them: the characters of the most frequent one of 2, 3 and 4 words, and of all that
 * occur more than once of 5 to 10 words. What counts as a word, and over what the share is, is each filter's own.
 */
import { ratioBound } from "./bounds.ts";

type Describe = (n: number) => string;

/** Options of the nine rules with Gopher's bounds; `top` and `duplicate` say what is measured of n words. */
export function ngramOptions(top: Describe, duplicate: Describe) {
  const rule = (what: string, value: number) => ratioBound.default(value).describe(`${what}; null turns the rule off`);
  return {
    max_top_2gram_ratio: rule(top(2), 0.2),
    max_top_3gram_ratio: rule(top(3), 0.18),
    max_top_4gram_ratio: rule(top(4), 0.16),
    max_duplicate_5gram_ratio: rule(duplicate(5), 0.15),
    max_duplicate_6gram_ratio: rule(duplicate(6), 0.14),
    max_duplicate_7gram_ratio: rule(duplicate(7), 0.13),
    max_duplicate_8gram_ratio: rule(duplicate(8), 0.12),
    max_duplicate_9gram_ratio: rule(duplicate(9), 0.11),
    max_duplicate_10gram_ratio: rule(duplicate(10), 0.1),
  };
}

type NgramOptions = { readonly [Key in keyof ReturnType<typeof ngramOptions>]: number | null };

export const ngramReasons = {
  top_2gram_too_frequent: "share of characters in the top 2-gram is above max_top_2gram_ratio",
  top_3gram_too_frequent: "share of characters in the top 3-gram is above max_top_3gram_ratio",
  top_4gram_too_frequent: "share of characters in the top 4-gram is above max_top_4gram_ratio",
  too_many_duplicate_5grams: "share of characters in repeated 5-grams is above max_duplicate_5gram_ratio",
  too_many_duplicate_6grams: "share of characters in repeated 6-grams is above max_duplicate_6gram_ratio",
  too_many_duplicate_7grams: "share of characters in repeated 7-grams is above max_duplicate_7gram_ratio",
  too_many_duplicate_8grams: "share of characters in repeated 8-grams is above max_duplicate_8gram_ratio",
  too_many_duplicate_9grams: "share of characters in repeated 9-grams is above max_duplicate_9gram_ratio",
  too_many_duplicate_10grams: "share of characters in repeated 10-grams is above max_duplicate_10gram_ratio",
};

export interface NgramRule {
  /** Words. */
  readonly n: number;
  /** Whether it looks at the most frequent n-gram alone. */
  readonly isTop: boolean;
  /** Null where the rule is off. */
  readonly max: number | null;
  readonly option: keyof NgramOptions;
  readonly reason: keyof typeof ngramReasons;
}

/** The rules in order, to the last one that is on. */
export function ngramRules(given: NgramOptions): readonly NgramRule[] {
  const rules: readonly NgramRule[] = [
    {
      n: 2,
      isTop: true,
      max: given.max_top_2gram_ratio,
      option: "max_top_2gram_ratio",
      reason: "top_2gram_too_frequent",
    },
    {
      n: 3,
      isTop: true,
      max: given.max_top_3gram_ratio,
      option: "max_top_3gram_ratio",
      reason: "top_3gram_too_frequent",
    },
    {
      n: 4,
      isTop: true,
      max: given.max_top_4gram_ratio,
      option: "max_top_4gram_ratio",
      reason: "top_4gram_too_frequent",
    },
    {
      n: 5,
      isTop: false,
      max: given.max_duplicate_5gram_ratio,
      option: "max_duplicate_5gram_ratio",
      reason: "too_many_duplicate_5grams",
    },
    {
      n: 6,
      isTop: false,
      max: given.max_duplicate_6gram_ratio,
      option: "max_duplicate_6gram_ratio",
      reason: "too_many_duplicate_6grams",
    },
    {
      n: 7,
      isTop: false,
      max: given.max_duplicate_7gram_ratio,
      option: "max_duplicate_7gram_ratio",
      reason: "too_many_duplicate_7grams",
    },
    {
      n: 8,
      isTop: false,
      max: given.max_duplicate_8gram_ratio,
      option: "max_duplicate_8gram_ratio",
      reason: "too_many_duplicate_8grams",
    },
    {
      n: 9,
      isTop: false,
      max: given.max_duplicate_9gram_ratio,
      option: "max_duplicate_9gram_ratio",
      reason: "too_many_duplicate_9grams",
    },
    {
      n: 10,
      isTop: false,
      max: given.max_duplicate_10gram_ratio,
      option: "max_duplicate_10gram_ratio",
      reason: "too_many_duplicate_10grams",
    },
  ];
  return rules.slice(0, rules.findLastIndex(({ max }) => max !== null) + 1);
}
