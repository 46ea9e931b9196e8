/**
 * The rows of a source as its token store holds them, in order of address: what mixtures of rows count by.
 *
 * A store lies in shuffle order; its documents tables say where each document came from. Invariant: order of address, whatever the shards; every
 * document of the store is one row. Price: documents tables, indexes and loss lanes are read once, a shard at a time; 18 bytes a row stay.
 */
import { int32Values } from "../../../batch/column.ts";
import { release } from "../../../batch/memory.ts";
import { float64At, int32At, uint32At } from "../../../batch/numbers.ts";
import { decodeArrow } from "../../../io/formats/arrow-table.ts";
import { readLargeVouched, readVouched } from "../../../io/local/vouched.ts";
import type { TokenArray } from "../../../kernels/pack/fill.ts";
import { type SourcePlan, tokenizerOf } from "../../../plan/plan.ts";
import { tokenFiles } from "../../../store/layout.ts";
import { vouchers } from "../../../store/marker.ts";
import { companions, decodeEnds, decodeLoss, decodeTokens } from "../../../store/token-file.ts";
import type { WorkerContext } from "../../context.ts";

export interface StoredRows {
  /** Shard of the store. */
  readonly shard: Uint16Array;
  /** First token in the shard. */
  readonly first: Uint32Array;
  readonly tokens: Uint32Array;
  /** Tokens that are trained; the first of a row never is. */
  readonly supervised: Uint32Array;
}

export function storedRows(source: SourcePlan, shards: number, context: WorkerContext): StoredRows {
  const parts = Array.from({ length: shards }, (_, shard) => shardRows(source, shard, context));
  const total = parts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  // Files of a source and rows of a file are below 2^32 and 2^31, so a double holds both exactly.
  const address = new Float64Array(total);
  const shard = new Uint16Array(total);
  const first = new Uint32Array(total);
  const tokens = new Uint32Array(total);
  const supervised = new Uint32Array(total);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    address.set(part.address, at);
    shard.fill(index, at, at + part.tokens.length);
    first.set(part.first, at);
    tokens.set(part.tokens, at);
    supervised.set(part.supervised, at);
    at += part.tokens.length;
  }
  const order = Uint32Array.from({ length: total }, (_, row) => row);
  order.sort((a, b) => float64At(address, a) - float64At(address, b));
  return {
    shard: shard.map((_, row) => shard[uint32At(order, row)] ?? 0),
    first: first.map((_, row) => uint32At(first, uint32At(order, row))),
    tokens: tokens.map((_, row) => uint32At(tokens, uint32At(order, row))),
    supervised: supervised.map((_, row) => uint32At(supervised, uint32At(order, row))),
  };
}

interface ShardRows extends Omit<StoredRows, "shard"> {
  /** Order of address as a number. */
  readonly address: Float64Array;
}

function shardRows(source: SourcePlan, shard: number, context: WorkerContext): ShardRows {
  const fileOf = vouchers(context.layout.tokens(source.tokens), tokenFiles.shardMarker(shard));
  const name = tokenFiles.shard(shard, source.name);
  const table = tokenFiles.documents(shard, source.name);
  const { rows, columns } = decodeArrow(readVouched(fileOf(table)), table);
  const ends = decodeEnds(readVouched(fileOf(name + companions.index)), name);
  if (rows !== ends.length)
    throw new Error(`${table} has ${rows} documents, and the index of its tokens ${ends.length}`);
  const [file, row] = [int32Values(columns, "shard"), int32Values(columns, "row")];
  const first = new Uint32Array(rows);
  for (let document = 1; document < rows; document++) first[document] = float64At(ends, document - 1);
  const tokens = first.map((start, document) => float64At(ends, document) - start);
  return {
    address: Float64Array.from({ length: rows }, (_, document) => {
      return int32At(file, document) * 0x1_0000_0000 + int32At(row, document);
    }),
    first,
    tokens,
    supervised: withLoss(source, shard, context, (loss) =>
      tokens.map((count, document) => supervisedIn(loss, uint32At(first, document), count)),
    ),
  };
}

/** Tokens of a sequence that are trained: all but the first, where there is no loss lane. `first` counts from the start of the lane. */
export function supervisedIn(loss: Uint8Array | undefined, first: number, tokens: number): number {
  if (loss === undefined) return Math.max(0, tokens - 1);
  let sum = 0;
  for (let at = first + 1; at < first + tokens; at++) sum += loss[at] ?? 0;
  return sum;
}

/** Lends `use` the loss lane of a shard, or nothing where all its tokens are trained. */
export function withLoss<Result>(
  source: SourcePlan,
  shard: number,
  context: WorkerContext,
  use: (loss: Uint8Array | undefined) => Result,
): Result {
  if (!source.loss) return use(undefined);
  const name = tokenFiles.shard(shard, source.name);
  const fileOf = vouchers(context.layout.tokens(source.tokens), tokenFiles.shardMarker(shard));
  const bytes = readLargeVouched(fileOf(name + companions.loss));
  try {
    return use(decodeLoss(bytes, bytes.length, name + companions.loss));
  } finally {
    release(bytes);
  }
}

/** Lends `use` the tokens of a shard. */
export function withTokens<Result>(
  source: SourcePlan,
  shard: number,
  context: WorkerContext,
  use: (tokens: TokenArray) => Result,
): Result {
  const name = tokenFiles.shard(shard, source.name);
  const fileOf = vouchers(context.layout.tokens(source.tokens), tokenFiles.shardMarker(shard));
  const bytes = readLargeVouched(fileOf(name));
  try {
    return use(decodeTokens(bytes, tokenizerOf(context.plan).token_bytes, name));
  } finally {
    release(bytes);
  }
}
