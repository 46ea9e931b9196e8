/**
 * What names work, so that equal work is found whoever did it.
 *
 * Invariant: a name depends on meaning alone: the options of a planned stage say what an asset holds, never where it lies.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../kernels/json/canonical.ts";
import type { Plan, PlannedStage } from "./plan.ts";
import { canonicalRecipe } from "./recipe/canonical.ts";

/**
 * Part of every fingerprint: bump when the layout of the store changes. 3: passes with spools, columns in documents tables, checked files. 4: counts
 * of tokens beside the shards of token stores, and what tokens are like in the markers of stores.
 */
export const STORE_VERSION = 4;

/** Names a plan: what it is asked for, and the windows and outputs it comes to. */
export function planFingerprint(plan: Pick<Plan, "recipe" | "missing" | "windows" | "rows" | "outputs">): string {
  const { recipe, missing, windows, rows, outputs } = plan;
  return fingerprint({
    store_version: STORE_VERSION,
    recipe: canonicalRecipe(recipe),
    missing,
    windows: windows.map((entry) => entry.fingerprint),
    ...(rows && { rows: rows.map((entry) => entry.fingerprint) }),
    outputs: outputs.map((entry) => entry.fingerprint),
  });
}

/** Sixteen hex digits name a folder; the chance of a clash among a million folders is below 1e-7. */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 16);
}

/** What of a stage goes into a fingerprint. Its options name files by content; by its id it draws, and is named in ledgers, counts and columns. */
export function stageIdentity({ use, id, version, options }: PlannedStage): unknown {
  return { use, id, version, options };
}

/** Names a packing in mixtures: two training stages share windows when this and the sequence length are equal. */
export function packId(pack: Pick<PlannedStage, "use" | "version" | "options">): string {
  return `${pack.use}@${fingerprint({ version: pack.version, options: pack.options })}`;
}
