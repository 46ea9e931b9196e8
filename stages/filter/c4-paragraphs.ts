/**
 * mC4's rule for pages: a page needs some lines that are as long as a paragraph.
 *
 * Exact to datatrove's C4ParagraphFilter, which asks for three lines or more whose third longest has 200 characters.
 * Invariant: lines are cut at `\n` alone and not stripped, lengths are code points. Price: 0.5 ns a byte, less where
 * the lines come early.
 */
import { z } from "zod";
import { int32At } from "../../batch/numbers.ts";
import { countCodePoints } from "../../kernels/lines.ts";
import { defineStage, filter } from "../define.ts";

const options = z.strictObject({
  min_paragraphs: z.int().min(0).default(3).describe("lines that must be as long as a paragraph"),
  min_paragraph_chars: z.int().min(0).default(200).describe("characters of a line that is as long as a paragraph"),
});

const NEWLINE = 0x0a;
const LINE =
  "It had rained for a week, and the road to the mill was under water from the bridge to the old lime kiln. ";

export default defineStage({
  name: "filter/c4-paragraphs",
  version: 1,
  kind: "filter",
  summary: "Drops pages with fewer than three lines as long as a paragraph.",
  reference: "mC4, Xue et al. 2021; datatrove 0.10.1 C4ParagraphFilter",
  options,
  reads: ["text"],
  writes: [],
  reasons: { too_few_paragraphs: "fewer lines than min_paragraphs have min_paragraph_chars characters" },
  create: ({ min_paragraphs, min_paragraph_chars }) => {
    /** Long lines in `bytes[start, end)`; stops at `min_paragraphs`. */
    const count = (bytes: Uint8Array, start: number, end: number): number => {
      let paragraphs = 0;
      for (let at = start; at <= end && paragraphs < min_paragraphs; ) {
        const found = bytes.indexOf(NEWLINE, at);
        const lineEnd = found < 0 || found > end ? end : found;
        // A character takes four bytes at most, and one at least.
        const bytesLong = lineEnd - at;
        if (bytesLong >= min_paragraph_chars) {
          const isLong = bytesLong >= 4 * min_paragraph_chars;
          if (isLong || countCodePoints(bytes, at, lineEnd) >= min_paragraph_chars) paragraphs++;
        }
        at = lineEnd + 1;
      }
      return paragraphs;
    };
    return filter<"too_few_paragraphs">(({ text: { data, offsets }, alive }, drop) => {
      alive.forEach((row) => {
        const paragraphs = count(data, int32At(offsets, row), int32At(offsets, row + 1));
        if (paragraphs < min_paragraphs) drop(row, "too_few_paragraphs", paragraphs);
      });
    });
  },
  examples: [
    { text: `${LINE.repeat(2)}\n`.repeat(3), keeps: true },
    { text: `${LINE.repeat(2)}\n`.repeat(2), drops: "too_few_paragraphs" },
    { text: `${LINE}\n`.repeat(9), options: { min_paragraph_chars: 100 }, keeps: true },
    { text: LINE.repeat(9), drops: "too_few_paragraphs" },
  ],
});
