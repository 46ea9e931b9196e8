/**
 * dedup/exact: rows whose whole text has been seen before.
 *
 * Owns the key: 16 bytes of SHA-256 of the text's bytes, so that two different texts share a key only if SHA-256 is broken. The first row by
 * address survives. Price: about 1 GB/s of hashing where the CPU has SHA instructions, and one 20-byte record per row.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { barrier, defineStage } from "../define.ts";
import { NormalizedText } from "./normalized-text.ts";

export default defineStage({
  name: "dedup/exact",
  version: 1,
  summary: "Drops rows whose text equals that of an earlier row",
  options: z.strictObject({
    on: z
      .enum(["text", "normalized"])
      .default("text")
      .describe(
        "what has to be equal: every byte of the text, or the text after lower-casing, digit runs to 0, punctuation to spaces, " +
          "diacritics dropped and white space collapsed; a text without anything left has no duplicate",
      ),
    scope: z
      .enum(["source", "pipeline"])
      .default("source")
      .describe("rows compared with each other: those of one source, or of every source that uses the pipeline"),
  }),
  reads: ["text"],
  writes: [],
  reasons: { duplicate: "the same text as an earlier row" },
  create: ({ on, scope }) => {
    const normalized = on === "normalized" ? new NormalizedText() : undefined;
    return barrier({
      key_bytes: 16,
      keys_per_row: 1,
      scope,
      sketch: ({ text }, row, out) => {
        if (!isValid(text, row)) return false;
        const bytes = text.data.subarray(text.offsets[row], text.offsets[row + 1]);
        if (normalized === undefined) {
          writeDigest(bytes, out);
          return true;
        }
        normalized.set(bytes, 0, bytes.length);
        if (normalized.length === 0) return false;
        writeDigest(normalized.bytes.subarray(0, normalized.length), out);
        return true;
      },
    });
  },
  examples: [{ text: "The only document is never a duplicate.", keeps: true }],
});

function writeDigest(bytes: Uint8Array, out: Uint32Array): void {
  const digest = createHash("sha256").update(bytes).digest();
  for (let word = 0; word < 4; word++) out[word] = digest.readUInt32BE(word * 4);
}
