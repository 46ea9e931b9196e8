/** The stages a recipe can name: the built-in ones, generated from the file tree, and those of plugins. */
import { BUILTIN_STAGES } from "./registry.gen.ts";
import { type AnyStage, registryOf, type StageRegistry } from "./stage-registry.ts";

/** The built-in stages and `plugins`; errors as in `with`. */
export function stageRegistry(plugins: readonly AnyStage[] = []): StageRegistry {
  const builtin: Readonly<Record<string, AnyStage>> = BUILTIN_STAGES;
  for (const [path, { name }] of Object.entries(builtin)) {
    if (name !== path) throw new Error(`stages/${path}.ts calls itself ${name}`);
  }
  return registryOf(Object.values(builtin)).with(plugins);
}
