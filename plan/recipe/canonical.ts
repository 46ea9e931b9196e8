/**
 * A recipe as plain JSON: what fingerprints hash and manifests store.
 *
 * Invariant: two recipes that must give the same bytes have the same form. Keys are sorted, places are left out. The recipe of a
 * plan names files by content; of a path on this machine only the last part stays.
 */
import { basename } from "node:path";
import type { Place } from "../../batch/errors.ts";
import { isAssetRef } from "../../stages/define.ts";
import type { Recipe } from "../types.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The resolved values of a recipe. */
export function canonicalRecipe(recipe: Recipe): { readonly [key: string]: Json } {
  const { folder: _folder, ...rest } = mapPlaces(recipe, () => undefined);
  return sorted({ ...rest, plugins: recipe.plugins.map((path) => basename(path)) }) as { readonly [key: string]: Json };
}

/** The recipe with another place, or none, for every place. */
export function mapPlaces(recipe: Recipe, change: (place: Place) => Place | undefined): Recipe {
  const at = <T extends { readonly place?: Place }>({ place, ...rest }: T): Omit<T, "place"> & { place?: Place } => {
    const changed = place && change(place);
    return changed === undefined ? rest : { ...rest, place: changed };
  };
  const { tokenizer } = recipe;
  return {
    ...recipe,
    ...(tokenizer && { tokenizer: at(tokenizer) }),
    outputs: recipe.outputs.map((output) => ({ ...at(output), format: at(output.format) })),
    pipelines: mapValues(recipe.pipelines, (uses) => uses.map(at)),
    sources: mapValues(recipe.sources, (source) => ({ ...at(source), read: at(source.read) })),
    training_stages: recipe.training_stages.map((stage) => ({ ...at(stage), pack: at(stage.pack) })),
    ...(recipe.row_stages && {
      row_stages: recipe.row_stages.map((stage) => ({ ...at(stage), pack: at(stage.pack) })),
    }),
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function sorted(value: unknown): Json {
  if (isAssetRef(value)) return { asset: basename(value.asset) };
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, part]) => part !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]));
  }
  return value as Json;
}
