/** What differs between two plans of one run, in the words of a recipe: for who has to decide whether one may take the other's place. */

import { ownOf } from "../batch/entry.ts";
import type { Plan, PlannedStage, SourcePlan } from "../plan/plan.ts";
import { canonicalRecipe } from "../plan/recipe/canonical.ts";
import { isAssetRef, mapAssetRefs } from "../stages/define.ts";

/** More than these are counted, not listed. */
const MAX_REASONS = 8;

/** What differs, most telling first; at least one reason where fingerprints differ. */
export function planChanges(before: Plan, now: Plan): readonly string[] {
  const found = [
    ...sourceChanges(before, now),
    ...valueChanges(canonicalRecipe(before.recipe), canonicalRecipe(now.recipe)),
  ];
  if (found.length === 0) found.push("another version of shardmill makes something else of the same recipe");
  const more = found.length - MAX_REASONS;
  return more > 0 ? [...found.slice(0, MAX_REASONS), `${more} more`] : found;
}

/** {@link planChanges} of two runs, whose names are no difference. */
export function runChanges(one: Plan, other: Plan): readonly string[] {
  return planChanges({ ...one, recipe: { ...one.recipe, name: other.recipe.name } }, other);
}

/** Per source that is in both, what makes its text another: its files, its reader, a stage. */
export function ingestChanges(before: Plan, now: Plan): ReadonlyMap<string, string> {
  const changes = new Map<string, string>();
  for (const source of now.sources) {
    const old = before.sources.find((candidate) => candidate.name === source.name);
    if (old === undefined || old.ingest === source.ingest) continue;
    const stages = [
      stageChange(old.reader, source.reader),
      ...source.stages.map((stage, i) => stageChange(old.stages[i], stage)),
    ];
    if (old.stages.length !== source.stages.length)
      stages.push(`${old.stages.length} stages → ${source.stages.length}`);
    if (before.recipe.seed !== now.recipe.seed) stages.push(`seed ${before.recipe.seed} → ${now.recipe.seed}`);
    const texts = [fileChange(old, source), ...stages].filter((text) => text !== undefined);
    changes.set(source.name, texts.length > 0 ? texts.join("; ") : "a source that it is compared with changed");
  }
  return changes;
}

/** By id, what differs in the stages of a source that is in both: those that are new, gone, or do something else. */
export function stageChanges(before: SourcePlan, now: SourcePlan): ReadonlyMap<string, string> {
  const old = new Map(before.stages.map((stage) => [stage.id, stage]));
  const changes = new Map<string, string>();
  for (const stage of now.stages) {
    const change = stageChange(old.get(stage.id), stage);
    if (change !== undefined) changes.set(stage.id, `${stage.id}: ${change}`);
    old.delete(stage.id);
  }
  for (const [id, { use }] of old) changes.set(id, `${id}: ${use} is gone`);
  return changes;
}

function sourceChanges(before: Plan, now: Plan): string[] {
  return now.sources.flatMap((source) => {
    const old = before.sources.find(({ name }) => name === source.name);
    const change = old && fileChange(old, source);
    return change === undefined ? [] : [`${source.name}: ${change}`];
  });
}

function fileChange(before: SourcePlan, now: SourcePlan): string | undefined {
  const old = new Map(before.shards.map((shard) => [shard.key, shard.identity]));
  const added = now.shards.filter(({ key }) => !old.has(key)).map(({ key }) => key);
  const changed = now.shards.filter(({ key, identity }) => old.has(key) && old.get(key) !== identity);
  const removed = before.shards.filter(({ key }) => !now.shards.some((shard) => shard.key === key));
  const texts = [
    listed(
      "changed",
      changed.map(({ key }) => key),
    ),
    listed("new", added),
    listed(
      "gone",
      removed.map(({ key }) => key),
    ),
  ].filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : `input ${texts.join(", ")}`;
}

function listed(what: string, keys: readonly string[]): string | undefined {
  if (keys.length === 0) return undefined;
  return keys.length === 1 ? `${keys[0]} ${what}` : `${keys[0]} and ${keys.length - 1} more ${what}`;
}

function stageChange(before: PlannedStage | undefined, now: PlannedStage): string | undefined {
  if (before === undefined) return `${now.use} is new`;
  if (before.use !== now.use) return `${before.use} → ${now.use}`;
  if (before.version !== now.version) return `${now.use} version ${before.version} → ${now.version}`;
  // Files are told by name, for people know them by it, and not by the content that options refer to.
  const named = (stage: PlannedStage): unknown => mapAssetRefs(stage.options, () => ({ asset: "" }));
  const [change] = valueChanges(named(before), named(now));
  const asset = now.assets.find(({ sha256 }, i) => before.assets[i]?.sha256 !== sha256);
  return change ?? (asset === undefined ? undefined : `${asset.name} changed`);
}

/** Every value of `now` that `before` has not, by its path: `training_stages.stage1.weights.web 0.9 → 0.8`. */
function valueChanges(written: unknown, value: unknown, path = ""): string[] {
  const [before, now] = [byName(written), byName(value)];
  if (isAssetRef(before) && isAssetRef(now)) return before.asset === now.asset ? [] : [`${path} holds something else`];
  if (isObject(before) && isObject(now)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
    return [...keys].flatMap((key) =>
      valueChanges(ownOf(before, key), ownOf(now, key), path === "" ? key : `${path}.${key}`),
    );
  }
  const [old, next] = [JSON.stringify(before), JSON.stringify(now)];
  if (old === next) return [];
  if (before === undefined) return [`${path} is new`];
  if (now === undefined) return [`${path} is gone`];
  return [`${path} ${old} → ${next}`];
}

/** A list of things that have a name of their own, by it. */
function byName(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const names = value.map((entry: unknown) => (isObject(entry) ? (entry.name ?? entry.id) : undefined));
  return names.every((name) => typeof name === "string")
    ? Object.fromEntries(names.map((name, i) => [name, value[i]]))
    : value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
