/**
 * The two tables of a mixture experiment: `ratios.csv`, what each run was trained on, and `metrics.csv`, what came of it; joined by run.
 *
 * The form is olmix's: `run_id`, `name`, then a column a source (or a metric). Read too: `run`, and RegMix's `index`, as the run's column. Sources
 * of several training stages are columns `stage/source`, and the shares of each stage add up to 1. Behind them `ratios.csv` says what stores a
 * row was made over: `stores`, one digest of all; `budget_tokens`; and by source `store:NAME`, `tokens:NAME`, `epochs:NAME` and, where known,
 * `parts:NAME`, of which pieces the store is made. olmix takes every column for a source, so `olmixRatios` writes a table without these.
 * Invariant: a table that is written comes back equal. Price: microseconds a row.
 */
import { createHash } from "node:crypto";
import { entryAt, ownOf } from "../../batch/entry.ts";
import { type CsvRecord, type CsvText, numberAt, parseCsv, tableError, writeCsv } from "./csv.ts";

/** The store of a source that a row was made over. */
export interface SourceStore {
  /** Fingerprint of the token store. */
  readonly store: string;
  /** Tokens that one epoch of it holds. */
  readonly tokens: number;
  /** Times the row reads it, over all training stages. */
  readonly epochs: number;
  /** Identities of the pieces it is made of, such as its input files under one pipeline; two sources that share none are disjoint. */
  readonly parts?: readonly string[];
}

export interface RowStores {
  /** {@link storesDigest} of the sources. */
  readonly stores: string;
  /** Trained tokens of the run. */
  readonly budget_tokens?: number;
  /** By source, without its stage. */
  readonly sources: Readonly<Record<string, SourceStore>>;
}

export interface RatioRow {
  readonly run: string;
  readonly name: string;
  /** Shares of tokens in the order of the table's columns. */
  readonly ratios: readonly number[];
  /** Absent where the table does not say. */
  readonly made_over?: RowStores;
}

export interface RatioTable {
  /** `source`, or `stage/source` where runs have several training stages. */
  readonly columns: readonly string[];
  readonly rows: readonly RatioRow[];
}

export interface MetricTable {
  readonly metrics: readonly string[];
  /** A value is NaN where it was not measured. */
  readonly rows: readonly { readonly run: string; readonly name: string; readonly values: readonly number[] }[];
}

/** Column names that say which run a row is, the best first. */
const RUN_COLUMNS = ["run_id", "run", "index", "", "Unnamed: 0"] as const;
const OWN_COLUMNS = { stores: "stores", budget: "budget_tokens" } as const;
const STORE_FIELDS = ["store", "tokens", "epochs", "parts"] as const;
/** How far shares of a stage may be from 1: rounding of published tables, and olmix's own bound. */
const SUM_TOLERANCE = 0.01;

/** The source of a ratio column: what stands behind the stage. */
export function sourceOfColumn(column: string): string {
  return column.slice(column.indexOf("/") + 1);
}

/** The training stage of a ratio column; empty where there is but one. */
export function stageOfColumn(column: string): string {
  return column.slice(0, Math.max(0, column.indexOf("/")));
}

/** Positions of the columns of each stage, in order. */
export function stagesOfColumns(
  columns: readonly string[],
): readonly { readonly stage: string; readonly columns: readonly number[] }[] {
  const stages = new Map<string, number[]>();
  for (const [i, column] of columns.entries()) {
    const stage = stageOfColumn(column);
    stages.set(stage, [...(stages.get(stage) ?? []), i]);
  }
  return [...stages].map(([stage, positions]) => ({ stage, columns: positions }));
}

/** One name for all stores that a row was made over: sixteen hex digits. Tokens and epochs are no part of it. */
export function storesDigest(sources: Readonly<Record<string, Pick<SourceStore, "store">>>): string {
  const pairs = Object.entries(sources).map(([name, { store }]) => [name, store] as const);
  pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash("sha256").update(JSON.stringify(pairs)).digest("hex").slice(0, 16);
}

/** Reads `ratios.csv`; `file` names it in messages. Throws DataError `table/…`. */
export function parseRatios(text: string, file: string): RatioTable {
  const csv = parseCsv(text, file);
  const { run, name, ids } = idColumns(csv);
  const isOwn = ownColumns(csv.header);
  const at = csv.header.flatMap((column, i) => (ids.has(i) || isOwn(column) ? [] : [i]));
  const columns = at.map((i) => entryAt(csv.header, i, "column"));
  const stages = stagesOfColumns(columns);
  const rows = csv.records.map((record): RatioRow => {
    // A source that a row knows nothing of, as where tables of several sweeps are joined.
    const ratios = at.map((i) => numberAt(csv, record, i)).map((ratio) => (Number.isNaN(ratio) ? 0 : ratio));
    checkShares(csv, record, ratios, columns, stages);
    const made_over = rowStores(csv, record, columns);
    return { ...rowName(record, run, name), ratios, ...(made_over && { made_over }) };
  });
  refuseTwice(csv, rows);
  return { columns, rows };
}

/** Reads `metrics.csv`. Throws DataError `table/…`. */
export function parseMetrics(text: string, file: string): MetricTable {
  const csv = parseCsv(text, file);
  const { run, name, ids } = idColumns(csv);
  const at = csv.header.flatMap((_, i) => (ids.has(i) ? [] : [i]));
  const rows = csv.records.map((record) => ({
    ...rowName(record, run, name),
    values: at.map((i) => numberAt(csv, record, i)),
  }));
  refuseTwice(csv, rows);
  return { metrics: at.map((i) => entryAt(csv.header, i, "column")), rows };
}

/** `ratios.csv` with what each row was made over. */
export function ratiosCsv({ columns, rows }: RatioTable): string {
  const hasStores = rows.some(({ made_over }) => made_over !== undefined);
  if (!hasStores) return olmixRatios({ columns, rows });
  const sources = [...new Set(columns.map(sourceOfColumn))];
  const hasBudget = rows.some(({ made_over }) => made_over?.budget_tokens !== undefined);
  const fields = STORE_FIELDS.filter(
    (field) =>
      field !== "parts" ||
      rows.some(({ made_over }) => Object.values(made_over?.sources ?? {}).some(({ parts }) => parts !== undefined)),
  );
  const own = sources.flatMap((source) => fields.map((field) => ({ source, field })));
  return writeCsv([
    [
      "run_id",
      "name",
      ...columns,
      OWN_COLUMNS.stores,
      ...(hasBudget ? [OWN_COLUMNS.budget] : []),
      ...own.map(({ source, field }) => `${field}:${source}`),
    ],
    ...rows.map(({ run, name, ratios, made_over }) => [
      run,
      name,
      ...ratios,
      made_over?.stores,
      ...(hasBudget ? [made_over?.budget_tokens] : []),
      ...own.map(({ source, field }) => {
        const value = ownOf(made_over?.sources, source)?.[field];
        return typeof value === "object" ? value.join(" ") : value;
      }),
    ]),
  ]);
}

/** `ratios.csv` as olmix reads it: runs and shares alone. */
export function olmixRatios({ columns, rows }: RatioTable): string {
  return writeCsv([["run_id", "name", ...columns], ...rows.map(({ run, name, ratios }) => [run, name, ...ratios])]);
}

export function metricsCsv({ metrics, rows }: MetricTable): string {
  return writeCsv([["run_id", "name", ...metrics], ...rows.map(({ run, name, values }) => [run, name, ...values])]);
}

/** Positions of the columns that say which run a row is. */
function idColumns({ file, header }: CsvText) {
  const found = RUN_COLUMNS.map((column) => header.indexOf(column)).filter((at) => at >= 0);
  const named = header.indexOf("name");
  const [run = named] = found;
  if (run < 0) {
    const fix = "name the column of the runs `run_id`, as olmix does, `run` or `index`";
    throw tableError(file, 1, {
      code: "table/no-run-column",
      what: `no column of ${file} says which run a row is`,
      fix,
    });
  }
  return { run, name: named < 0 ? run : named, ids: new Set([...found, ...(named < 0 ? [] : [named])]) };
}

/** Whether a column says something of a store: `tokens:web` does where `web` is a source. */
function ownColumns(header: readonly string[]): (column: string) => boolean {
  const prefixed = (column: string): string | undefined => {
    const field = STORE_FIELDS.find((name) => column.startsWith(`${name}:`));
    return field === undefined ? undefined : column.slice(field.length + 1);
  };
  const sources = new Set(header.filter((column) => prefixed(column) === undefined).map(sourceOfColumn));
  return (column) => {
    if (column === OWN_COLUMNS.stores || column === OWN_COLUMNS.budget) return true;
    const source = prefixed(column);
    return source !== undefined && sources.has(source);
  };
}

function rowName({ fields }: CsvRecord, run: number, name: number): { readonly run: string; readonly name: string } {
  return { run: entryAt(fields, run, "field").trim(), name: entryAt(fields, name, "field").trim() };
}

function refuseTwice({ file, records }: CsvText, rows: readonly { readonly run: string }[]): void {
  const seen = new Set<string>();
  for (const [i, { run }] of rows.entries()) {
    if (seen.has(run)) {
      const { line } = entryAt(records, i, "record");
      throw tableError(file, line, { code: "table/run-twice", what: `run ${run} is there twice` });
    }
    seen.add(run);
  }
}

function checkShares(
  { file }: CsvText,
  { line }: CsvRecord,
  ratios: readonly number[],
  columns: readonly string[],
  stages: ReturnType<typeof stagesOfColumns>,
): void {
  const below = ratios.findIndex((ratio) => ratio < 0);
  if (below >= 0) {
    throw tableError(file, line, {
      code: "table/bad-share",
      what: `the share of ${entryAt(columns, below, "column")} is below 0`,
    });
  }
  for (const { stage, columns: positions } of stages) {
    const sum = positions.reduce((all, i) => all + entryAt(ratios, i, "share"), 0);
    if (Math.abs(sum - 1) <= SUM_TOLERANCE) continue;
    throw tableError(file, line, {
      code: "table/bad-share",
      what: `the shares${stage === "" ? "" : ` of stage ${stage}`} add up to ${sum.toFixed(4)}, not to 1`,
      why: "every column that is not the run's, or its name, is taken for a source",
      fix: "leave other columns out, or put right what is missing",
    });
  }
}

function rowStores(csv: CsvText, record: CsvRecord, columns: readonly string[]): RowStores | undefined {
  const textAt = (column: string): string => {
    const at = csv.header.indexOf(column);
    return at < 0 ? "" : entryAt(record.fields, at, "field").trim();
  };
  const numberOf = (column: string): number => {
    const at = csv.header.indexOf(column);
    return at < 0 ? Number.NaN : numberAt(csv, record, at);
  };
  const sources: Record<string, SourceStore> = {};
  for (const source of new Set(columns.map(sourceOfColumn))) {
    const store = textAt(`store:${source}`);
    if (store === "") continue;
    const parts = textAt(`parts:${source}`);
    sources[source] = {
      store,
      tokens: numberOf(`tokens:${source}`),
      epochs: numberOf(`epochs:${source}`),
      ...(parts === "" ? {} : { parts: parts.split(" ") }),
    };
  }
  const stores = textAt(OWN_COLUMNS.stores);
  if (stores === "" && Object.keys(sources).length === 0) return undefined;
  const digest = storesDigest(sources);
  if (stores !== "" && Object.keys(sources).length > 0 && stores !== digest) {
    throw tableError(csv.file, record.line, {
      code: "table/stores-changed",
      what: `the row says it was made over stores ${stores}, and those it lists are ${digest}`,
      why: "a row that was edited by hand says nothing about the stores it was made over",
      fix: "take the row as the sweep wrote it",
    });
  }
  const budget = numberOf(OWN_COLUMNS.budget);
  return {
    stores: stores === "" ? digest : stores,
    ...(Number.isNaN(budget) ? {} : { budget_tokens: budget }),
    sources,
  };
}
