/** Do the plan of a run and its manifests speak of the same thing, and is the plan's fingerprint its own? No file is opened. */

import { canonicalJson } from "../kernels/json/canonical.ts";
import type { RowManifest } from "../manifests/row-schema.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import type { Finding } from "../manifests/verify.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import { planFingerprint } from "../plan/fingerprint.ts";
import type { Plan, SourcePlan } from "../plan/plan.ts";
import { canonicalRecipe } from "../plan/recipe/canonical.ts";

const FILE = "plan.json";

export function planFindings(
  plan: Plan,
  manifests: readonly TrainingStageManifest[],
  rowManifests: readonly RowManifest[],
): Finding[] {
  const findings: Finding[] = [];
  const report = (what: string, place: Pick<Finding, "stage" | "source"> = {}): void => {
    findings.push({ severity: "error", code: "verify/plan", file: FILE, ...place, what });
  };
  const own = planFingerprint(plan);
  if (own !== plan.fingerprint) report(`says its fingerprint is ${plan.fingerprint}, and its content comes to ${own}`);
  const all = [...manifests, ...rowManifests];
  for (const { name } of [...plan.recipe.training_stages, ...(plan.recipe.row_stages ?? [])]) {
    if (!all.some(({ stage }) => stage.name === name))
      report("has a training stage without a manifest", { stage: name });
  }
  for (const manifest of all) {
    const stage = manifest.stage.name;
    if (manifest.plan_fingerprint !== plan.fingerprint) {
      report(`is the plan ${plan.fingerprint}, and the manifest is of ${manifest.plan_fingerprint}`, { stage });
      continue;
    }
    const differs = (a: unknown, b: unknown): boolean => canonicalJson(a) !== canonicalJson(b);
    if (differs(manifest.recipe, canonicalRecipe(plan.recipe)))
      report("has another recipe than the manifest", { stage });
    if (differs(manifest.tokenizer, plan.tokenizer)) report("has another tokenizer than the manifest", { stage });
    for (const [source, share] of Object.entries(manifest.sources)) {
      const planned = plan.sources.find(({ name }) => name === sourceOfShare(source));
      const what = planned === undefined ? "does not know the source" : sourceProblem(planned, share);
      if (what !== undefined) report(what, { stage, source });
    }
  }
  for (const { stage, sources } of manifests) {
    for (const [source, { fingerprints }] of Object.entries(sources)) {
      const index = plan.sources.findIndex(({ name }) => name === sourceOfShare(source));
      if (plan.windows.some((entry) => entry.source === index && entry.fingerprint === fingerprints.windows)) continue;
      report(`has no windows ${fingerprints.windows} of the source`, { stage: stage.name, source });
    }
  }
  for (const { stage } of rowManifests) {
    if (plan.rows?.some((entry) => entry.stage === stage.name && entry.fingerprint === stage.fingerprint)) continue;
    report(`has no rows ${stage.fingerprint} of the stage`, { stage: stage.name });
  }
  return findings;
}

function sourceProblem(
  source: SourcePlan,
  share: Pick<RowManifest["sources"][string], "fingerprints" | "lineage">,
): string | undefined {
  const { ingest, tokens } = share.fingerprints;
  if (ingest !== source.ingest || tokens !== source.tokens) return "names other stores than the manifest";
  const files = source.shards.map(({ key, size_bytes, identity }) => ({ key, size_bytes, identity }));
  return canonicalJson(files) === canonicalJson(share.lineage.files)
    ? undefined
    : "lists other input files than the manifest";
}
