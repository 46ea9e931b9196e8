/**
 * Evidence that survives data changes: whether rows were made over the stores that a mixture is wanted for, and what they say of these where a
 * source is a known union, or a split, of theirs.
 *
 * A row that read other stores says nothing about these, and is refused. Exempt are sources it gave no weight; sources it did not know, whose
 * weight was 0; and sources that are told to be unions (`whole=a+b`, either way round), or are seen to be, by the pieces the stores are made of.
 * The weight of a union is the sum of its parts'; a whole's weight is its parts' by tokens, as reading it was.
 * Invariant: the shares of a mapped row add up to what they did. Price: microseconds a row.
 */
import { entryAt, entryOf, ownOf } from "../../batch/entry.ts";
import { DataError, RecipeError } from "../../batch/errors.ts";
import { type RatioRow, type RatioTable, type RowStores, sourceOfColumn, trainingStageOf } from "./tables.ts";

/** Source `whole` holds what `parts` hold. */
export interface Union {
  readonly whole: string;
  readonly parts: readonly string[];
}

export interface AlignOptions {
  readonly unions: readonly Union[];
  /** The stores that a mixture is wanted for; those of the last row where not given. */
  readonly stores?: RowStores;
  /** Tokens by source, for splits of tables that do not say. */
  readonly tokens: Readonly<Record<string, number>>;
}

export interface AlignedRatios extends RatioTable {
  /** Absent where no row says what it was made over. */
  readonly stores?: RowStores;
  /** Rows that were made over other stores and say something all the same. */
  readonly remapped: readonly string[];
}

/** Where the weight of a row's source goes, and which part of it. */
type Targets = readonly { readonly source: string; readonly part: number }[];

/**
 * Tables as one, over the same stores. Throws DataError `mix/other-stores`, `mix/other-stages`,
 * `mix/unknown-stores`, `mix/run-twice`; RecipeError `flag/no-union`.
 */
export function alignRatios(tables: readonly RatioTable[], options: AlignOptions): AlignedRatios {
  const { columns, rows } = joined(tables);
  const stores = options.stores ?? rows.findLast(({ made_over }) => made_over !== undefined)?.made_over;
  if (stores === undefined) return alignPlain(tables, { columns, rows }, options);
  const stages = [...new Set(columns.map(trainingStageOf))];
  const targets = Object.keys(stores.sources);
  const own = stages.flatMap((stage) => targets.map((source) => columnOf(stage, source)));
  // In the order of the tables; what only the stores know comes last.
  const kept = [
    ...columns.filter((column) => own.includes(column)),
    ...own.filter((column) => !columns.includes(column)),
  ];
  checkUnions(options.unions, [...targets, ...columns.map(sourceOfColumn)]);
  const remapped: string[] = [];
  const aligned = rows.map((row) => {
    if (row.made_over === undefined) throw unknownStores(row);
    if (row.made_over.stores !== stores.stores) remapped.push(row.run);
    return moved(row, columns, kept, (source, hasWeight) => {
      return targetsOf(source, row, stores, options.unions, hasWeight);
    });
  });
  return { columns: kept, rows: aligned, stores, remapped };
}

/** Tables that say nothing of stores: only unions that are told move weights. */
function alignPlain(tables: readonly RatioTable[], all: RatioTable, { unions, tokens }: AlignOptions): AlignedRatios {
  const sources = [...new Set(all.columns.map(sourceOfColumn))];
  checkUnions(unions, sources);
  const now = new Set(entryAt(tables, tables.length - 1, "table").columns.map(sourceOfColumn));
  const moves = new Map<string, Targets>();
  for (const { whole, parts } of unions) {
    if (now.has(whole)) for (const part of parts) moves.set(part, [{ source: whole, part: 1 }]);
    else
      moves.set(
        whole,
        byTokens(parts, (part) => ownOf(tokens, part), whole),
      );
  }
  const columns = all.columns.filter((column) => !moves.has(sourceOfColumn(column)));
  const remapped: string[] = [];
  const rows = all.rows.map((row) => {
    if (all.columns.some((column, i) => moves.has(sourceOfColumn(column)) && (row.ratios[i] ?? 0) > 0)) {
      remapped.push(row.run);
    }
    return moved(row, all.columns, columns, (source) => moves.get(source) ?? [{ source, part: 1 }]);
  });
  return { columns, rows, remapped };
}

function joined(tables: readonly RatioTable[]): RatioTable {
  const stages = tables.map((table) => [...new Set(table.columns.map(trainingStageOf))].sort().join(", "));
  const other = stages.find((names) => names !== stages[0]);
  if (other !== undefined) {
    const what = `one table of ratios has the training stages (${stages[0]}), another (${other})`;
    throw new DataError({ code: "mix/other-stages", what, fix: "fit runs of the same training stages together" });
  }
  const columns = [...new Set(tables.flatMap((table) => table.columns))];
  const rows = tables.flatMap((table) => {
    const at = columns.map((column) => table.columns.indexOf(column));
    return table.rows.map((row) => ({ ...row, ratios: at.map((i) => (i < 0 ? 0 : entryAt(row.ratios, i, "share"))) }));
  });
  const seen = new Set<string>();
  for (const { run } of rows) {
    if (seen.has(run)) throw new DataError({ code: "mix/run-twice", what: `run ${run} is in two tables of ratios` });
    seen.add(run);
  }
  return { columns, rows };
}

/** A row with its weights where its sources' targets are. */
function moved(
  row: RatioRow,
  from: readonly string[],
  to: readonly string[],
  targetsOf: (source: string, hasWeight: boolean) => Targets,
): RatioRow {
  const weights = new Map(to.map((column) => [column, 0]));
  for (const [i, column] of from.entries()) {
    const weight = entryAt(row.ratios, i, "share");
    for (const { source, part } of targetsOf(sourceOfColumn(column), weight > 0)) {
      const target = columnOf(trainingStageOf(column), source);
      if (weights.has(target)) weights.set(target, (weights.get(target) ?? 0) + weight * part);
    }
  }
  return { ...row, ratios: [...weights.values()] };
}

function targetsOf(
  source: string,
  row: RatioRow,
  stores: RowStores,
  unions: readonly Union[],
  hasWeight: boolean,
): Targets {
  const told = toldTargets(source, stores, unions);
  if (told !== undefined) return told;
  const was = ownOf(row.made_over?.sources, source);
  const is = ownOf(stores.sources, source);
  if (was !== undefined && is !== undefined && was.store === is.store) return [{ source, part: 1 }];
  if (!hasWeight) return [];
  const seen = seenTargets(source, row, stores);
  if (seen !== undefined) return seen;
  throw new DataError({
    code: "mix/other-stores",
    what:
      is === undefined
        ? `run ${row.run} read ${source}, which is none of the sources that a mixture is wanted for`
        : `run ${row.run} read ${source} from store ${was?.store ?? "(not said)"}, and now it is ${is.store}`,
    why: "what a loss says about a weight holds for the text that was read: after another filter, dedup or tokenizer it is another source",
    fix: `leave the run out, or say what ${source} is made of where you know: --union ${source}=part+part, --union whole=${source}+other`,
  });
}

function toldTargets(source: string, { sources }: RowStores, unions: readonly Union[]): Targets | undefined {
  for (const { whole, parts } of unions) {
    if (parts.includes(source) && Object.hasOwn(sources, whole)) return [{ source: whole, part: 1 }];
    if (whole === source && parts.every((part) => Object.hasOwn(sources, part))) {
      return byTokens(parts, (part) => ownOf(sources, part)?.tokens, whole);
    }
  }
  return undefined;
}

/**
 * By what stores are made of: the same store under another name, one source that holds this one's pieces and nothing that the row did not have, or
 * several that make it up. Equal pieces are equal tokens, see {@link SourceStore}.
 */
function seenTargets(source: string, row: RatioRow, { sources }: RowStores): Targets | undefined {
  const before = row.made_over?.sources ?? {};
  const was = ownOf(before, source);
  if (was === undefined) return undefined;
  const now = Object.entries(sources);
  const renamed = now.find(([, { store }]) => store === was.store);
  if (renamed !== undefined) return [{ source: renamed[0], part: 1 }];
  const pieces = new Set(was.parts ?? []);
  if (pieces.size === 0) return undefined;
  for (const [name, { parts = [] }] of now) {
    const whole = new Set(parts);
    if (![...pieces].every((piece) => whole.has(piece))) continue;
    const held = Object.values(before).map(({ parts: own = [] }) => own);
    if (
      isPartition(
        whole,
        held.filter((own) => own.length > 0 && own.every((piece) => whole.has(piece))),
      )
    ) {
      return [{ source: name, part: 1 }];
    }
  }
  const within = now.filter(([, { parts = [] }]) => parts.length > 0 && parts.every((piece) => pieces.has(piece)));
  if (
    !isPartition(
      pieces,
      within.map(([, { parts = [] }]) => parts),
    )
  )
    return undefined;
  return byTokens(
    within.map(([name]) => name),
    (part) => ownOf(sources, part)?.tokens,
    source,
  );
}

/** Whether each of `whole` is in exactly one of `parts`, and nothing else is. */
function isPartition(whole: ReadonlySet<string>, parts: readonly (readonly string[])[]): boolean {
  const all = parts.flat();
  return all.length === whole.size && new Set(all).size === whole.size && all.every((piece) => whole.has(piece));
}

function byTokens(parts: readonly string[], tokensOf: (part: string) => number | undefined, whole: string): Targets {
  const tokens = parts.map((part) => tokensOf(part) ?? Number.NaN);
  const sum = tokens.reduce((all, count) => all + count, 0);
  if (!(sum > 0)) {
    throw new RecipeError({
      code: "flag/tokens-needed",
      what: `${whole} is split into ${parts.join(", ")}, and nobody says how many tokens these have`,
      why: "a run that read the whole read its parts in proportion to their tokens",
      fix: "give token counts: --prior priors.json",
    });
  }
  return parts.map((source, i) => ({ source, part: entryAt(tokens, i, "part") / sum }));
}

function checkUnions(unions: readonly Union[], known: readonly string[]): void {
  for (const { whole, parts } of unions) {
    const missing = [whole, ...parts].find((name) => !known.includes(name));
    if (missing === undefined) continue;
    const fix = `sources are: ${[...new Set(known)].join(", ")}`;
    throw new RecipeError({
      code: "flag/no-union",
      what: `--union ${whole}=${parts.join("+")}: there is no source ${missing}`,
      fix,
    });
  }
}

function unknownStores({ run }: RatioRow): DataError {
  return new DataError({
    code: "mix/unknown-stores",
    what: `run ${run} does not say what stores it was made over, and others do`,
    why: "rows over other stores would be taken for evidence about these",
    fix: "take ratios.csv as the sweep wrote it, or leave the columns of stores out of all tables",
  });
}

function columnOf(stage: string, source: string): string {
  return stage === "" ? source : `${stage}/${source}`;
}

/** Tokens of one epoch by source, as far as stores say. */
export function storeTokens(stores: RowStores | undefined): Record<string, number> {
  const names = Object.keys(stores?.sources ?? {});
  return Object.fromEntries(names.map((name) => [name, entryOf(stores?.sources ?? {}, name, "source").tokens]));
}
