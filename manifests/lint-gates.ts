/**
 * The bounds a recipe sets on what `chat/lint` finds: the share of a source's rows with each finding.
 *
 * Invariant: a bound on something that no stage of the source counts is no bound, and sources without such a stage have none.
 */
import { ownOf } from "../batch/entry.ts";
import { RunError } from "../batch/errors.ts";
import type { GateResult, SourceManifest } from "./schema.ts";
import { ratioOf } from "./tokenizer-guard.ts";

/** By finding: the largest share of a source's rows that may have it. */
export type LintGates = Readonly<Record<string, number>>;

/** What the stages of a source found out, as far as it matters here. */
interface StageFacts {
  readonly id: string;
  readonly use: string;
  readonly state?: unknown;
}

/** The share of rows with `finding`; undefined where nobody counted. */
function shareOf(state: unknown, finding: string): number | undefined {
  if (!isRecord(state) || typeof state.rows !== "number") return undefined;
  const count = isRecord(state.findings) ? (ownOf(state.findings, finding) ?? 0) : 0;
  return typeof count === "number" ? ratioOf(count, state.rows) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Throws RunError `run/lint-gate` where the rows of `source` are not what the recipe demands. */
export function requireLintGates(source: string, stages: readonly StageFacts[], gates: LintGates): void {
  for (const [finding, limit] of Object.entries(gates)) {
    for (const { use, state } of stages) {
      const value = use === "chat/lint" ? shareOf(state, finding) : undefined;
      if (value === undefined || value <= limit) continue;
      throw new RunError({
        code: "run/lint-gate",
        what: `${source}: the share of its rows with the finding ${finding} is ${Number(value.toPrecision(4))}, and the gate lint.${finding} is ${limit}`,
        why: "nothing is written or packed of such rows",
        fix: `look at the rows, drop them with the option \`drop: [${finding}]\` of chat/lint, or change the gate: nothing that was read is read again`,
      });
    }
  }
}

/** The gates as manifests have them: of each the value of the worst source. */
export function lintGateResults(gates: LintGates, sources: readonly SourceManifest[]): GateResult[] {
  return Object.entries(gates).flatMap(([finding, limit]): GateResult[] => {
    const values = sources.flatMap(({ counts }) =>
      Object.values(counts.found ?? {}).flatMap((state) =>
        isRecord(state) && "rows_with_findings" in state ? (shareOf(state, finding) ?? []) : [],
      ),
    );
    const value = Math.max(...values);
    return values.length === 0 ? [] : [{ name: `lint.${finding}`, limit, value, passed: value <= limit }];
  });
}
