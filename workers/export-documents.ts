/**
 * Documents for trainers that cut rows themselves: which documents of each source a training stage gets.
 *
 * Documents are taken in the order of the token store until a stage has the tokens its rows need, and the next stage goes on with the next document:
 * no document of an epoch is in two stages. Invariant: ranges are whole documents and depend on the manifests alone.
 * Price: the index of the shards where a range starts or ends.
 */
import { join } from "node:path";
import { readPart } from "../io/read-part.ts";
import { companions, decodeEnds } from "../io/token-file.ts";
import type { DocumentSpan, DocumentStage } from "../manifests/exports/views.ts";
import type { SourceManifest, StageManifest, StoredFile } from "../manifests/schema.ts";

export interface DocumentStages {
  readonly stages: readonly DocumentStage[];
  readonly warnings: readonly string[];
}

/** `maxEpochs` is the recipe's: a source is not read beyond it, even where that leaves a stage short. */
export function documentStages(manifests: readonly StageManifest[], store: string, maxEpochs: number): DocumentStages {
  const warnings: string[] = [];
  const cursors = new Map<string, number>();
  const stages = manifests.map((manifest) => {
    const { stage, tokenizer } = manifest;
    const sources = Object.entries(manifest.sources).flatMap(([source, share]) => {
      if (share.windows === 0) return [];
      const shards = storeShards(share, store, tokenizer.token_bytes);
      const total = shards.reduce((sum, shard) => sum + shard.tokens, 0);
      const start = cursors.get(source) ?? 0;
      // Rows overlap by the last label, so n rows need one token more than n sequence lengths.
      const wanted = share.windows * stage.sequence_length + 1;
      const spans = documentSpans(shards, start, Math.min(start + wanted, Math.floor(maxEpochs * total)));
      const tokens = spans.reduce((sum, span) => sum + span.tokens, 0);
      cursors.set(source, start + tokens);
      if (tokens < wanted) {
        warnings.push(
          `${stage.name}: ${source} has ${wanted - tokens} tokens fewer than its rows need: windows counted its padding`,
        );
      }
      const documents = spans.reduce((sum, span) => sum + span.documents, 0);
      return documents === 0 ? [] : [{ source, weight: share.weight_achieved, documents, tokens, spans }];
    });
    return { name: stage.name, sequence_length: stage.sequence_length, rows: stage.windows, sources };
  });
  return { stages, warnings };
}

interface StoreShard {
  readonly shard: number;
  readonly path: string;
  readonly file: StoredFile;
  readonly tokens: number;
  readonly documents: number;
}

function storeShards({ token_store }: SourceManifest, store: string, tokenBytes: number): StoreShard[] {
  const sizes = new Map(token_store.files.map((file) => [file.path, file.size_bytes]));
  return token_store.files
    .filter((file) => file.path.endsWith(".ds"))
    .sort((a, b) => a.shard - b.shard)
    .map((file) => ({
      shard: file.shard,
      path: join(store, file.path),
      file,
      tokens: file.size_bytes / tokenBytes,
      documents: (sizes.get(file.path + companions.index) ?? 0) / 8,
    }));
}

/** Whole documents from token `start`, where one starts, to the first document end at or after `end`; both unrolled over epochs. */
function documentSpans(shards: readonly StoreShard[], start: number, end: number): DocumentSpan[] {
  const total = shards.reduce((sum, shard) => sum + shard.tokens, 0);
  const spans: DocumentSpan[] = [];
  if (total === 0) return spans;
  for (let epoch = Math.floor(start / total); epoch * total < end; epoch++) {
    let base = epoch * total;
    for (const shard of shards) {
      const from = Math.max(0, start - base);
      const to = Math.min(shard.tokens, end - base);
      if (from < to) spans.push(shardSpan(shard, epoch, from, to));
      base += shard.tokens;
    }
  }
  return spans;
}

function shardSpan(
  { shard, path, file, tokens, documents }: StoreShard,
  epoch: number,
  from: number,
  to: number,
): DocumentSpan {
  const { size_bytes, sha256 } = file;
  const whole = { epoch, shard, path, size_bytes, sha256 };
  if (from === 0 && to === tokens) return { ...whole, first_document: 0, documents, start_token: 0, tokens };
  const index = path + companions.index;
  const ends = decodeEnds(readPart(index), index);
  const first_document = from === 0 ? 0 : firstAtLeast(ends, from) + 1;
  const last = firstAtLeast(ends, to);
  return {
    ...whole,
    first_document,
    documents: last + 1 - first_document,
    start_token: from,
    tokens: ends[last] - from,
  };
}

/** Index of the first entry of at least `value` in ascending `values`, which has one. */
function firstAtLeast(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}
