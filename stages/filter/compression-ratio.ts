/**
 * Judges texts by how well they compress: what repeats itself compresses far, what is random hardly at all.
 *
 * The ratio is compressed bytes over bytes. The compressor is LZ4 as the project writes it, the same bytes everywhere:
 * kernels/lz4/compressed-size.ts. It is weaker than gzip, so bounds of other tools do not carry over: nine in ten web
 * pages come to 0.59 to 0.95 here and to 0.38 to 0.69 there. Invariant: an empty text has ratio 1. Price: 3 ns a byte.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import type { Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { wasmModule } from "../../io/wasm.ts";
import { PlainLz4 } from "../../kernels/lz4/block.ts";
import { CompressedSize } from "../../kernels/lz4/compressed-size.ts";
import { WasmLz4 } from "../../kernels/wasm/lz4.ts";
import { type Drop, defineStage, transform } from "../define.ts";
import { newColumnOption } from "../new-column.ts";
import { ratioBound as bound } from "./bounds.ts";
import { MeasuredBounds } from "./measured-bounds.ts";

const options = z
  .strictObject({
    min_ratio: bound.default(0.2).describe("drop texts that compress further: repetition; null turns the rule off"),
    max_ratio: bound
      .default(null)
      .describe(
        "drop texts that compress less: noise, encoded data; short texts come to more than 1; null turns the rule off",
      ),
    ratio_column: newColumnOption.nullable().default(null).describe("column for the ratio; null: none"),
  })
  .refine(({ min_ratio, max_ratio, ratio_column }) => (min_ratio ?? max_ratio ?? ratio_column) !== null, {
    error: "does nothing: give min_ratio, max_ratio or ratio_column",
  });

const REASONS = {
  compresses_too_far: "compressed bytes over bytes are below min_ratio",
  compresses_too_little: "compressed bytes over bytes are above max_ratio",
};

export default defineStage({
  name: "filter/compression-ratio",
  version: 1,
  kind: "transform",
  summary: "Drops texts that compress too far or too little, and keeps the ratio as a column.",
  reference: "LZ4 blocks of 256 KiB as kernels/lz4 writes them",
  options,
  reads: ["text"],
  writes: ({ ratio_column }) => (ratio_column === null ? [] : [{ name: ratio_column, kind: "float64" as const }]),
  reasons: ({ min_ratio, max_ratio }) => ({
    ...(min_ratio !== null && { compresses_too_far: REASONS.compresses_too_far }),
    ...(max_ratio !== null && { compresses_too_little: REASONS.compresses_too_little }),
  }),
  create: ({ min_ratio, max_ratio, ratio_column }) => {
    const module = wasmModule("lz4");
    const compressed = new CompressedSize(module === undefined ? new PlainLz4() : new WasmLz4(module));
    const bounds = new MeasuredBounds();
    const low = bounds.min("compresses_too_far", "min_ratio", min_ratio, { unit: "ratio" });
    const high = bounds.max("compresses_too_little", "max_ratio", max_ratio, { unit: "ratio" });
    const judge = (batch: Batch, drop: Drop<keyof typeof REASONS>): ReadonlyMap<string, Column> => {
      const { data, offsets } = batch.text;
      const values = new Float64Array(batch.rows);
      batch.alive.forEach((row) => {
        const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
        const ratio = start === end ? 1 : compressed.of(data, start, end) / (end - start);
        values[row] = ratio;
        if (low.fails(ratio)) drop(row, "compresses_too_far", ratio);
        else if (high.fails(ratio)) drop(row, "compresses_too_little", ratio);
        bounds.settle(batch, row);
      });
      return new Map(ratio_column === null ? [] : [[ratio_column, { kind: "float64" as const, values }]]);
    };
    return transform<keyof typeof REASONS>(judge, { measured: () => bounds.finish() });
  },
  examples: [
    { text: "The ferry left at seven, and nobody waved.", keeps: true },
    { text: "All work and no play makes Jack a dull boy.\n".repeat(20), drops: "compresses_too_far" },
    { text: "q8Zr0vX3Lw", options: { max_ratio: 1 }, drops: "compresses_too_little" },
    {
      text: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      options: { min_ratio: null, ratio_column: "ratio" },
      writes: { ratio: 0.275 },
    },
  ],
});
