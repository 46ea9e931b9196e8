/**
 * Writes rows as JSON lines, compressed in frames.
 *
 * Owns the options; the file is made by io/formats/jsonl-writer.ts. Invariant: with `zstd` or `none` the bytes are the same on every Node; zlib, and so
 * `gzip`, may change with Node's release. Memory: one frame. Price: 100 MB/s of text, mostly compression.
 */
import { z } from "zod";
import { OUTPUT_CODECS } from "../../io/codecs/block-encoder.ts";
import { blockEncoder } from "../../io/codecs/encoder.ts";
import { JsonlWriter } from "../../io/formats/jsonl-writer.ts";
import { defineStage, sink } from "../define.ts";
import { rowFile } from "./columns.ts";

const EXTENSIONS = { zstd: "jsonl.zst", gzip: "jsonl.gz", none: "jsonl" } as const;

export default defineStage({
  name: "write/jsonl",
  version: 1,
  kind: "sink",
  summary: "Writes rows as JSON lines, one object a row with every column in order.",
  reference: "RFC 8259; RFC 8878 for zstd, RFC 1952 for gzip",
  options: z.strictObject({
    codec: z.enum(OUTPUT_CODECS).default("zstd").describe("compression of the file"),
    level: z.int().min(1).max(19).optional().describe("of the compression: 1 to 19 for zstd (3), 1 to 9 for gzip (6)"),
  }),
  reads: [],
  writes: [],
  reasons: {},
  create: ({ codec, level }) => {
    const encoder = blockEncoder(codec, level);
    return sink({
      extension: EXTENSIONS[codec],
      open: (columns, write, placeOf) =>
        rowFile(columns, placeOf, (fields) => new JsonlWriter(fields, write, { encoder })),
    });
  },
  examples: [],
});
