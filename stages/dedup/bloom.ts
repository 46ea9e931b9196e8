/**
 * dedup/bloom: paragraphs and texts most of whose n-grams earlier ones have, by a Bloom filter, as DCLM's "big friendly filter" (BFF) decides.
 *
 * Owns units, words and the size of the filter. What becomes of a text depends on what of those before it was kept, so the filter goes through them in order of address, in
 * one task, over key files that workers have made: the result is that of one thread, whatever the number of workers. The peer's depends on its threads and on seeds that it
 * draws anew. Price: 12 bytes of key file and, in one thread, about 100 ns an n-gram; memory is the filter, which is computed and refused where it does not fit.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { NgramKeys } from "../../kernels/dedup/ngram-keys.ts";
import { WordRanges } from "../../kernels/words/types.ts";
import { segmentWordBounds } from "../../kernels/words/word-bounds.ts";
import { defineStage, sequenceBarrier } from "../define.ts";
import { bloomJudge, filterBytes } from "./bloom-filter.ts";
import { scopeOption } from "./shared-options.ts";

const NEWLINE = 0x0a;

const options = z
  .strictObject({
    unit: z
      .enum(["paragraph", "document", "both"])
      .default("both")
      .describe(
        "what goes: `paragraph`, each line by itself; `document`, whole texts; `both`, lines, and a text of which more than `max_seen_ratio` of all n-grams were seen. " +
          "DCLM's paper has `both`, the peer's `old-both`",
      ),
    ngram: z.int().min(1).max(100).default(13).describe("words of an n-gram"),
    min_words: z
      .int()
      .min(1)
      .max(100)
      .default(13)
      .describe("units of fewer words always stay and are not remembered; one of fewer than `ngram` is one n-gram"),
    max_seen_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .describe("share of a unit's n-grams that may have been seen; a unit with a larger one goes"),
    expected_ngrams: z
      .int()
      .min(1)
      .max(1e13)
      .nullable()
      .default(null)
      .describe(
        "n-grams that the filter has room for; null: as many as the rows have, which are counted before it is made. If more are put in, the run fails",
      ),
    max_false_positive_ratio: z
      .number()
      .gt(0)
      .lt(0.5)
      .default(0.01)
      .describe(
        "share of new n-grams that may be taken for seen ones when the filter is full; its size follows from it",
      ),
    max_memory_bytes: z
      .int()
      .min(64)
      .default(8 * 2 ** 30)
      .describe("most memory of the filter; what needs more is refused"),
    scope: scopeOption("texts that share a filter"),
  })
  .superRefine((given, context) => {
    const { expected_ngrams, max_memory_bytes, min_words, ngram } = given;
    if (min_words > ngram) {
      const message = `min_words is more than ngram: units of ${ngram} to ${min_words - 1} words would have n-grams and never be looked at`;
      context.addIssue({ code: "custom", message, path: ["min_words"] });
    }
    if (expected_ngrams === null) return;
    const bytes = filterBytes(given, expected_ngrams);
    if (bytes <= max_memory_bytes) return;
    const message = `${expected_ngrams} n-grams at ${given.max_false_positive_ratio} need a filter of ${bytes} bytes, and max_memory_bytes is ${max_memory_bytes}`;
    context.addIssue({ code: "custom", message, path: ["expected_ngrams"] });
  });

export default defineStage({
  name: "dedup/bloom",
  version: 1,
  kind: "barrier",
  summary: "Cuts paragraphs, and drops texts, most of whose n-grams earlier ones have, by a Bloom filter",
  reference: "BFF of DCLM, Li et al. 2024 (from Groeneveld 2023)",
  options,
  reads: ["text"],
  writes: [],
  reasons: ({ unit }) =>
    unit === "document"
      ? { seen: "more than max_seen_ratio of the text's n-grams were in earlier texts" }
      : { nothing_left: "every part of the text was in earlier ones, or the text as a whole" },
  exchange: ({ unit, scope }) =>
    unit === "document"
      ? { scope, verdict: "drop", reason: "seen", in_order: true }
      : { scope, verdict: "edit", unit: "parts", reason: "nothing_left", in_order: true },
  create: (given) => {
    const { unit, ngram, min_words } = given;
    const words = new WordRanges();
    const keys = new NgramKeys(ngram);
    return sequenceBarrier({
      unit: unit === "document" ? "row" : "part",
      parts: ({ text }, row, found) => {
        if (!isValid(text, row)) return;
        const { data, offsets } = text;
        const [first, last] = [int32At(offsets, row), int32At(offsets, row + 1)];
        for (let start = first; start < last; ) {
          const end = unit === "document" ? last : endOfParagraph(data, start, last);
          segmentWordBounds(data, start, end, words);
          found(keys.of(data, words, min_words), start - first, end - first);
          start = end;
        }
      },
      judge: (count) => bloomJudge(given, count),
    });
  },
  examples: [
    { text: "One two three four five six seven eight nine ten eleven twelve thirteen.", keeps: true },
    {
      text: "One two three four five six seven eight nine ten eleven twelve thirteen.",
      options: { unit: "document" },
      keeps: true,
    },
  ],
});

/** Where the next line begins, with the newline before it: what is cut takes that along. */
function endOfParagraph(bytes: Uint8Array, start: number, last: number): number {
  const newline = bytes.indexOf(NEWLINE, start + 1);
  return newline < 0 || newline >= last ? last : newline;
}
