/**
 * What names work, so that equal work is found whoever did it.
 *
 * Invariant: a name depends on meaning alone: options that only say where an asset lies are replaced by the asset's content.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../kernels/json/canonical.ts";
import type { Plan, PlannedStage } from "./plan.ts";
import { canonicalRecipe } from "./recipe/canonical.ts";

/** Part of every fingerprint: bump when the layout of the store changes. */
export const STORE_VERSION = 2;

/** Names a plan: what it is asked for, and the windows it comes to. */
export function planFingerprint({ recipe, missing, windows }: Pick<Plan, "recipe" | "missing" | "windows">): string {
  return fingerprint({
    store_version: STORE_VERSION,
    recipe: canonicalRecipe(recipe),
    missing,
    windows: windows.map((entry) => entry.fingerprint),
  });
}

/** Sixteen hex digits name a folder; the chance of a clash among a million folders is below 1e-7. */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 16);
}

/** What of a stage goes into a fingerprint: options that only say where an asset lies are replaced by its content. */
export function stageIdentity(stage: PlannedStage): unknown {
  // An asset's location is the option's path, or lies in the folder the option names.
  const isPath = (value: unknown): boolean =>
    typeof value === "string" &&
    stage.assets.some(({ location }) => location === value || location.startsWith(`${value}/`));
  const options = Object.entries(stage.options).filter(([, value]) => !isPath(value));
  return {
    use: stage.use,
    version: stage.version,
    options: Object.fromEntries(options),
    assets: stage.assets.map(({ name, sha256 }) => ({ name, sha256 })),
  };
}

/** Names a packing in mixtures: two training stages share windows when this and the sequence length are equal. */
export function packId(pack: Pick<PlannedStage, "use" | "version" | "options">): string {
  return `${pack.use}@${fingerprint({ version: pack.version, options: pack.options })}`;
}
