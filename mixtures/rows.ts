/**
 * Mixing whole rows: which rows of each source a training stage takes, and in which order.
 *
 * Four rules. `handbook`: of each source a shuffled fraction, all of it shuffled again (alignment-handbook, as SmolTalk2 is mixed).
 * `trl`: fractions are shares of the mixture's rows, each source gives its first ones, nothing is shuffled (TRL's `dataset_mixture`). `tokens`
 * and `supervised_tokens`: fractions are shares of the mixture's tokens, or of those that are trained; drawn and shuffled as in `handbook`.
 * Invariant: the first two are bit for bit those of the originals, in binary floating point too; every row is taken once at most.
 * Price: one permutation a source, one of all rows.
 */
import { RecipeError } from "../batch/errors.ts";
import { uint32At } from "../batch/numbers.ts";
import { numpyPermutation, trainTestSplit } from "../kernels/random/pcg64.ts";
import { roundHalfEven } from "../kernels/round.ts";
import type { RowRule } from "../kernels/row-rules.ts";

/** A source as a mixture of rows sees it: its rows in their order. */
export interface RowSource {
  readonly name: string;
  readonly fraction: number;
  /** Of each row. */
  readonly tokens: Uint32Array;
  /** Of each row, those that are trained. */
  readonly supervised: Uint32Array;
}

/** Rows in the order of the mixture: position of the source, and of the row in it. */
export interface RowOrder {
  readonly source: Uint16Array;
  readonly row: Uint32Array;
}

/** A mixture of rows, and what it was asked for. */
export interface MixedRows {
  readonly order: RowOrder;
  /** By source: the exact amount before whole rows are taken; rows, or tokens where the rule shares those. */
  readonly requested: readonly number[];
}

/** Mixes rows. Throws RecipeError `recipe/bad-fraction` where a source is asked for more than it can be. */
export function mixRows(rule: RowRule, sources: readonly RowSource[], seed: number): MixedRows {
  const requested = requestedAmounts(rule, sources);
  if (rule === "trl") return { order: concatenate(requested.map((rows) => ascending(roundHalfEven(rows)))), requested };
  const shuffled = shuffler(seed);
  const taken = sources.map((source, index) => {
    const order = shuffled(source.tokens.length);
    const wanted = requested[index] ?? 0;
    // As Python's int(rows * weight), the product a double: 100 rows at 0.29 give 28.
    const count = rule === "handbook" ? Math.trunc(wanted) : nearestCount(order, weightsOf(rule, source), wanted);
    return order.subarray(0, count);
  });
  const order = inOrder(concatenate(taken), shuffled(taken.reduce((sum, rows) => sum + rows.length, 0)));
  return { order, requested };
}

function requestedAmounts(rule: RowRule, sources: readonly RowSource[]): readonly number[] {
  if (rule === "handbook" || rule === "trl") {
    return requestedRows(
      rule,
      sources.map(({ name, fraction, tokens }) => ({ name, fraction, rows: tokens.length })),
    );
  }
  const limit = tokenLimit(rule, sources);
  return sources.map(({ fraction }) => fraction * limit);
}

/** One side of a mixture that is split in two, as `train_test_split` splits it. */
export interface RowSplit {
  /** Share of the rows that are for tests, or their number. */
  readonly test_size: number;
  readonly part: "train" | "test";
}

/** The rows of one side, in its order. */
export function splitRows(order: RowOrder, { test_size, part }: RowSplit, seed: number): RowOrder {
  return inOrder(order, trainTestSplit(order.row.length, test_size, seed)[part]);
}

/** A permutation of `datasets` for each length, made once: sources of equal length are shuffled alike. */
function shuffler(seed: number): (rows: number) => Uint32Array {
  const known = new Map<number, Uint32Array>();
  return (rows) => {
    const order = known.get(rows) ?? numpyPermutation(rows, seed);
    known.set(rows, order);
    return order;
  };
}

interface CountedSource {
  readonly name: string;
  readonly fraction: number;
  readonly rows: number;
}

/** Rows that a rule asks for, before whole ones are taken. */
function requestedRows(rule: "handbook" | "trl", sources: readonly CountedSource[]): readonly number[] {
  return rule === "handbook" ? sources.map(handbookRows) : trlRows(sources);
}

/** Whole rows that a rule takes of sources with so many. Throws as {@link mixRows}. */
export function rowsTaken(rule: "handbook" | "trl", sources: readonly CountedSource[]): readonly number[] {
  return requestedRows(rule, sources).map(rule === "handbook" ? Math.trunc : roundHalfEven);
}

function handbookRows({ name, fraction, rows }: CountedSource): number {
  if (fraction <= 1) return rows * fraction;
  throw badFraction(name, fraction, "a row can be taken once: the rule `handbook` has no fraction above 1");
}

/** Shares of the largest mixture in which no source gives more rows than it has. */
function trlRows(sources: readonly CountedSource[]): readonly number[] {
  const sum = sources.reduce((total, { fraction }) => total + fraction, 0);
  const weights = sources.map(({ fraction }) => fraction / sum);
  const totals = sources.flatMap(({ rows }, index) => {
    const weight = weights[index] ?? 0;
    return weight > 0 ? [rows / weight] : [];
  });
  const total = totals.length === 0 ? 0 : Math.min(...totals);
  return weights.map((weight) => weight * total);
}

/** What a fraction of 1 stands for in tokens: no source has to give more than it has. */
function tokenLimit(rule: RowRule, sources: readonly RowSource[]): number {
  const limits = sources.flatMap((source) => {
    const total = weightsOf(rule, source).reduce((sum, tokens) => sum + tokens, 0);
    if (total === 0 && source.fraction > 0)
      throw badFraction(source.name, source.fraction, `the source has no ${rule.replace("_", " ")} to give`);
    return source.fraction > 0 ? [total / source.fraction] : [];
  });
  return limits.length === 0 ? 0 : Math.min(...limits);
}

function weightsOf(rule: RowRule, { tokens, supervised }: RowSource): Uint32Array {
  return rule === "supervised_tokens" ? supervised : tokens;
}

/** How many rows of an order come nearest to `wanted`; of two that are as near, the fewer. */
function nearestCount(order: Uint32Array, weights: Uint32Array, wanted: number): number {
  let sum = 0;
  for (let count = 0; count < order.length; count++) {
    const next = sum + uint32At(weights, uint32At(order, count));
    if (next - wanted >= wanted - sum) return count;
    sum = next;
  }
  return order.length;
}

function ascending(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}

function concatenate(parts: readonly Uint32Array[]): RowOrder {
  const rows = parts.reduce((sum, part) => sum + part.length, 0);
  const order = { source: new Uint16Array(rows), row: new Uint32Array(rows) };
  let at = 0;
  for (const [source, part] of parts.entries()) {
    order.source.fill(source, at, at + part.length);
    order.row.set(part, at);
    at += part.length;
  }
  return order;
}

/** `order` rearranged: position i of the result is entry `permutation[i]`. */
export function inOrder(order: RowOrder, permutation: Uint32Array): RowOrder {
  const source = new Uint16Array(permutation.length);
  const row = new Uint32Array(permutation.length);
  permutation.forEach((from, to) => {
    source[to] = order.source[from] ?? 0;
    row[to] = uint32At(order.row, from);
  });
  return { source, row };
}

function badFraction(source: string, fraction: number, why: string): RecipeError {
  return new RecipeError({
    code: "recipe/bad-fraction",
    what: `the fraction of ${source} is ${fraction}`,
    why,
    fix: `change the fraction of ${source}, or leave the source out`,
  });
}
