/**
 * How many sentences a line holds.
 *
 * Two rules, chosen by the word rules. `spacy-en`: spaCy's sentencizer on its English tokens, as datatrove calls it: after a token that is
 * one of 128 marks, the next token that is not punctuation begins a sentence; white space that is a token of its own counts as one.
 * `unicode`: a mark, any closing punctuation, then white space (or nothing, where the mark is not ASCII) and something else begin a sentence, so
 * abbreviations do split. Invariant: at least 1. Price: `unicode` one pass over the bytes, `spacy-en` the tokens.
 */
import { spaceLength } from "../lines.ts";
import { isPunctuation } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges, type WordSegmenter } from "../words/types.ts";
import { SENTENCE_MARKS } from "./marks.ts";

/** Sentences in `bytes[start, end)`. */
export type SentenceCounter = (bytes: Uint8Array, start: number, end: number) => number;

export function sentenceCounter(segmenter: WordSegmenter): SentenceCounter {
  return segmenter.rules === "spacy-en" ? tokenSentences(segmenter) : unicodeSentences;
}

const SPACE = 0x20;

function tokenSentences(segmenter: WordSegmenter): SentenceCounter {
  const words = new WordRanges();
  return (bytes, start, end) => {
    segmenter.segment(bytes, start, end, words);
    let sentences = 1;
    let afterMark = false;
    let previousEnd = start;
    for (let word = 0; word < words.count; word++) {
      const wordStart = words.starts[word];
      const wordEnd = words.ends[word];
      if (afterMark && isSpaceToken(bytes, start, previousEnd, wordStart)) {
        sentences++;
        afterMark = false;
      }
      const kind = tokenKind(bytes, wordStart, wordEnd);
      if (kind === MARK) {
        afterMark = true;
      } else if (afterMark && kind === OTHER) {
        sentences++;
        afterMark = false;
      }
      previousEnd = wordEnd;
    }
    return afterMark && isSpaceToken(bytes, start, previousEnd, end) ? sentences + 1 : sentences;
  };
}

/** spaCy hangs one U+0020 on the token before it; any other gap is a token of white space. */
export function isSpaceToken(bytes: Uint8Array, textStart: number, gapStart: number, gapEnd: number): boolean {
  const length = gapEnd - gapStart;
  return length > 1 || (length === 1 && (gapStart === textStart || bytes[gapStart] !== SPACE));
}

/** What a token is to a sentence: nothing, punctuation that may stand behind a mark, a mark. */
export const OTHER = 0;
const PUNCTUATION = 1;
export const MARK = 2;

export function tokenKind(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    const next = at + (decoded >> LENGTH_SHIFT);
    if (at === start && next === end && SENTENCE_MARKS.has(codePoint)) return MARK;
    if (!isPunctuation(codePoint)) return OTHER;
    at = next;
  }
  return PUNCTUATION;
}

/** Bytes that may begin a sentence mark. */
export const MARK_LEAD = new Uint8Array(256);
for (const mark of [0x21, 0x2e, 0x3f]) MARK_LEAD[mark] = 1;
MARK_LEAD.fill(1, 0xc2, 0xf5);

function unicodeSentences(bytes: Uint8Array, start: number, end: number): number {
  let sentences = 1;
  let afterMark = false;
  let mayBegin = false;
  let at = start;
  while (at < end) {
    if (!afterMark && MARK_LEAD[bytes[at]] === 0) {
      at++;
      continue;
    }
    const decoded = decodeAt(bytes, at, end);
    const codePoint = decoded & CODE_POINT_MASK;
    if (SENTENCE_MARKS.has(codePoint)) {
      mayBegin = mayBegin || codePoint >= 0x80;
      afterMark = true;
    } else if (afterMark) {
      if (spaceLength(bytes, at, end) > 0) {
        mayBegin = true;
      } else if (!isPunctuation(codePoint)) {
        if (mayBegin) sentences++;
        afterMark = false;
        mayBegin = false;
      }
    }
    at += decoded >> LENGTH_SHIFT;
  }
  return sentences;
}
