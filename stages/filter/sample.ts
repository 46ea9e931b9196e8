/**
 * Keeps a share of the rows, drawn by a key of each row.
 *
 * Invariant: a draw depends on the recipe's seed, the stage's id and the row's key alone, never on spans, workers or other rows; what a share keeps, a
 * larger share keeps too. Price: 15 ns a row, and for `id` and `text` the hash of their bytes.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { contentHasher } from "../../io/row-hasher.ts";
import { hash64, type Seed, seedFrom, threefry } from "../../kernels/random/shuffle.ts";
import { type Cells, ColumnPath } from "../cells.ts";
import { defineStage, filter } from "../define.ts";

const options = z.strictObject({
  share: z.number().gt(0).max(1).describe("share of rows that stay"),
  by: z
    .enum(["position", "id", "text"])
    .default("position")
    .describe(
      "what is drawn: each row by its `position` in its shard, or its `id` or `text`, so that rows that are equal there stay or go together, " +
        "whatever source they are in",
    ),
});

const NOT_SAMPLED = "the draw, at least 0 and less than 1, is not below share";

/** Two random words of a row; undefined where it has no key. */
type Draw = (row: number, out: Uint32Array) => boolean;

/** Draws by the place of rows: the shard's key, then the position in it. */
function byPosition(seed: Seed): (batch: Batch) => Draw {
  return (batch) => {
    const seeds = new Map<number, Seed>();
    return (row, out) => {
      const shard = int32At(batch.shards, row);
      const [high, low] = seeds.get(shard) ?? seedFrom(seed[0], seed[1], batch.shardKey(row));
      seeds.set(shard, [high, low]);
      hash64(high, low, batch.position(row), out);
      return true;
    };
  };
}

/** Draws by the bytes of a column. */
function byContent(seed: Seed, column: string): (batch: Batch) => Draw {
  const hasher = contentHasher();
  const path = new ColumnPath(column);
  return (batch) => {
    const cells: Cells = path.of(batch);
    return (row, out) => {
      if (cells.read(row) !== "text") return false;
      hasher.hash(cells.bytes, cells.start, cells.end, out);
      threefry(seed[0], seed[1], uint32At(out, 1), uint32At(out, 0), out);
      return true;
    };
  };
}

export default defineStage({
  name: "filter/sample",
  version: 1,
  kind: "filter",
  summary: "Keeps a share of the rows, the same ones whenever and wherever the recipe runs.",
  reference: "draws are Threefry-2x32-20, of XXH64 where bytes are drawn",
  options,
  reads: ({ by }) => (by === "position" ? [] : [by]),
  writes: [],
  reasons: ({ by }) => ({
    not_sampled: NOT_SAMPLED,
    ...(by === "id" && { no_id: "the row has no id to be drawn by" }),
  }),
  create: ({ share, by }, { seed }) => {
    const open = by === "position" ? byPosition(seed) : byContent(seed, by);
    const words = new Uint32Array(2);
    return filter<"not_sampled" | "no_id">((batch, drop) => {
      const draw = open(batch);
      batch.alive.forEach((row) => {
        if (!draw(row, words)) {
          drop(row, "no_id");
          return;
        }
        const drawn = (uint32At(words, 0) * 2 ** 21 + (uint32At(words, 1) >>> 11)) / 2 ** 53;
        if (drawn >= share) drop(row, "not_sampled", drawn);
      });
    });
  },
  examples: [
    { text: "Any row.", options: { share: 1 }, keeps: true },
    { text: "Any row.", options: { share: 1e-9 }, drops: "not_sampled" },
    { columns: { id: null }, options: { share: 0.5, by: "id" }, drops: "no_id" },
  ],
});
