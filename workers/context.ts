/**
 * What a worker thread keeps between tasks: the plan, the open environment, and operators built once per source.
 *
 * Price: one tokenizer per thread (its word cache is what makes it fast), a few hundred bytes for everything else.
 */
import { readFileSync } from "node:fs";
import { createIoEnvironment, type IoEnvironment } from "../io/environment.ts";
import { Layout } from "../plan/layout.ts";
import { createOperator, type Plan, type PlannedStage } from "../plan/plan.ts";
import { loadPlugins } from "../plan/recipe/plugins.ts";
import type { Assets, Operator } from "../stages/define.ts";
import { type StageRegistry, stageRegistry } from "../stages/registry.ts";
import type { WorkerSetup } from "./protocol.ts";

export class WorkerContext {
  readonly setup: WorkerSetup;
  readonly plan: Plan;
  readonly layout: Layout;
  readonly environment: IoEnvironment;
  readonly #registry: StageRegistry;
  readonly #operators = new Map<PlannedStage | string, Operator>();

  private constructor(setup: WorkerSetup, registry: StageRegistry) {
    this.setup = setup;
    this.plan = setup.plan;
    this.layout = new Layout(setup.root);
    this.environment = createIoEnvironment(setup.environment);
    this.#registry = registry;
  }

  static async create(setup: WorkerSetup): Promise<WorkerContext> {
    return new WorkerContext(setup, stageRegistry(await loadPlugins(setup.plan.recipe.plugins, "")));
  }

  /** The operator of a planned stage; stages that hold an asset (a tokenizer) are shared by all sources. */
  operator(stage: PlannedStage): Operator {
    const key = stage.assets.length > 0 ? JSON.stringify([stage.use, stage.options]) : stage;
    const known = this.#operators.get(key);
    if (known !== undefined) return known;
    const assets: Assets = new Map(stage.assets.map(({ name, location }) => [name, readFileSync(location)]));
    const operator = createOperator(stage, this.#registry, assets);
    this.#operators.set(key, operator);
    return operator;
  }
}
