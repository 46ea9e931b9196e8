/**
 * What a stage is: a declaration, from which a run is planned, fingerprinted, explained and resumed, and a function that makes its operator.
 *
 * Everything a plan needs is declared: nothing is created to learn it. Columns and reasons may depend on the options; then they are functions
 * of them. A reason's position and an option's name never carry meaning: verdicts store reasons by the order of the declaration that the plan
 * resolved, and the plan keeps that order.
 */
import type { z } from "zod";
import type { ColumnKind } from "../batch/column.ts";
import type { ChatClient } from "../io/chat-completions.ts";
import type { ObjectStore } from "../io/object-store.ts";
import type { Seed } from "../kernels/random/shuffle.ts";
import type { AssetFiles, Assets } from "./assets.ts";
import type { Exchange, OperatorKind, OperatorOf, StageState } from "./operators.ts";

export * from "./assets.ts";
export * from "./operators.ts";

/** A value, or a function of the stage's options. */
export type Declared<Options, Value> = Value | ((options: Options) => Value);

/**
 * Kind of a declared column. `json` is UTF-8 text that holds one JSON value a row: what a reader makes of a nested value, with every digit.
 * `any` is what the file has, which a plan does not look into.
 */
export type DeclaredKind = ColumnKind | "json" | "any";

export interface ColumnDeclaration {
  readonly name: string;
  readonly kind: DeclaredKind;
}

/** What `create` is given besides the options. */
export interface StageResources {
  readonly assets: Assets;
  /** Asks models at the endpoints that `endpoints` declares. */
  readonly chat: Pick<ChatClient, "complete">;
  /** Gets objects of stores by their keys. */
  readonly objects: Pick<ObjectStore, "get">;
  /** Key of the stage's randomness: of recipe seed and stage. Rows add their shard's key and their position. */
  readonly seed: Seed;
}

/** For stages that name no files, ask no models and draw no chances, such as readers and packers. */
export const NO_RESOURCES: StageResources = {
  assets: {
    bytes: ({ asset }) => {
      throw new Error(`the stage was created without its file ${asset}`);
    },
    name: ({ asset }) => asset,
    tables: () => {
      throw new Error("the stage was created without its files");
    },
  },
  chat: {
    complete: (_call, _signal) => Promise.reject(new Error("the stage was created without endpoints")),
  },
  objects: {
    get: () => Promise.reject(new Error("the stage was created without object stores")),
  },
  seed: [0, 0],
};

/** Values of one row by column, as an example gives and expects them. */
export type ExampleRow = Readonly<Record<string, string | number | bigint | boolean | null | readonly number[]>>;

/** Documentation that is run: a row, and what the stage must do with it under default (or given) options. */
export type Example = {
  readonly options?: Readonly<Record<string, unknown>>;
} & ({ readonly text: string } | { readonly columns: ExampleRow }) &
  (
    | { readonly drops: string }
    | { readonly keeps: true }
    | { readonly becomes: string }
    | { readonly writes: ExampleRow }
  );

export interface StageDefinition<Options extends z.ZodType = z.ZodType, Kind extends OperatorKind = OperatorKind> {
  /** `FOLDER/NAME`, equal to the path under `stages/`; third-party stages use a first part of their own. */
  readonly name: string;
  /** Bump when output bytes change: it is part of the fingerprint. */
  readonly version: number;
  /** A list where options decide: `["filter", "barrier"]` is a barrier under options with an `exchange`, a filter under others. */
  readonly kind: Kind | readonly Kind[];
  readonly summary: string;
  /** Paper, peer or specification the rule is exact to. */
  readonly reference?: string;
  /** A `z.strictObject` in which every option is described and defaulted. */
  readonly options: Options;
  /** Columns that must be there. A name with dots may also be a path into a `json` column: `metadata.score`. */
  readonly reads: Declared<z.output<Options>, readonly string[]>;
  /** Columns that come back; `text` is meant, not written here, for a rewrite. */
  readonly writes: Declared<z.output<Options>, readonly ColumnDeclaration[]>;
  /** Drop reasons: the key states the failure, the value explains it. */
  readonly reasons: Declared<z.output<Options>, Readonly<Record<string, string>>>;
  /**
   * What it counts of single rows, each with {@link Figure}. Sums over the rows that survive the whole pipeline and every verdict stand in the counts of the source,
   * where a state has those that the stage met.
   */
  readonly figures?: Declared<z.output<Options>, readonly string[]>;
  /** Of a barrier: whom it compares, and what it does about it. */
  readonly exchange?: Declared<z.output<Options>, Exchange | undefined>;
  /** Of a packer: what it makes, windows of a store shard where not said. Its operator has a function for each. */
  readonly packs?: readonly PackProduct[];
  /** Of a source: whether its rows are counted over all shards in order, so that one task reads them all. */
  readonly sequential?: Declared<z.output<Options>, boolean>;
  /** Special tokens that it writes into texts: the recipe's tokenizer must have them, and parse them. */
  readonly special_tokens?: Declared<z.output<Options>, readonly string[]>;
  /** Names of the endpoints whose models it asks: a source whose pipeline has one that nobody gave is missing. */
  readonly endpoints?: Declared<z.output<Options>, readonly string[]>;
  /**
   * Where it makes tables of its files, see {@link Assets.tables}: what of the options they depend on, as plain data that says whose tables they are. Stages for
   * which it is equal share them.
   */
  readonly tables?: (options: z.output<Options>) => unknown;
  /**
   * Where options speak of what a file holds: looks whether it does, when the recipe is checked (files on this machine) and when it is planned. Reads no more than it must.
   * Throws RecipeError.
   */
  readonly checkAssets?: (options: z.output<Options>, files: AssetFiles) => Promise<void>;
  readonly create: (options: z.output<Options>, resources: StageResources) => OperatorOf[Kind];
  /** Adds states of `finish` up, in order of address. Needed where the operator has a `finish`. */
  readonly merge?: (states: readonly StageState[]) => StageState;
  readonly examples: readonly Example[];
}

/** Windows of one store shard, for shares of tokens; or packed rows of a whole training stage, for shares of rows. */
export type PackProduct = "windows" | "rows";

/** What a packer makes. */
export function packsOf({ packs }: Pick<StageDefinition, "packs">): readonly PackProduct[] {
  return packs ?? ["windows"];
}

/** What a definition declares under given options. */
export interface StageDeclaration {
  readonly kind: OperatorKind;
  readonly reads: readonly string[];
  readonly writes: readonly ColumnDeclaration[];
  readonly reasons: Readonly<Record<string, string>>;
  readonly figures: readonly string[];
  readonly exchange?: Exchange;
  readonly sequential: boolean;
  readonly special_tokens: readonly string[];
  readonly endpoints: readonly string[];
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/;
const REASON = /^[a-z0-9]+(_[a-z0-9]+)*$/;

/** Checks a declaration and returns it with its types. Throws on what no run could survive: a bad name, reason or version. */
export function defineStage<Options extends z.ZodType, Kind extends OperatorKind>(
  definition: StageDefinition<Options, Kind>,
): StageDefinition<Options, Kind> {
  const { name, version, reasons, exchange } = definition;
  const kinds = kindsOf(definition);
  if (!NAME.test(name)) throw new Error(`stage name must be folder/name in kebab-case: ${name}`);
  if (!Number.isInteger(version) || version < 1) throw new Error(`${name}: version must be a positive integer`);
  if (kinds.includes("barrier") !== (exchange !== undefined))
    throw new Error(`${name}: a barrier declares its exchange`);
  if (kinds.length > 1 && (kinds.length !== 2 || kinds[0] === "barrier" || kinds[1] !== "barrier"))
    throw new Error(`${name}: only whether it is a barrier may depend on options`);
  if (typeof reasons !== "function") checkReasons(name, reasons);
  return definition;
}

/** What a stage may be: of one kind, or a barrier under some options. */
export function kindsOf({ kind }: { readonly kind: OperatorKind | readonly OperatorKind[] }): readonly OperatorKind[] {
  return typeof kind === "string" ? [kind] : kind;
}

/** What `definition` declares under `options`, which its own schema has parsed. */
export function declarationOf<Options extends z.ZodType>(
  definition: StageDefinition<Options>,
  options: z.output<Options>,
): StageDeclaration {
  const { name, reads, writes, reasons, figures = [], exchange, sequential } = definition;
  const { special_tokens = [], endpoints = [] } = definition;
  const resolved = declared(reasons, options);
  checkReasons(name, resolved);
  const [kind = "barrier", other] = kindsOf(definition);
  const exchanged = exchange === undefined ? undefined : declared(exchange, options);
  if (kind === "barrier" && exchanged === undefined) throw new Error(`${name}: a barrier declares its exchange`);
  return {
    kind: other !== undefined && exchanged !== undefined ? other : kind,
    reads: declared(reads, options),
    writes: declared(writes, options),
    reasons: resolved,
    figures: declared(figures, options),
    ...(exchanged !== undefined && { exchange: exchanged }),
    sequential: sequential !== undefined && declared(sequential, options),
    special_tokens: declared(special_tokens, options),
    endpoints: declared(endpoints, options),
  };
}

function declared<Options, Value>(value: Declared<Options, Value>, options: Options): Value {
  return typeof value === "function" ? (value as (options: Options) => Value)(options) : value;
}

function checkReasons(name: string, reasons: Readonly<Record<string, string>>): void {
  const bad = Object.keys(reasons).find((reason) => !REASON.test(reason));
  if (bad !== undefined) throw new Error(`${name}: reason must be snake_case: ${bad}`);
}
