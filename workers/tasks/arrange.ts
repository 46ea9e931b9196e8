/**
 * The rows of a training stage: taken by its rule, laid out in packed rows, written as an index over token stores.
 *
 * Rows of a source are in order of address, so that a rule of other people's takes the rows it takes there. No token is copied. Invariant: a function
 * of the stores and of the plan's entry. Memory: about 60 bytes a row of the sources and 40 a piece, one shard's tokens where rows are split.
 */
import { join } from "node:path";
import { entryAt } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { uint32At } from "../../batch/numbers.ts";
import { commitBytes, commitMarker } from "../../io/local/commit.ts";
import type { PackPlan } from "../../kernels/pack/plan.ts";
import {
  type RowPieces,
  reorderRows,
  rowPieces,
  rowPlanProblem,
  type Sequences,
  sequencesOf,
} from "../../kernels/pack/sequences.ts";
import { numpyPermutation } from "../../kernels/random/pcg64.ts";
import { seedFrom } from "../../kernels/random/shuffle.ts";
import { inOrder, type MixedRows, mixRows, splitRows } from "../../mixtures/rows.ts";
import { type RowsPlan, rowsAt, sourceAt } from "../../plan/plan.ts";
import { cutsRows } from "../../stages/pack/cuts-rows.ts";
import { rowFiles } from "../../store/layout.ts";
import { encodeRowPlan } from "../../store/row-plan.ts";
import type { WorkerContext } from "../context.ts";
import type { ArrangeMarker, ArrangeTask } from "../protocol.ts";
import { cutLongRows, type TakenRows } from "./rows/cut-rows.ts";
import { arrangedSources } from "./rows/row-figures.ts";
import { type StoredRows, storedRows } from "./rows/stored-rows.ts";

export function arrange(task: ArrangeTask, context: WorkerContext): ArrangeMarker {
  const entry = rowsAt(context.plan, task.rows);
  const sources = entry.sources.map(({ source }) => sourceAt(context.plan, source));
  const stored = sources.map((source, index) => storedRows(source, entryAt(task.shards, index, "source"), context));
  const mixed = mixRows(
    entry.rule,
    stored.map(({ tokens, supervised }, index) => {
      const { name } = entryAt(sources, index, "source");
      return { name, fraction: entryAt(entry.sources, index, "source").fraction, tokens, supervised };
    }),
    entry.seed,
  );
  const taken = takenRows(stored, mixed, entry);
  const capacity = longestSequence(entry);
  const cuts = cutsRows(entry.pack.use)
    ? new Map<number, never>()
    : cutLongRows(taken, sources, entry, capacity, context);
  const sequences = sequencesOf(taken.tokens, (row) => cuts.get(row));
  const pieces = rowPieces(packSequences(sequences, entry, context), sequences);
  if (pieces.row.length === 0) throw nothingPacked(entry);

  const folder = context.layout.rows(entry.fingerprint);
  const firstFile = task.shards.map((_, index) => task.shards.slice(0, index).reduce((sum, count) => sum + count, 0));
  const file = taken.shard.map((shard, row) => shard + (firstFile[taken.source[row] ?? 0] ?? 0));
  const bytes = encodeRowPlan(pieces, file, taken.first);
  const files = [
    commitBytes(join(folder, rowFiles.pieces), bytes.pieces),
    commitBytes(join(folder, rowFiles.ends), bytes.ends),
  ];
  const marker: ArrangeMarker = {
    files,
    rows: pieces.packed_pieces.length - 1,
    pieces: pieces.row.length,
    tokens: pieces.length.reduce((sum, tokens) => sum + tokens, 0),
    ...sequenceBounds(pieces),
    sources: arrangedSources({ sources, stored, requested: mixed.requested, taken, cuts, pieces }, context),
  };
  commitMarker(join(folder, rowFiles.marker), marker);
  return marker;
}

/** The rows of the mixture that the stage reads, shuffled once more where TRL would. */
function takenRows(stored: readonly StoredRows[], mixed: MixedRows, entry: RowsPlan): TakenRows {
  const { seed, shuffle_seed, split } = entry;
  const order = split === undefined ? mixed.order : splitRows(mixed.order, split, seed);
  const { source, row } =
    shuffle_seed === undefined ? order : inOrder(order, numpyPermutation(order.row.length, shuffle_seed));
  const of = (index: number): StoredRows => entryAt(stored, source[index] ?? 0, "source");
  return {
    source,
    shard: source.map((_, index) => of(index).shard[uint32At(row, index)] ?? 0),
    first: row.map((at, index) => uint32At(of(index).first, at)),
    tokens: row.map((at, index) => uint32At(of(index).tokens, at)),
    supervised: row.map((at, index) => uint32At(of(index).supervised, at)),
  };
}

/** Tokens of the longest sequence that fits, its trained positions padded to the alignment. */
function longestSequence({ sequence_length, align_tokens }: RowsPlan): number {
  return Math.floor((sequence_length - 1) / align_tokens) * align_tokens + 1;
}

/** Room that a sequence takes. */
function roomOf(tokens: number, alignTokens: number): number {
  return Math.ceil((tokens - 1) / alignTokens) * alignTokens + 1;
}

/** Throws RunError `run/bad-packing`. */
function packSequences({ lengths }: Sequences, entry: RowsPlan, context: WorkerContext): PackPlan {
  const { pack, sequence_length: capacity, align_tokens, seed, shuffle_seed } = entry;
  const operator = context.operator(pack);
  if (operator.kind !== "pack" || operator.rows === undefined) throw new Error(`${pack.use} packs no rows`);
  const rooms = align_tokens === 1 ? lengths : lengths.map((tokens) => roomOf(tokens, align_tokens));
  // A copy, because what is checked and cut relies on lengths that a plugin cannot have written to.
  const plan = operator.rows({ lengths: rooms.slice(), capacity, seed: seedFrom(seed, "rows", capacity) });
  const problem = rowPlanProblem(plan, rooms, capacity);
  if (problem !== undefined) {
    throw new RunError({
      code: "run/bad-packing",
      what: `${pack.use} packed ${rooms.length} sequences in rows of ${capacity} tokens, and ${problem}`,
      why: "tokens would be repeated or stand where they do not fit; nothing is committed",
      fix: `mend the plugin: ${pack.use} must place every token once at most, in rows that it fits`,
    });
  }
  // Room that only alignment asks for is no token.
  const piece_length =
    align_tokens === 1
      ? plan.piece_length
      : plan.piece_length.map((room, piece) => {
          const sequence = plan.piece_document[piece] ?? 0;
          return Math.min(room, uint32At(lengths, sequence) - uint32At(plan.piece_start, piece));
        });
  const packed = { ...plan, piece_length };
  return shuffle_seed === undefined ? packed : reorderRows(packed, numpyPermutation(plan.windows, shuffle_seed));
}

function sequenceBounds({
  packed_pieces,
  length,
  begins,
}: RowPieces): Pick<ArrangeMarker, "longest_sequence_tokens" | "sequences_per_row_max"> {
  let longest = 0;
  let most = 0;
  for (let row = 0; row + 1 < packed_pieces.length; row++) {
    let tokens = 0;
    let sequences = 0;
    for (let piece = uint32At(packed_pieces, row); piece < uint32At(packed_pieces, row + 1); piece++) {
      const begin = begins[piece] === 1;
      sequences += Number(begin);
      tokens = (begin ? 0 : tokens) + uint32At(length, piece);
      longest = Math.max(longest, tokens);
    }
    most = Math.max(most, sequences);
  }
  return { longest_sequence_tokens: longest, sequences_per_row_max: most };
}

function nothingPacked({ stage }: RowsPlan): RunError {
  return new RunError({
    code: "run/no-rows",
    what: `training stage ${stage} has no row`,
    why: "its fractions come to none of the rows that are left of its sources, or every row is too long",
    fix: "raise the fractions or `sequence_length`, or look at what the pipelines drop: shardmill peek RUN",
  });
}
