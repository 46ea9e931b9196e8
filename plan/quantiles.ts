/**
 * Which quantiles of which columns the windows of a plan need, found once for each store and column.
 *
 * Invariant: a column that documents are chosen by is one that they carry and that can hold numbers, or there is no plan. The quantiles of a
 * store's column are named by the store, the column and all quantiles that are asked of it.
 */
import { entryAt } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import { hasQuantiles, type ScoreRange } from "../kernels/pack/select.ts";
import type { DeclaredKind } from "../stages/define.ts";
import { fingerprint, STORE_VERSION } from "./fingerprint.ts";
import { barrierColumns, type Plan, type QuantilesPlan, type SourcePlan, type WindowsPlan } from "./plan.ts";

/** Kinds that may hold numbers; of the last two it is seen when the store is read. */
const NUMERIC: ReadonlySet<DeclaredKind> = new Set(["int32", "int64", "float32", "float64", "json", "any"]);

/** `windows` with the quantiles that they need. Throws RecipeError `recipe/missing-column`, `recipe/column-kind`. */
export function planQuantiles(
  windows: readonly WindowsPlan[],
  sources: readonly SourcePlan[],
): Pick<Plan, "windows" | "quantiles"> {
  const wanted = new Map<string, { readonly source: number; readonly score: ScoreRange; readonly at: Set<number> }>();
  const keyOf = ({ source }: WindowsPlan, { column, unscored }: ScoreRange): string =>
    JSON.stringify([source, column, unscored ?? null]);
  for (const entry of windows) {
    const score = entry.selection?.score;
    if (score === undefined) continue;
    checkColumn(entryAt(sources, entry.source, "source"), score.column);
    if (!hasQuantiles(score)) continue;
    const key = keyOf(entry, score);
    const known = wanted.get(key) ?? { source: entry.source, score, at: new Set() };
    for (const quantile of [score.min_quantile, score.max_quantile]) if (quantile !== undefined) known.at.add(quantile);
    wanted.set(key, known);
  }
  if (wanted.size === 0) return { windows };
  const keys = [...wanted.keys()];
  const quantiles = [...wanted.values()].map(({ source, score: { column, unscored }, at }): QuantilesPlan => {
    const asked = {
      column,
      ...(unscored === undefined ? {} : { unscored }),
      quantiles: [...at].sort((a, b) => a - b),
    };
    const { tokens } = entryAt(sources, source, "source");
    return { source, ...asked, fingerprint: fingerprint({ store_version: STORE_VERSION, tokens, ...asked }) };
  });
  return {
    windows: windows.map((entry): WindowsPlan => {
      const score = entry.selection?.score;
      if (score === undefined || !hasQuantiles(score)) return entry;
      return { ...entry, quantiles: keys.indexOf(keyOf(entry, score)) };
    }),
    quantiles,
  };
}

function checkColumn(source: SourcePlan, column: string): void {
  const { name } = source;
  const columns = [
    ...source.columns,
    ...barrierColumns(source).map((made) => ({ name: made.name, kind: "int32" as const })),
  ];
  const found = columns.find((candidate) => candidate.name === column);
  if (found === undefined) {
    const there = columns.map((candidate) => candidate.name);
    throw new RecipeError({
      code: "recipe/missing-column",
      what: `documents of ${name} are chosen by the column ${column}, which its documents do not carry`,
      why: `they are chosen by what their store has of them: ${there.length === 0 ? "no column" : there.join(", ")}`,
      fix: `add it to the source: metadata: [{ name: ${column}, kind: float64 }]; or ${didYouMean(column, there)}`,
    });
  }
  if (NUMERIC.has(found.kind)) return;
  throw new RecipeError({
    code: "recipe/column-kind",
    what: `documents of ${name} are chosen by the column ${column}, which holds ${found.kind}`,
    why: "quantiles and bounds are of numbers",
    fix: `name a numeric column, or carry it as one: metadata: [{ name: ${column}, kind: float64 }]`,
  });
}
