/**
 * What only existed to build a store goes when nobody can ask for it again: span tokens and scattered parts.
 *
 * Invariant: what the plan of another living run names stays; the last of them removes it. A run whose plan is not known yet may ask for
 * anything.
 */
import fs from "node:fs";
import { join } from "node:path";
import type { Plan, SourcePlan } from "../plan/plan.ts";
import type { Layout } from "../store/layout.ts";
import { livingRuns } from "../store/lock.ts";

/** Folders of the store that a plan reads and writes. */
export function planFolders(plan: Plan, layout: Layout): readonly string[] {
  const folders = [
    ...plan.sources.flatMap(({ passes, tokens, verdicts }) => [
      ...passes.map(({ fingerprint }) => layout.ingest(fingerprint)),
      layout.tokens(tokens),
      layout.validation(tokens),
      layout.verdicts(verdicts),
    ]),
    ...plan.groups.map(({ fingerprint }) => layout.match(fingerprint)),
    ...plan.windows.map(({ fingerprint }) => layout.windows(fingerprint)),
    ...plan.outputs.map(({ fingerprint }) => layout.output(fingerprint)),
  ];
  return [...new Set(folders)];
}

/** Removes what only existed to build the store of `source`, for the run `name`. */
export function removeIntermediates(layout: Layout, name: string, { ingest, tokens }: SourcePlan): void {
  const others = livingRuns(layout).filter((run) => run.name !== name);
  const needed = others.map((run) => neededBy(layout, run.name, run.owner.plan));
  const isNeeded = (fingerprint: string): boolean => needed.some((names) => names?.has(fingerprint) !== false);
  if (!isNeeded(ingest)) remove(layout.ingest(ingest), /^\d+\.(tokens|loss)$/);
  if (!isNeeded(tokens)) remove(layout.tokens(tokens), /^\d+\.scattered(\.done\.json)?$/);
}

/** Fingerprints of the folders a run may read; undefined where its plan is not written yet. */
function neededBy(layout: Layout, name: string, fingerprint: string): ReadonlySet<string> | undefined {
  try {
    const plan = JSON.parse(fs.readFileSync(layout.planFile(name), "utf8")) as Plan;
    if (plan.fingerprint !== fingerprint) return undefined;
    return new Set(plan.sources.flatMap(({ passes, tokens }) => [...passes.map((pass) => pass.fingerprint), tokens]));
  } catch {
    return undefined;
  }
}

function remove(folder: string, pattern: RegExp): void {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) if (pattern.test(name)) fs.rmSync(join(folder, name), { force: true });
}
