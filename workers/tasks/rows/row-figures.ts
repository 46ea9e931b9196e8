/**
 * What each source gave to a training stage of rows: rows, tokens and supervised tokens that there were, that were taken and that stand in packed rows.
 *
 * Invariant: packed tokens = taken tokens − lost + repeated, whatever the packer. A supervised token is one that is a label: its loss byte is 1 and
 * something of its sequence stands before it. Price: loss lanes of shards with rows that were cut are read again, one at a time.
 */
import { entryAt } from "../../../batch/entry.ts";
import { uint32At } from "../../../batch/numbers.ts";
import type { RowPieces, SplitRow } from "../../../kernels/pack/sequences.ts";
import type { SourcePlan } from "../../../plan/plan.ts";
import type { WorkerContext } from "../../context.ts";
import type { ArrangedSource, RowAmount } from "../../protocol.ts";
import type { TakenRows } from "./cut-rows.ts";
import { type StoredRows, supervisedIn, withLoss } from "./stored-rows.ts";

export interface ArrangedRows {
  readonly sources: readonly SourcePlan[];
  readonly stored: readonly StoredRows[];
  readonly requested: readonly number[];
  readonly taken: TakenRows;
  readonly cuts: ReadonlyMap<number, SplitRow>;
  readonly pieces: RowPieces;
}

export function arrangedSources(rows: ArrangedRows, context: WorkerContext): readonly ArrangedSource[] {
  const { sources, stored, requested, taken, cuts } = rows;
  const takenOf = sources.map(() => ({ rows: 0, tokens: 0, supervised_tokens: 0 }));
  taken.source.forEach((source, row) => {
    const sum = entryAt(takenOf, source, "source");
    sum.rows++;
    sum.tokens += uint32At(taken.tokens, row);
    sum.supervised_tokens += uint32At(taken.supervised, row);
  });
  const cutOf = sources.map(() => ({ rows_truncated: 0, rows_split: 0, rows_dropped: 0, tokens_repeated: 0 }));
  for (const [row, { sequences, repeated }] of cuts) {
    const sum = entryAt(cutOf, taken.source[row] ?? 0, "source");
    if (sequences.length === 0) sum.rows_dropped++;
    else if (sequences.length === 1) sum.rows_truncated++;
    else sum.rows_split++;
    sum.tokens_repeated += repeated;
  }
  const packedOf = packedAmounts(rows, context);
  return sources.map((_, index) => {
    const took: RowAmount = entryAt(takenOf, index, "source");
    const cut = entryAt(cutOf, index, "source");
    const packed = entryAt(packedOf, index, "source");
    return {
      requested: entryAt(requested, index, "source"),
      available: availableOf(entryAt(stored, index, "source")),
      taken: took,
      packed,
      ...cut,
      tokens_lost: took.tokens + cut.tokens_repeated - packed.tokens,
    };
  });
}

function availableOf({ tokens, supervised }: StoredRows): RowAmount {
  const sum = (values: Uint32Array): number => values.reduce((total, value) => total + value, 0);
  return { rows: tokens.length, tokens: sum(tokens), supervised_tokens: sum(supervised) };
}

function packedAmounts(
  { sources, taken, pieces: { row, start, length, begins } }: ArrangedRows,
  context: WorkerContext,
): readonly ArrangedSource["packed"][] {
  const packed = sources.map(() => ({ sequences: 0, tokens: 0, supervised_tokens: 0 }));
  /** Pieces that are not whole rows, by the shard they lie in. */
  const cut = new Map<string, number[]>();
  row.forEach((taker, piece) => {
    const source = taken.source[taker] ?? 0;
    const sum = entryAt(packed, source, "source");
    const tokens = uint32At(length, piece);
    sum.sequences += begins[piece] ?? 0;
    sum.tokens += tokens;
    if (tokens === uint32At(taken.tokens, taker)) {
      sum.supervised_tokens += uint32At(taken.supervised, taker);
      return;
    }
    const key = `${source} ${taken.shard[taker]}`;
    const known = cut.get(key) ?? [];
    cut.set(key, known);
    known.push(piece);
  });
  for (const parts of cut.values()) {
    const taker = uint32At(row, parts[0] ?? 0);
    const source = taken.source[taker] ?? 0;
    const sum = entryAt(packed, source, "source");
    withLoss(entryAt(sources, source, "source"), taken.shard[taker] ?? 0, context, (loss) => {
      for (const piece of parts) {
        const first = uint32At(taken.first, uint32At(row, piece)) + uint32At(start, piece);
        // What goes on with a sequence has something before its first token.
        const before = begins[piece] === 1 ? 0 : 1;
        sum.supervised_tokens += supervisedIn(loss, first - before, uint32At(length, piece) + before);
      }
    });
  }
  return packed;
}
