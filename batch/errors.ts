/**
 * What a user can be told when something goes wrong.
 *
 * Owns the error classes of the project. Invariant: an error that is not one of these is a bug and is reported as one.
 * Errors cross threads as data (`toData`, `fromData`), because a structured clone of an Error loses every field that helps.
 */

/** Where something happened: a recipe position or the address of a row. */
export type Place =
  | { readonly file: string; readonly line: number; readonly column: number }
  | { readonly source: string; readonly shard: string; readonly row?: number; readonly byte?: number };

export type ErrorKind = "recipe" | "data" | "run";

/** What of the store is damaged, and the marker that vouches for it: without the marker it is made again. */
export interface Damage {
  readonly folder: string;
  /** Name of the marker in `folder`. */
  readonly marker: string;
  /** Name of the file in `folder`; absent where the marker itself is damaged. */
  readonly file?: string;
}

/** Rows of one source and what became of them, as far as it went. */
export interface RowsMet {
  readonly source: string;
  /** Those that no stage had seen yet among them. */
  readonly rows_in: number;
  readonly unjudged: number;
  readonly kept: number;
  /** By `stage:reason`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** By kind. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface ErrorDetails {
  /** Stable, kebab-case identifier such as `recipe/unknown-key`. */
  readonly code: string;
  /** What happened, in one sentence without a full stop. */
  readonly what: string;
  /** Why it matters. */
  readonly why?: string;
  /** What the user can do. */
  readonly fix?: string;
  readonly place?: Place;
  /** Indented lines that show the place, such as a code frame; printed instead of `at: PLACE`. */
  readonly frame?: string;
  /** With code `store/damaged`: what the owner of a run can act on. */
  readonly damaged?: Damage;
  /** With code `run/source-exhausted`: the sources of which more is asked for than there is. */
  readonly exhausted?: readonly string[];
  /** What the task that ended here had met: it is not committed, so no marker tells of it. */
  readonly met?: RowsMet;
}

export interface ErrorData extends ErrorDetails {
  readonly kind: ErrorKind | "bug";
  readonly stack?: string;
}

/** What the command line exits with: 1 failed, 2 bad recipe or flag, 3 a gate says no, 75 try again later. */
export type ExitCode = 1 | 2 | 3 | 75;

/** Base of every error meant for a user. `exitCode` is what the command line exits with. */
export abstract class ShardmillError extends Error {
  abstract readonly kind: ErrorKind;
  abstract readonly exitCode: ExitCode;
  readonly details: ErrorDetails;

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(formatError(details), options);
    this.name = new.target.name;
    this.details = details;
  }

  get code(): string {
    return this.details.code;
  }

  toData(): ErrorData {
    return { ...this.details, kind: this.kind };
  }
}

/** The recipe, a flag or a plan is wrong: nothing has been run. Exit code 2. */
export class RecipeError extends ShardmillError {
  readonly kind = "recipe";
  readonly exitCode = 2;
}

/** Input data is wrong: a broken file, a bad row, a missing column. Exit code 1. */
export class DataError extends ShardmillError {
  readonly kind = "data";
  readonly exitCode = 1;
}

/** Codes of what goes away by itself. */
const TRY_AGAIN: ReadonlySet<string> = new Set([
  "run/owned",
  "run/lock-lost",
  "run/not-ready",
  "run/rate-limited",
  "run/hub-conflict",
]);

/** Codes of what the recipe itself forbids. */
const GATES: ReadonlySet<string> = new Set(["run/tokenizer-gate", "run/lint-gate", "run/dedup-gate", "run/gate"]);

/**
 * The run could not go on: disk full, network gone, accounting that does not add up. Exit code 1; 3 where a gate of the recipe says no, 75
 * where it helps to wait.
 */
export class RunError extends ShardmillError {
  readonly kind = "run";

  get exitCode(): 1 | 3 | 75 {
    if (GATES.has(this.code)) return 3;
    return TRY_AGAIN.has(this.code) ? 75 : 1;
  }
}

/** Renders a place the way every message spells it: `file:line:col` or `source/shard#row`. */
export function formatPlace(place: Place): string {
  if ("file" in place) return `${place.file}:${place.line}:${place.column}`;
  const row = place.row === undefined ? "" : `#${place.row}`;
  const byte = place.byte === undefined ? "" : ` (byte ${place.byte})`;
  return `${place.source}/${place.shard}${row}${byte}`;
}

/** One block of plain text: what, where, why, fix. */
export function formatError(details: ErrorDetails): string {
  const lines = [`error[${details.code}]: ${details.what}`];
  if (details.frame !== undefined) lines.push(details.frame);
  else if (details.place) lines.push(`  at: ${formatPlace(details.place)}`);
  if (details.why) lines.push(`  why: ${details.why}`);
  if (details.fix) lines.push(`  fix: ${details.fix}`);
  return lines.join("\n");
}

/** Turns anything thrown into data that survives a structured clone. */
export function errorToData(error: unknown): ErrorData {
  if (error instanceof ShardmillError) return error.toData();
  const known = error instanceof Error ? error : new Error(String(error));
  return { kind: "bug", code: "bug", what: known.message, ...(known.stack ? { stack: known.stack } : {}) };
}

/** The inverse of {@link errorToData}: rebuilds the class, so that `instanceof` works on this side of the thread. */
export function errorFromData(data: ErrorData): Error {
  const { kind, stack, ...details } = data;
  switch (kind) {
    case "recipe":
      return new RecipeError(details);
    case "data":
      return new DataError(details);
    case "run":
      return new RunError(details);
    case "bug": {
      const error = new Error(details.what);
      if (stack) error.stack = stack;
      return error;
    }
  }
}
