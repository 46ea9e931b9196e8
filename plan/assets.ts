/**
 * The assets of a recipe on their way into a plan, and those of a plan on their way into its store.
 *
 * Invariants: a location is looked up once a plan, so all stages that name it get the same content; planning writes nothing; a run's owner puts
 * every asset into the store before any task begins, and whoever does tasks reads it from there.
 */
import { RecipeError } from "../batch/errors.ts";
import { assetName, findAsset, isRemote, requireLocal, streamLocal } from "../io/asset-sources.ts";
import type { Asset, AssetLibrary } from "../io/assets.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { type AssetFiles, type AssetRef, type Assets, mapAssetRefs, type StageDefinition } from "../stages/define.ts";
import type { Layout } from "../store/layout.ts";
import type { Plan, PlannedStage } from "./plan.ts";
import type { Recipe, StageUse } from "./types.ts";

/** How a plan refers to a file. */
function contentRef({ sha256 }: Asset): AssetRef {
  return { asset: `sha256:${sha256}` };
}

/** Looks up what a recipe's references mean. */
export class RecipeAssets {
  readonly #environment: IoEnvironment;
  readonly #found = new Map<string, Asset>();

  constructor(environment: IoEnvironment) {
    this.#environment = environment;
  }

  /** The options of `use` as a plan has them, and every file that they name, each once. Throws what {@link findAsset} throws. */
  async planned(use: StageUse): Promise<Pick<PlannedStage, "options" | "assets">> {
    const assets = new Map<string, Asset>();
    for (const location of locationsIn(use.options)) {
      const asset = await this.#find(location, use);
      assets.set(asset.sha256, asset);
    }
    return { options: this.#withContents(use.options), assets: [...assets.values()] };
  }

  /** Throws RecipeError `recipe/missing-asset` for the first file on this machine that `use` names and that cannot be read; nothing is. */
  static lookForLocal(use: StageUse): void {
    for (const location of locationsIn(use.options)) placedAt(use, () => requireLocal(location, use.use));
  }

  /** As {@link checkContents}, where all files that `use` names are on this machine. */
  static async checkLocal(use: StageUse, { checkAssets }: StageDefinition): Promise<void> {
    if ([...locationsIn(use.options)].some(isRemote)) return;
    const files: AssetFiles = { name: ({ asset }) => assetName(asset), stream: ({ asset }) => streamLocal(asset) };
    await placedCheck(use, async () => checkAssets?.(use.options, files));
  }

  /** Whether files of planned options hold what the options speak of. Throws RecipeError. */
  async checkContents(use: StageUse, { checkAssets }: StageDefinition): Promise<void> {
    const found = (location: string): Asset => {
      const asset = this.#found.get(location);
      if (asset === undefined) throw new Error(`${use.use} asks for ${location}, which its options do not name`);
      return asset;
    };
    const files: AssetFiles = {
      name: ({ asset }) => found(asset).name,
      stream: async function* (this: void, { asset }) {
        yield* library.stream(found(asset), use.use);
      },
    };
    const library = this.#environment.assets;
    await placedCheck(use, async () => checkAssets?.(use.options, files));
  }

  /** `recipe` with contents for locations; of a file that no planned stage names only its name is left. */
  recipe(recipe: Recipe): Recipe {
    return this.#withContents(recipe);
  }

  #withContents<Value>(value: Value): Value {
    return mapAssetRefs(value, ({ asset }) => {
      const found = this.#found.get(asset);
      return found === undefined ? { asset: assetName(asset) } : contentRef(found);
    });
  }

  async #find(location: string, use: StageUse): Promise<Asset> {
    const known = this.#found.get(location);
    if (known !== undefined) return known;
    try {
      const asset = await findAsset(location, use.use, this.#environment);
      this.#found.set(location, asset);
      return asset;
    } catch (error) {
      throw placedError(error, use);
    }
  }
}

function placedAt<Result>(use: StageUse, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw placedError(error, use);
  }
}

async function placedCheck(use: StageUse, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    throw placedError(error, use);
  }
}

/** The error with the place of the stage, where it has none of its own. */
function placedError(error: unknown, { place }: StageUse): unknown {
  if (!(error instanceof RecipeError) || place === undefined || error.details.place !== undefined) return error;
  return new RecipeError({ ...error.details, place }, { cause: error });
}

/** Every location that options name, however deep. */
function locationsIn(options: unknown): ReadonlySet<string> {
  const locations = new Set<string>();
  mapAssetRefs(options, (ref) => {
    locations.add(ref.asset);
    return ref;
  });
  return locations;
}

/** What the assets of `stage` are in this process. Throws as {@link AssetLibrary.bytes} does, when one is asked for. */
export function assetsOf(stage: PlannedStage, library: AssetLibrary): Assets {
  const planned = ({ asset }: AssetRef): Asset => {
    const found = stage.assets.find((candidate) => contentRef(candidate).asset === asset);
    if (found === undefined) throw new Error(`${stage.use} asks for ${asset}, which its options do not name`);
    return found;
  };
  return {
    bytes: (ref) => library.bytes(planned(ref), stage.use),
    name: (ref) => planned(ref).name,
    tables: (size_bytes, fill) => {
      if (stage.tables === undefined) throw new Error(`${stage.use} asks for tables, which it does not declare`);
      return library.tables(stage.tables, stage.use, size_bytes, fill);
    },
  };
}

/** Lets the threads that begin from now on share the tables of the plan's stages. */
function reserveTables(plan: Plan, library: AssetLibrary): void {
  for (const stage of stagesWithAssets(plan)) if (stage.tables !== undefined) library.reserveTables(stage.tables);
}

/** Puts every asset of `plan` into its store, from where this process and its threads read them. */
export async function publishAssets(plan: Plan, layout: Layout, environment: IoEnvironment): Promise<void> {
  const { assets, identityCacheFile } = environment;
  for (const [asset, user] of assetsIn(plan)) {
    await assets.publish(asset, layout.asset(asset.sha256), user, identityCacheFile);
  }
  reserveTables(plan, assets);
}

/** For who did not plan the run: its assets are those of the store. */
export function openAssets(plan: Plan, layout: Layout, library: AssetLibrary): void {
  for (const [asset] of assetsIn(plan)) library.add(asset, { file: layout.asset(asset.sha256), stored: true });
  reserveTables(plan, library);
}

function stagesWithAssets(plan: Plan): readonly PlannedStage[] {
  return [
    ...plan.sources.flatMap(({ reader, stages }) => [reader, ...stages]),
    ...plan.windows.map(({ pack }) => pack),
    ...plan.outputs.map(({ format }) => format),
  ];
}

/** Each asset once, with a stage that needs it. */
function assetsIn(plan: Plan): ReadonlyMap<Asset, string> {
  const byContent = new Map<string, readonly [Asset, string]>();
  for (const { use, assets } of stagesWithAssets(plan))
    for (const asset of assets) byContent.set(asset.sha256, [asset, use]);
  return new Map(byContent.values());
}
