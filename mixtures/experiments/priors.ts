/**
 * Priors as olmix keeps them: how many tokens each source has, and what share of all tokens that is.
 *
 * Read from a file of their own, from the `priors` of a launch's metadata, or from any mixture file: RegMix's, DoReMi's, Megatron's.
 * Invariant: `relative_sizes` add up to 1 and are those of the token counts, unless the file gives no counts. Price: microseconds.
 */
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { DataError } from "../../batch/errors.ts";
import { parseMixture } from "./mixture-files.ts";

export interface Priors {
  /** Share of all tokens by source. */
  readonly relative_sizes: Readonly<Record<string, number>>;
  readonly total_tokens: number;
  /** Tokens by source; empty where the file gives shares alone. */
  readonly token_counts: Readonly<Record<string, number>>;
}

const bySource = z.record(z.string(), z.number().nonnegative());
const priorsShape = z.looseObject({ relative_sizes: bySource.optional(), token_counts: bySource.optional() });
const fileShape = z.union([z.looseObject({ priors: priorsShape }), priorsShape, bySource]);

/** Priors of token counts. */
export function priorsOf(token_counts: Readonly<Record<string, number>>): Priors {
  const total_tokens = Object.values(token_counts).reduce((sum, tokens) => sum + tokens, 0);
  return { relative_sizes: normalised(token_counts, total_tokens), total_tokens, token_counts };
}

/** Reads priors: olmix's JSON or YAML, a plain map of shares by source, or a mixture file. Throws DataError `priors/bad`. */
export function parsePriors(text: string, file: string): Priors {
  const refuse = (what: string): DataError =>
    new DataError({
      code: "priors/bad",
      what: `${file} ${what}`,
      fix: 'write `{"token_counts": {"web": 1000000, "code": 200000}}`, or shares by source',
    });
  const mixture = parseMixture(text);
  if (mixture !== undefined) return sharesOnly(mixture.weights, refuse);
  let value: unknown;
  try {
    // JSON is YAML too.
    value = parseYaml(text);
  } catch {
    throw refuse("is neither JSON nor YAML");
  }
  const { success, data } = fileShape.safeParse(value);
  if (!success) throw refuse("is no file of priors");
  const { token_counts, relative_sizes } = found(data);
  if (token_counts !== undefined && Object.keys(token_counts).length > 0) return priorsOf(token_counts);
  return sharesOnly(relative_sizes ?? {}, refuse);
}

function sharesOnly(shares: Readonly<Record<string, number>>, refuse: (what: string) => DataError): Priors {
  const sum = Object.values(shares).reduce((all, share) => all + share, 0);
  if (!(sum > 0)) throw refuse("gives no source a share");
  return { relative_sizes: normalised(shares, sum), total_tokens: 0, token_counts: {} };
}

function found(
  data: z.output<typeof fileShape>,
): Pick<z.output<typeof priorsShape>, "token_counts" | "relative_sizes"> {
  const inner = priorsShape.safeParse("priors" in data ? data.priors : data);
  if (inner.success && (inner.data.token_counts ?? inner.data.relative_sizes) !== undefined) return inner.data;
  return { relative_sizes: bySource.parse(data) };
}

/** Priors as olmix reads them. */
export function priorsJson({ relative_sizes, total_tokens, token_counts }: Priors): string {
  return `${JSON.stringify({ relative_sizes, total_tokens, token_counts }, null, 2)}\n`;
}

function normalised(sizes: Readonly<Record<string, number>>, sum: number): Record<string, number> {
  return Object.fromEntries(Object.entries(sizes).map(([source, size]) => [source, sum > 0 ? size / sum : 0]));
}
