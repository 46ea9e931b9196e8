/**
 * Writes the MinHash keys of rows as an index, against which another run drops what is near to them.
 *
 * Owns the file of kernels/minhash/index-file.ts: `dedup/minhash` with the same options reads it. A row with too few words has no keys. Price: the sketch of
 * a text, 10 to 70 ns a word, and 116 bytes a row at 14 bands.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { encodeIndexHeader } from "../../kernels/minhash/index-file.ts";
import { checkSketch, createSketcher, sketchOptions } from "../dedup/sketch-options.ts";
import { defineStage, sink } from "../define.ts";

export default defineStage({
  name: "write/minhash-index",
  version: 1,
  kind: "sink",
  summary: "Writes the MinHash keys of rows as an index that `dedup/minhash` compares with, `against` it.",
  options: checkSketch(z.strictObject(sketchOptions)),
  reads: [],
  writes: [],
  reasons: {},
  create: (options) => {
    const sketcher = createSketcher(options);
    const record = new Uint32Array(1 + 2 * options.bands);
    return sink({
      extension: "minhash",
      open: (_columns, write) => {
        write(encodeIndexHeader(options));
        let rows = 0;
        return {
          append: ({ alive, text }) => {
            const { data, offsets } = text;
            alive.forEach((row) => {
              record[0] = rows++;
              const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
              if (!isValid(text, row) || !sketcher.sketch(data, start, end, record.subarray(1))) return;
              write(new Uint8Array(record.buffer));
            });
          },
          finish: () => {},
        };
      },
    });
  },
  examples: [],
});
