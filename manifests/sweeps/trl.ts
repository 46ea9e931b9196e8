/**
 * A sweep for TRL: packed rows of every source as Parquet, once, and a YAML a candidate and training stage that slices them.
 *
 * TRL reads no other form, so these rows are the one copy of a sweep: 8 bytes a token, for all candidates. A row here is cut at the same place of
 * its shard as the window of the manifests, one token shorter; a slice says which rows, a further one in a later epoch the same rows again.
 */
import { stringify } from "yaml";
import { entryAt } from "../../batch/entry.ts";
import { shardRanges } from "../../kernels/pack/ranges.ts";
import { TRL_AS_THEY_ARE, writeTrlRows } from "../exports/trl.ts";
import { candidateFile, firstWindows, type SweepWriter, sharedPath, usedShares } from "./views.ts";

const BASE = "shared/trl";

export const writeTrl: SweepWriter = (candidates, stores, context) => {
  const files = new Map<string, readonly string[]>();
  const keyOf = (stage: string, source: string): string => stores.windows(stage, source).fingerprint;
  for (const { stage, source } of usedShares(candidates)) {
    const key = keyOf(stage.name, source);
    if (files.has(key)) continue;
    const base = `${BASE}/${stage.sequence_length}-${key}`;
    files.set(key, writeTrlRows(context.folder, base, stores.rows(stage.name, source)));
  }
  for (const candidate of candidates) {
    for (const stage of candidate.stages) {
      const datasets = stage.sources.flatMap(({ source, start_window, end_window, epoch_windows }) => {
        const kept = firstWindows(stores.windows(stage.name, source).shard_windows, epoch_windows);
        return shardRanges(kept, start_window, end_window).map(({ shard, start, end }) => ({
          path: "parquet",
          data_files: [sharedPath(entryAt(files.get(keyOf(stage.name, source)) ?? [], shard, "shard"), context)],
          split: `train[${start}:${end}]`,
        }));
      });
      const head = `# TRL, ${candidate.name}, training stage ${stage.name}: ${stage.windows} rows of at most ${stage.sequence_length} tokens.`;
      const text = `${head}\n${stringify({ datasets, ...TRL_AS_THEY_ARE }, { lineWidth: 0 })}`;
      context.folder.text(candidateFile(candidate, `${stage.name}.trl.yaml`), text);
    }
  }
  return [];
};
