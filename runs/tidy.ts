/**
 * Removes what only existed to build something that is built: span tokens, spools, scattered parts, fragments that were compared.
 *
 * Invariant: only the owner of a run calls this, and nothing goes that this run or another living one can still ask for. Keys, tables and
 * ledgers stay: a changed source of the same group needs the keys of the others, and people look into ledgers. The last of several runs removes.
 */
import fs from "node:fs";
import { join } from "node:path";
import type { Plan } from "../plan/plan.ts";
import { intermediates, type Layout } from "../store/layout.ts";
import { livingRuns } from "../store/lock.ts";
import { readPlan } from "./plan-file.ts";

export interface TidyInput {
  readonly plan: Plan;
  readonly layout: Layout;
  /** Whether the store of a source is whole, and every output that takes it is written. */
  readonly isBuilt: (source: number) => boolean;
}

/** Returns what was removed. */
export function tidy({ plan, layout, isBuilt }: TidyInput): readonly RemovedFile[] {
  const { sources, groups } = plan;
  const asked = askedByOthers(layout, plan.name);
  if (asked === undefined) return [];
  sources.forEach((source, index) => {
    if (!isBuilt(index)) for (const folder of foldersOf(source)) asked.add(folder);
  });
  const removed: RemovedFile[] = [];
  for (const source of sources) {
    for (const { fingerprint } of source.passes) {
      if (asked.has(fingerprint)) continue;
      const folder = layout.ingest(fingerprint);
      // Tokens go before their loss lane: without one it would be taken for a lane of ones.
      for (const kind of ["tokens", "loss", "texts", "spool"] as const) remove(folder, intermediates[kind], removed);
    }
    if (!asked.has(source.tokens)) remove(layout.tokens(source.tokens), intermediates.scattered, removed);
  }
  for (const { fingerprint, members } of groups) {
    if (asked.has(fingerprint) || !members.every(({ source }) => isBuilt(source))) continue;
    remove(layout.match(fingerprint), intermediates.contexts, removed);
  }
  return removed;
}

export interface RemovedFile {
  readonly folder: string;
  readonly name: string;
}

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
    ...(plan.quantiles ?? []).map(({ fingerprint }) => layout.quantiles(fingerprint)),
    ...(plan.rows ?? []).map(({ fingerprint }) => layout.rows(fingerprint)),
    ...plan.outputs.map(({ fingerprint }) => layout.output(fingerprint)),
  ];
  return [...new Set(folders)];
}

/** Fingerprints that other living runs may ask for; undefined where one has not written its plan yet, and may ask for anything. */
function askedByOthers(layout: Layout, name: string): Set<string> | undefined {
  const asked = new Set<string>();
  for (const run of livingRuns(layout)) {
    if (run.name === name) continue;
    const plans = [layout.run(run.name), layout.next(run.name)].map((folder) => readPlan(folder, layout.root));
    const plan = plans.find((candidate) => candidate?.fingerprint === run.owner.plan);
    if (plan === undefined) return undefined;
    for (const source of plan.sources) for (const folder of foldersOf(source)) asked.add(folder);
    for (const { fingerprint } of plan.groups) asked.add(fingerprint);
  }
  return asked;
}

/** Fingerprints of what a source is built from. */
function foldersOf({ passes, tokens }: Plan["sources"][number]): readonly string[] {
  return [...passes.map(({ fingerprint }) => fingerprint), tokens];
}

function remove(folder: string, names: RegExp, removed: RemovedFile[]): void {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    if (!names.test(name)) continue;
    fs.rmSync(join(folder, name), { force: true });
    removed.push({ folder, name });
  }
}
