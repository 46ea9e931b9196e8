/**
 * One stage of a plan: its definition looked up, its options as given, its assets read and hashed, its operator built.
 *
 * Invariant: an asset is read once per plan, so its hash and what the stage is created from are of the same bytes.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { RecipeError } from "../batch/errors.ts";
import type { Assets, Operator } from "../stages/define.ts";
import type { StageRegistry } from "../stages/registry.ts";
import type { PlannedStage } from "./plan.ts";
import type { StageUse } from "./types.ts";

/** Plans stages of one recipe. */
export class StagePlanner {
  readonly registry: StageRegistry;
  readonly #bytes = new Map<string, Uint8Array>();

  constructor(registry: StageRegistry) {
    this.registry = registry;
  }

  /** Throws RecipeError `recipe/unknown-stage`, `recipe/missing-asset`, and what the stage's own `create` throws. */
  async plan(use: StageUse): Promise<PlannedStage> {
    const definition = this.registry.findStage(use.use);
    const assets = [];
    for (const ref of definition.assets?.(use.options) ?? []) {
      const bytes = await this.#read(ref.location, use.use);
      assets.push({ ...ref, sha256: createHash("sha256").update(bytes).digest("hex") });
    }
    const stage = {
      id: use.id,
      use: use.use,
      version: definition.version,
      options: use.options,
      reasons: Object.keys(definition.reasons),
      assets,
    };
    // A tokenizer takes a quarter of a second to build and is checked when it is loaded; every other stage is cheap to create.
    const kind = definition.name.startsWith("tokenize/")
      ? "annotate"
      : definition.create(use.options, this.assetsOf(stage)).kind;
    return { ...stage, kind };
  }

  /** The operator of a stage planned here. */
  operator(stage: PlannedStage): Operator {
    return createOperator(stage, this.registry, this.assetsOf(stage));
  }

  /** The bytes of its assets, by name. */
  assetsOf(stage: Pick<PlannedStage, "assets">): Assets {
    return new Map(stage.assets.map(({ name, location }) => [name, this.#bytes.get(location) ?? new Uint8Array()]));
  }

  async #read(location: string, stage: string): Promise<Uint8Array> {
    const known = this.#bytes.get(location);
    if (known !== undefined) return known;
    try {
      const bytes = await readFile(location);
      this.#bytes.set(location, bytes);
      return bytes;
    } catch (error) {
      throw new RecipeError(
        {
          code: "recipe/missing-asset",
          what: `${stage} needs the file ${location}, which cannot be read: ${error instanceof Error ? error.message : error}`,
          fix: "check the path; relative paths start at the recipe's folder",
        },
        { cause: error },
      );
    }
  }
}

/** Builds a stage's operator from a plan; `assets` holds the bytes of its assets by name. */
export function createOperator(stage: PlannedStage, registry: StageRegistry, assets: Assets): Operator {
  return registry.findStage(stage.use).create(stage.options, assets);
}
