/**
 * dedup/sentences: runs of sentences that an earlier text has, or the same one before.
 *
 * Owns what a sentence is, what makes two runs equal and what becomes of a text that lost some: datatrove's rules, its white space included. A run that
 * comes again goes whole; runs may overlap, so of `a a a a` one `a` and of a longer copy nothing stays. A sentence owns the white space before it. Sentences are compared lower-cased, without punctuation and diacritics, and numbers are all equal.
 * The first run by address stays. Price: docs/dedup-edits.md.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { wideHasher } from "../../io/row-hasher.ts";
import { copyWithLineFeeds, skipSpace, splitLines } from "../../kernels/lines.ts";
import { simplifyText, TextBuffer } from "../../kernels/normalize.ts";
import { sentenceRanges } from "../../kernels/quality/sentence-ranges.ts";
import { sentenceCounter } from "../../kernels/quality/sentences.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WORD_RULES, WordRanges } from "../../kernels/words/types.ts";
import { defineStage, editBarrier } from "../define.ts";
import { scopeOption } from "./shared-options.ts";

const SPACE = 0x20;

export default defineStage({
  name: "dedup/sentences",
  version: 2,
  kind: "barrier",
  summary: "Cuts runs of sentences that an earlier text has",
  reference:
    "datatrove 0.10.1 SentenceDedup (C4's three-sentence spans); equal to it with `words: spacy-en`, documents in one file",
  options: z.strictObject({
    sentences: z.int().min(1).max(100).default(3).describe("sentences that are compared together"),
    split: z
      .enum(["sentences", "lines"])
      .default("sentences")
      .describe("what a sentence is: one by punctuation, or a line"),
    words: z
      .enum(WORD_RULES)
      .default("unicode")
      .describe(
        "rules for words and ends of sentences: `unicode` for every script, or `spacy-en` as datatrove has them",
      ),
    min_words: z.int().min(0).default(50).describe("an edited text of fewer words is dropped; 0 turns the rule off"),
    min_sentences: z
      .int()
      .min(0)
      .default(3)
      .describe("an edited text of fewer sentences is dropped; 0 turns the rule off"),
    scope: scopeOption("texts compared with each other"),
  }),
  reads: ["text"],
  writes: [],
  reasons: {
    nothing_left: "every sentence of the text was in an earlier run",
    too_few_words: "fewer than min_words words were left of the text",
    too_few_sentences: "fewer than min_sentences sentences were left of the text",
  },
  exchange: ({ scope }) => ({ scope, verdict: "edit", unit: "parts", reason: "nothing_left" }),
  create: ({ sentences: count, split, words: rules, min_words, min_sentences }) => {
    const hasher = wideHasher();
    const key = new Uint32Array(hasher.words);
    const segment = segmenter(rules);
    const rangesOf = split === "lines" ? splitLines : sentenceRanges(segment);
    // White space behind the last mark, which is no sentence to be compared, counts as one that is left.
    const countSentences = sentenceCounter(segment);
    const found = new WordRanges();
    const words = new WordRanges();
    const normalized = new TextBuffer();
    /** The sentences of the text, normalized, with a space between each two. */
    const all = new TextBuffer();
    let starts = new Int32Array(64);
    return editBarrier({
      key_bytes: 16,
      ...(split === "lines" && { copy: copyWithLineFeeds }),
      judge: (bytes, begin, end) => {
        const from = skipSpace(bytes, begin, end);
        if (from === end) return "nothing_left";
        if (min_words > 0) {
          segment.segment(bytes, from, end, words);
          if (words.count < min_words) return "too_few_words";
        }
        const isShort = min_sentences > 0 && countSentences(bytes, from, end) < min_sentences;
        return isShort ? "too_few_sentences" : from;
      },
      parts: ({ text }, row, part) => {
        if (!isValid(text, row)) return;
        const { data, offsets } = text;
        const [first, last] = [int32At(offsets, row), int32At(offsets, row + 1)];
        rangesOf(data, first, last, found);
        if (found.count < count) return;
        const endOf = (sentence: number): number => int32At(found.ends, sentence);
        if (starts.length <= found.count) starts = new Int32Array(2 * found.count + 2);
        all.length = 0;
        for (let sentence = 0; sentence < found.count; sentence++) {
          simplifyText(data, int32At(found.starts, sentence), int32At(found.ends, sentence), normalized);
          starts[sentence] = all.length;
          const into = all.reserve(all.length + normalized.length + 1);
          into.set(normalized.bytes.subarray(0, normalized.length), all.length);
          all.length += normalized.length;
          into[all.length++] = SPACE;
        }
        starts[found.count] = all.length;
        for (let sentence = 0; sentence + count <= found.count; sentence++) {
          const from = int32At(starts, sentence);
          const to = int32At(starts, sentence + count) - 1;
          // Nothing but spaces: nobody wants all of these away.
          if (to - from < count) continue;
          hasher.hash(all.bytes, from, to, key);
          part(key, sentence === 0 ? 0 : endOf(sentence - 1) - first, endOf(sentence + count - 1) - first);
        }
        // A space behind the last sentence, or a line end, is nobody's.
        const end = endOf(found.count - 1);
        const isLost = split === "lines" ? end < last : last - end === 1 && data[end] === SPACE;
        if (isLost) part(undefined, end - first, last - first);
      },
    });
  },
  examples: [
    { text: "One sentence. Another one. A third one. And a fourth.", keeps: true },
    { text: "a\nb\nc\nd", options: { split: "lines" }, keeps: true },
  ],
});
