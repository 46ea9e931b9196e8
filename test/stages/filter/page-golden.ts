/**
 * What other tools decided about the written texts: test/golden/page-filters/decisions.json.gz, made by
 * test/golden/scripts/page-filters.py.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ROOT } from "../../project-root.ts";
import { goldenTexts } from "./golden.ts";

interface PageGolden {
  readonly more: readonly string[];
  /** A letter a text: `.` stays. */
  readonly c4_paragraphs: string;
  readonly bad_words: {
    readonly lists: Readonly<Record<string, string>>;
    readonly texts: readonly (readonly [language: string, text: string])[];
    readonly drops: string;
  };
  readonly unigram: { readonly table: string; readonly means: readonly number[] };
  readonly dolma: {
    /**
     * Words, median length, symbols, letters, required words, bullets, ellipses, two of lines, three top and six
     * duplicate n-grams.
     */
    readonly gopher: readonly (readonly number[])[];
    /** A reason, or `=` and the digest of the text that is left. */
    readonly c4: readonly string[];
  };
  readonly dclm: {
    readonly pages: readonly (string | null)[];
    /** Without the rules of length and stop words. */
    readonly loose_pages: readonly (string | null)[];
    readonly lines: readonly string[];
    readonly deduped_lines: readonly string[];
    /** Words of each text, and the digest of them with newlines between. */
    readonly uax29: readonly (readonly [words: number, digest: string])[];
  };
  readonly olmo: readonly {
    readonly ids: readonly number[];
    readonly rule: readonly [minPeriod: number, maxPeriod: number, minRepeats: number];
    readonly ranges: readonly number[];
    readonly repeats: number;
  }[];
  /** Texts, the characters that StarCoder 2's expressions match, and the longest match. */
  readonly encoded: readonly (readonly [text: string, matched: number, longest: number])[];
}

export const pageGolden = JSON.parse(
  gunzipSync(readFileSync(join(ROOT, "test/golden/page-filters/decisions.json.gz"))).toString("utf8"),
) as PageGolden;

/** What DCLM was given: the longest texts were left out. */
export const MAX_DCLM_CHARS = 20_000;

export const pageTexts: readonly string[] = [...goldenTexts.map(({ text }) => text), ...pageGolden.more];
