/**
 * dedup/lines: lines, or runs of lines, that an earlier text has, or the same one before.
 *
 * Owns where lines begin and end, and what makes two equal. A line takes the line ends behind it along, so that what is left of a text is whole lines; it is compared without
 * the white space around it. The first copy by address stays. Of runs of several lines, a run goes whole wherever it comes again, and runs may
 * overlap; lines without text do not count, and go where they stand inside of a run that goes. Price: hashing at some GB/s, a 20-byte key
 * and 12 bytes of place a line, and the rows once through the disk.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { wideHasher } from "../../io/row-hasher.ts";
import { PartRuns } from "../../kernels/dedup/part-runs.ts";
import { eachLine } from "../../kernels/dedup/text-parts.ts";
import { defineStage, editBarrier } from "../define.ts";
import { minLeftOption, scopeOption } from "./shared-options.ts";

export default defineStage({
  name: "dedup/lines",
  version: 1,
  kind: "barrier",
  summary: "Cuts lines, or runs of lines, that an earlier text has",
  reference:
    "CCNet, Wenzek et al. 2020, section 3.2, by line; Dolma's paragraph deduplication, with the first copy kept",
  options: z.strictObject({
    lines: z.int().min(1).max(100).default(1).describe("lines with text that are compared together"),
    min_bytes: z
      .int()
      .min(1)
      .default(32)
      .describe(
        "shorter runs, without the white space around their lines, are never cut: `}` and `## Usage` may come again",
      ),
    min_left: minLeftOption,
    scope: scopeOption("texts compared with each other"),
  }),
  reads: ["text"],
  writes: [],
  reasons: {
    nothing_left: "every line of the text was in an earlier one",
    too_little_left: "fewer than min_left bytes of the text were not in an earlier one",
  },
  exchange: ({ scope }) => ({ scope, verdict: "edit", unit: "parts", reason: "nothing_left" }),
  create: ({ lines, min_bytes, min_left }) => {
    const hasher = wideHasher();
    const runs = new PartRuns(lines, hasher.words);
    const key = new Uint32Array(hasher.words);
    return editBarrier({
      key_bytes: 16,
      judge: (_bytes, from, to) => (to - from < min_left ? "too_little_left" : from),
      parts: ({ text }, row, found) => {
        if (!isValid(text, row)) return;
        const { data, offsets } = text;
        const [first, last] = [int32At(offsets, row), int32At(offsets, row + 1)];
        runs.reset();
        eachLine(data, first, last, (start, end, from, to) => {
          if (lines === 1) {
            if (to - from < min_bytes) return;
            hasher.hash(data, from, to, key);
            found(key, start - first, end - first);
            return;
          }
          if (from === to) return;
          hasher.hash(data, from, to, key);
          runs.add(key, start - first, end - first, to - from);
          if (!runs.isFull || runs.bytes < min_bytes) return;
          hasher.hash(runs.keys, 0, runs.keys.length, key);
          found(key, runs.start, runs.end);
        });
      },
    });
  },
  examples: [
    { text: "The same line of forty bytes, told again.\nAnother one.", keeps: true },
    { text: "One.\nTwo.\nThree.\nFour.", options: { lines: 3, min_bytes: 1 }, keeps: true },
  ],
});
