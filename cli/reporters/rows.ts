/** What became of the rows of each source: one table that adds up, and one that says why rows went. */
import type { RowAccount, RowAccountSoFar, RunEvent } from "../../index.ts";
import { counted, formatBytes, formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";

export type RunFailed = Extract<RunEvent, { type: "run_failed" }>;

/** Reasons shown of a source; what is left of them is one line. */
const TOP_REASONS = 3;

/** Problems that say that there was nothing to use in a row, not that it was broken. */
const EMPTY_KINDS: ReadonlySet<string> = new Set(["empty_text", "missing_text"]);

/** Rows in, and where they went. Columns of which no source has anything are left out where they may be absent. */
export function rowsTable(sources: readonly RowAccount[]): string {
  const hasHeldOut = sources.some(({ held_out }) => held_out !== undefined);
  const hasEmpty = sources.some((source) => emptyRows(source) > 0);
  const hasTokens = sources.some(({ tokens }) => tokens > 0);
  const titles = [
    "source",
    "rows in",
    "kept",
    ...(hasHeldOut ? ["held out"] : []),
    "dropped",
    ...(hasEmpty ? ["empty"] : []),
    "errors",
    "text",
    ...(hasTokens ? ["tokens"] : []),
  ];
  const rows = sources.map((source) => [
    source.name,
    formatInteger(source.rows_in),
    formatInteger(source.kept),
    ...(hasHeldOut ? [formatInteger(source.held_out ?? 0)] : []),
    formatInteger(sum(Object.values(source.dropped))),
    ...(hasEmpty ? [formatInteger(emptyRows(source))] : []),
    formatInteger(badRows(source)),
    formatBytes(source.text_bytes),
    ...(hasTokens ? [formatCount(source.tokens)] : []),
  ]);
  return formatTable(titles, rows);
}

/**
 * Why rows went: the most frequent reasons of each source, then every kind of row that could not be used. Empty where
 * none went.
 */
export function reasonsTable(sources: readonly RowAccount[]): string {
  const rows = sources.flatMap((source) =>
    reasonsOf(source).map(([why, count], i) => [
      i === 0 ? source.name : "",
      why,
      formatInteger(count),
      formatPercent(count / source.rows_in),
    ]),
  );
  return rows.length === 0 ? "" : formatTable(["source", "went because", "rows", "share"], rows);
}

function reasonsOf(source: RowAccount): (readonly [string, number])[] {
  const dropped = Object.entries(source.dropped)
    .filter(([, count]) => count > 0)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const shown = dropped.length === TOP_REASONS + 1 ? dropped : dropped.slice(0, TOP_REASONS);
  const rest = dropped.slice(shown.length);
  const errors = Object.entries(source.errors).map(
    ([kind, count]) => [`${EMPTY_KINDS.has(kind) ? "empty" : "error"}: ${kind}`, count] as const,
  );
  return [
    ...shown.map(([reason, count]) => [reason.replace(":", ": "), count] as const),
    ...(rest.length === 0
      ? []
      : [[counted(rest.length, "other reason"), sum(rest.map(([, count]) => count))] as const]),
    ...errors,
  ];
}

/** What is told of a run that ended before it was done; empty where nothing was read. */
export function unfinishedRows(name: string, sources: readonly RowAccountSoFar[]): string {
  const read = sources.filter(({ rows_in }) => rows_in > 0);
  if (read.length === 0) return "";
  const notes = read.filter(({ complete }) => !complete).map((source) => `  ${source.name}: ${standing(source)}`);
  const why = reasonsTable(read);
  const parts = [`\n${name}: not done; of the rows that were read:\n`, rowsTable(read)];
  if (why !== "") parts.push("", why);
  if (notes.length > 0) parts.push("", ...notes);
  if (read.some((source) => emptyRows(source) + badRows(source) > 0)) parts.push("", problemsHint(name));
  return `${parts.join("\n")}\n`;
}

/** How far a source is. */
function standing({ spans, spans_read, unjudged, undecided }: RowAccountSoFar): string {
  const of = spans === undefined ? "" : ` of ${counted(spans, "span")}`;
  const parts = [`${formatInteger(spans_read)}${of} read to the end`];
  if (unjudged > 0) parts.push(`${counted(unjudged, "row")} read that no stage has seen`);
  if (undecided.length > 0) parts.push(`what ${undecided.join(" and ")} will drop is still among the kept`);
  return parts.join("; ");
}

/** Where the rows that could not be used are listed. */
export function problemsHint(name: string): string {
  return `  rows that could not be used are listed by: shardmill peek ${name} --errors`;
}

export function hasProblems(sources: readonly RowAccount[]): boolean {
  return sources.some((source) => emptyRows(source) + badRows(source) > 0);
}

function emptyRows({ errors }: RowAccount): number {
  return sum(Object.entries(errors).map(([kind, count]) => (EMPTY_KINDS.has(kind) ? count : 0)));
}

function badRows(source: RowAccount): number {
  return sum(Object.values(source.errors)) - emptyRows(source);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
