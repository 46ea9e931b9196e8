/**
 * Is a finished run what it says? Manifests and the files they name, the plan, what tasks left in the store, exports.
 *
 * Invariant: a bad run gives findings, never an exception, and nothing is changed. Price: that of manifests/verify.ts, and one pass over
 * what is still there of intermediate files, at a few GB/s.
 */
import { join } from "node:path";
import { OUTPUT_SUMMARY } from "../manifests/exports/folder.ts";
import { exportFindings } from "../manifests/exports/verify.ts";
import { readManifests } from "../manifests/read.ts";
import { type Finding, verifyRun as verifyManifests } from "../manifests/verify.ts";
import { runFiles } from "../store/layout.ts";
import { trains } from "./run-manifests.ts";
import type { OpenRun } from "./status.ts";
import { accountFindings } from "./verify-accounts.ts";
import { outputFindings } from "./verify-outputs.ts";
import { planFindings } from "./verify-plan.ts";
import { storeFindings } from "./verify-store.ts";

/** Re-reads every file of a run. Findings of severity `error` make it a bad run. Throws RunError `run/not-a-run`. */
export async function verifyRun(run: OpenRun, onFile?: (path: string) => void): Promise<readonly Finding[]> {
  const folder = run.folder ?? run.layout.run(run.plan.name);
  const findings = [
    ...(trains(run.plan.recipe) ? await manifestFindings(run, folder, onFile) : accountFindings(run, [])),
    ...storeFindings(run, onFile),
  ];
  const { fingerprint } = run.plan;
  return [
    ...findings,
    ...(await exportFindings(join(folder, runFiles.exports), fingerprint, onFile)),
    ...(await exportFindings(join(folder, runFiles.outputs), fingerprint, onFile, OUTPUT_SUMMARY)),
    ...outputFindings(run, folder),
  ];
}

/** What only a run with training stages has. */
async function manifestFindings(
  run: OpenRun,
  folder: string,
  onFile: ((path: string) => void) | undefined,
): Promise<readonly Finding[]> {
  const manifests = join(folder, runFiles.manifests);
  const progress = onFile === undefined ? {} : { onFile };
  const findings = await verifyManifests({ manifests, store: run.layout.store, ...progress });
  const read = await readManifests(manifests);
  const all = [...read.manifests, ...read.row_manifests];
  return [...findings, ...planFindings(run.plan, read.manifests, read.row_manifests), ...accountFindings(run, all)];
}
