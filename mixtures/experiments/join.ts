/**
 * Which run says what of which metric, and which metrics count.
 *
 * Invariant: runs keep the order of the ratios; a run that lacks a metric is left out of that metric alone. Price: one look-up a value.
 */
import { entryAt } from "../../batch/entry.ts";
import { DataError, RecipeError } from "../../batch/errors.ts";
import { suggest } from "../../batch/suggest.ts";
import { pickRows, rowsOf } from "../../kernels/fit/rows.ts";
import type { Runs } from "./laws.ts";
import type { ProxyDocuments } from "./log-probs.ts";
import type { AlignedRatios } from "./stores.ts";
import type { MetricTable } from "./tables.ts";

/** Runs of each metric, in the order of the ratios, and those without any. Throws DataError `mix/no-common-run`. */
export function joinMetrics(
  ratios: AlignedRatios,
  tables: readonly MetricTable[],
  seed: number,
  documents?: ProxyDocuments,
) {
  const names = [...new Set(tables.flatMap((table) => table.metrics))];
  const byRun = new Map<string, Map<string, number>>();
  for (const { metrics, rows } of tables) {
    for (const { run, values } of rows) {
      const measured = byRun.get(run) ?? new Map<string, number>();
      byRun.set(run, measured);
      for (const [i, value] of values.entries()) {
        if (!Number.isNaN(value)) measured.set(entryAt(metrics, i, "metric"), value);
      }
    }
  }
  const all = rowsOf(
    ratios.rows.map((row) => row.ratios),
    ratios.columns.length,
  );
  const metrics = new Map<string, Runs>();
  for (const metric of names) {
    const at = ratios.rows.flatMap(({ run }, i) => (byRun.get(run)?.has(metric) ? [i] : []));
    const losses = Float64Array.from(
      at,
      (i) => byRun.get(entryAt(ratios.rows, i, "run").run)?.get(metric) ?? Number.NaN,
    );
    if (at.length > 0)
      metrics.set(metric, {
        metric,
        rows: pickRows(all, at),
        losses,
        columns: ratios.columns,
        at,
        seed,
        ...(documents && { documents }),
      });
  }
  const unmeasured = ratios.rows.filter(({ run }) => (byRun.get(run)?.size ?? 0) === 0).map(({ run }) => run);
  if (metrics.size > 0) return { metrics, unmeasured };
  const some = [...byRun.keys()].slice(0, 3).join(", ");
  throw new DataError({
    code: "mix/no-common-run",
    what: `no run of the ratios (${ratios.rows
      .slice(0, 3)
      .map(({ run }) => run)
      .join(", ")}, …) has a metric (there are ${some}, …)`,
    fix: "both tables name runs alike, in a column `run_id`, `run` or `index`",
  });
}

/** Part of the target loss by metric, adding up to 1; all alike where none is given. Throws RecipeError `flag/bad-target`. */
export function targetWeights(
  given: Readonly<Record<string, number>> | undefined,
  metrics: readonly string[],
): Readonly<Record<string, number>> {
  const entries = Object.entries(given ?? {});
  if (entries.length === 0) return Object.fromEntries(metrics.map((metric) => [metric, 1 / metrics.length]));
  const sum = entries.reduce((all, [, weight]) => all + weight, 0);
  return Object.fromEntries(
    entries.map(([name, weight]) => {
      // A part of a name will do where it means but one metric.
      const within = metrics.filter((metric) => metric.includes(name));
      const metric = metrics.includes(name) ? name : within.length === 1 ? within[0] : undefined;
      if (metric === undefined || !(weight > 0)) {
        const near = suggest(name, metrics);
        throw new RecipeError({
          code: "flag/bad-target",
          what: `--target ${name}=${weight}: ${metric === undefined ? "there is no such metric" : "a weight is above 0"}`,
          fix: near === undefined ? `there are: ${metrics.join(", ")}` : `did you mean ${near}?`,
        });
      }
      return [metric, weight / sum];
    }),
  );
}
