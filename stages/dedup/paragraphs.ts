/**
 * dedup/paragraphs: lines or paragraphs that an earlier text, or the same one, has already.
 *
 * Owns where parts begin and end. A part takes the line ends behind it along, so that what is left of a text is whole lines. Its key is XXH64
 * of its bytes without the white space around it, under two seeds, 128 bits. The first part by address stays; a text of which nothing but white
 * space is left is dropped. Price: hashing at some GB/s, a 20-byte key and 12 bytes of place a part, and the rows once through the disk.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At, uint8At } from "../../batch/numbers.ts";
import { wideHasher } from "../../io/row-hasher.ts";
import { defineStage, editBarrier } from "../define.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;

export default defineStage({
  name: "dedup/paragraphs",
  version: 1,
  kind: "barrier",
  summary: "Cuts lines or paragraphs that an earlier text has already",
  reference: "CCNet, Wenzek et al. 2020, section 3.2 (paragraph deduplication), with a whole text's first copy kept",
  options: z.strictObject({
    part: z
      .enum(["line", "paragraph"])
      .default("line")
      .describe("what is compared: lines, or paragraphs, which end at an empty line"),
    min_bytes: z
      .int()
      .min(1)
      .default(32)
      .describe("shorter parts, without the white space around them, are never cut: `}` and `## Usage` may come again"),
    scope: z
      .enum(["source", "pipeline"])
      .default("source")
      .describe("texts compared with each other: those of one source, or of every source that uses the pipeline"),
  }),
  reads: ["text"],
  writes: [],
  reasons: { nothing_left: "every part of the text was in an earlier one" },
  exchange: ({ scope }) => ({ scope, verdict: "edit", reason: "nothing_left" }),
  create: ({ part, min_bytes }) => {
    const hasher = wideHasher();
    const key = new Uint32Array(hasher.words);
    const endOf = part === "line" ? endOfLine : endOfParagraph;
    return editBarrier({
      key_bytes: 16,
      parts: ({ text }, row, found) => {
        if (!isValid(text, row)) return;
        const { data, offsets } = text;
        const [first, last] = [int32At(offsets, row), int32At(offsets, row + 1)];
        for (let start = first; start < last; ) {
          const end = endOf(data, start, last);
          let [from, to] = [start, end];
          while (from < to && uint8At(data, from) <= SPACE) from++;
          while (to > from && uint8At(data, to - 1) <= SPACE) to--;
          if (to - from >= min_bytes) {
            hasher.hash(data, from, to, key);
            found(key, start - first, end - first);
          }
          start = end;
        }
      },
    });
  },
  examples: [
    { text: "The same line of forty bytes, told again.\nAnother one.", keeps: true },
    { text: "A paragraph of more than thirty-two bytes.\n\nB.", options: { part: "paragraph" }, keeps: true },
  ],
});

/** Behind the newline that ends the line at `start`. */
function endOfLine(bytes: Uint8Array, start: number, last: number): number {
  const newline = bytes.indexOf(NEWLINE, start);
  return newline < 0 || newline >= last ? last : newline + 1;
}

/** Behind the empty lines that end the paragraph at `start`. */
function endOfParagraph(bytes: Uint8Array, start: number, last: number): number {
  let end = endOfLine(bytes, start, last);
  while (end < last && !isBlankLine(bytes, end, last)) end = endOfLine(bytes, end, last);
  while (end < last && isBlankLine(bytes, end, last)) end = endOfLine(bytes, end, last);
  return end;
}

function isBlankLine(bytes: Uint8Array, start: number, last: number): boolean {
  const end = endOfLine(bytes, start, last);
  for (let at = start; at < end; at++) if (uint8At(bytes, at) > SPACE) return false;
  return true;
}
