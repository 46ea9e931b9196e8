/**
 * Documents for trainers that cut rows themselves: which documents of each source a training stage gets.
 *
 * Documents are taken in the order of the token store until a stage has the tokens its rows need, and the next stage
 * goes on with the next document: no document of an epoch is in two stages. Where a stage reads other documents of a
 * source than an earlier one, it goes on behind the last one that was read, in the order of the store.
 * Invariant: ranges are whole documents and depend on the manifests alone.
 * Price: the index of the shards where a range starts or ends; of every shard where only some documents are read.
 */
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { readPart } from "../io/local/read-part.ts";
import { type DocumentSelection, sameSelection, selectionsOverlap } from "../kernels/pack/select.ts";
import type { DocumentRange, TrainingStageDocuments } from "../manifests/exports/views.ts";
import type { SourceManifest, TrainingStageManifest } from "../manifests/schema.ts";
import { hasLoss, lossFile } from "../manifests/shard-files.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import { selectInShard } from "../store/shard-scores.ts";
import { companions, decodeEnds } from "../store/token-file.ts";

export interface StagedDocuments {
  readonly stages: readonly TrainingStageDocuments[];
  readonly warnings: readonly string[];
}

/** How far a source has been read for one selection of its documents. */
interface Cursor {
  readonly selection: DocumentSelection;
  /** Tokens of documents of the selection, unrolled over epochs. */
  readonly position: number;
  /** The last document that was read, by its position in its shard; absent where nothing was. */
  readonly last?: StorePlace;
}

interface StorePlace {
  readonly epoch: number;
  readonly shard: number;
  readonly document: number;
}

/** `maxEpochs` is the recipe's: a source is not read beyond it, even where that leaves a stage short. */
export function documentStages(
  manifests: readonly TrainingStageManifest[],
  store: string,
  maxEpochs: number,
): StagedDocuments {
  const warnings: string[] = [];
  const cursors = new Map<string, Cursor[]>();
  const stages = manifests.map((manifest) => {
    const { stage, tokenizer } = manifest;
    const sources = Object.entries(manifest.sources).flatMap(([source, share]) => {
      if (share.windows === 0) return [];
      const shards = storeShards(share, store, tokenizer.token_bytes);
      const total = shards.reduce((sum, shard) => sum + shard.tokens, 0);
      const known = cursors.get(sourceOfShare(source)) ?? [];
      const start = startOf(known, selectionOf(share), shards);
      // Rows overlap by the last label, so n rows need one token more than n sequence lengths.
      const wanted = share.windows * stage.sequence_length + 1;
      const ranges = documentRanges(shards, start, Math.min(start + wanted, Math.floor(maxEpochs * total)));
      const tokens = ranges.reduce((sum, range) => sum + range.tokens, 0);
      const last = ranges.at(-1);
      const read: Cursor = {
        selection: selectionOf(share),
        position: start + tokens,
        ...(last && { last: lastPlace(last) }),
      };
      const others = known.filter(({ selection }) => !sameSelection(selection, read.selection));
      cursors.set(sourceOfShare(source), [...others, read]);
      if (tokens < wanted) {
        warnings.push(
          `${stage.name}: ${source} has ${wanted - tokens} tokens fewer than its rows need: windows counted its padding`,
        );
      }
      const documents = ranges.reduce((sum, range) => sum + range.documents, 0);
      const has_loss = hasLoss(share.token_store.files);
      return documents === 0 ? [] : [{ source, weight: share.weight_achieved, documents, tokens, ranges, has_loss }];
    });
    return { name: stage.name, sequence_length: stage.sequence_length, rows: stage.windows, sources };
  });
  return { stages, warnings };
}

function selectionOf({ selection }: SourceManifest): DocumentSelection {
  return selection ?? {};
}

function startOf(cursors: readonly Cursor[], selection: DocumentSelection, shards: readonly StoreShard[]): number {
  return cursors.reduce((start, cursor) => {
    if (sameSelection(cursor.selection, selection)) return Math.max(start, cursor.position);
    if (cursor.last === undefined || !selectionsOverlap(cursor.selection, selection)) return start;
    return Math.max(start, tokensThrough(shards, cursor.last));
  }, 0);
}

/** The last document of a range. */
function lastPlace(range: DocumentRange): StorePlace {
  const { epoch, shard, selection, first_document, documents } = range;
  const number = first_document + documents - 1;
  const document = selection === undefined ? number : entryAt(positionsOf(range), number, "document");
  return { epoch, shard, document };
}

/** Tokens of the documents that count up to a place in the store, unrolled over epochs. */
function tokensThrough(shards: readonly StoreShard[], { epoch, shard, document }: StorePlace): number {
  const total = shards.reduce((sum, { tokens }) => sum + tokens, 0);
  const before = shards.slice(0, shard).reduce((sum, { tokens }) => sum + tokens, 0);
  const { at } = entryAt(shards, shard, "shard");
  const ends = countedEnds(at);
  const count =
    at.selection === undefined
      ? Math.min(ends.length, document + 1)
      : positionsOf(at).reduce((sum, position) => sum + Number(position <= document), 0);
  return epoch * total + before + (count === 0 ? 0 : entryAt(ends, count - 1, "document"));
}

/** Positions in their shard of the documents that count. */
function positionsOf({ path, shard, selection = {} }: StoreShard["at"]): Uint32Array {
  const index = path + companions.index;
  return selectInShard(decodeEnds(readPart(index), index), selection, { shard, path }).documents;
}

/** A shard of a token store. Documents and tokens are those that count. */
interface StoreShard {
  readonly at: Pick<DocumentRange, "shard" | "path" | "size_bytes" | "sha256" | "loss" | "selection">;
  readonly tokens: number;
  readonly documents: number;
}

/** The shards of a token store in their order; `store` is the store's folder. */
export function storeShards(
  { token_store, selection }: Pick<SourceManifest, "token_store" | "selection">,
  store: string,
  tokenBytes: number,
): StoreShard[] {
  const sizes = new Map(token_store.files.map((file) => [file.path, file.size_bytes]));
  return token_store.files
    .filter((file) => file.path.endsWith(".ds"))
    .sort((a, b) => a.shard - b.shard)
    .map(({ path, shard, size_bytes, sha256 }) => {
      const loss = lossFile(token_store.files, { path });
      const at = {
        shard,
        path: join(store, path),
        size_bytes,
        sha256,
        ...(loss === undefined ? {} : { loss: join(store, loss.path) }),
        ...(selection === undefined ? {} : { selection }),
      };
      if (selection === undefined) {
        return { at, tokens: size_bytes / tokenBytes, documents: (sizes.get(path + companions.index) ?? 0) / 8 };
      }
      const ends = countedEnds(at);
      return { at, tokens: ends.at(-1) ?? 0, documents: ends.length };
    });
}

/** Ends of the documents that count, as if they alone lay one after the other. */
function countedEnds({ path, shard, selection }: StoreShard["at"]): Float64Array {
  const index = path + companions.index;
  const ends = decodeEnds(readPart(index), index);
  return selection === undefined ? ends : selectInShard(ends, selection, { shard, path }).ends;
}

/**
 * Whole documents from token `start`, where one starts, to the first document end at or after `end`; both unrolled over
 * epochs.
 */
function documentRanges(shards: readonly StoreShard[], start: number, end: number): DocumentRange[] {
  const total = shards.reduce((sum, shard) => sum + shard.tokens, 0);
  const ranges: DocumentRange[] = [];
  if (total === 0) return ranges;
  for (let epoch = Math.floor(start / total); epoch * total < end; epoch++) {
    let base = epoch * total;
    for (const shard of shards) {
      const from = Math.max(0, start - base);
      const to = Math.min(shard.tokens, end - base);
      if (from < to) ranges.push({ epoch, ...shardRange(shard, from, to) });
      base += shard.tokens;
    }
  }
  return ranges;
}

function shardRange({ at, tokens, documents }: StoreShard, from: number, to: number): Omit<DocumentRange, "epoch"> {
  if (from === 0 && to === tokens) return { ...at, first_document: 0, documents, tokens };
  const ends = countedEnds(at);
  const first_document = from === 0 ? 0 : firstAtLeast(ends, from) + 1;
  const last = firstAtLeast(ends, to);
  return {
    ...at,
    first_document,
    documents: last + 1 - first_document,
    tokens: entryAt(ends, last, "document") - from,
  };
}

/** Index of the first entry of at least `value` in ascending `values`, which has one. */
function firstAtLeast(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entryAt(values, middle, "value") >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}
