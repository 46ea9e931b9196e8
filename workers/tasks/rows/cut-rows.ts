/**
 * What becomes of rows that are longer than a packed row: cut, left out, or split where their exchanges begin.
 *
 * Invariant: depends on the tokens of the row alone. Price: nothing for rows that fit; of the others the tokens and loss lanes of their shards are
 * read once, a shard at a time, where they are split.
 */
import { entryAt } from "../../../batch/entry.ts";
import { uint32At } from "../../../batch/numbers.ts";
import type { TokenArray } from "../../../kernels/pack/fill.ts";
import { dropRow, type SplitRow, splitRow, truncateRow } from "../../../kernels/pack/sequences.ts";
import type { RowsPlan, SourcePlan } from "../../../plan/plan.ts";
import type { WorkerContext } from "../../context.ts";
import { withLoss, withTokens } from "./stored-rows.ts";

/** Rows in the order of a mixture. */
export interface TakenRows {
  /** Position in the stage. */
  readonly source: Uint16Array;
  /** Shard of the source's store. */
  readonly shard: Uint16Array;
  readonly first: Uint32Array;
  readonly tokens: Uint32Array;
  readonly supervised: Uint32Array;
}

/** What rows of more than `capacity` tokens come to, by row. */
export function cutLongRows(
  taken: TakenRows,
  sources: readonly SourcePlan[],
  { long_rows }: Pick<RowsPlan, "long_rows">,
  capacity: number,
  context: WorkerContext,
): ReadonlyMap<number, SplitRow> {
  const cut = new Map<number, SplitRow>();
  const byShard = new Map<string, number[]>();
  taken.tokens.forEach((tokens, row) => {
    if (tokens <= capacity) return;
    if (long_rows === "truncate") cut.set(row, truncateRow(tokens, capacity));
    else if (long_rows === "drop") cut.set(row, dropRow(tokens));
    else {
      const key = `${taken.source[row]} ${taken.shard[row]}`;
      const known = byShard.get(key) ?? [];
      byShard.set(key, known);
      known.push(row);
    }
  });
  if (typeof long_rows === "string") return cut;
  for (const rows of byShard.values()) {
    const [one = 0] = rows;
    const source = entryAt(sources, taken.source[one] ?? 0, "source");
    const shard = taken.shard[one] ?? 0;
    withTokens(source, shard, context, (ids) =>
      withLoss(source, shard, context, (loss) => {
        for (const row of rows) {
          const first = uint32At(taken.first, row);
          const tokens = uint32At(taken.tokens, row);
          const borders = bordersIn(ids.subarray(first, first + tokens), long_rows.border);
          const trained = (from: number, to: number): boolean =>
            loss === undefined || loss.subarray(first + from, first + to).includes(1);
          cut.set(row, splitRow(tokens, capacity, borders, trained));
        }
      }),
    );
  }
  return cut;
}

/** Where the ids of `border` stand in a row. */
export function bordersIn(ids: TokenArray, border: readonly number[]): readonly number[] {
  const [head] = border;
  const found: number[] = [];
  if (head === undefined) return found;
  for (let at = ids.indexOf(head); at >= 0; at = ids.indexOf(head, at + 1)) {
    if (border.every((id, offset) => ids[at + offset] === id)) found.push(at);
  }
  return found;
}
