/**
 * Draws of rows: 64 bits each, of a stage's seed and the row's place or content.
 *
 * Invariant: a draw depends on nothing else, so spans, workers and other rows do not change it. Price: 15 ns a row, and the hash of the bytes
 * where content is drawn.
 */
import type { Batch } from "../batch/batch.ts";
import { int32At, uint32At } from "../batch/numbers.ts";
import { contentHasher } from "../io/row-hasher.ts";
import { hash64, type Seed, seedFrom, threefry } from "../kernels/random/shuffle.ts";
import { type Cells, ColumnPath } from "./cells.ts";
import type { SelectBarrierOperator } from "./define.ts";

/** Writes a row's draw, high word first; false where the row has nothing that could be drawn by. */
type Draw = ReturnType<SelectBarrierOperator["draw"]>;

/** Draws by the `position` of rows in their shards, or by the text of a column. */
export function drawsBy(by: string, seed: Seed): (batch: Batch) => Draw {
  return by === "position" ? byPosition(seed) : byContent(seed, by);
}

/** A draw as a number of at least 0 and less than 1. */
export function fractionOf(words: Uint32Array): number {
  return (uint32At(words, 0) * 2 ** 21 + (uint32At(words, 1) >>> 11)) / 2 ** 53;
}

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
