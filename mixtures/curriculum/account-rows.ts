/**
 * What training stages of rows come to, before any row is read: rows and tokens of each source that their rules take.
 *
 * Invariant: pure arithmetic on what sources are said, or known, to hold; what is not said is not guessed. Rows are those a run takes; tokens are
 * their share of the source's, where a run counts those of the very rows.
 */
import { ownOf } from "../../batch/entry.ts";
import type { RowRule } from "../../kernels/row-rules.ts";
import { rowsTaken } from "../rows.ts";

export interface CurriculumRowMixture {
  readonly name: string;
  readonly sequence_length: number;
  readonly rule: RowRule;
  readonly fractions: readonly { readonly source: string; readonly fraction: number }[];
}

export interface CountedRows {
  readonly category?: string;
  readonly available_rows?: number;
  readonly available_tokens?: number;
}

export interface RowSourceAccount extends CountedRows {
  readonly name: string;
  readonly fraction: number;
  /** Rows that are taken; absent where it is not known how many there are. */
  readonly rows?: number;
  readonly tokens?: number;
}

export interface RowMixtureAccount {
  readonly name: string;
  readonly rule: RowRule;
  readonly sequence_length: number;
  /** Of all sources; absent where one of them does not say. */
  readonly rows?: number;
  readonly tokens?: number;
  readonly sources: readonly RowSourceAccount[];
}

export function accountRowMixture(
  { name, sequence_length, rule, fractions }: CurriculumRowMixture,
  counted: Readonly<Record<string, CountedRows>>,
): RowMixtureAccount {
  const facts = fractions.map(({ source }): CountedRows => {
    const { category, available_rows, available_tokens } = ownOf(counted, source) ?? {};
    return {
      ...(category === undefined ? {} : { category }),
      ...(available_rows === undefined ? {} : { available_rows }),
      ...(available_tokens === undefined ? {} : { available_tokens }),
    };
  });
  const taken = takenOf(rule, fractions, facts);
  const sources = fractions.map(({ source, fraction }, index): RowSourceAccount => {
    return { name: source, fraction, ...facts[index], ...taken[index] };
  });
  const total = (value: (source: RowSourceAccount) => number | undefined): number | undefined =>
    sources.reduce<number | undefined>((sum, source) => {
      const own = value(source);
      return sum === undefined || own === undefined ? undefined : sum + own;
    }, 0);
  const [rows, tokens] = [total((source) => source.rows), total((source) => source.tokens)];
  return {
    name,
    rule,
    sequence_length,
    ...(rows === undefined ? {} : { rows }),
    ...(tokens === undefined ? {} : { tokens }),
    sources,
  };
}

function takenOf(
  rule: RowRule,
  fractions: CurriculumRowMixture["fractions"],
  facts: readonly CountedRows[],
): readonly Pick<RowSourceAccount, "rows" | "tokens">[] {
  if (rule === "supervised_tokens") return facts.map(() => ({}));
  if (rule === "tokens") {
    const limits = fractions.map(({ fraction }, index) => (facts[index]?.available_tokens ?? Number.NaN) / fraction);
    const limit = Math.min(...limits);
    return fractions.map(({ fraction }) => (Number.isNaN(limit) ? {} : { tokens: Math.round(limit * fraction) }));
  }
  const known = fractions.map(({ source, fraction }, index) => {
    return { name: source, fraction, rows: facts[index]?.available_rows ?? Number.NaN };
  });
  return rowsTaken(rule, known).map((rows, index) => {
    const { available_rows, available_tokens } = facts[index] ?? {};
    if (Number.isNaN(rows) || available_rows === undefined) return {};
    if (available_tokens === undefined) return { rows };
    return { rows, tokens: available_rows === 0 ? 0 : Math.round((available_tokens * rows) / available_rows) };
  });
}
