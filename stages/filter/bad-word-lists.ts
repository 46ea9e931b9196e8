/**
 * The lists of bad words that C4's filter reads, by language: where they are, and what of them counts.
 *
 * No list is part of the project: they are read from where their makers publish them, at the commits that datatrove
 * pins, or from files of one's own. Invariant: the words of a list are its lines without white space around them, but
 * for empty lines and those that datatrove allows in every language.
 */
import { DataError } from "../../batch/errors.ts";
import { strip } from "../../kernels/lines.ts";
import { WordHits } from "../../kernels/quality/word-hits.ts";
import type { AssetRef, Assets } from "../assets.ts";

const REPOSITORY = "https://raw.githubusercontent.com/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words";
const ENGLISH_COMMIT = "25e679f03d96baa721cde20db9944649e8d0a844";
const COMMIT = "5faf2ba42d7b1c0977169ec3611df25a3c08eb13";

/** What stands in a recipe for the published list of a language. */
export const PUBLISHED = "ldnoobw";

/** Languages that have a published list, 28 of them. */
export const LANGUAGES: readonly string[] =
  "ar cs da de en eo es fa fi fil fr fr-CA-u-sd-caqc hi hu it ja kab ko nl no pl pt ru sv th tlh tr zh".split(" ");

/** Written without spaces: a word counts wherever it stands. */
const WITHOUT_SPACES: ReadonlySet<string> = new Set(["ja", "th", "zh"]);
/** Common parts of other words in Japanese and Chinese. They are taken out of every list, as datatrove does. */
const ALLOWED: ReadonlySet<string> = new Set(["sm", "グロ", "女の子", "性"]);

/** Where the published list of `language` is. */
export function publishedList(language: string): string {
  return `${REPOSITORY}/${language === "en" ? ENGLISH_COMMIT : COMMIT}/${language}`;
}

const NEWLINE = 0x0a;

/** Reads the list of `language`. Throws DataError `data/bad-words` where it has none. */
export function openBadWords(language: string, list: AssetRef, assets: Assets): WordHits {
  const bytes = assets.bytes(list);
  const words: Uint8Array[] = [];
  const range: [number, number] = [0, 0];
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, at);
    const end = found < 0 ? bytes.length : found;
    strip(bytes, at, end, range);
    const word = bytes.subarray(...range);
    if (word.length > 0 && !ALLOWED.has(Buffer.from(word).toString("utf8"))) words.push(word);
    at = end + 1;
  }
  if (words.length === 0) {
    throw new DataError({
      code: "data/bad-words",
      what: `the list of bad words for ${language}, ${assets.name(list)}, has no words`,
      why: "it would never drop a text",
      fix: "name a file with a word or phrase a line, in lower case",
    });
  }
  return new WordHits(words, !WITHOUT_SPACES.has(language));
}
