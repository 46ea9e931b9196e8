/**
 * A sweep for OLMo-core: the shards of the token stores under `.npy`, and a source mixture a candidate and training stage.
 *
 * OLMo-core cuts rows of whole files, and takes the start of one where it needs a part: a stage names the shards that no earlier one has
 * touched. Shares, repetition and simulated parts are its own words. Price: links.
 */
import { stringify } from "yaml";
import { entryAt } from "../../batch/entry.ts";
import { numbered } from "../exports/define.ts";
import { candidateFile, type SweepContext, type SweepWriter, sharedPath, usedShares } from "./views.ts";

const BASE = "shared/olmo-core";

interface Shard {
  readonly path: string;
  readonly tokens: number;
}

export const writeOlmoCore: SweepWriter = (candidates, stores, context) => {
  const shards = new Map<string, readonly Shard[]>();
  for (const { source } of usedShares(candidates)) {
    if (shards.has(source)) continue;
    const linked = stores.documents(source).map((range, i): Shard => {
      const path = `${BASE}/${source}/part-${numbered(i)}.npy`;
      context.folder.link(range.path, path, range);
      return { path, tokens: range.size_bytes / context.tokenizer.token_bytes };
    });
    shards.set(source, linked);
  }
  const repeated = new Set<string>();
  for (const candidate of candidates) {
    const touched = new Map<string, number>();
    for (const stage of candidate.stages) {
      const sources = stage.sources.map((share) => {
        const all = shards.get(share.source) ?? [];
        const start = touched.get(share.source) ?? touchedAt(all, share.start_window / share.epoch_windows);
        const free = all.slice(start);
        const paths = free.length > 0 ? free : all;
        if (free.length === 0) repeated.add(share.source);
        touched.set(share.source, start + shardsFor(paths, share.tokens));
        const held = paths.reduce((sum, { tokens }) => sum + tokens, 0);
        const part = Math.min(1, candidate.part_ratio);
        return {
          source_name: share.source,
          target_ratio: share.weight,
          max_repetition_ratio: Math.max(1, Math.ceil((1000 * share.tokens) / (held * part)) / 1000),
          max_source_fraction: part,
          paths: paths.map(({ path }) => sharedPath(path, context)),
        };
      });
      const text = configText(stage.name, sources, stage.tokens, stage.sequence_length, context);
      context.folder.text(candidateFile(candidate, `${stage.name}.olmo-core.yaml`), text);
    }
  }
  if (repeated.size === 0) return [];
  const named = [...repeated].sort().join(", ");
  return [
    `olmo-core: a later stage reads ${named} from the start again: it cannot start inside a file, and no shard is left (lower shard_tokens)`,
  ];
};

function configText(
  name: string,
  sources: readonly { readonly source_name: string; readonly target_ratio: number }[],
  tokens: number,
  sequenceLength: number,
  { tokenizer, global_batch_size }: SweepContext,
): string {
  const head = [
    `# OLMo-core, training stage ${name}: a SourceMixtureDatasetConfig for rows of sequence_length ${sequenceLength}.`,
    `# Set the data set's dtype to uint${8 * tokenizer.token_bytes}; EOS is ${tokenizer.eos.id}.`,
  ];
  const config = {
    requested_tokens: tokens,
    global_batch_size: global_batch_size * sequenceLength,
    source_list: { sources },
  };
  return `${head.join("\n")}\n${stringify(config, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

/** Shards that so many epochs touch. */
function touchedAt(shards: readonly Shard[], epochs: number): number {
  const total = shards.reduce((sum, { tokens }) => sum + tokens, 0);
  return shardsFor(shards, epochs * total);
}

function shardsFor(shards: readonly Shard[], tokens: number): number {
  let left = tokens;
  let count = 0;
  while (left > 0 && count < shards.length) left -= entryAt(shards, count++, "shard").tokens;
  return count;
}
