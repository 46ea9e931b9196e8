/**
 * What the sources of a run were made over, as rows of `ratios.csv` say it: which store, how many tokens, of which pieces.
 *
 * A piece is a file *and* all that makes its tokens: reader, pipeline, tokenizer, what is held out, and every file that a barrier compared it with.
 * So text that was filtered or read in another way has other pieces, and no union is seen in it. Invariant: equal pieces give equal tokens; two
 * stores of the same name hold the same. Price: microseconds a source.
 */
import { entryAt, entryOf } from "../../batch/entry.ts";
import type { SourceManifest, TrainingStageManifest } from "../../manifests/schema.ts";
import type { SourceStore } from "../../mixtures/experiments/tables.ts";
import { sourceOfShare } from "../../mixtures/sub-sources.ts";
import { fingerprint, stageIdentity } from "../../plan/fingerprint.ts";
import { type Plan, type SourcePlan, sourceAt } from "../../plan/plan.ts";

/** Pieces are told only of stores of few files: a row of `ratios.csv` stays a line. */
const MOST_PARTS = 64;

/** The stores of all sources of a run, by the name that weights have, epochs aside. */
export function sourceStores(
  plan: Plan,
  manifests: readonly TrainingStageManifest[],
): Readonly<Record<string, Omit<SourceStore, "epochs">>> {
  const stores: Record<string, Omit<SourceStore, "epochs">> = {};
  const sources = Object.fromEntries(plan.sources.map((source) => [source.name, source]));
  for (const manifest of manifests) {
    for (const [name, { fingerprints, packing, selection }] of Object.entries(manifest.sources)) {
      if (Object.hasOwn(stores, name)) continue;
      const chosen = chosenDocuments(selection);
      const parts = storeParts(plan, entryOf(sources, sourceOfShare(name), "source"), chosen);
      stores[name] = {
        store: chosen === undefined ? fingerprints.tokens : fingerprint({ tokens: fingerprints.tokens, chosen }),
        tokens: packing.tokens,
        ...(parts.length > MOST_PARTS ? {} : { parts }),
      };
    }
  }
  return stores;
}

/** Which documents of the store are read, without counts of the others: these say nothing of what is read. */
function chosenDocuments(selection: SourceManifest["selection"]): object | undefined {
  if (selection === undefined) return undefined;
  const { documents_skipped: _documents, tokens_skipped: _tokens, ...chosen } = selection;
  return chosen;
}

/** The pieces of a source's store. */
export function storeParts(
  plan: Pick<Plan, "recipe" | "groups" | "sources">,
  source: SourcePlan,
  chosen?: object,
): readonly string[] {
  const { reader, stages, barriers, validation, single_span, shards } = source;
  // A limit on rows, or on held-out tokens, is one of all files together: what a file gives depends on the others.
  const isLimited = single_span || (validation !== undefined && "tokens" in validation);
  const made = fingerprint({
    seed: plan.recipe.seed,
    reader: stageIdentity(reader),
    stages: stages.map(stageIdentity),
    // In the order in which copies survive.
    compared: barriers.map(({ group }) =>
      entryAt(plan.groups, group, "dedup group").members.flatMap(({ source: member }) => {
        const other = sourceAt(plan, member);
        const read = fingerprint({ reader: stageIdentity(other.reader), single_span: other.single_span });
        return other.shards.map(({ key, identity }) => [read, key, identity]);
      }),
    ),
    ...(validation && { validation, validation_seed: plan.recipe.validation?.seed }),
    ...(isLimited ? { files: shards.map(({ key, identity }) => [key, identity]) } : {}),
    ...(chosen && { chosen }),
  });
  // By its key rows of a file are drawn.
  const parts = shards.map(({ key, identity }) => fingerprint({ key, identity, made }).slice(0, 12));
  return [...new Set(parts)].sort();
}
