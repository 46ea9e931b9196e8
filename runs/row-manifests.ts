/** The manifests of a run's training stages of rows, from markers. */
import { entryAt } from "../batch/entry.ts";
import type { RowManifest } from "../manifests/row-schema.ts";
import type { SourceFacts } from "../manifests/write.ts";
import { buildRowManifest, type RowManifestHead } from "../manifests/write-rows.ts";
import { type Plan, rowsAt, sourceAt } from "../plan/plan.ts";
import type { ArrangeMarker } from "../workers/protocol.ts";
import { inFolder } from "./store-paths.ts";

/** `arranged` are the markers of every entry of `plan.rows`; `facts` tells of a source by its position. */
export function rowManifests(
  plan: Plan,
  arranged: readonly ArrangeMarker[],
  head: RowManifestHead,
  facts: (source: number) => SourceFacts,
): readonly RowManifest[] {
  const { row_stages = [], gates, tokenizer } = plan.recipe;
  return arranged.map((marker, index) => {
    const { sources, rule, seed, shuffle_seed, split, sequence_length, pack, align_tokens, fingerprint } = rowsAt(
      plan,
      index,
    );
    const { name, position, long_rows } = entryAt(row_stages, index, "training stage of rows");
    const { files, sources: given, ...figures } = marker;
    const { use, version, options } = pack;
    return buildRowManifest(
      head,
      {
        stage: {
          position,
          name,
          rule,
          seed,
          ...(shuffle_seed === undefined ? {} : { shuffle_seed }),
          ...(split === undefined ? {} : { split }),
          sequence_length,
          pack: { use, version, options: options as RowManifest["stage"]["pack"]["options"] },
          long_rows,
          align_tokens,
          fingerprint,
        },
        ...figures,
        files: inFolder(`rows-${fingerprint}`, files),
        sources: sources.map(({ source, fraction }, member) => {
          const { name: called, category } = sourceAt(plan, source);
          return { name: called, category, fraction, given: entryAt(given, member, "source"), facts: facts(source) };
        }),
      },
      { ...gates, ...tokenizer?.gates },
      plan.missing,
    );
  });
}
