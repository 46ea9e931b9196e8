/**
 * Where the rows of an election lie, and what they are chosen by: from the documents tables of their spans.
 *
 * Invariant: a row that is in no table was dropped by a later stage: it has no place. Price: each table that has a row is read once a call; memory is
 * 36 bytes a row that is looked up, and a table.
 */
import { isValid, type ScalarColumn } from "../../../batch/column.ts";
import { entryAt } from "../../../batch/entry.ts";
import { DataError } from "../../../batch/errors.ts";
import { float64At, int32At, uint32At } from "../../../batch/numbers.ts";
import { type MatchGroup, type SourcePlan, sourceAt } from "../../../plan/plan.ts";
import type { Election } from "../../../stages/define.ts";
import type { WorkerContext } from "../../context.ts";
import type { ElectSpan } from "../../protocol.ts";
import { readSpanRows, type SpanRowTable } from "../span-rows.ts";

/** One row's place, for the few that are held on to. */
export interface Place {
  readonly document: number;
  /** Position among the spans of the task; -1 where the row is not there. */
  readonly span: number;
  /** In the file of its span: tokens, or bytes of text. */
  readonly start: number;
  readonly length: number;
  /** Rank of its source, 0 the highest. */
  readonly tier: number;
  /** What the rule chooses by: more is better; -Infinity where it has none. */
  readonly value: number;
}

/** Places of many rows, by their position in a list of documents. */
export class Places {
  readonly #documents: Uint32Array;
  readonly #span: Int32Array;
  readonly #start: Float64Array;
  readonly #length: Int32Array;
  readonly #value: Float64Array;
  readonly #tiers: readonly number[];

  /** `tiers` by span. */
  constructor(documents: Uint32Array, tiers: readonly number[]) {
    this.#documents = documents;
    this.#span = new Int32Array(documents.length).fill(-1);
    this.#start = new Float64Array(documents.length);
    this.#length = new Int32Array(documents.length);
    this.#value = new Float64Array(documents.length);
    this.#tiers = tiers;
  }

  set(row: number, span: number, start: number, length: number, value: number): void {
    this.#span[row] = span;
    this.#start[row] = start;
    this.#length[row] = length;
    this.#value[row] = value;
  }

  isThere(row: number): boolean {
    return int32At(this.#span, row) >= 0;
  }

  at(row: number): Place {
    const span = int32At(this.#span, row);
    return {
      document: uint32At(this.#documents, row),
      span,
      start: float64At(this.#start, row),
      length: int32At(this.#length, row),
      tier: this.#tiers[span] ?? 0,
      value: float64At(this.#value, row),
    };
  }

  /** Whether row `a` survives rather than row `b`, as a sort asks. */
  compare(a: number, b: number): number {
    return (
      (this.#tiers[int32At(this.#span, a)] ?? 0) - (this.#tiers[int32At(this.#span, b)] ?? 0) ||
      compareValues(float64At(this.#value, a), float64At(this.#value, b)) ||
      uint32At(this.#documents, a) - uint32At(this.#documents, b)
    );
  }
}

export function comparePlaces(a: Place, b: Place): number {
  return a.tier - b.tier || compareValues(a.value, b.value) || a.document - b.document;
}

/** Larger ones first. Infinite ones may be equal, so their difference says nothing. */
function compareValues(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}

/** Finds the rows of an election. */
export class PlaceFinder {
  readonly #context: WorkerContext;
  readonly #group: MatchGroup;
  readonly #spans: readonly ElectSpan[];
  readonly #election: Election;
  readonly #tiers: readonly number[];

  constructor(context: WorkerContext, group: MatchGroup, spans: readonly ElectSpan[], election: Election) {
    this.#context = context;
    this.#group = group;
    this.#spans = spans;
    this.#election = election;
    const { exchange } = group.stage;
    const precedence = exchange?.verdict === "drop" ? (exchange.precedence ?? []) : [];
    this.#tiers = spans.map((span) => {
      const rank = precedence.indexOf(this.sourceOf(span).name);
      return rank < 0 ? precedence.length : rank;
    });
  }

  sourceOf({ member }: ElectSpan): SourcePlan {
    return sourceAt(this.#context.plan, entryAt(this.#group.members, member, "member").source);
  }

  /** The places of `documents`, in any order. */
  find(documents: Uint32Array): Places {
    const places = new Places(documents, this.#tiers);
    const order = Uint32Array.from(documents, (_, row) => row);
    order.sort((a, b) => uint32At(documents, a) - uint32At(documents, b));
    let at = 0;
    this.#spans.forEach((span, index) => {
      const next = this.#spans[index + 1]?.firstDocument ?? Number.POSITIVE_INFINITY;
      const from = at;
      while (at < order.length && uint32At(documents, uint32At(order, at)) < next) at++;
      if (at > from) this.#findInSpan(index, span, documents, order.subarray(from, at), places);
    });
    return places;
  }

  #findInSpan(index: number, span: ElectSpan, documents: Uint32Array, rows: Uint32Array, places: Places): void {
    const source = this.sourceOf(span);
    const table = readSpanRows(this.#context.layout.ingest(source.ingest), span.span);
    const value = this.#valuesOf(table, source);
    const [starts, lengths] = [startsOf(table, source), source.tokenized ? int32Of(table, "tokens") : table.bytes];
    let found = 0;
    for (const row of rows) {
      const document = uint32At(documents, row) - span.firstDocument;
      while (found < table.count && int32At(table.document, found) < document) found++;
      if (found === table.count || int32At(table.document, found) !== document) continue;
      places.set(row, index, float64At(starts, found), int32At(lengths, found), value(found));
    }
  }

  /** What the rule chooses the rows of a table by. */
  #valuesOf(table: SpanRowTable, source: SourcePlan): (row: number) => number {
    const { survivor } = this.#election;
    if (survivor === "first") return () => 0;
    if (survivor === "longest") return (row) => int32At(table.bytes, row);
    const column = table.columns.get(survivor.column);
    const sign = survivor.order === "largest" ? 1 : -1;
    return (row) => {
      const value = column === undefined || !isValid(column, row) ? Number.NaN : numberOf(column, row);
      if (value === undefined) throw notNumbers(source.name, survivor.column, column?.kind ?? "");
      return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : sign * value;
    };
  }
}

/** Where each text begins in the file of its span. */
function startsOf(table: SpanRowTable, source: SourcePlan): Float64Array {
  if (source.tokenized) {
    const column = table.columns.get("token_start");
    if (column?.kind !== "float64") throw new Error(`a table of ${source.name} does not say where tokens are`);
    return column.values;
  }
  const starts = new Float64Array(table.count);
  let start = 0;
  for (let row = 0; row < table.count; row++) {
    starts[row] = start;
    start += int32At(table.bytes, row);
  }
  return starts;
}

function int32Of(table: SpanRowTable, name: string): Int32Array {
  const column = table.columns.get(name);
  if (column?.kind !== "int32") throw new Error(`a table of documents has no column ${name}`);
  return column.values;
}

/** A value as a number; undefined where the column has others. */
function numberOf(column: ScalarColumn, row: number): number | undefined {
  if (column.kind === "utf8" || column.kind === "dictionary") return undefined;
  return Number(column.values[row]);
}

function notNumbers(source: string, column: string, kind: string): DataError {
  return new DataError({
    code: "data/survivor-column",
    what: `the column ${column} of ${source} is ${kind}, and survivors are chosen by numbers`,
    fix: "name a column of numbers, or leave `survivor` out",
  });
}
