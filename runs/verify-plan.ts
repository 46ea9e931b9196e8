/** Do the plan of a run and its manifests speak of the same thing, and is the plan's fingerprint its own? No file is opened. */

import { canonicalJson } from "../kernels/json/canonical.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import type { Finding } from "../manifests/verify.ts";
import { planFingerprint } from "../plan/fingerprint.ts";
import type { Plan, SourcePlan } from "../plan/plan.ts";
import { canonicalRecipe } from "../plan/recipe/canonical.ts";

const FILE = "plan.json";

export function planFindings(plan: Plan, manifests: readonly TrainingStageManifest[]): Finding[] {
  const findings: Finding[] = [];
  const report = (what: string, place: Pick<Finding, "stage" | "source"> = {}): void => {
    findings.push({ severity: "error", code: "verify/plan", file: FILE, ...place, what });
  };
  const own = planFingerprint(plan);
  if (own !== plan.fingerprint) report(`says its fingerprint is ${plan.fingerprint}, and its content comes to ${own}`);
  for (const { name } of plan.recipe.training_stages) {
    if (!manifests.some(({ stage }) => stage.name === name))
      report("has a training stage without a manifest", { stage: name });
  }
  for (const manifest of manifests) {
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
      const planned = plan.sources.find(({ name }) => name === source);
      const what = planned === undefined ? "does not know the source" : sourceProblem(plan, planned, share);
      if (what !== undefined) report(what, { stage, source });
    }
  }
  return findings;
}

function sourceProblem(
  plan: Plan,
  source: SourcePlan,
  share: TrainingStageManifest["sources"][string],
): string | undefined {
  const { ingest, tokens, windows } = share.fingerprints;
  if (ingest !== source.ingest || tokens !== source.tokens) return "names other stores than the manifest";
  const index = plan.sources.indexOf(source);
  if (!plan.windows.some((entry) => entry.source === index && entry.fingerprint === windows)) {
    return `has no windows ${windows} of the source`;
  }
  const files = source.shards.map(({ key, size_bytes, identity }) => ({ key, size_bytes, identity }));
  return canonicalJson(files) === canonicalJson(share.lineage.files)
    ? undefined
    : "lists other input files than the manifest";
}
