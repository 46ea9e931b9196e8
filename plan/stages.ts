/**
 * One stage of a plan: its definition looked up, what it declares resolved, its assets read and hashed.
 *
 * Invariant: an asset is read once per plan, so its hash and what the stage is created from are of the same bytes. Nothing is created to
 * be planned.
 */
import type { AssetLibrary } from "../io/assets.ts";
import { seedFrom } from "../kernels/random/shuffle.ts";
import { type Assets, declarationOf, isAssetRef, type Operator } from "../stages/define.ts";
import type { StageRegistry } from "../stages/registry.ts";
import type { PlannedStage } from "./plan.ts";
import type { StageUse } from "./types.ts";

/** Plans stages of one recipe. */
export class StagePlanner {
  readonly registry: StageRegistry;
  readonly assets: AssetLibrary;
  readonly #seed: number;

  constructor(registry: StageRegistry, assets: AssetLibrary, seed: number) {
    this.registry = registry;
    this.assets = assets;
    this.#seed = seed;
  }

  /** Throws RecipeError `recipe/unknown-stage`, and what {@link AssetLibrary.load} throws. */
  async plan(use: StageUse): Promise<PlannedStage> {
    const definition = this.registry.findStage(use.use);
    const { reads, writes, reasons, exchange, sequential } = declarationOf(definition, use.options);
    const assets = [];
    for (const location of assetLocations(use.options)) {
      const { sha256 } = await this.assets.load(location, use.use);
      assets.push({ location, sha256 });
    }
    return {
      id: use.id,
      use: use.use,
      version: definition.version,
      kind: definition.kind,
      options: use.options,
      seed: seedFrom(this.#seed, "stage", use.use, use.id),
      reads,
      writes,
      reasons: Object.keys(reasons),
      ...(exchange !== undefined && { exchange }),
      sequential,
      assets,
    };
  }
}

/** Every file that options name, however deep, each once. */
function assetLocations(value: unknown): ReadonlySet<string> {
  if (isAssetRef(value)) return new Set([value.asset]);
  if (typeof value !== "object" || value === null) return new Set();
  return new Set(Object.values(value).flatMap((part) => [...assetLocations(part)]));
}

/** What the assets of `stage` are on this machine. Throws as {@link AssetLibrary.open} does, when one is asked for. */
export function assetsOf(stage: PlannedStage, library: AssetLibrary): Assets {
  return {
    bytes: ({ asset }) => {
      const planned = stage.assets.find(({ location }) => location === asset);
      if (planned === undefined) throw new Error(`${stage.use} asks for ${asset}, which its options do not name`);
      return library.open(asset, planned.sha256, stage.use);
    },
  };
}

/** Builds a stage's operator from a plan. */
export function createOperator(stage: PlannedStage, registry: StageRegistry, assets: Assets): Operator {
  return registry.findStage(stage.use).create(stage.options, { assets, seed: stage.seed });
}
