/**
 * Gives every row one of several values, drawn by a key of the row: the language it is to be translated to, a persona, a system prompt.
 *
 * Invariant: a draw depends on the recipe's seed, the stage's id and the row's place or content alone. Of rows without the content that is drawn by
 * the value is null. Price: 15 ns a row, and the column.
 */
import { z } from "zod";
import type { Column } from "../../batch/column.ts";
import { annotate, defineStage } from "../define.ts";
import { drawsBy, fractionOf } from "../draws.ts";
import { newColumnOption } from "../new-column.ts";
import { columnBuilder } from "../read/column-builders.ts";

const options = z.strictObject({
  column: newColumnOption,
  values: z.array(z.string()).min(1).describe("values, of which every row gets one"),
  weights: z
    .array(z.number().min(0))
    .optional()
    .describe("how often each value is drawn, relative to the others; all alike when absent"),
  by: z
    .enum(["position", "id", "text"])
    .default("position")
    .describe(
      "what is drawn: each row by its `position` in its shard, or its `id` or `text`, so that equal ones get the same",
    ),
});

export default defineStage({
  name: "annotate/choice",
  version: 1,
  kind: "annotate",
  summary: "Gives every row one of several values in a column, drawn by a key of the row.",
  reference: "draws are Threefry-2x32-20, of XXH64 where bytes are drawn",
  options: options
    .refine(({ values, weights }) => weights === undefined || weights.length === values.length, {
      error: "every value needs a weight",
      path: ["weights"],
    })
    .refine(({ weights }) => weights === undefined || weights.some((weight) => weight > 0), {
      error: "some value needs a weight above 0",
      path: ["weights"],
    }),
  reads: ({ by }) => (by === "position" ? [] : [by]),
  writes: ({ column }) => [{ name: column, kind: "utf8" }],
  reasons: {},
  create: ({ column, values, weights, by }, { seed }) => {
    const open = drawsBy(by, seed);
    const bounds = cumulated(weights ?? values.map(() => 1));
    const words = new Uint32Array(2);
    return annotate((batch) => {
      const builder = columnBuilder("utf8", undefined);
      const draw = open(batch);
      for (let row = 0; row < batch.rows; row++) {
        const drawn = batch.alive.has(row) && draw(row, words);
        builder.push(drawn ? (values[positionOf(fractionOf(words), bounds)] ?? null) : null);
      }
      return new Map<string, Column>([[column, builder.finish()]]);
    });
  },
  examples: [
    { text: "Any row.", options: { column: "language", values: ["fr"] }, writes: { language: "fr" } },
    {
      text: "Any row.",
      options: { column: "language", values: ["fr", "es"], weights: [0, 1] },
      writes: { language: "es" },
    },
    { columns: { id: null }, options: { column: "language", values: ["fr"], by: "id" }, writes: { language: null } },
  ],
});

/** Where each value's part of [0, 1) ends. */
function cumulated(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => {
    sum += weight;
    return sum / total;
  });
}

function positionOf(drawn: number, bounds: readonly number[]): number {
  return bounds.findIndex((bound) => drawn < bound);
}
