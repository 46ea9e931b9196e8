/**
 * What an export is given: the rows or the documents of every training stage, as the trainer's geometry has them.
 *
 * The caller lays ranges out (it knows the packers); exports only read through these views and write bytes. Paths in views are absolute.
 * Price of reading: one shard of a store at a time for rows, a few MiB for documents.
 */
import { readPart } from "../../io/read-part.ts";
import { companions, decodeEnds, decodeTokens, type TokenBytes } from "../../io/token-file.ts";
import type { TokenArray } from "../../kernels/pack/fill.ts";
import type { ShardSpan } from "../../kernels/pack/spans.ts";
import type { StageManifest } from "../schema.ts";
import type { ExportFolder } from "./folder.ts";

export interface ExportOptions {
  /** What the trainer puts before a path in the export; none by default, so that paths are relative to its folder. */
  readonly path_prefix?: string;
  /** Sequences per training step. */
  readonly global_batch_size?: number;
  /** What the trainer loads its tokenizer by; the name in the manifests where not given. */
  readonly tokenizer_name?: string;
  /** Write which labels are trained, for trainers that read it from a file. */
  readonly label_mask?: boolean;
}

export interface ExportContext {
  readonly folder: ExportFolder;
  readonly tokenizer: StageManifest["tokenizer"];
  readonly options: ExportOptions;
}

/** What every exporter returns: it is printed, and kept in `export.json`. */
export interface Exported {
  /** Configuration files, in training order. */
  readonly configs: readonly string[];
  readonly warnings: readonly string[];
  readonly stages: readonly object[];
}

export interface RowBlock {
  /** Rows back to back. */
  readonly tokens: TokenArray;
  /** PIECE_WORDS words a piece, in row order; the pieces of a row add up to its tokens. */
  readonly pieces: Uint32Array;
}

/** Rows of one shard. Not to be used after the next shard is opened. */
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
  readonly spans: readonly ShardSpan[];
  readonly open: (shard: number) => RowReader;
}

export interface RowStage {
  readonly name: string;
  readonly sequence_length: number;
  readonly rows: number;
  /** Sources with no row are left out. */
  readonly sources: readonly SourceRows[];
}

const BLOCK_TOKENS = 1 << 20;

/** Blocks of whole rows of one span, about a million tokens each. */
export function* rowBlocks(source: SourceRows, span: ShardSpan): Generator<RowBlock> {
  const reader = source.open(span.shard);
  const step = Math.max(1, Math.floor(BLOCK_TOKENS / source.row_tokens));
  for (let from = span.start; from < span.end; from += step) yield reader.read(from, Math.min(span.end, from + step));
}

/** Consecutive documents of one shard of a token store, in one epoch. */
export interface DocumentSpan {
  readonly epoch: number;
  readonly shard: number;
  /** The shard's `.ds`. */
  readonly path: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly first_document: number;
  readonly documents: number;
  readonly start_token: number;
  readonly tokens: number;
}

export interface SourceDocuments {
  readonly source: string;
  /** Share of the stage's rows in the manifests: what the trainer's blend is told. */
  readonly weight: number;
  readonly documents: number;
  readonly tokens: number;
  /** In reading order; no document of an epoch is in two stages. */
  readonly spans: readonly DocumentSpan[];
}

export interface DocumentStage {
  readonly name: string;
  readonly sequence_length: number;
  /** Windows of the manifest: what is trained. */
  readonly rows: number;
  readonly sources: readonly SourceDocuments[];
}

export interface DocumentBlock {
  readonly tokens: TokenArray;
  /** Exclusive ends of documents in `tokens`; the last one is its length. */
  readonly ends: Float64Array;
}

/** Exclusive document ends of a span, counted from its first token. */
export function spanEnds({ path, first_document, documents, start_token }: DocumentSpan): Float64Array {
  const index = path + companions.index;
  const bytes = readPart(index, 8 * first_document, 8 * documents);
  const ends = decodeEnds(bytes, index);
  for (let i = 0; i < ends.length; i++) ends[i] -= start_token;
  return ends;
}

/** Blocks of whole documents, about a million tokens each; a longer document is a block of its own. */
export function* documentBlocks(span: DocumentSpan, tokenBytes: TokenBytes): Generator<DocumentBlock> {
  const ends = spanEnds(span);
  let first = 0;
  let start = 0;
  while (first < ends.length) {
    let last = first;
    while (last + 1 < ends.length && ends[last + 1] - start <= BLOCK_TOKENS) last++;
    const length = ends[last] - start;
    const bytes = readPart(span.path, (span.start_token + start) * tokenBytes, length * tokenBytes);
    const from = start;
    yield {
      tokens: decodeTokens(bytes, tokenBytes, span.path),
      ends: ends.slice(first, last + 1).map((end) => end - from),
    };
    start = ends[last];
    first = last + 1;
  }
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

/** A path in the export as the trainer will spell it. */
export function trainerPath(path: string, { path_prefix }: ExportOptions): string {
  return path_prefix === undefined ? path : `${path_prefix.replace(/\/+$/, "")}/${path}`;
}

/** File number in five digits. */
export function numbered(index: number): string {
  return String(index).padStart(5, "0");
}
