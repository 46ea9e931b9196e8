/**
 * What an export is given: the files, the rows or the documents of every training stage, as the trainer's geometry has
 * them.
 *
 * The caller lays ranges out (it knows the packers); exports only read through these views and write bytes. Paths in
 * views are absolute.
 * Price of reading: one shard of a store at a time for rows, a few MiB for documents.
 */
import { entryAt } from "../../batch/entry.ts";
import { readPart } from "../../io/local/read-part.ts";
import type { TokenArray } from "../../kernels/pack/fill.ts";
import type { ShardRange } from "../../kernels/pack/ranges.ts";
import type { DocumentSelection } from "../../kernels/pack/select.ts";
import { selectInShard } from "../../store/shard-scores.ts";
import { companions, decodeEnds, decodeLoss, decodeTokens, type TokenBytes } from "../../store/token-file.ts";

/** A file of the store. */
export interface StoreFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

/** The windows of one shard in the order of one epoch, as they lie in the store. */
export interface WindowFiles {
  readonly shard: number;
  /** A later epoch without files of its own reads those of epoch 0 again. */
  readonly epoch: number;
  readonly tokens: StoreFile;
  readonly index: StoreFile;
  /** Absent where all tokens are trained. */
  readonly loss?: StoreFile;
}

export interface SourceFiles {
  readonly source: string;
  /** Share of the stage's rows. */
  readonly weight: number;
  readonly rows: number;
  readonly window_tokens: number;
  /** Names the windows: stages of equal fingerprints read the same ones. */
  readonly fingerprint: string;
  readonly shard_windows: readonly number[];
  /** Windows, numbered through the epochs. */
  readonly start_window: number;
  readonly end_window: number;
  readonly epoch_windows: number;
  readonly files: readonly WindowFiles[];
  /** Whether any shard has a loss lane. */
  readonly has_loss: boolean;
}

export interface TrainingStageFiles {
  readonly name: string;
  readonly sequence_length: number;
  readonly rows: number;
  /** Sources with no row are left out. */
  readonly sources: readonly SourceFiles[];
}

export interface RowBlock {
  /** Rows back to back. */
  readonly tokens: TokenArray;
  /** One byte a token, see store/token-file.ts; absent where all but padding are trained. */
  readonly loss?: Uint8Array;
  /** PIECE_WORDS words a piece, in row order; the pieces of a row add up to its tokens. */
  readonly pieces: Uint32Array;
}

/** Rows of one shard in one epoch. Not to be used after the next is opened. */
export interface RowReader {
  read(from: number, to: number): RowBlock;
}

export interface SourceRows {
  readonly source: string;
  /** Share of the stage's rows. */
  readonly weight: number;
  readonly rows: number;
  readonly row_tokens: number;
  /** In reading order; later epochs follow earlier ones. */
  readonly ranges: readonly ShardRange[];
  readonly open: (range: ShardRange) => RowReader;
  /** Whether any shard has a loss lane. */
  readonly has_loss: boolean;
}

export interface TrainingStageRows {
  readonly name: string;
  readonly sequence_length: number;
  readonly rows: number;
  /** Sources with no row are left out. */
  readonly sources: readonly SourceRows[];
}

/** A file of a token store and its loss lane, which is absent where all tokens are trained. */
export interface TokenFiles {
  readonly source: string;
  readonly tokens: StoreFile;
  readonly loss?: StoreFile;
}

/** The packed rows of a training stage as the index that tells them: see store/row-plan.ts. */
export interface TrainingStageRowPlan {
  readonly name: string;
  readonly sequence_length: number;
  readonly rows: number;
  readonly pieces: StoreFile;
  readonly ends: StoreFile;
  /** By their number in the index. */
  readonly token_files: readonly TokenFiles[];
}

const BLOCK_TOKENS = 1 << 20;

/** Blocks of whole rows of one range, about a million tokens each. */
export function* rowBlocks(source: SourceRows, range: ShardRange): Generator<RowBlock> {
  const reader = source.open(range);
  const step = Math.max(1, Math.floor(BLOCK_TOKENS / source.row_tokens));
  for (let from = range.start; from < range.end; from += step)
    yield reader.read(from, Math.min(range.end, from + step));
}

/** Consecutive documents of one shard of a token store, in one epoch. */
export interface DocumentRange {
  readonly epoch: number;
  readonly shard: number;
  /** The shard's `.ds`. */
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
  /** The shard's `.ds.loss`; absent where all tokens are trained. */
  readonly loss?: string;
  /** Documents of the shard that count at all, where not all do. */
  readonly selection?: DocumentSelection;
  /** Number among the documents that count. */
  readonly first_document: number;
  readonly documents: number;
  readonly tokens: number;
}

export interface SourceDocuments {
  readonly source: string;
  /** Share of the stage's rows in the manifests: what the trainer's blend is told. */
  readonly weight: number;
  readonly documents: number;
  readonly tokens: number;
  /** In reading order; no document of an epoch is in two stages. */
  readonly ranges: readonly DocumentRange[];
  /** Whether any shard has a loss lane. */
  readonly has_loss: boolean;
}

export interface TrainingStageDocuments {
  readonly name: string;
  readonly sequence_length: number;
  /** Windows of the manifest: what is trained. */
  readonly rows: number;
  readonly sources: readonly SourceDocuments[];
}

export interface DocumentBlock {
  readonly tokens: TokenArray;
  /** One byte a token, see store/token-file.ts; absent where all are trained. */
  readonly loss?: Uint8Array;
  /** Exclusive ends of documents in `tokens`; the last one is its length. */
  readonly ends: Float64Array;
}

/** Where the documents of a range lie in their shard, in tokens. */
export function documentPlaces({ path, shard, selection, first_document, documents }: DocumentRange): {
  starts: Float64Array;
  ends: Float64Array;
} {
  const index = path + companions.index;
  if (selection === undefined) {
    const before = Math.min(first_document, 1);
    const ends = decodeEnds(readPart(index, 8 * (first_document - before), 8 * (documents + before)), index);
    const starts = new Float64Array(documents);
    starts.set(ends.subarray(0, documents - 1 + before), 1 - before);
    return { starts, ends: ends.subarray(before) };
  }
  const all = decodeEnds(readPart(index), index);
  const chosen = selectInShard(all, selection, { shard, path }).documents.subarray(
    first_document,
    first_document + documents,
  );
  return {
    starts: Float64Array.from(chosen, (document) => (document === 0 ? 0 : entryAt(all, document - 1, "document"))),
    ends: Float64Array.from(chosen, (document) => entryAt(all, document, "document")),
  };
}

/** The numbers of a range's documents in their shard, by position in the range. */
export function documentNumbers(range: DocumentRange): (index: number) => number {
  const { path, shard, selection, first_document } = range;
  if (selection === undefined) return (index) => first_document + index;
  const index = path + companions.index;
  const { documents } = selectInShard(decodeEnds(readPart(index), index), selection, { shard, path });
  return (at) => entryAt(documents, first_document + at, "document");
}

/** Exclusive document ends of a range, as its documents alone lie one after the other. */
export function rangeEnds(range: DocumentRange): Float64Array {
  const { starts, ends } = documentPlaces(range);
  return stackedEnds(starts, ends);
}

function stackedEnds(starts: Float64Array, ends: Float64Array): Float64Array {
  let tokens = 0;
  return ends.map((end, document) => {
    tokens += end - entryAt(starts, document, "document");
    return tokens;
  });
}

/** Blocks of whole documents, about a million tokens each; a longer document is a block of its own. */
export function* documentBlocks(range: DocumentRange, tokenBytes: TokenBytes): Generator<DocumentBlock> {
  const { starts, ends } = documentPlaces(range);
  const startOf = (document: number): number => entryAt(starts, document, "document");
  const endOf = (document: number): number => entryAt(ends, document, "document");
  for (let first = 0; first < ends.length; ) {
    const start = startOf(first);
    let next = first + 1;
    while (next < ends.length && endOf(next) - start <= BLOCK_TOKENS) next++;
    const bytes = readPart(range.path, start * tokenBytes, (endOf(next - 1) - start) * tokenBytes);
    const tokens = decodeTokens(bytes, tokenBytes, range.path);
    const loss = range.loss === undefined ? undefined : readLoss(range.loss, start, tokens.length);
    const stacked = stackedEnds(starts.subarray(first, next), ends.subarray(first, next));
    const kept = entryAt(stacked, stacked.length - 1, "document");
    let to = 0;
    for (let document = first; document < next && kept < tokens.length; document++) {
      // Documents that do not count lie between: close the gaps, front to back.
      const [from, end] = [startOf(document) - start, endOf(document) - start];
      tokens.copyWithin(to, from, end);
      loss?.copyWithin(to, from, end);
      to += end - from;
    }
    const block = { tokens: tokens.subarray(0, kept), ends: stacked };
    yield loss === undefined ? block : { ...block, loss: loss.subarray(0, kept) };
    first = next;
  }
}

/** The loss lane of `tokens` tokens of a shard from token `start`. */
export function readLoss(path: string, start: number, tokens: number): Uint8Array {
  return decodeLoss(readPart(path, start, tokens), tokens, path);
}

/** Ids in four bytes: as they are, or widened. */
export function wideTokens(tokens: TokenArray): Uint32Array {
  return tokens instanceof Uint32Array ? tokens : Uint32Array.from(tokens);
}

/** The same 32 bits as signed numbers. */
export function signedTokens(tokens: TokenArray): Int32Array {
  const wide = wideTokens(tokens);
  return new Int32Array(wide.buffer, wide.byteOffset, wide.length);
}
