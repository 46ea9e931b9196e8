/** Stages from modules outside the project. Price: one dynamic import each; a module that fails ends loading with its reason. */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RecipeError } from "../../batch/errors.ts";
import { isOperatorKind, OPERATOR_KINDS, type StageDefinition } from "../../stages/define.ts";

/**
 * Imports plugin modules in order; each default-exports one stage definition or a list of them. `folder` is what relative paths
 * start at. Throws RecipeError `recipe/plugin`.
 */
export async function loadPlugins(paths: readonly string[], folder: string): Promise<StageDefinition[]> {
  const stages: StageDefinition[] = [];
  for (const path of paths) {
    const exported = await importPlugin(isAbsolute(path) ? path : resolve(folder, path), path);
    const definitions: unknown[] = Array.isArray(exported) ? exported : [exported];
    for (const definition of definitions) {
      if (!isStageDefinition(definition)) {
        throw pluginError(path, "does not default-export a stage", "end it with `export default defineStage({ … })`");
      }
      const { kind }: { readonly kind: unknown } = definition;
      if (!(Array.isArray(kind) ? kind : [kind]).every(isOperatorKind)) {
        const kinds = OPERATOR_KINDS.join(", ");
        throw pluginError(path, `exports the stage ${definition.name} without its kind`, `add kind: one of ${kinds}`);
      }
      stages.push(definition);
    }
  }
  return stages;
}

async function importPlugin(location: string, path: string): Promise<unknown> {
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(location).href);
    return module.default;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
      const fix = "compile it to .js, or run it with Node 22.18 or newer";
      throw pluginError(path, "is TypeScript, which this Node cannot load", fix, error);
    }
    const [reason = ""] = error instanceof Error ? error.message.split("\n") : [String(error)];
    throw pluginError(path, `cannot be loaded: ${reason.replaceAll(location, path)}`, undefined, error);
  }
}

function isStageDefinition(value: unknown): value is StageDefinition {
  if (typeof value !== "object" || value === null) return false;
  const stage: Partial<Record<keyof StageDefinition, unknown>> = value;
  return typeof stage.name === "string" && typeof stage.create === "function" && stage.options !== undefined;
}

function pluginError(path: string, what: string, fix?: string, cause?: unknown): RecipeError {
  const details = { code: "recipe/plugin", what: `plugin \`${path}\` ${what}` };
  return new RecipeError(fix === undefined ? details : { ...details, fix }, { cause });
}
