/**
 * A set of stages by their names, and how a thread loads the code of those that its plan names.
 *
 * Invariant: a name has one definition, and a built-in one's name is its path. A registry is a value that is passed around,
 * never a table that modules add themselves to. Price: all built-in stages are 16 MB of code in every thread; those of a plan a few.
 */
import { RecipeError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import type { StageDefinition } from "./define.ts";
import { isStageKind } from "./kinds.ts";
import { STAGE_LOADERS } from "./loaders.gen.ts";

const LOADERS: ReadonlyMap<string, () => Promise<{ readonly default: AnyStage }>> = new Map(
  Object.entries(STAGE_LOADERS),
);

type OfOptions =
  | "create"
  | "reads"
  | "writes"
  | "reasons"
  | "figures"
  | "exchange"
  | "sequential"
  | "special_tokens"
  | "endpoints"
  | "tables"
  | "checkAssets";

/** A definition whatever its options are: what `defineStage` returns, before its type is forgotten. */
export interface AnyStage extends Omit<StageDefinition, OfOptions> {
  readonly create: (options: never, resources: never) => unknown;
  readonly reads: unknown;
  readonly writes: unknown;
  readonly reasons: unknown;
  readonly figures?: unknown;
  readonly exchange?: unknown;
  readonly sequential?: unknown;
  readonly special_tokens?: unknown;
  readonly endpoints?: unknown;
  readonly tables?: unknown;
  readonly checkAssets?: unknown;
}

export interface StageRegistry {
  /** Built-in definitions in reading order, then plugins by the order they were added. */
  readonly stages: readonly StageDefinition[];
  readonly names: readonly string[];
  readonly get: (name: string) => StageDefinition | undefined;
  /** Like `get`, but an unknown name is a RecipeError `recipe/unknown-stage` with the nearest known one. */
  readonly findStage: (name: string) => StageDefinition;
  /** This registry and `plugins`. Throws a RecipeError where one takes a built-in kind or a name that is taken. */
  readonly with: (plugins: readonly AnyStage[]) => StageRegistry;
}

/** A registry of exactly these definitions, whose names differ. */
export function registryOf(definitions: readonly AnyStage[]): StageRegistry {
  // What `create` is given was parsed by the stage's own schema, so forgetting the type of its options loses nothing.
  const stages = definitions as readonly unknown[] as readonly StageDefinition[];
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const names = [...byName.keys()];
  return {
    stages,
    names,
    get: (name) => byName.get(name),
    findStage: (name) => {
      const found = byName.get(name);
      if (found !== undefined) return found;
      const what = `there is no stage \`${name}\``;
      throw new RecipeError({ code: "recipe/unknown-stage", what, fix: didYouMean(name, names) });
    },
    with: (plugins) => {
      plugins.forEach(refuseBuiltinKind);
      const all = [...stages, ...plugins].map(({ name }) => name);
      const twice = all.find((name, i) => all.indexOf(name) !== i);
      if (twice === undefined) return registryOf([...stages, ...plugins]);
      throw new RecipeError({
        code: "recipe/plugin",
        what: `two plugins define \`${twice}\``,
        fix: "rename one of them",
      });
    },
  };
}

function refuseBuiltinKind({ name }: AnyStage): void {
  const [kind = "", rest] = name.split("/");
  if (!isStageKind(kind)) return;
  throw new RecipeError({
    code: "recipe/plugin",
    what: `a plugin's stage is called \`${name}\``,
    why: `\`${kind}/\` is kept for built-in stages, so that a recipe keeps its meaning when one is added`,
    fix: `choose a first part of your own, such as \`local/${rest}\``,
  });
}

/**
 * The built-in stages of these names, without the code of the others, and `plugins`. Throws RecipeError as `findStage` and `with` do.
 */
export async function loadStages(names: Iterable<string>, plugins: readonly AnyStage[]): Promise<StageRegistry> {
  const loaded: AnyStage[] = [];
  for (const name of new Set(names)) {
    const load = LOADERS.get(name);
    if (load !== undefined) loaded.push((await load()).default);
  }
  return registryOf(loaded).with(plugins);
}
