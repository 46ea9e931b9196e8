/**
 * Where the sentences of a text are: the rules of sentences.ts, which counts them.
 *
 * A sentence begins and ends with something that is no white space, but for the last one, which takes what is behind it along. With `spacy-en` it only does where
 * that is a token: one U+0020 is left out, and so is white space behind a mark. Invariant: ranges ascend and do not overlap, and what lies between
 * them is white space. A sentence of white space alone is none. Price: that of the rules.
 */
import { skipSpace, spaceLength, trimSpace } from "../lines.ts";
import { isPunctuation } from "../unicode/tables.ts";
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { WordRanges, type WordSegmenter } from "../words/types.ts";
import { SENTENCE_MARKS } from "./marks.ts";
import { isSpaceToken, MARK, MARK_LEAD, OTHER, tokenKind } from "./sentences.ts";

/** Replaces the content of `out` by the sentences of `bytes[start, end)`. */
export type SentenceRanges = (bytes: Uint8Array, start: number, end: number, out: WordRanges) => void;

export function sentenceRanges(segmenter: WordSegmenter): SentenceRanges {
  return segmenter.rules === "spacy-en" ? ofTokens(segmenter) : ofMarks;
}

/** Adds a sentence without the white space before it. */
function push(bytes: Uint8Array, start: number, end: number, out: WordRanges): void {
  const from = skipSpace(bytes, start, end);
  if (from < end) out.push(from, end);
}

function ofTokens(segmenter: WordSegmenter): SentenceRanges {
  const words = new WordRanges();
  return (bytes, start, end, out) => {
    segmenter.segment(bytes, start, end, words);
    out.clear();
    let from = start;
    let afterMark = false;
    let previousEnd = start;
    const begin = (): void => {
      push(bytes, from, previousEnd, out);
      from = previousEnd;
      afterMark = false;
    };
    for (let word = 0; word < words.count; word++) {
      const wordStart = words.starts[word];
      const wordEnd = words.ends[word];
      if (afterMark && isSpaceToken(bytes, start, previousEnd, wordStart)) begin();
      const kind = tokenKind(bytes, wordStart, wordEnd);
      if (kind === MARK) afterMark = true;
      else if (afterMark && kind === OTHER) begin();
      previousEnd = wordEnd;
    }
    const isOwn = !afterMark && isSpaceToken(bytes, start, previousEnd, end);
    push(bytes, from, isOwn ? end : previousEnd, out);
  };
}

function ofMarks(bytes: Uint8Array, start: number, end: number, out: WordRanges): void {
  out.clear();
  let from = start;
  let afterMark = false;
  let mayBegin = false;
  for (let at = start; at < end; ) {
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
      if (spaceLength(bytes, at, end) > 0) mayBegin = true;
      else if (!isPunctuation(codePoint)) {
        if (mayBegin) {
          push(bytes, from, trimSpace(bytes, from, at), out);
          from = at;
        }
        afterMark = false;
        mayBegin = false;
      }
    }
    at += decoded >> LENGTH_SHIFT;
  }
  push(bytes, from, end, out);
}
