/**
 * Writes rows as Parquet.
 *
 * Owns the options; the file is made by io/formats/parquet-writer.ts. Invariant: with `zstd` or `none` the bytes are the same on every Node; zlib, and so
 * `gzip`, may change with Node's release. Memory: one row group, compressed. Price: 100 MB/s of text, mostly compression.
 */
import { z } from "zod";
import { OUTPUT_CODECS } from "../../io/codecs/block-encoder.ts";
import { blockEncoder } from "../../io/codecs/encoder.ts";
import { ParquetWriter } from "../../io/formats/parquet-writer.ts";
import { defineStage, sink } from "../define.ts";
import { rowFile } from "./columns.ts";

export default defineStage({
  name: "write/parquet",
  version: 1,
  kind: "sink",
  summary: "Writes rows as Parquet files with statistics, page indexes and nested columns.",
  reference: "Apache Parquet format 2.12",
  options: z.strictObject({
    codec: z.enum(OUTPUT_CODECS).default("zstd").describe("compression of pages"),
    level: z.int().min(1).max(19).optional().describe("of the compression: 1 to 19 for zstd (3), 1 to 9 for gzip (6)"),
    row_group_bytes: z
      .int()
      .min(1)
      .default(64 * 1024 * 1024)
      .describe("bytes of the columns in a row group, uncompressed; a larger row is a group of its own"),
  }),
  reads: [],
  writes: [],
  reasons: {},
  create: ({ codec, level, row_group_bytes }) => {
    const encoder = blockEncoder(codec, level);
    return sink({
      extension: "parquet",
      open: (columns, write, placeOf) =>
        rowFile(columns, placeOf, (fields) => new ParquetWriter(fields, write, { encoder, row_group_bytes })),
    });
  },
  examples: [],
});
