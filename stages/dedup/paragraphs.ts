/**
 * dedup/paragraphs: paragraphs that an earlier text, or the same one, has already.
 *
 * Owns what makes two equal. A paragraph ends behind the empty lines that follow it, so that what is left of a text is whole lines. Its key is XXH64 of its bytes
 * without the white space around it, under two seeds, 128 bits. The first one by address stays; a text of which nothing but white space is left is
 * dropped. Price: hashing at some GB/s, a 20-byte key and 12 bytes of place a paragraph, and the rows once through the disk.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { wideHasher } from "../../io/row-hasher.ts";
import { eachParagraph } from "../../kernels/dedup/text-parts.ts";
import { defineStage, editBarrier } from "../define.ts";
import { minLeftOption, scopeOption } from "./shared-options.ts";

export default defineStage({
  name: "dedup/paragraphs",
  version: 2,
  kind: "barrier",
  summary: "Cuts paragraphs that an earlier text has already",
  reference: "CCNet, Wenzek et al. 2020, section 3.2 (paragraph deduplication), with a whole text's first copy kept",
  options: z.strictObject({
    min_bytes: z
      .int()
      .min(1)
      .default(32)
      .describe("shorter ones, without the white space around them, are never cut: `## Usage` may come again"),
    min_left: minLeftOption,
    scope: scopeOption("texts compared with each other"),
  }),
  reads: ["text"],
  writes: [],
  reasons: {
    nothing_left: "every paragraph of the text was in an earlier one",
    too_little_left: "fewer than min_left bytes of the text were not in an earlier one",
  },
  exchange: ({ scope }) => ({ scope, verdict: "edit", unit: "parts", reason: "nothing_left" }),
  create: ({ min_bytes, min_left }) => {
    const hasher = wideHasher();
    const key = new Uint32Array(hasher.words);
    return editBarrier({
      key_bytes: 16,
      judge: (_bytes, from, to) => (to - from < min_left ? "too_little_left" : from),
      parts: ({ text }, row, found) => {
        if (!isValid(text, row)) return;
        const { data, offsets } = text;
        const [first, last] = [int32At(offsets, row), int32At(offsets, row + 1)];
        eachParagraph(data, first, last, (start, end, from, to) => {
          if (to - from < min_bytes) return;
          hasher.hash(data, from, to, key);
          found(key, start - first, end - first);
        });
      },
    });
  },
  examples: [{ text: "A paragraph of more than thirty-two bytes.\n\nB.", keeps: true }],
});
