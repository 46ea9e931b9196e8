/** Flags that several verbs share, each written once. */
import os from "node:os";
import type { Api } from "./context.ts";

/** A parser of whole numbers from `least`, for the flag `name`. */
export const parseCount =
  (name: string, least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new SyntaxError(`--${name} must be a whole number from ${least}, not ${text}`);
    }
    return value;
  };

/** A parser of `name=value`; `rule` says what it must be. The name may hold `=` itself. */
export const parsePair =
  (rule: string) =>
  (text: string): readonly [string, string] => {
    const equals = text.lastIndexOf("=");
    if (equals < 1 || equals === text.length - 1) throw new SyntaxError(`${rule}, not ${text}`);
    return [text.slice(0, equals), text.slice(equals + 1)];
  };

/** `amount` tokens, for a flag that `what` names in the error. Throws RecipeError `flag/bad-size`. */
export function tokensOf(
  { parseSize, RecipeError }: Pick<Api, "parseSize" | "RecipeError">,
  what: string,
  amount: string,
): number {
  const tokens = parseSize(amount);
  if (tokens !== undefined) return tokens;
  throw new RecipeError({
    code: "flag/bad-size",
    what: `${what}: ${amount} is not a number of tokens`,
    fix: "a whole number of tokens, or a figure with K, M, B or T: `250K`, `1.5M`, `8B`",
  });
}

const BYTES = /^(\d+(?:\.\d+)?)\s*(|B|K|KB|KiB|M|MB|MiB|G|GB|GiB)$/i;
const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  kib: 1024,
  m: 1e6,
  mb: 1e6,
  mib: 1024 ** 2,
  g: 1e9,
  gb: 1e9,
  gib: 1024 ** 3,
};

/** `512MiB`, `2GB` or a plain number of bytes. */
export function parseBytes(text: string): number {
  const [, amount, unit = ""] = BYTES.exec(text.trim()) ?? [];
  const factor = FACTORS[unit.toLowerCase()];
  if (amount === undefined || factor === undefined) {
    throw new SyntaxError(`${text} is not a size: write it as 512MiB or 2GB`);
  }
  return Math.round(Number(amount) * factor);
}

const text = (value: string): string => value;

export const recipeArgument = { brief: "path of a recipe", parse: text, placeholder: "recipe" } as const;

export const setFlag = {
  kind: "parsed",
  parse: text,
  variadic: true,
  optional: true,
  placeholder: "path=value",
  brief: "override a recipe value: pipelines.web.gopher-quality.min_words=60",
} as const;

export const outFlag = {
  kind: "parsed",
  parse: text,
  default: ".",
  placeholder: "dir",
  brief: "folder that holds store/ and runs/",
} as const;

export const dataRootFlag = {
  kind: "parsed",
  parse: text,
  default: ".",
  placeholder: "dir",
  brief: "folder that relative `from:` patterns start at",
} as const;

export const recipeRootFlag = {
  kind: "parsed",
  parse: text,
  optional: true,
  placeholder: "dir",
  brief: "the recipe's folder on this host, where its plugins start; as it lay to --out when planned (default)",
} as const;

export const jsonFlag = { kind: "boolean", default: false, brief: "write JSON to stdout", withNegated: false } as const;

export const workersFlag = {
  kind: "parsed",
  parse: parseCount("workers", 0),
  default: String(os.availableParallelism()),
  placeholder: "n",
  brief: "worker threads, 0 for none besides the program's own; never changes output bytes",
} as const;

export const maxErrorsFlag = {
  kind: "parsed",
  parse: parseCount("max-errors", 0),
  default: "0",
  placeholder: "n",
  brief: "bad rows the run may survive; each is counted in the manifest",
} as const;

export const maxRequestsFlag = {
  kind: "parsed",
  parse: parseCount("max-requests", 0),
  optional: true,
  placeholder: "n",
  brief: "questions that stages may ask outside in this process; run again to go on (no bound by default)",
} as const;

export const maxTokensFlag = {
  kind: "parsed",
  parse: parseCount("max-tokens", 0),
  optional: true,
  placeholder: "n",
  brief:
    "tokens, as endpoints count them, that answers may cost in this process; run again to go on (no bound by default)",
} as const;

export const endpointFlag = {
  kind: "parsed",
  parse: text,
  variadic: true,
  optional: true,
  placeholder: "name=url",
  brief:
    "where the models of a recipe answer: qwen=http://localhost:8000/v1; one name with several addresses uses them in turns",
} as const;

export const countFlag = (name: string, fallback: string, brief: string) =>
  ({ kind: "parsed", parse: parseCount(name, 1), default: fallback, placeholder: "n", brief }) as const;

/** An optional flag that takes a text. */
export const textFlag = (placeholder: string, brief: string) =>
  ({ kind: "parsed", parse: text, optional: true, placeholder, brief }) as const;

/** An optional flag that takes a whole number from `least`. */
export const numberFlag = (name: string, least: number, brief: string) =>
  ({ kind: "parsed", parse: parseCount(name, least), optional: true, placeholder: "n", brief }) as const;

export const matchMemoryFlag = {
  kind: "parsed",
  parse: parseBytes,
  default: "64MiB",
  placeholder: "size",
  brief: "keys a dedup task may hold in memory; more passes beyond it, the same result",
} as const;

export const cacheDownloadsFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "keep files streamed from the Hub in its cache (HF_HUB_CACHE)",
} as const;

export const keepDroppedFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "have every output also write the rows that stages dropped, with their verdicts",
} as const;

export const keepIntermediatesFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "keep span tokens, spools and scattered parts once they have served",
} as const;

export const serveFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "show the report's page live, on this machine alone; its address holds a token",
} as const;

export const showTextFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "let the live page show beginnings of documents",
} as const;

/** What the flags of a table are where nobody says otherwise; those without a default are left out. */
export type FlagDefaults<Table> = {
  readonly [Name in keyof Table as Table[Name] extends { readonly default: unknown }
    ? Name
    : never]: Table[Name] extends {
    readonly parse: (text: string) => infer Value;
  }
    ? Value
    : boolean;
};

interface AnyFlag {
  readonly default?: string | boolean;
  readonly parse?: (text: string) => unknown;
}

export function flagDefaults<Table extends Readonly<Record<string, AnyFlag>>>(table: Table): FlagDefaults<Table> {
  const defaults = Object.entries(table).flatMap(([name, flag]): [string, unknown][] => {
    if (flag.default === undefined) return [];
    return [[name, typeof flag.default === "string" ? flag.parse?.(flag.default) : flag.default]];
  });
  return Object.fromEntries(defaults) as FlagDefaults<Table>;
}
