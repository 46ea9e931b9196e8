/**
 * One stage of a plan: its definition looked up, what it declares resolved, its assets found and hashed. Nothing is created to be planned.
 */
import type { IoEnvironment } from "../io/environment.ts";
import { seedFrom } from "../kernels/random/shuffle.ts";
import { declarationOf, type Operator, type StageResources } from "../stages/define.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import { RecipeAssets } from "./assets.ts";
import type { PlannedStage } from "./plan.ts";
import type { StageUse } from "./types.ts";

/** Plans stages of one recipe. */
export class StagePlanner {
  readonly registry: StageRegistry;
  readonly environment: IoEnvironment;
  readonly assets: RecipeAssets;
  readonly #seed: number;

  constructor(registry: StageRegistry, environment: IoEnvironment, seed: number) {
    this.registry = registry;
    this.environment = environment;
    this.assets = new RecipeAssets(environment);
    this.#seed = seed;
  }

  /** Throws RecipeError `recipe/unknown-stage`, and what {@link RecipeAssets.planned} throws. */
  async plan(use: StageUse): Promise<PlannedStage> {
    const definition = this.registry.findStage(use.use);
    const planned = await this.assets.planned(use);
    await this.assets.checkContents(use, definition);
    const { kind, reads, writes, reasons, figures, exchange, sequential } = declarationOf(definition, use.options);
    return {
      id: use.id,
      use: use.use,
      version: definition.version,
      kind,
      ...planned,
      seed: seedFrom(this.#seed, "stage", use.use, use.id),
      reads,
      writes,
      reasons: Object.keys(reasons),
      ...(figures.length > 0 && { figures }),
      ...(exchange !== undefined && { exchange }),
      sequential,
      ...(definition.tables && { tables: JSON.stringify(definition.tables(planned.options)) }),
    };
  }
}

/** Builds a stage's operator from a plan. */
export function createOperator(
  stage: PlannedStage,
  registry: StageRegistry,
  resources: Omit<StageResources, "seed">,
): Operator {
  return registry.findStage(stage.use).create(stage.options, { ...resources, seed: stage.seed });
}
