/** Picks the word segmenter of a set of rules. */

import { createSpacyEnglishSegmenter } from "./spacy-en.ts";
import type { WordRules, WordSegmenter } from "./types.ts";
import { unicodeSegmenter } from "./unicode.ts";

/**
 * A segmenter for one caller at a time: `spacy-en` keeps a cache of chunks, so make one per worker and keep it.
 */
export function segmenter(rules: WordRules): WordSegmenter {
  switch (rules) {
    case "unicode":
      return unicodeSegmenter;
    case "spacy-en":
      return createSpacyEnglishSegmenter();
  }
}
